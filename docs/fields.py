"""`python -m docs.fields`: write docs/article.md and docs/changes.md out of the types, fields.toml and the examples."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import inspect

from crawler.folding.changes import CHANGE_SCHEMA, Event
from crawler.lines import SCHEMA, ArticleLine

FOLDER = Path(__file__).parent
TEXTS = FOLDER / "fields.toml"
ARTICLE_EXAMPLE = FOLDER / "examples" / "article.json"
CHANGE_EXAMPLES = FOLDER / "examples" / "changes.jsonl"
ARTICLE_HEAD = """# The article line, field by field

Made by `python -m docs.fields` from the types, `docs/fields.toml` and `docs/examples/article.json`; do not edit.

Each line of `articles/<branch>/<YYYY-MM>.jsonl` is one version of one article: a JSON object in UTF-8 whose `schema` is
`{schema}`. [Its JSON Schema](../crawler/schema/article-1.0.0.json) (2020-12) is what programs check it by.

Every field is always there, save in `blocks`; what is not on the page is `null` or an empty list, and nothing is
guessed. A moment is RFC 3339 text: the page's own times with their zone, Pressmark's in UTC. Text is in NFC, in the
script as published.

`extractor.origins` names for each line the selector or rule behind each field, and `pressmark trace` walks from a value
to its bytes. The examples are one invented article that has something in every field; the whole of it is at the end.

## Versions of the schema

The version in `schema` is a semantic one:

- **patch** (1.0.1): a description or a pattern was mended; every line that was right stays right.
- **minor** (1.1.0): a field or a value of an enumeration was added. A program that passes over what it does not know
  goes on as it is.
- **major** (2.0.0): a field was taken away, renamed or given another meaning. Programs must be changed.

Pressmark reads lines of every earlier version: `read_articles` lifts them to the present one, and fills what they lack
with null, an empty list, an empty object or false. Of a later major version it refuses them and says so. The reading
version in `extractor.version` is another matter: it rises when the same bytes are read otherwise, and the form of the
line stays.
"""
CHANGES_HEAD = """# The change event, field by field

Made by `python -m docs.fields` from the types, `docs/fields.toml` and `docs/examples/changes.jsonl`; do not edit.

Each line of `changes.jsonl`, the ledger of a collection, is one event: a JSON object in UTF-8 whose `schema` is
`{schema}`. [Its JSON Schema](../crawler/schema/change-1.0.0.json) (2020-12) is what programs check it by.

Events stand in the order in which they were seen. Keys that say nothing are left out, and ledgers of the first days
bear no `schema`. The version in `schema` is a semantic one, by the rules of
[the article line](article.md#versions-of-the-schema).
`pressmark changes --json` prints the events, `pressmark diff` shows what an edit did.
"""


def render_article() -> str:
    """Return docs/article.md."""
    example = json.loads(ARTICLE_EXAMPLE.read_text("utf-8"))
    parts = [ARTICLE_HEAD.format(schema=SCHEMA), *_sections(ArticleLine, _samples(example, ArticleLine))]
    whole = json.dumps(example, ensure_ascii=False, indent=2)
    return "\n".join([*parts, "## The whole example\n", f"```json\n{whole}\n```\n"])


def render_changes() -> str:
    """Return docs/changes.md."""
    texts = CHANGE_EXAMPLES.read_text("utf-8")
    samples: dict[tuple[str, str], Any] = {}
    for text in texts.splitlines():
        samples.update(_samples(json.loads(text), Event))
    parts = [CHANGES_HEAD.format(schema=CHANGE_SCHEMA), *_sections(Event, samples)]
    return "\n".join([*parts, "## The examples as they stand in the ledger\n", f"```json\n{texts}```\n"])


def structs(type_: type[Any]) -> Iterator[inspect.StructType | inspect.DataclassType]:
    """Yield a type and all types of its fields, each once, in the order in which a reader meets them."""
    waiting, met = [inspect.type_info(type_)], set()
    while waiting:
        for one in _parts(waiting.pop(0)):
            if one.cls not in met:
                met.add(one.cls)
                yield one
                waiting += [field.type for field in one.fields]


def _parts(kind: inspect.Type) -> list[Any]:
    if isinstance(kind, inspect.UnionType):
        return [part for one in kind.types for part in _parts(one)]
    if isinstance(kind, inspect.VarTupleType):
        return _parts(kind.item_type)
    return [kind] if isinstance(kind, inspect.StructType | inspect.DataclassType) else []


def _sections(type_: type[Any], samples: Mapping[tuple[str, str], Any]) -> Iterator[str]:
    texts = tomllib.loads(TEXTS.read_text("utf-8"))
    for struct in structs(type_):
        name = struct.cls.__name__
        yield f"## {'The fields' if struct.cls is type_ else name}\n"
        if struct.cls is not type_:
            yield f"{_first_sentence(struct.cls.__doc__)}\n"
        tag = [("schema", inspect.StrType())] if getattr(struct, "tag", None) else []
        for field, kind in [*tag, *((field.encode_name, field.type) for field in struct.fields)]:
            yield _entry(field, kind, texts[name][field], samples[name, field])
        yield ""


def _entry(field: str, kind: inspect.Type, text: Mapping[str, str], sample: Any) -> str:
    told = [f"- **`{field}`** ({_describe(kind)}). {text['says']}"]
    told += [f"  From: {text['from']}."] if "from" in text else []
    told += (
        [f"  {'Null' if isinstance(kind, inspect.UnionType) else 'Empty'} when {text['empty']}."]
        if "empty" in text
        else []
    )
    told += [f"  Left out {text['left_out']}."] if "left_out" in text else []
    return "\n".join([*told, f"  Example: `{json.dumps(_shortened(sample), ensure_ascii=False)}`"])


def _describe(kind: inspect.Type) -> str:
    """Return the type in words, with links to the parts."""
    told = {inspect.IntType: "integer", inspect.BoolType: "true or false", inspect.NoneType: "null"}.get(
        type(kind), "text"
    )
    match kind:
        case inspect.UnionType():
            told = " or ".join(map(_describe, kind.types))
        case inspect.VarTupleType():
            told = f"list of {_describe(kind.item_type)}"
        case inspect.DictType():
            told = f"object of {_describe(kind.value_type)}"
        case inspect.StructType() | inspect.DataclassType():
            told = f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})"
        case inspect.LiteralType():
            told = "one of: " + ", ".join(f"`{value}`" for value in kind.values)
        case inspect.StrType(pattern=str(pattern)) if "T" in pattern:
            told = "moment"
        case inspect.Metadata():
            told = _describe(kind.type)
    return told


def _shortened(sample: Any) -> Any:
    """Return the first of a list, and the beginning of a long text: the whole example is at the end."""
    if isinstance(sample, list):
        return [_shortened(one) for one in sample[:1]]
    if isinstance(sample, dict):
        return {name: _shortened(value) for name, value in list(sample.items())[:2]}
    return f"{sample[:59]}…" if isinstance(sample, str) and len(sample) > 60 else sample


def _samples(value: Any, type_: type[Any]) -> dict[tuple[str, str], Any]:
    """Return for each field of a type and of its parts the first value in an example that is not null or empty."""
    found: dict[tuple[str, str], Any] = {}
    _gather(value, inspect.type_info(type_), found)
    return found


def _gather(value: Any, kind: inspect.Type, found: dict[tuple[str, str], Any]) -> None:
    if isinstance(kind, inspect.Metadata):
        _gather(value, kind.type, found)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            _gather(value, one, found)
    elif isinstance(kind, inspect.VarTupleType) and isinstance(value, list):
        for one in value:
            _gather(one, kind.item_type, found)
    elif isinstance(kind, inspect.StructType | inspect.DataclassType) and isinstance(value, dict):
        if "schema" in value:
            found[kind.cls.__name__, "schema"] = value["schema"]
        for field in kind.fields:
            held = value.get(field.encode_name)
            if held not in (None, [], ""):
                found.setdefault((kind.cls.__name__, field.encode_name), held)
            _gather(held, field.type, found)


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").partition("\n\n")[0].split())


if __name__ == "__main__":
    (FOLDER / "article.md").write_text(render_article(), "utf-8")
    (FOLDER / "changes.md").write_text(render_changes(), "utf-8")
