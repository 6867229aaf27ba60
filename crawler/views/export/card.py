"""`README.md`: the card of a data set, as Hugging Face reads it and as people do."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa

from crawler.views.export.choice import Format
from crawler.views.export.columns import arrow_schema
from crawler.views.export.dataset import DataSet, WrittenTable
from crawler.views.export.datasheet import make_notice, table

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_PLAIN = re.compile(r"[A-Za-z][\w*./<-]*")
_PARTS = {
    "full": "",
    "text": " Only the texts are in it, with what is needed to cite them (`--text-only`).",
    "bare": " The texts are not in it (`--no-text`): headlines, bodies, captions, alt texts and keywords are left"
    " out; counts"
    " of characters and digests stand for them.",
}


def make_card(made: DataSet) -> str:
    """Return the card: YAML for the Hub, then Markdown."""
    front = "\n".join(_yaml(_front(made)))
    sections = (f"---\n{front}\n---", _opening(made), _files(made), _loading(made), _reading(made), _rights(made))
    return "\n\n".join(sections) + "\n"


def _front(made: DataSet) -> dict[str, Any]:
    # `datasets` reads all configurations of a folder by one reader: that of the last format, Parquet where it is there.
    kind = made.choice.formats[-1]
    tables = [one for one in made.tables if one.rows]
    front = {
        "pretty_name": made.title,
        "language": ["zh"],
        "license": "other",
        "license_name": "none",
        "size_categories": [next((name for most, name in _SIZES if made.counts.lines < most), "n>10M")],
        "tags": ["news", "web-archive", "warc"],
        "configs": [
            {
                "config_name": one.name,
                **({"default": True} if one is made.articles else {}),
                "data_files": [{"split": "train", "path": _pattern(made, one, kind)}],
            }
            for one in tables
        ],
    }
    if kind == "parquet":
        return front
    # Parquet brings its types along; for JSON they must be told, or what is null in the first file is null for good.
    features = [{"config_name": one.name, "features": _features(arrow_schema(one.row_type))} for one in tables]
    return {**front, "dataset_info": features}


def _pattern(made: DataSet, one: WrittenTable, kind: Format) -> str:
    if kind == "parquet":
        return f"parquet/{one.name}/*.parquet" if one.name == "articles" else f"parquet/{one.name}.parquet"
    return f"{one.name}/*/*{made.choice.suffix}" if one.name == "articles" else f"{one.name}{made.choice.suffix}"


# `datasets` takes what looks like a time for one, in JSON; told as text it would lose its zone.
_MOMENT = {"dtype": "timestamp[ms, tz=UTC]"}


def _features(fields: pa.Schema | pa.StructType) -> list[dict[str, Any]]:
    return [{"name": field.name, **(_MOMENT if field.metadata else _feature(field.type))} for field in fields]


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_struct(kind):
        return {"struct": _features(kind)}
    if pa.types.is_list(kind):
        inner = _feature(kind.value_type)
        return {"list": inner.get("dtype") or inner["struct"]}
    return {"dtype": "float64" if pa.types.is_floating(kind) else str(kind)}


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Yield a value as lines of YAML: objects and lists in blocks, texts quoted as JSON where they are not plain."""
    if isinstance(value, dict):
        for key, part in value.items():
            if isinstance(part, dict | list):
                yield f"{indent}{key}:"
                yield from _yaml(part, indent + "  ")
            else:
                yield f"{indent}{key}: {_scalar(part)}"
        return
    for part in value:
        if isinstance(part, dict):
            first, *rest = _yaml(part, indent + "  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(part)}"


def _scalar(value: Any) -> str:
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value not in {"null", "true", "false", "none"}
    return str(value) if is_plain else msgspec.json.encode(value).decode()


def _opening(made: DataSet) -> str:
    counts = made.counts
    kept = (
        "Each article stands here once, in its newest version"
        if made.choice.latest
        else "An article that was edited stands here once for each of its versions"
    )
    return (
        f"# {made.title}\n\n"
        f"{counts.articles:,} news articles of {made.portal.title}, in {counts.lines:,} lines, read out of"
        f" captured pages by"
        f" Pressmark {made.pressmark}.{_PARTS[made.choice.part]} {kept}; `changes`"
        " tells what was edited, withdrawn and restored. Every line carries its *pressmark*: file, offset,"
        " length, record id"
        " and digest of the bytes in the WARC files that it was read from.\n\n"
        "[datasheet.md](datasheet.md) tells how far the branches and days are covered, how well the fields were"
        " read, and"
        " what is not in here."
    )


def _files(made: DataSet) -> str:
    rows: list[tuple[str, object]] = []
    for one in made.tables:
        for kind in made.choice.formats:
            size = sum(file.bytes for file in one.in_format(kind))
            rows.append((f"`{_pattern(made, one, kind)}`: {one.about}", f"{one.rows:,} rows, {_size(size)}"))
    if made.choice.pictures:
        rows.append(("`images/<2 hex>/<digest>.<ext>`: the captured pictures, each once", ""))
    rows += [
        ("`schema/<table>.json`: JSON Schema of a row", ""),
        ("`manifest.json`: counts, ranges, versions, options, files, and the WARC files with their digests", ""),
        ("`datapackage.json`, `croissant.json`: the same for programs", ""),
        ("`SHA256SUMS`: `sha256sum -c SHA256SUMS` checks every file", ""),
    ]
    return f"## Files\n\n{table(('file', 'size'), rows)}"


def _loading(made: DataSet) -> str:
    suffix = made.choice.suffix
    lines, columns = f"articles/*/*{suffix}", "parquet/articles/*.parquet"
    has_columns = "parquet" in made.choice.formats
    snippets = [
        'from datasets import load_dataset\n\narticles = load_dataset("/path/to/this/folder", "articles",'
        ' split="train")'
    ]
    if has_columns:
        snippets.append('import pandas\n\narticles = pandas.read_parquet("parquet/articles")')
    else:
        snippets.append(
            f"from glob import glob\n\nimport pandas\n\nparts = [\n    pandas.read_json(path, lines=True,"
            f" convert_dates=False)"
            f' for path in sorted(glob("{lines}"))\n]\narticles = pandas.concat(parts, ignore_index=True)'
        )
    if made.choice.part == "full" and "jsonl" in made.choice.formats:
        snippets.append(
            "from crawler.article import read_articles  # Pressmark\n\nfor article in read_articles('.'):\n"
            "    print(article.published_at, article.headline)"
        )
    python = "\n\n".join(f"```python\n{snippet}\n```" for snippet in snippets)
    characters = "characters.body" if made.choice.part == "bare" else "length(body)"
    sql = (
        f"-- duckdb: characters by branch and month\nSELECT branch, published_at[:7] AS month, sum({characters})\n"
        f"FROM '{columns if has_columns else lines}' GROUP BY ALL ORDER BY ALL;"
    )
    where = "From within this folder (`datasets` wants its path, and takes no `.`):"
    return f"## Loading\n\n{where}\n\n{python}\n\n```sql\n{sql}\n```"


def _reading(made: DataSet) -> str:
    order = "branch, month and time of publication, id, version"
    keys = "`id`" if made.choice.latest else "`id` and `version`"
    return (
        "## Reading it right\n\n"
        f"- A row is known by {keys}; rows are sorted by {order}. The month of a file is that of publication;"
        f" `undated` holds"
        " articles whose time of publication is not known.\n"
        "- Times are RFC 3339 text. `published_at` has the zone of the page, so its first ten characters are the"
        " day as the"
        " reader of the page saw it; `captured_at` is UTC.\n"
        "- What is not on the page is null; nothing is guessed."
        + (
            " `extractor.origins` names the selector or rule behind each field, `extractor.confidence` how sure"
            " it is.\n"
            if made.choice.part != "text"
            else "\n"
        )
        + "- In Parquet the keys of `extractor.origins` and `extractor.confidence` are columns of their own, null"
        " where JSON"
        " has no such key.\n"
        "- Texts are NFC, in the script of the page."
    )


def _rights(made: DataSet) -> str:
    return (
        f"## Rights\n\nNo licence is given with this data set. {make_notice(made)}\n\n"
        f"## Citing\n\n```text\n{made.citation}\n```\n\nThe digest covers the names and bytes of all tables: the same"
        " captures and options give the same digest, whenever and wherever they are exported."
    )


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
