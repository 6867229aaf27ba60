"""The values of an article line by their paths, and the forms in which a page may print them."""

from datetime import datetime
from typing import Any

import msgspec

from crawler.lines import ArticleLine


def field_of(path: str) -> str:
    """Return the line's own field in a path: `images` for `images[0].caption`."""
    return path.partition(".")[0].partition("[")[0]


def value_at(line: ArticleLine, field: str) -> Any:
    """Return a value of a line as JSON has it, by a path such as `source.name` or `images[0].caption`.

    Raises KeyError, IndexError, ValueError or TypeError where there is none.
    """
    value = msgspec.to_builtins(line)
    for part in field.replace("[", ".[").split("."):
        value = value[int(part[1:-1])] if part.startswith("[") else value[part]
    return value


def printed_forms(line: ArticleLine, field: str) -> list[tuple[str, ...]]:
    """Return the texts of a value, each in the forms in which a page may print it, the likeliest first."""
    if field == "body":
        return [(block.text,) for block in line.blocks if block.text]
    if field in {"published_at", "published_raw"}:
        # Day and clock may stand apart, as in hidden fields; then the day alone is found.
        return [(line.published_raw, line.published_raw.split(" ")[0])] if line.published_raw else []
    if field == "modified_at" and line.modified_at:
        moment = datetime.fromisoformat(line.modified_at)
        return [tuple(moment.strftime(form) for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"))]
    if field == "end_mark":
        return [("(完)", "（完）")] if line.end_mark else []
    value = value_at(line, field)
    is_address = field == "links" or field.endswith("url")
    return [_address_forms(text) if is_address else (text,) for text in _strings(value)]


def _strings(value: Any) -> list[str]:
    """Return the texts in a value; the role of a contributor is a word of ours."""
    if isinstance(value, dict):
        return [text for name, one in value.items() if name not in {"role", "url"} for text in _strings(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in _strings(one)]
    return [value] if isinstance(value, str) and value else []


def _address_forms(url: str) -> tuple[str, ...]:
    """Return an address whole, without its scheme, host and folders: pages name them in each of these forms."""
    bare = url.partition("://")[2]
    path = "/" + bare.partition("/")[2]
    return tuple(dict.fromkeys(form for form in (url, f"//{bare}", path, path.rpartition("/")[2]) if len(form) > 1))
