"""Read a collection's captures anew: through the fold, as the crawl went, with the pages read by many processes.

What the crawl wrote is not copied. Its conversion records only tell when an article was settled whose pictures were
never asked for, because robots.txt forbids them, say.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import ArchiveError
from archive.files import OPEN_SUFFIX
from archive.iteration import Fault
from archive.reader import Conversion, Exchange
from archive.salvage import salvage_exchanges
from crawler.errors import CrawlerError, UsageError
from crawler.folding.changes import EVENT_TYPE, Event, encode_event, is_event
from crawler.folding.outcome import CapturedPage, Outcome
from crawler.folding.register import Register
from crawler.lines import ArticleLine
from crawler.reading.portals import Portal, find_branch, is_article_url
from crawler.rereading.readers import Located, Means, ReadPage, read_ahead, read_one
from crawler.store.collection import Collection

# Outcomes that are stored at once.
COMMIT_RECORDS = 2_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is read: the branches of these codes, all where there are none; files that are unfinished if so."""

    branches: tuple[str, ...] = ()
    with_open: bool = False


@dataclass(slots=True, kw_only=True)
class Reread:
    """What was found; `faults` are damaged places, `unread` pages that could not be read, with the reason."""

    files: int = 0
    lines: int = 0
    events: int = 0
    faults: list[Fault] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)


def reread(
    source: Collection,
    target: Path,
    means: Means,
    choice: Choice,
    on_line: Callable[[ArticleLine], None],
) -> Reread:
    """Write articles, ledger and state of what is read anew into an empty folder.

    Its state knows the versions by their places in the line files. Lines come in the order in which their articles were
    settled, so that the same records give the same bytes whatever the number of processes.
    Raises UsageError where there are no WARC files of the portal.
    """
    portal = means.portal
    paths = _paths(source, portal, with_open=choice.with_open)
    if not paths:
        raise UsageError(f"{source.archive}: no WARC files of the portal {portal.name}; name it with --portal")
    fresh = Collection(target, source=source.archive)
    for folder in (fresh.folder, fresh.articles):
        folder.mkdir(parents=True, exist_ok=True)
    reading = _Rereading(fresh, portal, on_line)
    reading.found.files = len(paths)
    try:
        located = _records(paths, portal, choice, reading.found.faults.append)
        for (_, record), page in read_ahead(located, lambda one: _is_page(one, portal), means):
            reading.feed(record, page)
            if mark := record.pressmark:
                means.on_progress(mark.file, record.end)
        reading.finish()
    finally:
        reading.register.shut()
    return reading.found


class _Rereading:
    """Feeds the register of the new collection, and does what a recorder does while it crawls."""

    def __init__(self, fresh: Collection, portal: Portal, on_line: Callable[[ArticleLine], None]) -> None:
        self.found = Reread()
        self.register = Register(fresh, portal, read=self._read)
        self._portal = portal
        self._changes = fresh.changes
        self._on_line = on_line
        self._page: ReadPage | None = None
        self._uncommitted = 0

    def feed(self, record: Exchange | Conversion, page: ReadPage | None) -> None:
        url = record.url if isinstance(record, Conversion) else record.capture.url
        # An article that is captured again while it is open waits for what was never asked for.
        is_end = not is_event(record.content_type) if isinstance(record, Conversion) else page is not None
        if is_end and self.register.state.versions.draft(url) is not None:
            self._settle(url)
        if isinstance(record, Conversion):
            return
        self._page = page
        outcome, _ = self.register.feed(record)
        self._count(outcome)
        for article in outcome.settled:
            self._settle(article)
        for event in outcome.tidings:
            self._tell(record, event)
        self._uncommitted += 1
        if self._uncommitted >= COMMIT_RECORDS:
            self._commit()

    def finish(self) -> None:
        """Settle the articles that wait for what was never captured."""
        for article in self.register.state.versions.drafts():
            self._settle(article)
        self._commit()
        self._changes.touch()

    def _commit(self) -> None:
        self.register.commit(None)
        self._uncommitted = 0

    def _settle(self, article: str) -> None:
        try:
            line = self.register.compose(article)
        except (ArchiveError, CrawlerError, ValueError) as error:
            self.found.unread.append((article, str(error)))
            return
        if line:
            self._count(self.register.convert(line))
            self._on_line(line)

    def _tell(self, record: Exchange, event: Event) -> None:
        assert record.pressmark
        told = Conversion(
            pressmark=record.pressmark,
            url=event.url,
            date=record.capture.started_at,
            refers_to=record.pressmark.record_id,
            content_type=EVENT_TYPE,
            block=encode_event(event),
            end=0,
        )
        self._count(self.register.feed(told)[0])

    def _read(self, exchange: Exchange) -> CapturedPage | None:
        page = self._page or read_one(exchange, self._portal)
        if page.fault:
            raise CrawlerError(page.fault)
        return page.page

    def _count(self, outcome: Outcome) -> None:
        self.found.lines += len(outcome.lines)
        self.found.events += len(outcome.events)
        if outcome.fault and outcome.visit:
            self.found.unread.append((outcome.visit.url, outcome.fault))


def _paths(collection: Collection, portal: Portal, *, with_open: bool) -> list[Path]:
    """Return the portal's WARC files in the order of their final names."""
    found = collection.archive.glob(f"{portal.name}-*.warc.gz*")
    ends = (".warc.gz", f".warc.gz{OPEN_SUFFIX}") if with_open else (".warc.gz",)
    wanted = [path for path in found if path.name.endswith(ends)]
    return sorted(wanted, key=lambda path: path.name.removesuffix(OPEN_SUFFIX))


def _records(paths: list[Path], portal: Portal, choice: Choice, on_fault: Callable[[Fault], None]) -> Iterator[Located]:
    """Yield the records of the files, without the articles and pages of branches that are not wanted."""
    for path in paths:
        for record in salvage_exchanges(path, on_fault):
            text = isinstance(record, Exchange) and bool(choice.branches) and _is_text(record, portal)
            branch = find_branch(portal, record.capture.url) if isinstance(record, Exchange) and text else None
            if not text or (branch and branch.code in choice.branches):
                yield path, record


def _is_text(exchange: Exchange, portal: Portal) -> bool:
    kind = dict(exchange.notes).get("kind")
    return kind in {"article", "page"} if kind else is_article_url(exchange.capture.url, portal)


def _is_page(exchange: Exchange, portal: Portal) -> bool:
    """Tell whether an exchange holds a page of an article; one that was seen again is read where it is needed."""
    capture = exchange.capture
    if exchange.refers_to or not exchange.pressmark or capture.failure or capture.truncated:
        return False
    head = capture.head()
    return head is not None and head.status == 200 and _is_text(exchange, portal)
