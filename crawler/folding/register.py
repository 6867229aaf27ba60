"""Feed records through the fold and keep its results: state, article lines, ledger.

The WARC files are written and synced first. A commit then appends the lines, stores the payload digests, and last of
all the state with the position up to which the records were fed: whatever a crash leaves half done is cut off and fed
again.
"""

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from archive.capture import is_not_modified
from archive.errors import ArchiveError
from archive.files import OPEN_SUFFIX
from archive.pressmark import Pressmark
from archive.reader import Conversion, Exchange, read_exchange, read_exchanges
from archive.revisits import read_original, resolve
from crawler.errors import UsageError
from crawler.folding import composing, ledger
from crawler.folding.changes import Event
from crawler.folding.contents import Readers
from crawler.folding.line_files import LineFiles, read_line
from crawler.folding.outcome import CapturedPage, Outcome
from crawler.folding.schedule import Schedule
from crawler.lines import ArticleLine, encode_line, text_digest
from crawler.reading.extract.pages import join
from crawler.reading.portals import Portal, article_id
from crawler.store.collection import Collection
from crawler.store.repair import open_digests, put_damaged_aside
from crawler.store.rows import Link
from crawler.store.state import Position, State
from crawler.store.versions import Version

# Pages of open articles that are kept in memory; one that has fallen out is read again from its record.
PAGES_KEPT = 64
# RFC 9110, 8.8.3.
ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')

logger = logging.getLogger(__name__)


class Register:
    """The state and the line files of one collection, fed record by record."""

    def __init__(
        self,
        collection: Collection,
        portal: Portal,
        schedule: Schedule | None = None,
        read: Callable[[Exchange], CapturedPage | None] | None = None,
    ) -> None:
        """Open the state, and cut the line files back to what it vouches for.

        With `read`, which gives the pages of articles as they read today, all lines are made anew.
        """
        self.portal = portal
        self._schedule = schedule or Schedule()
        put_damaged_aside(collection)
        self.state = State(collection.state)
        held = self.state.versions.portal()
        if held not in {None, portal.name}:
            self.state.shut()
            raise UsageError(
                f"{collection.folder}: holds the portal {held}, not {portal.name}; name another with --collection"
            )
        self.digests = open_digests(collection)
        self._collection = collection
        self._pages: OrderedDict[str, CapturedPage] = OrderedDict()
        self._files = LineFiles(collection, self.state.outputs())
        self._readers = Readers(line_of=self._line_of, read=read)
        self._awaited: tuple[str, ...] = ()
        self.untold: tuple[tuple[Event, Pressmark], ...] = ()

    @property
    def written(self) -> set[Path]:
        """The line files that were appended to."""
        return self._files.written

    def feed(self, record: Exchange | Conversion) -> tuple[Outcome, tuple[Link, ...]]:
        """Fold one record, store the outcome, and return it with those of its links that are new."""
        if isinstance(record, Exchange):
            self.digests.feed(record)
            record = self._resolve(record)
        outcome = ledger.fold(self.state, record, self.portal, self._schedule, self._readers)
        return outcome, self.store(outcome)

    def store(self, outcome: Outcome) -> tuple[Link, ...]:
        """Store an outcome and return its new links."""
        if outcome.page:
            self._keep(outcome.page)
        for line, text in outcome.lines:
            self._files.add(line, text)
        for event in outcome.events:
            self._files.add_event(event)
        return ledger.apply(self.state, outcome)

    def compose(self, article: str) -> ArticleLine | None:
        """Return the line of a settled article; one that cannot be read any more is closed, and None returned."""
        line = None
        try:
            line = composing.compose(self.state, article, self.portal, self._last_page, self._reread)
        finally:
            if line is None:
                self.state.versions.drop_draft(article)
        return line

    def convert(self, line: ArticleLine) -> Outcome:
        """Store a line that was read anew: its version names its place in the line file, for it has no record."""
        block = encode_line(line)
        mark = self._files.place(line, block)
        source = line.pressmark.record_id if line.pressmark else ""
        outcome, _ = self.feed(
            Conversion(
                pressmark=mark,
                url=line.url,
                date=datetime.fromisoformat(line.captured_at),
                refers_to=source,
                content_type="application/json",
                block=block,
                end=0,
            )
        )
        return outcome

    def last_etag(self, url: str) -> bytes | None:
        """Return the ETag of the last good capture of a URL as it was sent, None where it has none that is valid.

        None also where the record with the payload cannot be read: a 304 would have nothing to refer to.
        """
        stored = self.state.visits.capture(url)
        if not stored:
            return None
        try:
            read_original(self._collection.archive, stored.pressmark)
            head = read_exchange(self._collection.archive, stored.revisit or stored.pressmark).capture.head()
        except ArchiveError as error:
            logger.warning("%s: is asked for anew: %s", url, error)
            return None
        etag = (head.value("etag") if head else None) or ""
        return etag.encode("latin-1") if ENTITY_TAG.fullmatch(etag) else None

    def replay(
        self, read: Callable[..., Iterable[Exchange | Conversion]] = read_exchanges
    ) -> Iterator[tuple[Exchange | Conversion, Outcome]]:
        """Feed the records that the state has not seen, and yield them with their outcomes; commit afterwards.

        `read` takes a path and the offset `start`. What a crawl writes because of an exchange stands before the next
        one: an article that was settled and has no conversion record there had nothing new, and waits no longer, unless
        no line of it is known: its record may be lost. What the last of all has settled and told is left in `settled`
        and `untold`, for a crash may have come first.
        """
        stored = self.state.position()
        fed = (stored.file, stored.offset) if stored else ("", 0)
        known = self.digests.position() or ("", 0)
        begin = min(fed, known)
        for path in self._warc_files():
            name, size = path.name.removesuffix(OPEN_SUFFIX), path.stat().st_size
            start = begin[1] if name == begin[0] else 0
            if name < begin[0] or start >= size:
                continue
            for record in read(path, start=start):
                if (name, record.end) > fed:
                    yield record, self._feed_again(record)
                elif isinstance(record, Exchange):
                    # The state knows it, but the digests were lost.
                    self.digests.feed(record)
            self._commit(max(fed, (name, size)), max(known, (name, size)))

    def _feed_again(self, record: Exchange | Conversion) -> Outcome:
        if isinstance(record, Exchange):
            for article in self._awaited:
                if self._is_settled(article) and self.state.versions.newest(article_id(article, self.portal)):
                    self.state.versions.drop_draft(article)
        outcome, _ = self.feed(record)
        if isinstance(record, Exchange):
            self._awaited = outcome.settled
            self.untold = tuple((event, record.pressmark) for event in outcome.tidings if record.pressmark)
        else:
            self.untold = tuple(one for one in self.untold if one[0] not in outcome.events)
        return outcome

    def _is_settled(self, article: str) -> bool:
        return self.state.versions.draft(article) is not None and not self.state.versions.needs(article)

    def settled(self) -> list[str]:
        """Return the open articles that wait for nothing: after a crash, their conversion record is missing."""
        return [article for article in self.state.versions.drafts() if not self.state.versions.needs(article)]

    def commit(self, position: Position | None) -> None:
        """Append the lines, then store the state; the records up to `position` must have been synced before."""
        reached = (position.file, position.offset) if position else None
        self._commit(reached, reached)

    def _commit(self, fed: tuple[str, int] | None, known: tuple[str, int] | None) -> None:
        """Commit with the positions of the state and of the digests."""
        self._files.flush()
        self.digests.commit(known)
        self.state.commit(Position(file=fed[0], offset=fed[1]) if fed else None, self._files.take_grown())

    def shut(self) -> None:
        """Close state and digests; what was not committed comes back by `replay`."""
        self.digests.shut()
        self.state.shut()

    def _line_of(self, version: Version) -> ArticleLine | None:
        if self._readers.read:
            self._files.flush()
        try:
            return read_line(self._collection, version.line)
        except ArchiveError as error:
            logger.warning("%s: version %d cannot be read: %s", version.id, version.version, error)
            return None

    def _reread(self, version: Version) -> str | None:
        """Return the text digest of a version's captures as they are read today, None where they cannot be read."""
        if self._readers.read:
            # The version was read today.
            return None
        line = self._line_of(version)
        marks = [page.pressmark for page in line.pages] or [line.pressmark] if line else []
        readings = []
        try:
            for mark in marks:
                exchange = read_exchange(self._collection.archive, mark) if mark else None
                page = composing.read_capture(exchange, self.portal) if exchange else None
                if page and page.reading.article:
                    readings.append(page.reading)
        except ArchiveError as error:
            logger.warning("%s: the captures of version %d cannot be read: %s", version.id, version.version, error)
            return None
        return text_digest(join(readings)) if readings else None

    def _keep(self, page: CapturedPage) -> None:
        self._pages[(page.revisit or page.pressmark).record_id] = page
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)

    def _last_page(self, url: str) -> CapturedPage | None:
        stored = self.state.visits.capture(url)
        if not stored:
            return None
        own = stored.revisit or stored.pressmark
        if kept := self._pages.pop(own.record_id, None):
            return kept
        exchange = read_exchange(self._collection.archive, own)
        if stored.revisit:
            exchange = resolve(self._collection.archive, exchange, stored.pressmark)
        return composing.read_capture(exchange, self.portal)

    def _resolve(self, exchange: Exchange) -> Exchange:
        """Return a revisit with its payload; as it is where that cannot be read."""
        original = self._original(exchange)
        if not original:
            return exchange
        try:
            return resolve(self._collection.archive, exchange, original)
        except ArchiveError as error:
            logger.warning("%s: %s", exchange.capture.url, error)
            return exchange

    def _original(self, exchange: Exchange) -> Pressmark | None:
        if not exchange.refers_to:
            return None
        if is_not_modified(exchange.capture):
            stored = self.state.visits.capture(exchange.capture.url)
            return stored.pressmark if stored else None
        digest = exchange.pressmark.payload_digest if exchange.pressmark else None
        found = self.digests.find(digest) if digest else None
        return found.pressmark if found else None

    def _warc_files(self) -> list[Path]:
        """Return the portal's files in the order of their final names, an unfinished one included."""
        found = self._collection.archive.glob(f"{self.portal.name}-*.warc.gz*")
        wanted = [path for path in found if path.name.removesuffix(OPEN_SUFFIX).endswith(".warc.gz")]
        return sorted(wanted, key=lambda path: path.name.removesuffix(OPEN_SUFFIX))
