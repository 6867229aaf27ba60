"""One collection on disk: where its files lie, and the lock that one writer holds."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crawler.errors import CrawlerError
from crawler.store.swapping import finish_swap


class LockedError(CrawlerError):
    """Another run holds the collection (exit code 75)."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The paths of a collection; the folder is a pywb collection as it stands."""

    folder: Path
    # Where the WARC files lie, if not here: views are made anew in a folder of their own.
    source: Path | None = None

    @property
    def archive(self) -> Path:
        """The WARC files."""
        return self.source or self.folder / "archive"

    @property
    def indexes(self) -> Path:
        """The CDXJ files."""
        return self.folder / "indexes"

    @property
    def pending(self) -> Path:
        """Index lines of the file that is being written; they come into `indexes` when it is closed."""
        return self.folder / "pending"

    @property
    def articles(self) -> Path:
        """The article lines, a folder for each branch, a file for each month of capture."""
        return self.folder / "articles"

    @property
    def changes(self) -> Path:
        """The ledger."""
        return self.folder / "changes.jsonl"

    @property
    def runs(self) -> Path:
        """One summary for each run."""
        return self.folder / "runs"

    @property
    def alarms(self) -> Path:
        """The alarms that are open."""
        return self.folder / "alarms.json"

    @property
    def state(self) -> Path:
        """The state: frontier, visits, versions."""
        return self.folder / "state.sqlite"

    @property
    def suspect(self) -> Path:
        """A mark: SQLite has found the state damaged, so the next run looks it through."""
        return self.folder / "state.sqlite.suspect"

    @property
    def digests(self) -> Path:
        """The payload digests."""
        return self.folder / "digests.sqlite"

    @property
    def search(self) -> Path:
        """The search index."""
        return self.folder / "search.sqlite"

    @property
    def reprints(self) -> Path:
        """The groups of articles that share a text."""
        return self.folder / "reprints.jsonl"

    @property
    def reprints_state(self) -> Path:
        """What the groups are found by."""
        return self.folder / "reprints.sqlite"

    @property
    def reextracted(self) -> Path:
        """The manifest of lines that were read anew; without it the lines are those that the crawls wrote."""
        return self.folder / "reextracted.json"

    @property
    def takedowns(self) -> Path:
        """The articles that are withheld; kept by the operator."""
        return self.folder / "takedowns.txt"

    def make_folders(self) -> None:
        """Make the folders that are missing. Raises CrawlerError where that cannot be done."""
        try:
            for folder in (self.archive, self.indexes, self.pending, self.articles, self.runs):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise CrawlerError(
                f"{error.filename or self.folder}: cannot write the collection ({error.strerror});"
                " choose another folder with --data, or mend its permissions"
            ) from error

    def lock(self) -> IO[str]:
        """Take the writer's lock and return the open lock file; closing it, or dying, gives the lock back.

        What a crash has left of a swap of the views is finished.
        """
        path = self.folder / ".lock"
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise LockedError(
                f"{self.folder}: another run is at work on this collection (process {holder}); wait for its end"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        finish_swap(self.folder)
        return file
