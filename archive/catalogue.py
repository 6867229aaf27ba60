"""The records of a package while it is made, and which of them are chosen: a database that lives on disk and goes.

It holds one row for each record, so that a package of millions of them needs no more memory than one of ten.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from archive.members import ScannedRecord

# The records that a request for an address can be answered with.
ANSWERS = ("response", "resource", "revisit")

TABLES = """
CREATE TABLE records (
    place INTEGER PRIMARY KEY, file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    type TEXT NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL, second TEXT NOT NULL,
    refers_to TEXT, refers_to_url TEXT, refers_to_second TEXT, round INTEGER,
    barred INTEGER NOT NULL
);
CREATE INDEX records_by_id ON records (id);
CREATE INDEX records_by_url ON records (url) WHERE type IN ('response', 'resource');
CREATE INDEX revisits_by_url ON records (url) WHERE type = 'revisit';
CREATE INDEX records_by_source ON records (refers_to) WHERE type = 'conversion';
CREATE INDEX records_by_round ON records (round) WHERE round IS NOT NULL;
CREATE TABLE links (one TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (one, other)) WITHOUT ROWID;
CREATE TABLE lines (line BLOB NOT NULL);
"""

# A revisit names its target by id, by address and date, or both; the date may be shorter than the target's own.
TARGETS = """
SELECT t.place FROM records r JOIN records t ON t.id = r.refers_to
    WHERE r.type = 'revisit' AND r.round = :round AND r.refers_to IS NOT NULL
UNION SELECT t.place FROM records r JOIN records t ON t.url = r.refers_to_url AND t.second = r.refers_to_second
    WHERE r.type = 'revisit' AND r.round = :round AND t.type IN ('response', 'resource')
"""
# What goes with a chosen record: its exchange (WARC 1.1, 5.7), the targets of revisits, what was made from it.
JOINED = f"""
UPDATE records SET round = :round + 1 WHERE round IS NULL AND NOT barred AND place IN (
    SELECT t.place FROM records r JOIN links l ON l.one = r.id JOIN records t ON t.id = l.other WHERE r.round = :round
    UNION SELECT t.place FROM records r JOIN records t ON t.refers_to = r.id AND t.type = 'conversion'
        WHERE r.round = :round
    UNION {TARGETS}
)
"""  # noqa: S608 - made of constants
UNRESOLVED = """
SELECT count(*) FROM records r WHERE r.type = 'revisit' AND r.round IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM records t WHERE t.id = r.refers_to AND t.round IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM records t WHERE t.url = r.refers_to_url AND t.second = r.refers_to_second
        AND t.type IN ('response', 'resource') AND t.round IS NOT NULL)
"""


class Catalogue:
    """The records of some WARC files, the chosen ones among them, and index lines to be sorted."""

    def __init__(self) -> None:
        """Make the database: a nameless file that SQLite removes, also after a crash."""
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32000; {TABLES}")
        self._db.execute("BEGIN")

    def add(self, file: int, record: ScannedRecord, *, chosen: bool, barred: bool = False) -> None:
        """Add a record of the file with this number; one that is `barred` is never chosen."""
        refers_to = (record.value("WARC-Refers-To") or "").strip("<>") or None
        refers_to_url = (record.value("WARC-Refers-To-Target-URI") or "").strip("<>") or None
        self._db.execute(
            "INSERT INTO records VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                file,
                record.offset,
                record.length,
                record.type,
                record.record_id,
                record.url,
                _second(record.value("WARC-Date")),
                refers_to,
                refers_to_url,
                _second(record.value("WARC-Refers-To-Date")),
                0 if chosen and not barred else None,
                barred,
            ),
        )
        for named in record.values("WARC-Concurrent-To"):
            pair = (record.record_id, named.strip("<>"))
            self._db.executemany("INSERT OR IGNORE INTO links VALUES (?, ?)", (pair, pair[::-1]))

    def choose(self, record_ids: Iterable[str]) -> None:
        """Choose records by their ids; ids that are not here are passed over."""
        self._db.executemany("UPDATE records SET round = 0 WHERE id = ? AND NOT barred", ((one,) for one in record_ids))

    def choose_addresses(self, urls: Iterable[str]) -> None:
        """Choose all records that answer a request for one of these addresses."""
        for url in urls:
            for types in ("IN ('response', 'resource')", "= 'revisit'"):
                self._db.execute(
                    f"UPDATE records SET round = 0 WHERE url = ? AND NOT barred AND type {types}",  # noqa: S608 - constants
                    (url,),
                )

    def choose_joined(self) -> None:
        """Choose all that belongs to chosen records: exchanges, targets of revisits, conversions."""
        turn = 0
        while self._db.execute(JOINED, {"round": turn}).rowcount:
            turn += 1

    def chosen(self) -> Iterator[tuple[int, int, int, str]]:
        """Yield file number, offset, length and id of the chosen records, in the order in which they were added."""
        yield from self._db.execute(
            "SELECT file, offset, length, id FROM records WHERE round IS NOT NULL AND type != 'warcinfo' ORDER BY place"
        )

    def are_linked(self, one: str, other: str) -> bool:
        """Tell whether two records are of one exchange."""
        return self._db.execute("SELECT 1 FROM links WHERE one = ? AND other = ?", (one, other)).fetchone() is not None

    def warcinfo(self, file: int) -> list[tuple[int, int]]:
        """Return offset and length of the warcinfo records of a file."""
        return self._db.execute(
            "SELECT offset, length FROM records WHERE file = ? AND type = 'warcinfo' ORDER BY place", (file,)
        ).fetchall()

    def has_answer(self, record_id: str) -> bool:
        """Tell whether a chosen record of this id can answer a request."""
        found = self._db.execute(
            f"SELECT 1 FROM records WHERE id = ? AND round IS NOT NULL AND type IN {ANSWERS}",  # noqa: S608 - constants
            (record_id,),
        ).fetchone()
        return found is not None

    def count(self) -> int:
        """Return the number of chosen records."""
        (count,) = self._db.execute("SELECT count(*) FROM records WHERE round IS NOT NULL").fetchone()
        return int(count)

    def count_unresolved(self) -> int:
        """Return the number of chosen revisits whose target is not among the chosen records."""
        (count,) = self._db.execute(UNRESOLVED).fetchone()
        return int(count)

    def add_line(self, line: bytes) -> None:
        """Keep an index line."""
        self._db.execute("INSERT INTO lines VALUES (?)", (line,))

    def count_lines(self) -> int:
        """Return the number of index lines."""
        (count,) = self._db.execute("SELECT count(*) FROM lines").fetchone()
        return int(count)

    def sorted_lines(self) -> Iterator[bytes]:
        """Yield the index lines sorted by bytes."""
        for (line,) in self._db.execute("SELECT line FROM lines ORDER BY line"):
            yield line

    def close(self) -> None:
        """Drop the database."""
        self._db.close()


def _second(date: str | None) -> str | None:
    return date[:19] if date else None
