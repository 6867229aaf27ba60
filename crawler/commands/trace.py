"""`pressmark trace`: walk from the values of an article line to the bytes that they were read from."""

import re
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from archive.pressmark import Pressmark
from crawler.article import read_numbered
from crawler.commands.articles import find_versions, read_version
from crawler.commands.options import (
    DONE,
    FINDINGS,
    CollectionOption,
    DataOption,
    JsonOption,
    PortalOption,
    existing_collection,
    out,
    print_json,
)
from crawler.errors import CrawlerError, UsageError
from crawler.lines import ArticleLine, decode_line
from crawler.provenance.evidence import CheckedRecord, TracedPage, Verdict
from crawler.provenance.forms import field_of
from crawler.provenance.tracing import MADE_OF, Trace, TracedPlace, TracedValue
from crawler.provenance.tracing import trace as trace_line
from crawler.reading.portals import Portal, find_portal
from crawler.store.collection import Collection
from crawler.store.state import State

NUMBERED = re.compile(r"(?P<file>.+):(?P<number>\d+)")
STYLES: dict[Verdict, str] = {"same": "green", "differs": "yellow", "bytes damaged": "red", "record missing": "red"}
LONGEST_VALUE = 70
MOST_PLACES = 4


def trace(
    what: Annotated[
        str,
        typer.Argument(metavar="LINE", help="An article's id or address, FILE:NUMBER of a line file, or - for a line."),
    ],
    *,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this value, e.g. headline, images[0].caption. May be repeated."),
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="This version of it  [default: the newest]")] = None,
    warc: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The WARC files  [default: those of the collection]")
    ] = None,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Walk from the values of an article line to the bytes that they were read from; exit code 3 if something is wrong.

    Each record is checked by its digests, the page is read again, and each value is compared and looked for in it.

    Example: pressmark trace chinanews:js:230110 --field headline
    """
    described = find_portal(portal)
    if warc and not warc.is_dir():
        raise UsageError(f"--warc {warc}: no such folder; name the one that holds the WARC files")
    line, held = _read_line(what, version, described, data, collection)
    if line.portal not in {None, described.name}:
        raise UsageError(f"{what}: is of the portal {line.portal}, not {described.name}; name its file with --portal")
    if held is None and warc is None:
        held = _collection_named(what, data, collection, described)
    folder = warc or (held.archive if held else Path())
    conversion = _conversion_of(line, held) if held else None
    if conversion and conversion.file.endswith(".jsonl"):
        # What was read anew has no conversion record.
        conversion = None
    found = trace_line(line, folder, described, fields=field or (), conversion=conversion)
    if json:
        print_json(found)
    else:
        _print(found)
    return DONE if found.verdict == "same" else FINDINGS


def _read_line(
    what: str, version: int | None, portal: Portal, data: Path, collection: str
) -> tuple[ArticleLine, Collection | None]:
    """Return the line, and the collection that it was found in, if any."""
    numbered = NUMBERED.fullmatch(what)
    path = Path(numbered["file"]) if numbered else Path(what)
    if what == "-" or path.is_file():
        if version:
            raise UsageError(f"--version {version}: chooses a version of an article that is named by its id or address")
        if what == "-":
            return _read_input(), None
        if not numbered:
            raise UsageError(f"{what}: which line of the file? name it as {what}:1")
        return read_numbered(path, int(numbered["number"])), _collection_around(path)
    if ".jsonl" in path.name:
        raise UsageError(f"{path}: no such file")
    held = existing_collection(data, collection, portal)
    return read_version(held, *find_versions(held, what, portal, (version,))), held


def _read_input() -> ArticleLine:
    try:
        return decode_line(sys.stdin.buffer.read())
    except (msgspec.MsgspecError, ValueError) as error:
        raise CrawlerError(f"standard input: no article line ({error})") from error


def _collection_around(path: Path) -> Collection | None:
    """Return the collection whose line file this is, None for a file that lies elsewhere."""
    folder = path.absolute().parents[2] if len(path.absolute().parents) > 2 else path
    inside = path.absolute().parent.parent.name == "articles" and (folder / "archive").is_dir()
    return Collection(folder) if inside else None


def _collection_named(what: str, data: Path, name: str, portal: Portal) -> Collection:
    """Return the collection of the options. Raises UsageError where a line comes from elsewhere, and there is none."""
    try:
        return existing_collection(data, name, portal)
    except UsageError as error:
        raise UsageError(f"{what}: where are its WARC files? name their folder with --warc ({error})") from error


def _conversion_of(line: ArticleLine, collection: Collection) -> Pressmark | None:
    """Return where the line's conversion record lies, None where the collection does not know this version."""
    if line.version is None or not collection.state.exists():
        return None
    state = State(collection.state, read_only=True)
    try:
        known = state.versions.numbered(line.id, line.version)
    finally:
        state.shut()
    return known.line if known else None


def _print(found: Trace) -> None:
    _say(f"{found.id}  version {found.version}  {found.url}")
    now = "" if found.extractor == found.present_extractor else f", read anew by {found.present_extractor}"
    _say(f"  read by extractor {found.extractor}{now}")
    if found.conversion:
        _record("line", found.conversion.record)
        if found.conversion.fields:
            _say(f"  the line differs from it in {', '.join(found.conversion.fields)}", STYLES["differs"])
        if found.conversion.refers_to:
            _say(f"  it was made from {found.conversion.refers_to}")
    for number, page in enumerate(found.pages):
        _page(number, page)
    for number, record in enumerate(found.pictures):
        if record:
            _record(f"picture {number}", record)
    for value in found.values:
        _value(value, pages=len(found.pages))
    _say("")
    counts = {verdict: sum(one.verdict == verdict for one in found.values) for verdict in STYLES}
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    noun = "value" if len(found.values) == 1 else "values"
    _say(f"{found.verdict}  ({len(found.values)} {noun}: {summary})", STYLES[found.verdict])


def _page(number: int, page: TracedPage) -> None:
    _say("")
    _say(f"page {number}  {page.url}")
    if page.revisit:
        _record("seen by", page.revisit)
    _record("record", page.record)
    how = page.decoding
    if not how:
        return
    codings = [f"{name} undone" for name in (*how.transfer_codings, *how.content_codings)] or ["no coding"]
    _say(f"  response  {how.status}, {how.content_type or 'no Content-Type'}; {', '.join(codings)}")
    _say(f"            payload of {how.payload_bytes} bytes, body of {how.body_bytes} bytes")
    _say(
        f"  text      {how.declared or 'no charset'} declared, read as {how.used} (by the {how.decided_by}),"
        f" {how.replacement_chars} replacement characters"
    )
    if how.not_an_article:
        _say(f"  is read as no article now: {how.not_an_article}", STYLES["differs"])


def _record(role: str, record: CheckedRecord) -> None:
    mark = record.pressmark
    _say(f"  {role:9} {mark.file}  offset {mark.offset}  length {mark.length}  {mark.record_id}")
    _say(f"            {record.type or 'record'} of {record.date or 'unknown date'}: {'; '.join(record.digests)}")
    if record.verdict != "same":
        _say(f"            {record.verdict}: {record.fault}", STYLES[record.verdict])


def _value(value: TracedValue, *, pages: int) -> None:
    if field_of(value.field) in MADE_OF and value.verdict == "same":
        _say("")
        _say(f"{value.field}  same", STYLES["same"])
        _say(f"  value     {_shortened(value.value)}, made of: {value.origin}")
        return
    _say("")
    _say(f"{value.field}  {value.verdict}", STYLES[value.verdict])
    _say(f"  value     {_shortened(value.value)}")
    if value.verdict != "same":
        _say(f"  read now  {_shortened(value.read)}")
    if value.origin:
        _say(f"  from      {value.origin}" + (f" ({value.confidence})" if value.confidence else ""))
    several = len(value.places) + len(value.unplaced) > 1
    for place in value.places[:MOST_PLACES]:
        text = f"  {_shortened(place.text)}" if several else ""
        page = f" of page {place.page}" if pages > 1 else ""
        _say(f"  bytes     {place.offset} to {place.offset + place.length}{page}: {place.bytes}{_inside(place)}{text}")
    if len(value.places) > MOST_PLACES:
        last = value.places[-1]
        _say(f"            and {len(value.places) - MOST_PLACES} more, the last at {last.offset} of page {last.page}")
    for text in value.unplaced[:MOST_PLACES]:
        _say(f"  not found in the bytes in one piece: {_shortened(text)}")


def _inside(place: TracedPlace) -> str:
    if place.within is None:
        return ""
    return " (in that element)" if place.within else " (outside of that element)"


def _shortened(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_VALUE else flat[: LONGEST_VALUE - 1] + "…"


def _say(text: str, style: str | None = None) -> None:
    out.print(text, style=style, markup=False, soft_wrap=True)
