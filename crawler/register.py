"""Feed records through the fold and keep its results: state, article lines, ledger.

The WARC files are written and synced first. A commit then appends the lines, and last of all stores the state with the
position up to which the records were fed: whatever a crash leaves half done is cut off and fed again.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from archive.reader import Conversion, Exchange, read_exchange, read_exchanges
from crawler import ledger
from crawler.collection import Collection
from crawler.ledger import CapturedPage, Outcome
from crawler.lines import ArticleLine
from crawler.reading.portals import Portal
from crawler.state import Link, Position, State

# Pages of open articles that are kept in memory; one that has fallen out is read again from its record.
PAGES_KEPT = 64


class Register:
    """The state and the line files of one collection, fed record by record."""

    def __init__(self, collection: Collection, portal: Portal) -> None:
        """Open the state, and cut the line files back to what it vouches for."""
        self.portal = portal
        self.state = State(collection.state)
        self._collection = collection
        self._pages: OrderedDict[str, CapturedPage] = OrderedDict()
        self.written: set[Path] = set()
        self._unwritten: dict[Path, list[bytes]] = {}
        self._lengths = self.state.outputs()
        _cut_back(collection, self._lengths)

    def feed(self, record: Exchange | Conversion) -> tuple[Outcome, tuple[Link, ...]]:
        """Fold one record, store the outcome, and return it with those of its links that are new."""
        outcome = ledger.fold(self.state, record, self.portal)
        return outcome, self.store(outcome)

    def store(self, outcome: Outcome) -> tuple[Link, ...]:
        """Store an outcome and return its new links."""
        if outcome.page:
            self._keep(outcome.page)
        for line, text in outcome.lines:
            month = line.captured_at[:7]
            branch = line.branch or "other"
            self._write(self._collection.articles / branch / f"{month}.jsonl", text)
        for event in outcome.events:
            self._write(self._collection.changes, msgspec.json.encode(event))
        return ledger.apply(self.state, outcome)

    def compose(self, article: str) -> ArticleLine | None:
        """Return the line of a settled article; one that cannot be read any more is closed, and None returned."""
        line = ledger.compose(self.state, article, self.portal, self._last_page)
        if line is None:
            self.state.drop_draft(article)
        return line

    def replay(self) -> Iterator[Outcome]:
        """Feed the records that the state has not seen, and yield their outcomes; commit afterwards."""
        position = self.state.position()
        for path in sorted(self._collection.archive.glob(f"{self.portal.name}-*.warc.gz")):
            if position and path.name < position.file:
                continue
            start = position.offset if position and path.name == position.file else 0
            if start >= path.stat().st_size:
                continue
            for record in read_exchanges(path, start=start):
                outcome, _ = self.feed(record)
                yield outcome
            self.commit(Position(file=path.name, offset=path.stat().st_size))

    def settled(self) -> list[str]:
        """Return the open articles that wait for nothing: after a crash, their conversion record is missing."""
        return [article for article in self.state.drafts() if not self.state.needs(article)]

    def commit(self, position: Position | None) -> None:
        """Append the lines, then store the state; the records up to `position` must have been synced before."""
        written = {}
        for path, lines in self._unwritten.items():
            name = str(path.relative_to(self._collection.folder))
            self._lengths[name] = written[name] = self._lengths.get(name, 0) + _append(path, lines)
        self.written.update(self._unwritten)
        self._unwritten.clear()
        self.state.commit(position, written)

    def shut(self) -> None:
        """Close the state; what was not committed comes back by `replay`."""
        self.state.shut()

    def _write(self, path: Path, text: bytes) -> None:
        self._unwritten.setdefault(path, []).append(text)

    def _keep(self, page: CapturedPage) -> None:
        self._pages[page.pressmark.record_id] = page
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)

    def _last_page(self, url: str) -> CapturedPage | None:
        stored = self.state.capture(url)
        if not stored:
            return None
        if kept := self._pages.pop(stored.pressmark.record_id, None):
            return kept
        return ledger.read_capture(read_exchange(self._collection.archive, stored.pressmark), self.portal)


def _append(path: Path, lines: list[bytes]) -> int:
    text = b"".join(line + b"\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return len(text)


def _cut_back(collection: Collection, lengths: dict[str, int]) -> None:
    """Cut lines that were appended after the last commit: they come again from their records."""
    for path in (*collection.articles.glob("*/*.jsonl"), collection.changes):
        length = lengths.get(str(path.relative_to(collection.folder)), 0)
        if path.exists() and path.stat().st_size > length:
            os.truncate(path, length)
