"""Walk from the values of an article line back to the bytes that they were read from.

Each record that the line names is read and its digests are made anew; the pages are decoded and read by the present
extractor; each value is compared with what it reads, and its text is looked for in the page's bytes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from archive.pressmark import Pressmark
from archive.reader import Record, read_record
from crawler.errors import CrawlerError, UsageError
from crawler.folding.composing import describe_http, describe_revisit
from crawler.lines import ArticleLine, LinePage, Provenance, decode_line, make_line
from crawler.provenance.evidence import (
    CheckedRecord,
    ReadPage,
    TracedPage,
    Verdict,
    check_record,
    find_revisit,
    read_page_of,
    worst,
)
from crawler.provenance.forms import field_of, printed_forms, value_at
from crawler.reading.extract.pages import EXTRACTOR_VERSION, join
from crawler.reading.places import Place
from crawler.reading.portals import Portal, article_id, find_branch, told_canonical_url

# Fields that are made from something else than the page's text, and from what.
MADE_OF = {
    "id": "address",
    "url": "record: WARC-Target-URI",
    "canonical_url": "link[rel=canonical], else the address",
    "branch": "host, by the portal's file",
    "region": "host, by the portal's file",
    "content_type": "pictures, videos and length of the page",
    "language": "headline, body and lang",
    "published_precision": "published_at",
    "blocks": "the body, piece by piece",
    "captured_at": "record: WARC-Date",
    "http": "head of the response",
    "encoding": "bytes of the page",
    "digests": "body, and all that a reader sees",
}
# Told by the ledger or by the portal's file; no record of the page says them.
UNTRACED = {
    "schema": "it is the form of the line itself",
    "version": "it counts the versions in the ledger; `pressmark changes` lists them",
    "first_seen_at": "it is the time of version 1; `pressmark show --version 1`",
    "portal": "it is the name of the portal's file",
    "pressmark": "it names the record, which each trace checks",
    "revisit": "it names the record, which each trace checks",
    "pages": "each trace checks their records",
    "extractor": "it tells how the page was read; `pressmark show --explain`",
}


class TracedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text stands: bytes of the body of a page, with its codings undone, and of the payload as stored.

    `page` counts the line's pages from 0. `payload_offset` is None where the payload has a coding. `bytes` are
    the first of them in hexadecimal. `within` tells whether they lie in the element that the origin selects, None
    where the origin is no selector.
    """

    text: str
    page: int
    offset: int
    length: int
    payload_offset: int | None
    bytes: str
    within: bool | None


class TracedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value of the line, what the present extractor reads, and where its texts stand; `unplaced` were not found."""

    field: str
    value: Any
    verdict: Verdict
    read: Any
    origin: str | None
    confidence: str | None
    places: tuple[TracedPlace, ...]
    unplaced: tuple[str, ...]


class TracedConversion(msgspec.Struct, frozen=True, kw_only=True):
    """The conversion record that holds the line too; `fields` are those in which the two differ."""

    record: CheckedRecord
    refers_to: str | None
    fields: tuple[str, ...]
    verdict: Verdict


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found; `pictures` stand in the order of the line's images."""

    id: str
    version: int | None
    url: str
    verdict: Verdict
    extractor: str
    present_extractor: str
    conversion: TracedConversion | None
    pages: tuple[TracedPage, ...]
    pictures: tuple[CheckedRecord | None, ...]
    values: tuple[TracedValue, ...]


def trace(
    line: ArticleLine, folder: Path, portal: Portal, *, fields: Sequence[str] = (), conversion: Pressmark | None = None
) -> Trace:
    """Return the walk from a line's values, all or those of `fields`, to the WARC files of a folder.

    Raises UsageError for a field that the line does not have, or a line that names no record.
    """
    if line.pressmark is None:
        raise UsageError(f"{line.id}: its line names no record, so there is nothing to trace it to")
    chosen = [_known(line, field) for field in fields] or list_fields(line)
    pages = _read_pages(line, folder, portal)
    pictures = tuple(check_record(folder, one.pressmark) if one.pressmark else None for one in line.images)
    again = _read_again(line, pages, portal)
    values = tuple(_trace_value(line, again, field, pages) for field in chosen)
    held = _check_conversion(line, folder, conversion) if conversion else None
    seen = [value.verdict for value in values] + [page.verdict for page in pages]
    seen += [record.verdict for record in pictures if record] + ([held.verdict] if held else [])
    return Trace(
        id=line.id,
        version=line.version,
        url=line.url,
        verdict=worst(seen),
        extractor=line.extractor.version,
        present_extractor=EXTRACTOR_VERSION,
        conversion=held,
        pages=tuple(page.told for page in pages),
        pictures=pictures,
        values=values,
    )


def list_fields(line: ArticleLine) -> list[str]:
    """Return the fields of a line that can be traced and are not empty, those of each picture one by one."""
    names = [name for name in line.__struct_fields__ if name not in UNTRACED and name != "images"]
    found = [name for name in names if getattr(line, name)]
    found += [
        f"images[{number}].{name}"
        for number, image in enumerate(line.images)
        for name in ("url", "caption", "credit", "alt")
        if getattr(image, name)
    ]
    return found


def _known(line: ArticleLine, field: str) -> str:
    name = field_of(field)
    if name in UNTRACED:
        raise UsageError(f"--field {field}: is not read from the page: {UNTRACED[name]}")
    try:
        value_at(line, field)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise UsageError(f"--field {field}: the line has no such field; take one of {_listed(line)}") from error
    return field


def _listed(line: ArticleLine) -> str:
    return ", ".join(list_fields(line))


def _read_pages(line: ArticleLine, folder: Path, portal: Portal) -> tuple[ReadPage, ...]:
    """Read the first page by its pressmark and revisit, the others by the pressmarks in `pages`."""
    assert line.pressmark
    revisit = find_revisit(folder, line.url, line.revisit, line.pressmark.payload_digest) if line.revisit else None
    first = read_page_of(folder, LinePage(url=line.url, pressmark=line.pressmark), portal, revisit)
    return (first, *(read_page_of(folder, page, portal) for page in line.pages[1:]))


def _read_again(line: ArticleLine, pages: tuple[ReadPage, ...], portal: Portal) -> ArticleLine | None:
    """Return the line as it is read now, None where the first page cannot be; ledger and records are as in the line."""
    captured = pages[0].captured
    readings = [page.captured.reading for page in pages if page.captured]
    if captured is None or captured.reading.article is None:
        return None
    try:
        joined = join(readings)
    except CrawlerError:
        return None
    branch = find_branch(portal, captured.url)
    marks = {image.url: image.pressmark for image in line.images}
    origin = Provenance(
        id=article_id(captured.url, portal),
        url=captured.url,
        canonical_url=told_canonical_url(captured.url, captured.reading.canonical, portal),
        portal=line.portal,
        branch=branch.code if branch else None,
        region=branch.region if branch else None,
        captured_at=captured.captured.started_at,
        encoding=captured.reading.encoding,
        extractor_version=EXTRACTOR_VERSION,
        version=line.version,
        first_seen_at=line.first_seen_at,
        pressmark=line.pressmark,
        revisit=describe_revisit(captured),
        http=describe_http(captured.captured),
        pages=line.pages,
        pictures=tuple(marks.get(image.url) for image in joined.images),
    )
    return make_line(joined, origin)


def _trace_value(line: ArticleLine, again: ArticleLine | None, field: str, pages: tuple[ReadPage, ...]) -> TracedValue:
    value, read = value_at(line, field), None
    if again:
        try:
            read = value_at(again, field)
        except (IndexError, KeyError, TypeError):
            read = None
    name = field_of(field)
    verdict: Verdict = "same" if again and read == value else worst(["differs", *(page.verdict for page in pages)])
    origin = MADE_OF.get(name) or line.extractor.origins.get("published_at" if name == "published_raw" else name)
    places, unplaced = _places(line, field, origin, pages) if name not in MADE_OF else ((), ())
    return TracedValue(
        field=field,
        value=value,
        verdict=verdict,
        read=None if verdict == "same" else read,
        origin=origin,
        confidence=line.extractor.confidence.get(name),
        places=places,
        unplaced=unplaced,
    )


def _places(
    line: ArticleLine, field: str, origin: str | None, pages: tuple[ReadPage, ...]
) -> tuple[tuple[TracedPlace, ...], tuple[str, ...]]:
    """Return where the texts of a value stand, each on the first page that has it, and those that none has."""
    body = line.extractor.origins.get("body")
    # As the origin of another field `body` means the element of the body, and not that of the page.
    selector = body if origin == "body" else origin
    hidden = field in {"keywords", "modified_at", "links"} or field.endswith(("url", "alt"))
    places, unplaced = [], []
    for texts in printed_forms(line, field):
        found = (
            (number, page.text.find(texts, selector, body, hidden=hidden) if page.text else None)
            for number, page in enumerate(pages)
        )
        number, place = next(((number, place) for number, place in found if place), (0, None))
        if place is None:
            unplaced.append(texts[0])
        else:
            places.append(_placed(texts[0], number, place, pages[number]))
    return tuple(places), tuple(unplaced)


def _placed(text: str, number: int, place: Place, page: ReadPage) -> TracedPlace:
    return TracedPlace(
        text=text,
        page=number,
        offset=place.offset,
        length=place.length,
        payload_offset=place.offset if page.body_is_payload else None,
        bytes=page.bytes_at(place),
        within=place.within,
    )


def _check_conversion(line: ArticleLine, folder: Path, mark: Pressmark) -> TracedConversion:
    record = check_record(folder, mark)
    if record.verdict != "same":
        return TracedConversion(record=record, refers_to=None, fields=(), verdict=record.verdict)
    stored = read_record(folder, mark)
    held, refers_to = _held_line(stored), (stored.value("WARC-Refers-To") or "").strip("<>")
    names = line.__struct_fields__
    fields = tuple(name for name in names if held is None or getattr(held, name) != getattr(line, name))
    told = line.pressmark.record_id if line.pressmark else None
    verdict: Verdict = "differs" if fields or refers_to != told else "same"
    return TracedConversion(record=record, refers_to=refers_to, fields=fields, verdict=verdict)


def _held_line(record: Record) -> ArticleLine | None:
    try:
        return decode_line(record.block)
    except (msgspec.MsgspecError, ValueError):
        return None
