"""What of a collection goes into a package: article lines, records and pages by branch and day of capture."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from archive.members import ScannedRecord
from archive.pages import find_page
from archive.pressmark import Pressmark
from archive.selection import Selection
from archive.surt import surt
from archive.wacz import PackedPage
from crawler.errors import UsageError
from crawler.fetching.plan import NATIONAL
from crawler.folding.composing import redirected
from crawler.reading.portals import Branch, Portal
from crawler.store.collection import Collection
from crawler.store.state import State
from crawler.withholding import Withheld


class PackedPart(msgspec.Struct, frozen=True):
    """What packing needs of a picture or of a further page."""

    url: str
    pressmark: Pressmark | None


class PackedRevisit(msgspec.Struct, frozen=True):
    """What packing needs of the revisit record by which an article was seen."""

    record_id: str


class PackedLine(msgspec.Struct, frozen=True):
    """What packing needs of an article line."""

    id: str
    url: str
    branch: str | None
    headline: str | None
    body: str
    captured_at: datetime
    pressmark: Pressmark | None
    revisit: PackedRevisit | None = None
    images: tuple[PackedPart, ...] = ()
    pages: tuple[PackedPart, ...] = ()

    @property
    def answer_id(self) -> str | None:
        """The id of the record by which the article's address is answered at the time of its capture."""
        if self.revisit:
            return self.revisit.record_id
        return self.pressmark.record_id if self.pressmark else None

    def record_ids(self) -> Iterator[str]:
        """Yield the ids of the article's record, and of those that hold its further pages and its pictures."""
        if self.answer_id:
            yield self.answer_id
        for part in (*self.pages, *self.images):
            if part.pressmark:
                yield part.pressmark.record_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which part of a collection is packed: no branches stand for all, None for no bound; days of capture in UTC.

    What is `withheld` stays out.
    """

    portal: Portal
    branches: tuple[Branch, ...] = ()
    since: date | None = None
    until: date | None = None
    withheld: Withheld = field(default_factory=Withheld)
    withheld_keys: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether everything is packed."""
        return not self.branches and self.since is None and self.until is None and not self.withheld.addresses

    def holds_day(self, day: date) -> bool:
        """Tell whether a day lies within the bounds; both bounds are in it."""
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)

    def holds_line(self, line: PackedLine) -> bool:
        """Tell whether an article is chosen."""
        codes = {branch.code for branch in self.branches}
        if line.id in self.withheld.ids or (self.withheld_keys and surt(line.url) in self.withheld_keys):
            return False
        return (not codes or line.branch in codes) and self.holds_day(line.captured_at.astimezone(UTC).date())

    def holds_record(self, record: ScannedRecord) -> bool:
        """Tell whether a record is chosen for its host and day; pictures come with their articles' lines."""
        if record.type == "conversion" or not record.url or not self.holds_day(record.date.date()):
            return False
        if self.bars(record):
            return False
        host = _host(record.url)
        if not self.branches or self._serves(host):
            return True
        return host in self.portal.asset_hosts and record.type == "metadata" and record.fields().get("kind") == "robots"

    def bars(self, record: ScannedRecord) -> bool:
        """Tell whether a record must not come in with others either, as the payload of a revisit, say."""
        return bool(self.withheld_keys) and surt(record.url) in self.withheld_keys

    def holds_requisite(self, record: ScannedRecord) -> bool:
        """Tell whether a record is of a style sheet, script, font or picture that chosen pages may show.

        Each is captured once, on whatever day and for whatever page: the day does not count, and of the hosts that
        branches share all are taken.
        """
        if record.type != "metadata" or self.bars(record):
            return False
        fields = record.fields()
        if fields.get("kind") != "requisite":
            return False
        shared = (
            *self.portal.asset_hosts,
            *(host for one in self.portal.branches if one.code == NATIONAL for host in one.hosts),
        )
        host, found_by = _host(record.url), _host(fields.get("via", ""))
        return not self.branches or host in shared or self._serves(host) or self._serves(found_by)

    def _serves(self, host: str) -> bool:
        return any(branch.serves(host) for branch in self.branches)


class Choosing:
    """Tells the records of a choice while they go by, and afterwards what has to go with them.

    Requisites alone are no package: they are chosen where there is something that may show them.
    """

    def __init__(self, collection: Collection, choice: Choice) -> None:
        self._collection = collection
        self._choice = choice
        self._requisites: list[str] = []
        self._found = False

    def chooses(self, record: ScannedRecord) -> bool:
        """Tell whether a record is chosen; requisites are kept in mind."""
        chosen = self._choice.holds_record(record)
        self._found |= chosen
        if not chosen and self._choice.holds_requisite(record):
            self._requisites.append(record.record_id)
        return chosen

    def record_ids(self) -> Iterator[str]:
        """Yield the records of the articles' lines, then the requisites."""
        for line in _lines(self._collection, self._choice):
            for record_id in line.record_ids():
                self._found = True
                yield record_id
        if self._found:
            yield from self._requisites

    def urls(self) -> Iterator[str]:
        """Yield the addresses of the lines' pictures and of what they redirect to.

        A line names the record with the bytes; where that is a capture of another address, a revisit leads to it.
        """
        state = State(self._collection.state, read_only=True)
        try:
            for line in _lines(self._collection, self._choice):
                for part in (*line.pages, *line.images):
                    yield from redirected(state, part.url)
        finally:
            state.shut()


class Fronts:
    """The newest packed capture of each page that a crawl began with, so that a reader of the package can begin there.

    What a page was asked for stands in the metadata record of its exchange, behind the response.
    """

    def __init__(self) -> None:
        self._pages: dict[str, PackedPage] = {}
        self._last: ScannedRecord | None = None

    def see(self, record: ScannedRecord) -> None:
        """Look at a record that is packed."""
        if record.type == "response":
            self._last = record
        elif record.type == "metadata" and self._last and record.url == self._last.url:
            fields = record.fields()
            is_front = fields.get("kind") == "listing" and not fields.get("hopsFromSeed")
            if is_front and (page := find_page(self._last)):
                self._keep(page)

    def found(self) -> list[PackedPage]:
        """Return the pages seen, those of a host together, in the order in which they were first asked for."""
        hosts = list(dict.fromkeys(map(_host, self._pages)))
        return sorted(self._pages.values(), key=lambda page: hosts.index(_host(page.url)))

    def _keep(self, page: PackedPage) -> None:
        before = self._pages.setdefault(page.url, page)
        if page.captured_at > before.captured_at:
            self._pages[page.url] = page


def select(collection: Collection, choice: Choice) -> Selection:
    """Return the records of a choice, with all that its pages show."""
    choosing = Choosing(collection, choice)
    return Selection(record_ids=choosing.record_ids(), urls=choosing.urls(), chooses=choosing.chooses, bars=choice.bars)


def list_pages(collection: Collection, choice: Choice, fronts: Fronts) -> Iterator[PackedPage]:
    """Yield the front pages that were packed, then the articles; to be asked for when the records are packed."""
    yield from fronts.found()
    for line in _lines(collection, choice):
        if line.answer_id:
            yield PackedPage(
                url=line.url,
                captured_at=line.captured_at,
                record_id=line.answer_id,
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
