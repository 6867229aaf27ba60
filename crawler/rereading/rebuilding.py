"""Make all views of a collection again from its WARC files alone: lines, ledger, index, digests and state."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from archive.cdxj import index_exchange, merge_indexes, write_index
from archive.files import OPEN_SUFFIX
from archive.iteration import Fault
from archive.reader import Exchange
from archive.recovery import mend
from archive.salvage import salvage_exchanges
from crawler.errors import UsageError
from crawler.folding.line_files import line_files
from crawler.folding.outcome import Outcome
from crawler.folding.register import Register
from crawler.folding.schedule import Schedule
from crawler.reading.portals import Portal
from crawler.rereading.missing import is_there, line_marks, missing_files
from crawler.rereading.replacing import MANIFEST, check_portal
from crawler.store.collection import Collection
from crawler.store.swapping import free_folder, swap

FRESH, REPLACED, KEPT = ".rebuilding", ".replaced", "before-rebuild"
VIEWS = ("state.sqlite", "digests.sqlite", "articles", "changes.jsonl", "indexes")
# Told of the file, and of the offset up to which it has been read.
Progress = Callable[[str, int], None]


@dataclass(slots=True, kw_only=True)
class Rebuilt:
    """What was found: `missing` are WARC files that lines name and that are not there.

    `kept` is where the old views lie, None where they are gone.
    """

    files: int = 0
    records: int = 0
    lines: int = 0
    events: int = 0
    faults: list[Fault] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    kept: Path | None = None


def rebuild(
    collection: Collection, portal: Portal, schedule: Schedule, *, on_progress: Progress, keep: bool = False
) -> Rebuilt:
    """Make the views beside the old ones, then let them take their place at once; the lock must be held.

    The old ones go, unless `keep`, or something that is not ours lies among the lines, or some of these come from WARC
    files that are not there, so that they cannot be made again. An unfinished WARC file is cut
    at its last whole exchange, as the next crawl would do. Raises UsageError where there are no WARC files of the
    portal, or where the collection holds another.
    """
    check_portal(collection, portal)
    for path in sorted(collection.archive.glob(f"{portal.name}-*{OPEN_SUFFIX}")):
        mend(path)
    fresh = Collection(collection.folder / FRESH, source=collection.archive)
    shutil.rmtree(fresh.folder, ignore_errors=True)
    fresh.make_folders()
    try:
        found = _make_views(collection, fresh, portal, schedule, on_progress)
    except BaseException:
        shutil.rmtree(fresh.folder, ignore_errors=True)
        raise
    lines = set(line_files(collection))
    strays = any(path.is_file() and path not in lines for path in collection.articles.rglob("*"))
    lost = missing_files(collection)
    found.missing |= lost
    found.kept = free_folder(collection.folder, KEPT) if keep or strays or lost else None
    aside = found.kept or collection.folder / REPLACED
    swap(collection.folder, fresh.folder, VIEWS, aside, keep=found.kept is not None, gone=(MANIFEST,))
    return found


def _make_views(
    collection: Collection, fresh: Collection, portal: Portal, schedule: Schedule, on_progress: Progress
) -> Rebuilt:
    found = Rebuilt()
    register = Register(fresh, portal, schedule)
    indexes = _Indexes(fresh)
    try:
        for record, outcome in register.replay(partial(salvage_exchanges, on_fault=found.faults.append)):
            _count(found, outcome, collection)
            mark = record.metadata or record.pressmark if isinstance(record, Exchange) else record.pressmark
            if isinstance(record, Exchange):
                indexes.add(record)
            if mark:
                on_progress(mark.file, record.end)
        if not found.records:
            raise UsageError(f"{collection.archive}: no WARC files of the portal {portal.name}; name it with --portal")
        for article in register.settled():
            # One whose conversion record is lost stays open, and the next crawl writes that.
            register.compose(article)
        register.commit(None)
    finally:
        register.shut()
    indexes.close(portal)
    found.files = indexes.files
    fresh.changes.touch()
    return found


def _count(found: Rebuilt, outcome: Outcome, collection: Collection) -> None:
    found.records += 1
    found.lines += len(outcome.lines)
    found.events += len(outcome.events)
    for line, _ in outcome.lines:
        names = {mark.file for mark in line_marks(line)} - found.missing
        found.missing |= {name for name in names if not is_there(collection, name)}


def _pass(fault: Fault) -> None:
    """Leave the damaged places of others' files to `verify`."""


class _Indexes:
    """Writes the index of each closed file when the next begins; lines of one file are in memory."""

    def __init__(self, fresh: Collection) -> None:
        self.files = 0
        self._fresh = fresh
        self._name = ""
        self._lines: list[str] = []

    def add(self, exchange: Exchange) -> None:
        line = index_exchange(exchange)
        if not line or not exchange.pressmark:
            return
        if exchange.pressmark.file != self._name:
            self._write()
            self._name = exchange.pressmark.file
        self._lines.append(line)

    def close(self, portal: Portal) -> None:
        """Index the WARC files that others have put there as well, and merge all."""
        self._write()
        for path in sorted(self._fresh.archive.glob("*.warc.gz")):
            if not path.name.startswith(f"{portal.name}-"):
                lines = (index_exchange(one) for one in salvage_exchanges(path, _pass) if isinstance(one, Exchange))
                write_index(self._fresh.indexes / f"{path.name}.cdxj", filter(None, lines))
        merge_indexes(self._fresh.indexes)

    def _write(self) -> None:
        if not self._lines:
            return
        self.files += 1
        # The next crawl indexes a file that is still open when it is closed.
        if (self._fresh.archive / self._name).exists():
            write_index(self._fresh.indexes / f"{self._name}.cdxj", self._lines)
        self._lines = []
