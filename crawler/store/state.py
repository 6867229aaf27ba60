"""What is known of a portal's URLs, captures and articles: a SQLite view of the WARC files.

Everything here can be made again by feeding the records through the fold (`crawler/folding/ledger.py`), so a lost or
damaged file costs time and nothing else. One writer at a time; readers open the same file read-only.
"""

import logging
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import CrawlerError
from crawler.store import queue, versions, visits

SCHEMA_VERSION = 3

# A state up to this size is looked through before each run: less than a second. A larger one only with a reason.
CHECKED_BYTES = 200_000_000

TABLES = f"""
{visits.TABLES}
{versions.TABLES}
CREATE TABLE outputs (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE position (file TEXT NOT NULL, offset INTEGER NOT NULL);
"""


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far into the WARC files the state has been fed: a file's final name and the offset after its last record."""

    file: str
    offset: int


class State:
    """The tables behind frontier and ledger. Changes stay in one transaction until `commit`."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """Open or make the database; None keeps it in memory. A reader sees the last commit, also during a crawl.

        Raises CrawlerError for a file that is damaged or of another version.
        """
        try:
            self._db = _open_to_read(path) if read_only and path else _open_to_write(path)
        except sqlite3.DatabaseError as error:
            raise CrawlerError(
                f"{path}: cannot be used as a collection's state ({error}); if it is damaged or of another version,"
                " move it away: the next crawl makes it again from the WARC files"
            ) from error
        self.queue = queue.Queue(self._db)
        self.visits = visits.Visits(self._db)
        self.versions = versions.Versions(self._db)

    def position(self) -> Position | None:
        """Return how far the state has been fed, None for a new one."""
        found = self._db.execute("SELECT file, offset FROM position").fetchone()
        return Position(file=found[0], offset=found[1]) if found else None

    def outputs(self) -> dict[str, int]:
        """Return the length in bytes of each line file, by its path inside the collection."""
        return dict(self._db.execute("SELECT path, bytes FROM outputs").fetchall())

    def commit(self, position: Position | None = None, outputs: dict[str, int] | None = None) -> None:
        """Make all changes since the last commit lasting, at once."""
        if position:
            self._db.execute("DELETE FROM position")
            self._db.execute("INSERT INTO position VALUES (?, ?)", (position.file, position.offset))
        self._db.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?)", (outputs or {}).items())
        self._db.execute("COMMIT")
        self._db.execute("BEGIN IMMEDIATE")

    def take_versions(self, other: Path) -> None:
        """Take the versions and the lengths of the line files from another state, in the place of these; commit."""
        self._db.execute("COMMIT")
        self._db.execute("ATTACH DATABASE ? AS other", (str(other),))
        self._db.executescript(
            "BEGIN; DELETE FROM versions; INSERT INTO versions SELECT * FROM other.versions;"
            " DELETE FROM outputs; INSERT INTO outputs SELECT * FROM other.outputs; COMMIT; DETACH DATABASE other;"
        )
        self._db.execute("BEGIN IMMEDIATE")

    @staticmethod
    def copy(path: Path, target: Path) -> None:
        """Copy a state, as its last commit left it, into a new file."""
        with closing(_open_to_read(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)

    def shut(self) -> None:
        """Close the database; what was not committed is dropped."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._db.close()


def find_fault(path: Path, *, suspect: bool = False) -> str | None:
    """Return why a state must be made again, None for one that is sound, or that a newer Pressmark has made.

    One that is large is looked through only after a crash, which leaves a journal beside it, or where it is `suspect`.
    """
    journal = path.with_name(f"{path.name}-wal")
    thorough = suspect or path.stat().st_size <= CHECKED_BYTES or journal.exists()
    db = sqlite3.connect(path, isolation_level=None)
    try:
        (found,) = db.execute("PRAGMA user_version").fetchone()
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if 0 < found < SCHEMA_VERSION:
            return f"has the schema version {found} of an older Pressmark, not {SCHEMA_VERSION}"
        (said,) = db.execute("PRAGMA quick_check(1)").fetchone() if thorough else ("ok",)
        return None if said == "ok" else f"is damaged ({said.splitlines()[-1]})"
    except sqlite3.OperationalError as error:
        # A lock or a missing permission says nothing about the bytes.
        logger.warning("%s: cannot be looked through (%s)", path, error)
        return None
    except sqlite3.DatabaseError as error:
        return f"is damaged ({error})"
    finally:
        db.close()


def _open_to_write(path: Path | None) -> sqlite3.Connection:
    db = sqlite3.connect(path or ":memory:", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    # The WARC files are synced first and the state can be made again from them: NORMAL loses nothing.
    db.execute("PRAGMA synchronous=NORMAL")
    if not _version_of(db):
        db.executescript(f"BEGIN; {TABLES} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
    # A state of an earlier day gets the indexes that came later: rows and columns are the same.
    db.executescript(f"{visits.INDEXES} {versions.INDEXES}")
    db.execute("BEGIN IMMEDIATE")
    return db


def _open_to_read(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    db = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        _version_of(db)
    except sqlite3.OperationalError:
        # In a folder that we may not write, SQLite cannot make its side files; nobody else writes there either.
        db = sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
    if not _version_of(db):
        raise sqlite3.DatabaseError("it holds nothing")
    return db


def _version_of(db: sqlite3.Connection) -> int:
    (found,) = db.execute("PRAGMA user_version").fetchone()
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found not in {0, SCHEMA_VERSION}:
        raise sqlite3.DatabaseError(f"schema version {found} is not {SCHEMA_VERSION}")
    return int(found)
