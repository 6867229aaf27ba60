"""`pressmark pack`: put a collection, a branch or some days of it into one WACZ file for replay."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer

from archive.manifest import Description, Signer
from archive.members import ScannedRecord
from archive.pressmark import Pressmark
from archive.selection import Selection
from archive.wacz import Packed, PackedPage
from archive.wacz import pack as write_package
from crawler.collection import Collection
from crawler.commands import terminal
from crawler.commands.options import (
    DONE,
    FINDINGS,
    CollectionOption,
    DataOption,
    JsonOption,
    PortalOption,
    existing_collection,
    out,
)
from crawler.errors import UsageError
from crawler.fetching.plan import choose_branches
from crawler.reading.portals import Branch, Portal, find_portal

SUFFIX = ".wacz"
# On the hosts for pictures and styles these are chosen by the articles that show them.
ARTICLE_PARTS = frozenset({"article", "page", "picture"})


class PackedImage(msgspec.Struct, frozen=True):
    """What packing needs of a picture or of a further page."""

    pressmark: Pressmark | None


class PackedLine(msgspec.Struct, frozen=True):
    """What packing needs of an article line."""

    url: str
    branch: str | None
    headline: str | None
    body: str
    captured_at: datetime
    pressmark: Pressmark | None
    images: tuple[PackedImage, ...] = ()
    pages: tuple[PackedImage, ...] = ()

    def marks(self) -> Iterator[Pressmark]:
        """Yield the pressmarks of the article, its further pages and its pictures."""
        for mark in (self.pressmark, *(part.pressmark for part in (*self.pages, *self.images))):
            if mark:
                yield mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which part of a collection is packed: no branches stand for all, None for no bound; days of capture in UTC."""

    portal: Portal
    branches: tuple[Branch, ...] = ()
    since: date | None = None
    until: date | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything is packed."""
        return not self.branches and self.since is None and self.until is None

    def holds_day(self, day: date) -> bool:
        """Tell whether a day lies within the bounds; both bounds are in it."""
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)

    def holds_line(self, line: PackedLine) -> bool:
        """Tell whether an article is chosen."""
        codes = {branch.code for branch in self.branches}
        return (not codes or line.branch in codes) and self.holds_day(line.captured_at.astimezone(UTC).date())

    def holds_record(self, record: ScannedRecord) -> bool:
        """Tell whether a record is chosen for its address and day; pictures come with their articles' lines."""
        if record.type == "conversion" or not record.url:
            return False
        host = _host(record.url)
        if not self.branches or any(branch.serves(host) for branch in self.branches):
            return self.holds_day(record.date.date())
        if host not in self.portal.asset_hosts or record.type != "metadata":
            return False
        # Styles, scripts and fonts are captured once, on whatever day and for whatever branch.
        kind = record.fields().get("kind")
        return kind not in ARTICLE_PARTS and (kind != "robots" or self.holds_day(record.date.date()))


def pack(
    *,
    branch: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Only this branch: its hosts, and its articles' pictures. May be repeated."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was captured on this day (UTC) or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was captured on this day (UTC) or before.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.wacz", help="The file to write  [default: named after what is in it]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    sign: Annotated[
        Path | None, typer.Option(metavar="KEY.pem", help="Sign the package with this private key (ECDSA, P-384).")
    ] = None,
    make_key: Annotated[bool, typer.Option("--make-key", help="Make the key of --sign if there is none yet.")] = False,
    created: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="The time to write into the package; now by default. Same input and time, same file.",
        ),
    ] = None,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Pack a collection, or a part of it, into a WACZ file that replays as it stands.

    Example: pressmark pack --branch js --since 2025-02-01 --until 2025-02-28 --out js-2025-02.wacz
    """
    described = find_portal(portal)
    choice = _choose(described, branch, since, until)
    found = existing_collection(data, collection, described)
    path = _check_output(output or Path(_default_name(found, choice)), force=force)
    key = _key(sign, make=make_key)
    moment = (created or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    packed = write_package(
        path,
        sorted(found.archive.glob("*.warc.gz")),
        description=Description(title=_title(choice), software=f"pressmark {version('pressmark')}", created=moment),
        pages=_pages(found, choice),
        selection=None if choice.is_whole else _select(found, choice),
        key=key,
    )
    unfinished = len(list(found.archive.glob("*.warc.gz.open")))
    if json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(packed, enc_hook=str), indent=1) + b"\n")
    else:
        _print(packed, unfinished)
    return FINDINGS if packed.unpacked_pages or packed.unresolved else DONE


def _choose(portal: Portal, codes: list[str] | None, since: datetime | None, until: datetime | None) -> Choice:
    if since and until and since > until:
        raise UsageError(f"--since {since:%Y-%m-%d}: is after --until {until:%Y-%m-%d}; exchange the two")
    return Choice(
        portal=portal,
        branches=choose_branches(portal, tuple(codes)) if codes else (),
        since=since.date() if since else None,
        until=until.date() if until else None,
    )


def _default_name(collection: Collection, choice: Choice) -> str:
    days = [str(choice.since or "start"), str(choice.until or "end")] if choice.since or choice.until else []
    return "-".join([collection.folder.name, *(branch.code for branch in choice.branches), *days]) + SUFFIX


def _title(choice: Choice) -> str:
    """Return e.g. 中国新闻网 江苏, 2025-02-01 to 2025-02-28."""
    title = " ".join([choice.portal.title, *(branch.name for branch in choice.branches)])
    since = f"{choice.since} " if choice.since else ""
    until = f"to {choice.until}" if choice.until else "and later"
    return f"{title}, {since}{until}" if choice.since or choice.until else title


def _check_output(path: Path, *, force: bool) -> Path:
    if path.suffix != SUFFIX:
        raise UsageError(f"--out {path}: replay programs know packages by the name; let it end in {SUFFIX}")
    if not path.parent.is_dir():
        raise UsageError(f"--out {path}: there is no folder {path.parent}; make it first")
    if path.is_dir() or (path.exists() and not force):
        raise UsageError(f"{path}: is there already; name another file with --out, or add --force to replace it")
    return path


def _key(path: Path | None, *, make: bool) -> Signer | None:
    if path is None:
        if make:
            raise UsageError("--make-key: for which file? name it with --sign KEY.pem")
        return None
    # Only here: no other command needs the package `cryptography`.
    from archive import signing  # noqa: PLC0415

    if not path.exists():
        if not make:
            raise UsageError(f"--sign {path}: no such file; add --make-key to make a key there")
        signing.make_key(path)
    return signing.load_key(path)


def _select(collection: Collection, choice: Choice) -> Selection:
    record_ids = (mark.record_id for line in _lines(collection, choice) for mark in line.marks())
    return Selection(record_ids=record_ids, chooses=choice.holds_record)


def _pages(collection: Collection, choice: Choice) -> Iterator[PackedPage]:
    for line in _lines(collection, choice):
        if line.pressmark:
            yield PackedPage(
                url=line.url,
                captured_at=line.captured_at,
                record_id=line.pressmark.record_id,
                title=line.headline,
                text=line.body,
            )


def _lines(collection: Collection, choice: Choice) -> Iterator[PackedLine]:
    decoder = msgspec.json.Decoder(PackedLine)
    for path in sorted(collection.articles.glob("*/*.jsonl")):
        with path.open("rb") as file:
            for text in file:
                # A crawl may be writing its last line just now.
                if text.endswith(b"\n") and choice.holds_line(line := _decode(decoder, text, path)):
                    yield line


def _decode(decoder: "msgspec.json.Decoder[PackedLine]", text: bytes, path: Path) -> PackedLine:
    try:
        return decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path}: {text[:60]!r} is no article line ({error}); rebuild the collection") from error


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _print(packed: Packed, unfinished: int) -> None:
    size = terminal.human_bytes(packed.bytes)
    signed = ", signed" if packed.signed else ""
    out.print(f"{packed.path}: {size}{signed}", markup=False, soft_wrap=True)
    out.print(f"Records   {packed.records} in {packed.warc_files} WARC files, {packed.index_lines} in the index")
    out.print(f"Pages     {packed.pages}")
    if unfinished:
        out.print(f"Left out  {unfinished} WARC files that are still being written", soft_wrap=True)
    if packed.unpacked_pages:
        out.print(
            f"Left out  {packed.unpacked_pages} articles whose records are in no finished WARC file", soft_wrap=True
        )
    if packed.unresolved:
        out.print(f"Missing   the records that {packed.unresolved} revisits refer to", soft_wrap=True)
