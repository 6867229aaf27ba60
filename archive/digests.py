"""Where each payload lies: a SQLite table from payload digest to the record with it, so that a repeat is not kept.

It is a view of the WARC files: a lost table is fed again from their records. Changes stay in one transaction until
`commit`, which comes after the records have been synced: a crash never leaves a row whose record is gone.
"""

import logging
import re
import sqlite3
from datetime import datetime
from pathlib import Path
from uuid import UUID

from archive.capture import Capture
from archive.errors import ArchiveError
from archive.labels import DigestName, decode_sha1, label_digest
from archive.pressmark import Original, Pressmark
from archive.reader import Exchange, read_exchange
from archive.records import escape_url, format_date

# A revisit record takes about as much room as this.
MIN_PAYLOAD_BYTES = 512
SCHEMA_VERSION = 1
# Digests come in no order, so that a table beyond the cache is read from the system's: a larger one gains nothing.
CACHE_KIB = 16 * 1024
UUID_NAME = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TABLES = """
CREATE TABLE files (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE payloads (
    digest BLOB PRIMARY KEY, record_id BLOB NOT NULL, url TEXT NOT NULL, date TEXT NOT NULL,
    file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE position (file TEXT NOT NULL, offset INTEGER NOT NULL);
"""

logger = logging.getLogger(__name__)


class Digests:
    """The table of one folder of WARC files. One writer at a time."""

    def __init__(self, path: Path | None, folder: Path) -> None:
        """Open or make the table; None keeps it in memory. `folder` holds the WARC files."""
        self.folder = folder
        self._files: dict[str, int] = {}
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found not in {0, SCHEMA_VERSION}:
            raise ArchiveError(f"{path}: schema version {found} is not {SCHEMA_VERSION}; delete it, it is made again")
        if not found:
            self._db.executescript(f"BEGIN; {TABLES} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        self._db.execute("BEGIN IMMEDIATE")

    def find(self, digest: str) -> Original | None:
        """Return the record that holds the payload with a labelled digest."""
        found = self._db.execute(
            "SELECT name, offset, length, record_id, url, date FROM payloads JOIN files ON files.number = payloads.file"
            " WHERE digest = ?",
            (_pack_digest(digest),),
        ).fetchone()
        if not found:
            return None
        file, offset, length, record_id, url, date = found
        mark = Pressmark(
            file=file, offset=offset, length=length, record_id=_unpack_id(record_id), payload_digest=digest
        )
        return Original(pressmark=mark, url=url, date=datetime.fromisoformat(date))

    def find_repeat(self, capture: Capture, name: DigestName = "sha1") -> Original | None:
        """Return the record with the same payload as this capture, None where the capture is to be kept whole.

        The payload is read back and compared: nothing rests on a digest alone, or on a file that has been moved away.
        """
        if not may_be_repeat(capture):
            return None
        payload = capture.payload()
        original = self.find(label_digest(payload, name))
        if original is None:
            return None
        try:
            kept = read_exchange(self.folder, original.pressmark).capture
        except ArchiveError as error:
            logger.warning("%s: kept whole again, its first record cannot be read: %s", capture.url, error)
            return None
        return original if kept.payload() == payload else None

    def feed(self, exchange: Exchange) -> None:
        """Note where the payload of an exchange lies; of two records that hold the same the later one counts.

        The later one is there because the first could not be read any more.
        """
        mark = exchange.pressmark
        if mark and mark.payload_digest and not exchange.refers_to and may_be_repeat(exchange.capture):
            url = escape_url(exchange.capture.url)
            self.add(mark.payload_digest, Original(pressmark=mark, url=url, date=exchange.capture.started_at))

    def add(self, digest: str, original: Original) -> None:
        """Note the record that holds the payload with a labelled digest, in the place of an earlier one."""
        mark, date = original.pressmark, format_date(original.date)
        place = (self._file(mark.file), mark.offset, mark.length)
        row = (_pack_digest(digest), _pack_id(mark.record_id), original.url, date, *place)
        self._db.execute("INSERT OR REPLACE INTO payloads VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def position(self) -> tuple[str, int] | None:
        """Return how far the table has been fed: a file's final name and an offset; None for a new one."""
        found = self._db.execute("SELECT file, offset FROM position").fetchone()
        return (found[0], found[1]) if found else None

    def commit(self, position: tuple[str, int] | None = None) -> None:
        """Make all changes lasting at once; the records up to `position` must have been synced before."""
        if position:
            self._db.execute("DELETE FROM position")
            self._db.execute("INSERT INTO position VALUES (?, ?)", position)
        self._db.execute("COMMIT")
        self._db.execute("BEGIN IMMEDIATE")

    def shut(self) -> None:
        """Close the table; what was not committed is dropped."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._db.close()

    def _file(self, name: str) -> int:
        if name not in self._files:
            self._db.execute("INSERT OR IGNORE INTO files (name) VALUES (?)", (name,))
            (self._files[name],) = self._db.execute("SELECT number FROM files WHERE name = ?", (name,)).fetchone()
        return self._files[name]


def _pack_digest(label: str) -> bytes:
    """Return a labelled digest in as few bytes as tell it from all others: millions of rows are kept."""
    name, _, value = label.partition(":")
    try:
        return decode_sha1(value) if name == "sha1" else bytes.fromhex(value) if name == "sha256" else label.encode()
    except ValueError:
        return label.encode()


def _pack_id(record_id: str) -> bytes | str:
    """Return the 16 bytes of a `urn:uuid:` id, other ids as they are."""
    return bytes.fromhex(record_id[9:].replace("-", "")) if UUID_NAME.fullmatch(record_id) else record_id


def _unpack_id(packed: bytes | str) -> str:
    return packed if isinstance(packed, str) else f"urn:uuid:{UUID(bytes=packed)}"


def may_be_repeat(capture: Capture) -> bool:
    """Tell whether a capture is a whole 200 answer with a payload long enough, and nothing beside it to be lost."""
    head, payload = capture.parts()
    if head is None or head.status != 200 or capture.failure or capture.truncated or len(payload) < MIN_PAYLOAD_BYTES:
        return False
    framed = bool(head.tokens("transfer-encoding"))
    return framed or len(capture.head_block()) + len(payload) == len(capture.response)
