"""What `responses.toml` says: the answers that are not the plain file."""

import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypedDict, cast
from urllib.parse import urlsplit

from tests.portal.answers import Coding, Framing


class ResponsesError(ValueError):
    """A portal folder is not as it must be; the message names file, response, key and remedy."""


class Response(TypedDict, total=False):
    """What differs from the plain file; a key that is absent leaves it as it is.

    `headers` are added, or take the place of the plain ones; an empty value takes a header away. `file` is relative
    to the portal's folder, `body` (not in TOML) goes before it. `first` = N: only the first N requests are answered so.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    file: str
    body: bytes
    coding: Coding
    framing: Framing
    cut_at: int
    delay_seconds: float
    first: int


def load_responses(folder: Path) -> dict[str, Response]:
    """Return the responses of a portal's folder by URL, none if it has no `responses.toml`."""
    path = folder / "responses.toml"
    if not path.exists():
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ResponsesError(f"{path.name}: is no TOML: {error}") from error
    for name in tables:
        if name != "response":
            raise ResponsesError(f"{path.name}: unknown key '{name}'; it holds [[response]] tables only")
    responses: dict[str, Response] = {}
    for number, table in enumerate(tables.get("response", []), 1):
        url, response = _read_response(f"{path.name}: response {number}", table, folder)
        if url in responses:
            raise ResponsesError(f"{path.name}: response {number}: '{url}' has a response already; keep one of them")
        responses[url] = response
    return responses


def normal_url(url: str) -> str:
    """Return the URL as requests are looked up: scheme http, host in lower case without port, path, query."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.fragment:
        raise ResponsesError(f"'{url}' is no URL of the portal; write http://host/path?query")
    return f"http://{parts.hostname}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")


def _read_response(place: str, table: Mapping[str, object], folder: Path) -> tuple[str, Response]:
    url = table.get("url")
    if not isinstance(url, str):
        raise ResponsesError(f"{place}: key 'url' is missing; write http://host/path?query")
    place = f"{place} '{url}'"
    for key, value in table.items():
        if key not in _CHECKS:
            raise ResponsesError(f"{place}: unknown key '{key}'{_nearest(key)}")
        is_right, must = _CHECKS[key]
        if not is_right(value):
            raise ResponsesError(f"{place}: key '{key}' must be {must}, not {value!r}")
    file = table.get("file")
    if isinstance(file, str) and not is_inside(folder / file, folder):
        raise ResponsesError(f"{place}: file '{file}' is not in the portal's folder; write hosts/HOST/PATH")
    # The checks above make it one: TypedDict has no constructor that checks.
    return normal_url(url), cast("Response", {key: value for key, value in table.items() if key != "url"})


def is_inside(path: Path, folder: Path) -> bool:
    """Tell whether a path names a file below a folder, links followed."""
    resolved = path.resolve()
    return resolved.is_relative_to(folder.resolve()) and resolved.is_file()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_status(value: object) -> bool:
    return isinstance(value, int) and 200 <= value <= 999


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 60


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\r" not in value and "\n" not in value


def _is_headers(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_text(name) and _is_text(text) for name, text in value.items())


_CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "url": (_is_text, "a URL"),
    "status": (_is_status, "a number from 200"),
    "reason": (_is_text, "one line of text"),
    "headers": (_is_headers, 'a table of texts, e.g. {Location = "/new.html"}'),
    "file": (_is_text, "a path"),
    "coding": (lambda value: value == "gzip", "'gzip'"),
    "framing": (lambda value: value in ("length", "chunked", "close"), "'length', 'chunked' or 'close'"),
    "cut_at": (_is_count, "a number of bytes"),
    "delay_seconds": (_is_seconds, "a number of seconds up to 60"),
    "first": (_is_count, "a number of requests"),
}


def _nearest(key: str) -> str:
    matches = get_close_matches(key, _CHECKS, n=1)
    return f" (did you mean '{matches[0]}'?)" if matches else f"; known: {', '.join(_CHECKS)}"
