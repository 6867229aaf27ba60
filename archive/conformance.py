"""The rules of WARC 1.0 and 1.1 (ISO 28500) for the headers of a record, as pure functions.

What depends on the names of headers alone is found once for each set of names: most records of a file share a few.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache

Broken = tuple[str, str]
Check = Callable[[str, str], str | None]

VERSIONS = frozenset({"WARC/0.17", "WARC/0.18", "WARC/1.0", "WARC/1.1"})
ALWAYS = ("warc-record-id", "warc-date", "warc-type", "content-length")
ABOUT_A_URL = frozenset({"response", "resource", "request", "revisit", "conversion", "continuation"})
TYPES = ABOUT_A_URL | {"warcinfo", "metadata"}
REQUIRED = {
    "revisit": ("warc-target-uri", "warc-profile"),
    "continuation": ("warc-target-uri", "warc-segment-number", "warc-segment-origin-id"),
} | dict.fromkeys(ABOUT_A_URL - {"revisit", "continuation"}, ("warc-target-uri",))
# WARC 1.1, section 5: the types of record that each header may stand in; headers that are not here may stand anywhere.
ALLOWED = {
    "warc-concurrent-to": frozenset({"response", "resource", "request", "metadata", "revisit"}),
    "warc-refers-to": frozenset({"metadata", "revisit", "conversion"}),
    "warc-refers-to-target-uri": frozenset({"revisit"}),
    "warc-refers-to-date": frozenset({"revisit"}),
    "warc-ip-address": frozenset({"response", "resource", "request", "metadata", "revisit"}),
    "warc-warcinfo-id": TYPES - {"warcinfo"},
    "warc-filename": frozenset({"warcinfo"}),
    "warc-profile": frozenset({"revisit"}),
    "warc-target-uri": TYPES - {"warcinfo"},
    "warc-payload-digest": TYPES - {"warcinfo", "metadata"},
    "warc-identified-payload-type": TYPES - {"warcinfo", "metadata"},
    "warc-segment-origin-id": frozenset({"continuation"}),
    "warc-segment-total-length": frozenset({"continuation"}),
}
SINGLE = frozenset(
    {*ALWAYS, *ALLOWED, "content-type", "warc-block-digest", "warc-truncated", "warc-segment-number"}
) - {"warc-concurrent-to"}
SHOWN = {
    "warc-record-id": "WARC-Record-ID",
    "warc-target-uri": "WARC-Target-URI",
    "warc-ip-address": "WARC-IP-Address",
    "warc-warcinfo-id": "WARC-Warcinfo-ID",
    "warc-refers-to-target-uri": "WARC-Refers-To-Target-URI",
    "warc-segment-origin-id": "WARC-Segment-Origin-ID",
}
SECOND = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
DATE_1_0 = re.compile(rf"{SECOND}Z")
DATE_1_1 = re.compile(rf"\d{{4}}(?:-\d\d(?:-\d\d(?:T\d\d:\d\dZ)?)?)?|{SECOND}(?:\.\d{{1,9}})?Z")
# RFC 3986 knows no characters outside ASCII.
# WARC 1.1, 4: types that a reader does not know are passed over, but a type is a token of ASCII.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
NAMED = re.compile(r"<[a-zA-Z][a-zA-Z0-9+.-]*:[!-;=?-~]+>")
TRUNCATIONS = frozenset({"length", "time", "disconnect", "unspecified"})
PROFILE = re.compile(
    r"http://netpreserve\.org/warc/1\.[01]/(?:revisit/)?(identical-payload-digest|server-not-modified)/?"
)


def check_headers(version: str, record_type: str, headers: tuple[tuple[str, str], ...]) -> Iterator[Broken]:
    """Yield rule and message for each header that breaks a rule; nothing for ARC records."""
    if version.startswith("ARC/"):
        return
    broken, checks = _check_names(version, record_type, tuple([name for name, _ in headers]))
    yield from broken
    for place, check in checks:
        name, value = headers[place]
        if message := check(version, value):
            yield "field-value", f"{name} {value!r} {message}"


@lru_cache(maxsize=1024)
def _check_names(
    version: str, record_type: str, names: tuple[str, ...]
) -> tuple[tuple[Broken, ...], tuple[tuple[int, Check], ...]]:
    """Return what is wrong with the names, and the places of headers whose values have a form, each with its check."""
    return check_names(version, record_type, names), tuple(
        (place, VALUE_CHECKS[name.lower()]) for place, name in enumerate(names) if name.lower() in VALUE_CHECKS
    )


def check_names(version: str, record_type: str, names: tuple[str, ...]) -> tuple[Broken, ...]:
    """Return what is wrong with the names of a record's headers, whatever their values."""
    found: list[Broken] = []
    if version not in VERSIONS:
        found.append(("version", f"{version!r} is no known version of the format"))
    if record_type and not TOKEN.fullmatch(record_type):
        found.append(("field-value", f"WARC-Type {record_type!r} is no name of a type"))
    counts = Counter(name.lower() for name in names)
    missing = [name for name in (*ALWAYS, *REQUIRED.get(record_type, ())) if name not in counts]
    found += [("field-required", f"a {record_type or 'typeless'} record without {_show(name)}") for name in missing]
    for name, count in counts.items():
        if record_type in TYPES and record_type not in ALLOWED.get(name, TYPES):
            found.append(("field-forbidden", f"{_show(name)} on a {record_type} record"))
        if count > 1 and name in SINGLE:
            found.append(("field-repeated", f"{_show(name)} stands {count} times"))
    return tuple(found)


def _check_date(version: str, value: str) -> str | None:
    form = DATE_1_1 if version == "WARC/1.1" else DATE_1_0
    return None if form.fullmatch(value) and _is_day(value) else f"is no UTC time as {version} writes it"


def _is_day(value: str) -> bool:
    if value[8:10] <= "28":
        return True
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True


def _check_name(_: str, value: str) -> str | None:
    return None if NAMED.fullmatch(value) else "is no address in angle brackets"


def _check_target(version: str, value: str) -> str | None:
    if value.startswith("<"):
        # The grammar of WARC 1.0 asked for brackets, which its own examples lacked; 1.1 took them out.
        return "stands in angle brackets" if version == "WARC/1.1" else None
    return None if ":" in value and " " not in value else "is no absolute address"


def _check_truncated(_: str, value: str) -> str | None:
    return None if value.lower() in TRUNCATIONS else f"is none of {', '.join(sorted(TRUNCATIONS))}"


def _check_filename(_: str, value: str) -> str | None:
    return "is the name of an unfinished file" if value.endswith(".open") else None


def _check_profile(_: str, value: str) -> str | None:
    return None if PROFILE.fullmatch(value) else "is no profile of WARC 1.0 or 1.1"


def _show(name: str) -> str:
    shown = SHOWN.get(name) or "-".join(part.capitalize() for part in name.split("-"))
    return shown.replace("Warc-", "WARC-")


VALUE_CHECKS = {
    "warc-date": _check_date,
    "warc-refers-to-date": _check_date,
    "warc-record-id": _check_name,
    "warc-warcinfo-id": _check_name,
    "warc-concurrent-to": _check_name,
    "warc-refers-to": _check_name,
    "warc-segment-origin-id": _check_name,
    "warc-target-uri": _check_target,
    "warc-truncated": _check_truncated,
    "warc-filename": _check_filename,
    "warc-profile": _check_profile,
}
