"""The SQLite file of a view that is read from the line files: kept current line by line, made anew where that fails.

One process at a time writes, under a lock file of the view's own, so that it needs no lock of the collection; others
read meanwhile (WAL mode). For each file that has been read the store keeps how far, and a digest of the last bytes
read: where a file has become shorter, has gone, or is another one, the view is made anew.
"""

import fcntl
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from crawler.errors import CrawlerError
from crawler.lines import ArticleLine, decode_line
from crawler.store.collection import Collection

SOURCES = """
CREATE TABLE sources (
    number INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL, tail BLOB NOT NULL
);
"""
# So many bytes before the end of what has been read tell a file from another one.
TAIL_BYTES = 65_536
# SQLite keeps so much of the file in memory: 64 MB, in units of 1,024 bytes below zero.
CACHE = -65_536
WAIT_SECONDS = 5.0

# Errors of SQLite that say nothing about the bytes of the file.
_CIRCUMSTANCES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }
)


class ViewError(CrawlerError):
    """A view cannot be brought up to date; what it holds may be read."""


class DamagedError(CrawlerError):
    """A view's file is damaged; it can be made anew."""


class ReplacedError(Exception):
    """What a view was read from is no longer there; it must be made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What tells a view's file from others: the path, the tables, and their version, counted up with each change."""

    path: Path
    tables: str
    version: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the collection as a view has read it: its number in the view, and the offset behind the last line."""

    number: int
    path: Path
    bytes: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a line stands: its file, as a path in the collection, the offset and the length in bytes."""

    file: str
    offset: int
    length: int


def update(shape: Shape, feed: Callable[[sqlite3.Connection], None], *, anew: bool = False) -> None:
    """Open a view's file to write and let `feed` bring it up to date; make it anew, once, where it is of no use.

    `feed` commits what it has done, and raises ReplacedError for a file that was read and is no longer there. Raises
    ViewError where another process is at it, or the disk does not let us.
    """
    try:
        with _locked(shape.path):
            if anew:
                _remove(shape.path)
            try:
                _feed(shape, feed)
            except (ReplacedError, sqlite3.Error) as error:
                if isinstance(error, sqlite3.Error) and not is_damage(error):
                    raise
                _remove(shape.path)
                _feed(shape, feed)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ViewError(f"{shape.path}: cannot be brought up to date ({why})") from error


@contextmanager
def opened_to_read(shape: Shape) -> Iterator[sqlite3.Connection]:
    """Open a view's file as it stands at the last commit, also while another process writes.

    Raises CrawlerError where there is none, or none of this version.
    """
    try:
        with closing(_connect_to_read(shape.path)) as db:
            if not is_present(shape, db):
                raise CrawlerError(
                    f"{shape.path}: is of another version of Pressmark; it is made anew where one may write"
                )
            db.execute(f"PRAGMA cache_size = {CACHE}")
            db.execute("BEGIN")
            yield db
    except sqlite3.Error as error:
        if is_damage(error):
            raise DamagedError(f"{shape.path}: is damaged ({error})") from error
        raise CrawlerError(f"{shape.path}: cannot be read ({error})") from error


def new_sources(db: sqlite3.Connection, collection: Collection, paths: list[Path]) -> list[Source]:
    """Return those of these files that have grown since they were read, each as it was read; new ones with offset 0.

    Raises ReplacedError where a file that was read is no longer what it was, or not among them.
    """
    known = {
        path: (n, size, tail) for n, path, size, tail in db.execute("SELECT number, path, bytes, tail FROM sources")
    }
    grown = []
    for path in paths:
        name = path.relative_to(collection.folder).as_posix()
        number, size, tail = known.pop(name, (0, 0, b""))
        if size and tail_digest(path, size) != tail:
            raise ReplacedError(name)
        if path.stat().st_size > size:
            grown.append(Source(number or _add_source(db, name), path, size))
    if known:
        raise ReplacedError(next(iter(known)))
    return grown


def put_source(db: sqlite3.Connection, source: Source) -> None:
    """Keep how far a file has been read."""
    db.execute(
        "UPDATE sources SET bytes = ?, tail = ? WHERE number = ?",
        (source.bytes, tail_digest(source.path, source.bytes), source.number),
    )


def unread_bytes(db: sqlite3.Connection, collection: Collection, paths: list[Path]) -> int:
    """Return how much of these files a view has not read."""
    known = dict(db.execute("SELECT path, bytes FROM sources").fetchall())
    return sum(
        max(path.stat().st_size - known.get(path.relative_to(collection.folder).as_posix(), 0), 0) for path in paths
    )


def line_paths(collection: Collection) -> list[Path]:
    """Return the line files of a collection in the order of their names; none where nothing has been crawled."""
    return sorted(collection.articles.glob("*/*.jsonl"))


def tail_digest(path: Path, end: int) -> bytes:
    """Return a digest of the last bytes before an offset; b"" where the file is shorter."""
    with path.open("rb") as file:
        file.seek(max(end - TAIL_BYTES, 0))
        tail = file.read(min(end, TAIL_BYTES))
    return hashlib.sha256(tail).digest() if len(tail) == min(end, TAIL_BYTES) else b""


def read_place(collection: Collection, place: Place) -> ArticleLine | None:
    """Return the line at a place, None where there is none."""
    try:
        with (collection.folder / place.file).open("rb") as file:
            file.seek(place.offset)
            return decode_line(file.read(place.length))
    except (OSError, msgspec.MsgspecError, ValueError):
        return None


def is_present(shape: Shape, db: sqlite3.Connection) -> bool:
    """Tell whether an open file is of the present version."""
    return bool(db.execute("PRAGMA user_version").fetchone()[0] == shape.version)


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error means that the file is of no use, and not that circumstances are against us."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _CIRCUMSTANCES


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = path.with_name(f".{path.name}.lock")
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ViewError(f"{path}: another process is bringing it up to date") from None
        yield


def _feed(shape: Shape, feed: Callable[[sqlite3.Connection], None]) -> None:
    with closing(sqlite3.connect(shape.path, isolation_level=None, timeout=WAIT_SECONDS)) as db:
        if not is_present(shape, db):
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise ReplacedError(shape.path.name)
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(f"BEGIN; {SOURCES} {shape.tables} PRAGMA user_version = {shape.version}; COMMIT;")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA cache_size = {CACHE}")
        feed(db)


def _remove(path: Path) -> None:
    # A reader that has the file open keeps it; the side files go first, so that none is taken for the new file's.
    for name in (f"{path.name}-wal", f"{path.name}-shm", path.name):
        path.with_name(name).unlink(missing_ok=True)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_SECONDS)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        db.close()
        # In a folder that we may not write, SQLite cannot make its side files; nobody else writes there either.
        db = sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
    return db


def _add_source(db: sqlite3.Connection, name: str) -> int:
    added = db.execute("INSERT INTO sources (path, bytes, tail) VALUES (?, 0, x'')", (name,))
    return int(added.lastrowid or 0)
