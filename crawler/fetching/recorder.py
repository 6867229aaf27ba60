"""The bridge from fetching to the archive: each exchange becomes records, the records are fed to the register."""

import logging
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import IO

from archive.capture import Capture, is_not_modified
from archive.cdxj import index_exchange, index_records, merge_indexes, write_index
from archive.errors import ArchiveError
from archive.files import OPEN_SUFFIX
from archive.pressmark import Original, Pressmark
from archive.reader import Conversion, Exchange
from archive.recovery import finish, mend
from archive.revisits import as_recorded, read_original
from archive.writer import WarcOptions, WarcWriter, newest_file_at
from crawler.errors import CrawlerError
from crawler.fetching.tally import Tally
from crawler.fetching.waiting_index import WaitingIndex
from crawler.folding.changes import EVENT_TYPE, Event, encode_event
from crawler.folding.ledger import give_up
from crawler.folding.outcome import Outcome
from crawler.folding.register import Register
from crawler.folding.schedule import Schedule
from crawler.lines import ArticleLine, encode_line, utc_text
from crawler.reading.portals import Portal, find_branch
from crawler.store.collection import Collection
from crawler.store.rows import Link, Row, Visit
from crawler.store.state import Position

COMMIT_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Recorder:
    """Writes one run's exchanges into a collection, in the order in which they end.

    Opening takes the collection's lock, mends what a crash left, and raises CrawlerError where that cannot be done.
    After a write error nothing more is written; `failure` then says why. At the end `next_due` tells when something
    is due again, `failing_hosts` how often in a row the hosts failed that did when they were last asked.
    """

    def __init__(  # noqa: PLR0913 - options of the spider, handed through
        self,
        collection: Collection,
        portal: Portal,
        *,
        options: WarcOptions,
        software: tuple[tuple[str, str], ...],
        schedule: Schedule | None = None,
        keeps_lines: bool = False,
    ) -> None:
        """Open the collection for writing; `keeps_lines` where `take_lines` will be asked for them."""
        collection.make_folders()
        self.portal = portal
        self.collection = collection
        self.started_at = datetime.now(UTC)
        self.tally = Tally()
        self.failure: str | None = None
        self.next_due: str | None = None
        self.failing_hosts: dict[str, int] = {}
        self._lock: IO[str] | None = collection.lock()
        self._index = WaitingIndex(collection)
        self._keeps_lines = keeps_lines
        self._lines: list[ArticleLine] = []
        self._committed_at = monotonic()
        self._options = options
        self._resumed: str | None = None
        self._writer = WarcWriter(
            collection.archive,
            prefix=portal.name,
            software=software,
            options=options,
            now=_clock(collection.archive),
            on_close=lambda path: self._index.write(path, anew=path.name == self._resumed),
        )
        self._mend()
        self.register = Register(collection, portal, schedule)
        self.listeners: list[Callable[[Row, Exchange, Outcome, tuple[Link, ...]], None]] = []
        self._replay()
        self._convert(self.register.settled())
        self._tell(self.register.untold)
        self.commit()

    def record(self, capture: Capture, row: Row) -> None:
        """Write one exchange, feed it, and write the lines of the articles that it settles.

        Raises CrawlerError once, and for all exchanges after, where the collection cannot be written.
        """
        notes = [("kind", row.kind), ("hopsFromSeed", row.hops)]
        if row.via:
            notes.insert(0, ("via", row.via))
        try:
            exchange = self._write(capture, tuple(notes))
            outcome, new = self.register.feed(exchange)
            # Of a revisit the record has the head alone; those who listen get all that came.
            exchange = replace(exchange, capture=capture)
            self._count(exchange, outcome)
            self._convert(outcome.settled)
            self._tell((event, exchange.pressmark) for event in outcome.tidings)
            if monotonic() - self._committed_at > COMMIT_SECONDS:
                self.commit()
        except (OSError, sqlite3.Error) as error:
            raise self._fail(error) from error
        for listener in self.listeners:
            listener(row, exchange, outcome, new)

    def give_up(self, url: str) -> None:
        """Let no article wait for a URL that will not be asked for, and write the lines that this settles."""
        if self.failure:
            return
        try:
            outcome = give_up(self.register.state, url)
            self.register.store(outcome)
            self._convert(outcome.settled)
        except (OSError, sqlite3.Error) as error:
            self._fail(error)

    def take_lines(self) -> list[ArticleLine]:
        """Return the lines written since the last call."""
        lines, self._lines = self._lines, []
        return lines

    def commit(self) -> None:
        """Sync the records, then append the lines, then store the state; a write error sets `failure`."""
        if self.failure:
            return
        try:
            self._writer.sync()
            end = self._writer.end
            self.register.commit(Position(file=end[0], offset=end[1]) if end else None)
        except (OSError, sqlite3.Error) as error:
            self._fail(error)
        self._committed_at = monotonic()

    def close(self) -> None:
        """Finish the open file, merge the indexes and give the lock back; a second call does nothing."""
        if self._lock is None:
            return
        try:
            self.commit()
            visits = self.register.state.visits
            self.next_due = visits.next_due()
            self.failing_hosts = {
                host.host: host.failures for host in visits.failing_hosts(utc_text(datetime.now(UTC)))
            }
            self._writer.close()
            merge_indexes(self.collection.indexes)
        except (OSError, sqlite3.Error) as error:
            self._fail(error)
        finally:
            self.register.shut()
            self._lock.close()
            self._lock = None

    def _mend(self) -> None:
        """Finish the files that a crash or an earlier day left open; go on with one of today where that is wanted."""
        # The newest first: that is the one to go on with.
        for path in sorted(self.collection.archive.glob("*.open"), reverse=True):
            mended = mend(path)
            if mended.torn_bytes or self._options.keep_open == "run":
                logger.warning("%s", mended.describe())
            if self._writer.resume(path):
                self._resumed = path.name.removesuffix(OPEN_SUFFIX)
                continue
            # The index comes before the final name: a crash between the two leads here again.
            name = path.name.removesuffix(OPEN_SUFFIX)
            if mended.kept_bytes:
                write_index(self.collection.indexes / f"{name}.cdxj", index_records(path))
            finish(mended)

    def _replay(self) -> None:
        """Feed what a crash left unfed, and count it: the run that captured it has written no summary.

        Where the state is made anew, the events of earlier runs are fed again, too: those have been counted.
        """
        was_cut_short = self.register.state.position() is not None or not any(self.collection.runs.glob("*.json"))
        for _, outcome in self.register.replay():
            self._count_reading(outcome)
            if was_cut_short:
                self._count_events(outcome)
                for line, _ in outcome.lines:
                    self.tally.add_line(line)

    def _write(self, capture: Capture, notes: tuple[tuple[str, str], ...]) -> Exchange:
        if self.failure:
            raise CrawlerError(self.failure)
        original = self._find_original(capture)
        recorded = self._writer.write_capture(capture, notes, original=original)
        exchange = as_recorded(capture, notes, recorded, original)
        if line := index_exchange(exchange):
            self._index.add(line)
        self.tally.files.add(recorded.file)
        return exchange

    def _find_original(self, capture: Capture) -> Original | None:
        """Return the record that an exchange need only refer to, None where it is to be kept whole."""
        if not is_not_modified(capture) or capture.head_block() != capture.response:
            return self.register.digests.find_repeat(capture, self._options.digest)
        stored = self.register.state.visits.capture(capture.url)
        try:
            return read_original(self.collection.archive, stored.pressmark) if stored else None
        except ArchiveError as error:
            logger.warning("%s: its 304 refers to nothing: %s", capture.url, error)
            return None

    def _convert(self, settled: Iterable[str]) -> None:
        """Write the conversion record of each settled article: its commit mark."""
        for article in settled:
            try:
                line = self.register.compose(article)
                block = encode_line(line) if line else b""
            except (OSError, sqlite3.Error):
                raise
            except Exception as error:  # noqa: BLE001 - the captures are kept, and the run goes on
                self._count_fault(article, f"{type(error).__name__}: {error}")
                continue
            if line is None or line.pressmark is None:
                continue
            outcome = self._write_conversion(block, "application/json", line.url, line.pressmark)
            self.tally.add_line(line)
            self._count_events(outcome)
            if self._keeps_lines:
                self._lines.append(line)

    def _tell(self, tidings: Iterable[tuple[Event, Pressmark | None]]) -> None:
        """Write the conversion record of each withdrawal and return, so that the ledger can be made again as it is."""
        for event, mark in tidings:
            if mark:
                self._count_events(self._write_conversion(encode_event(event), EVENT_TYPE, event.url, mark))

    def _write_conversion(self, block: bytes, content_type: str, url: str, source: Pressmark) -> Outcome:
        """Write what was made from a record, and return what it changes."""
        now = datetime.now(UTC)
        mark = self._writer.write_conversion(block, content_type=content_type, url=url, date=now, refers_to=source)
        outcome, _ = self.register.feed(
            Conversion(
                pressmark=mark,
                url=url,
                date=now,
                refers_to=source.record_id,
                content_type=content_type,
                block=block,
                end=mark.offset + mark.length,
            )
        )
        return outcome

    def _count(self, exchange: Exchange, outcome: Outcome) -> None:
        if outcome.visit:
            self.tally.add_exchange(exchange, outcome.visit)
            self._count_front(outcome, outcome.visit)
        self._count_reading(outcome)
        self._count_events(outcome)

    def _count_front(self, outcome: Outcome, visit: Visit) -> None:
        """Count the articles on the front of a section; a list that has not changed is not read again."""
        is_read = visit.capture and not visit.revisit and not outcome.fault
        if visit.kind == "listing" and not visit.hops and is_read:
            self.tally.shape.add_front(visit.url, sum(link.kind == "article" for link in outcome.links))

    def _count_reading(self, outcome: Outcome) -> None:
        if outcome.fault and outcome.visit:
            self._count_fault(outcome.visit.url, outcome.fault)
        if outcome.not_article and outcome.visit:
            self.tally.not_articles.append((outcome.visit.url, outcome.not_article))

    def _count_events(self, outcome: Outcome) -> None:
        for event in outcome.events:
            branch = find_branch(self.portal, event.url)
            self.tally.add_event(event.type, branch.code if branch else None)

    def _count_fault(self, url: str, fault: str) -> None:
        logger.error("%s: cannot be read (%s); its capture is kept", url, fault)
        self.tally.faults.append((url, fault))

    def _fail(self, error: OSError | sqlite3.Error) -> CrawlerError:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            with suppress(OSError):
                self.collection.suspect.touch()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.failure = (
            f"{self.collection.folder}: cannot write ({reason}); free some space or mend the permissions and run again;"
            " every exchange finished so far is kept"
        )
        return CrawlerError(self.failure)


def _clock(folder: Path) -> Callable[[], datetime]:
    """Return the clock for the names of WARC files, which are fed in their order: it never falls behind a name."""
    newest = newest_file_at(folder)
    least = newest + timedelta(milliseconds=1) if newest else datetime.min.replace(tzinfo=UTC)
    return lambda: max(datetime.now(UTC), least)
