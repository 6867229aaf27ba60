"""What leads from one record to another: ids, references, revisits, index lines and citations of a whole archive.

All of it is gathered in a temporary database that spills to the disk, so that an archive of any size is checked in
bounded memory; references between neighbours, which are most of them, are settled at once.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from archive.findings import Finding
from archive.integrity import normal_digest
from archive.iteration import StoredRecord, lower_name

BATCH_ROWS = 2000
NEIGHBOURS = 4000
TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE record (id TEXT, file INTEGER, offset INTEGER, length INTEGER, type TEXT, target INTEGER, payload INTEGER,
    url INTEGER, stamp TEXT, status TEXT);
CREATE TABLE reference (id TEXT, field TEXT, date TEXT, file INTEGER, offset INTEGER, source TEXT);
CREATE TABLE revisit (id TEXT, url TEXT, date TEXT, target INTEGER, payload INTEGER,
    file INTEGER, offset INTEGER, source TEXT);
CREATE TABLE conversion (source TEXT, block INTEGER, file INTEGER, offset INTEGER, id TEXT);
CREATE TABLE citation (id TEXT, file TEXT, offset INTEGER, length INTEGER, payload INTEGER, place TEXT, at INTEGER);
CREATE TABLE line (source TEXT, block INTEGER, place TEXT, at INTEGER);
CREATE TABLE indexed (file TEXT, offset INTEGER, length INTEGER, payload INTEGER, url INTEGER, stamp TEXT, status TEXT,
    place TEXT, at INTEGER);
"""
INDEXES = (
    "CREATE INDEX IF NOT EXISTS by_id ON record (id); CREATE INDEX IF NOT EXISTS by_place ON record (file, offset);"
)
INDEXABLE = ("response", "revisit", "resource")
REFERRING = frozenset({"warc-concurrent-to", "warc-warcinfo-id", "warc-refers-to"})
STAMP_SIGNS = str.maketrans("", "", "-T:Z")
PROBABLY_ALL = "in the files given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A pressmark that stands in some file, at an offset: `id`, `record_file` and the like are what it says."""

    id: str
    record_file: str
    record_offset: int
    record_length: int
    payload_digest: str | None
    file: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What an index line says of a record; "" for what it leaves out. `stamp` has 14 digits."""

    url: str
    stamp: str
    status: str
    digest: str
    record_file: str
    record_offset: int
    record_length: int


class References:
    """The records seen so far and what they refer to; ask for findings once all is added."""

    def __init__(self) -> None:
        """Open an empty temporary database."""
        self._database = sqlite3.connect("")
        self._database.executescript(TABLES)
        self._files: list[str] = []
        self._unfinished: set[str] = set()
        self._rows: dict[str, list[tuple[object, ...]]] = {}
        self._dates: dict[str, str] = {}
        self._open: dict[str, list[tuple[str, str, int, str]]] = {}
        self._waiting = 0
        self.records = 0

    def __enter__(self) -> Self:
        """Hand itself out."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the database."""
        self._database.close()

    def begin_file(self, name: str, *, finished: bool = True) -> None:
        """Say which file the next records lie in; the records of one that is not `finished` need no index lines."""
        self.end_file()
        self._files.append(name)
        if not finished:
            self._unfinished.add(name)

    def end_file(self) -> None:
        """Let go of the neighbours of a file; what they did not settle is looked up in the end."""
        self._put_off()
        self._dates.clear()

    def add(self, record: StoredRecord, fields: dict[str, str]) -> Iterator[Finding]:
        """Note a record (`fields` are its headers by lower-case name), and yield differing dates."""
        self.records += 1
        record_id, record_type = fields.get("warc-record-id", "").strip("<>"), fields.get("warc-type", "").lower()
        date = fields.get("warc-date", "")
        file = len(self._files) - 1
        url = fields.get("warc-target-uri", "").strip("<>")
        indexable = record_type in INDEXABLE
        target = hash((url, date)) if indexable else 0
        payload = _digest_key(fields.get("warc-payload-digest"))
        row = (record_id, file, record.offset, record.length, record_type, target, payload)
        self._add("record", (*row, hash(url), _stamp(date), _status(record)) if indexable else (*row, 0, "", ""))
        if record_id in self._open:
            for field, other, _, _ in self._open.pop(record_id):
                if other and other != date:
                    yield _other_date(record, record_id, field, other)
        if len(self._dates) > NEIGHBOURS:
            for old in list(self._dates)[: NEIGHBOURS // 2]:
                del self._dates[old]
        self._dates[record_id] = date
        if record_type == "revisit":
            self._add_revisit(record, fields, record_id)
        elif record_type == "conversion":
            source = fields.get("warc-refers-to", "").strip("<>")
            self._add("conversion", (source, hash(bytes(record.block)), file, record.offset, record_id))
        for name, value in record.headers:
            kind = lower_name(name)
            if kind in REFERRING and (record_type != "revisit" or kind != "warc-refers-to"):
                # Only the records of one exchange have one date.
                own_date = date if kind == "warc-concurrent-to" else ""
                wanted = value.strip("<>")
                known = self._dates.get(wanted)
                if known is None:
                    self._refer(wanted, (name, own_date, record.offset, record_id))
                elif own_date and known != own_date:
                    yield _other_date(record, record_id, name, known)

    def add_citation(self, one: Citation) -> None:
        """Note a pressmark that must lead to its record."""
        place = (one.record_file, one.record_offset, one.record_length)
        self._add("citation", (one.id, *place, _digest_key(one.payload_digest), one.file, one.offset))

    def add_line(self, source: str, block: bytes, file: str, offset: int) -> None:
        """Note a line that must be equal to a conversion record of the record with the id `source`."""
        self._add("line", (source, hash(block), file, offset))

    def add_index_line(self, line: Indexed, file: str, offset: int) -> None:
        """Note an index line, which stands in a file at an offset."""
        # Our index and others leave the label of sha1 out.
        digest = line.digest if ":" in line.digest or not line.digest else f"sha1:{line.digest}"
        place = (line.record_file, line.record_offset, line.record_length)
        said = (_digest_key(digest), hash(line.url) if line.url else 0, line.stamp, line.status)
        self._add("indexed", (*place, *said, file, offset))

    def find_broken(self, *, is_indexed: Callable[[str, str], bool] | None = None) -> Iterator[Finding]:
        """Yield repeated ids, references and revisits that lead nowhere; `is_indexed` knows more of them."""
        self.end_file()
        self._flush()
        self._database.executescript(INDEXES)
        yield from self._repeated()
        yield from self._dangling()
        yield from self._lost_revisits(is_indexed)

    def find_misindexed(self, *, complete: bool) -> Iterator[Finding]:
        """Yield index lines that lead to no record or to another and, of a `complete` archive, records without one."""
        self._flush()
        self._database.executescript(INDEXES)
        self._name_files()
        for place, at, file, offset in self._database.execute(
            "SELECT place, at, indexed.file, indexed.offset FROM indexed LEFT JOIN file ON file.name = indexed.file"
            " LEFT JOIN record ON record.file = file.number AND record.offset = indexed.offset"
            " AND record.length = indexed.length AND record.type IN ('response', 'revisit', 'resource')"
            " WHERE record.id IS NULL AND (file.number IS NOT NULL OR ?)",
            (complete,),
        ):
            message = f"no record of this length lies in {file} at offset {offset}; write the index anew"
            yield Finding(file=place, offset=at, record_id=None, rule="index-offset", message=message)
        for place, at, record_id in self._database.execute(
            "SELECT place, at, record.id FROM indexed JOIN file ON file.name = indexed.file"
            " JOIN record ON record.file = file.number AND record.offset = indexed.offset"
            " WHERE record.url <> 0 AND ((indexed.url <> 0 AND indexed.url <> record.url)"
            " OR (indexed.stamp <> record.stamp AND length(record.stamp) = 14)"
            " OR (indexed.payload <> record.payload AND indexed.payload <> 0 AND record.payload <> 0)"
            " OR (indexed.status <> record.status AND indexed.status <> '' AND record.status <> ''))"
        ):
            message = "the record has another address, time, digest or status; write the index anew"
            yield Finding(file=place, offset=at, record_id=record_id, rule="index-value", message=message)
        if complete:
            yield from self._unindexed()

    def find_miscited(self) -> Iterator[Finding]:
        """Yield pressmarks that do not lead to their record."""
        self._flush()
        self._database.executescript(INDEXES)
        self._name_files()
        for place, at, record_id, file, offset in self._database.execute(
            "SELECT place, at, citation.id, citation.file, citation.offset FROM citation"
            " LEFT JOIN file ON file.name = citation.file"
            " LEFT JOIN record ON record.file = file.number AND record.offset = citation.offset"
            " AND record.length = citation.length AND record.id = citation.id"
            " AND (record.payload = citation.payload OR record.payload = 0)"
            " WHERE record.id IS NULL"
        ):
            message = f"its pressmark says {file}, offset {offset}, and that record is not there; rebuild the lines"
            yield Finding(file=place, offset=at, record_id=record_id, rule="line-pressmark", message=message)

    def find_unequal_lines(self, *, complete: bool) -> Iterator[Finding]:
        """Yield conversion records without a line and, of a `complete` archive, lines without a conversion record."""
        self._flush()
        self._database.executescript(
            "CREATE INDEX IF NOT EXISTS conversion_key ON conversion (source, block);"
            "CREATE INDEX IF NOT EXISTS line_key ON line (source, block);"
        )
        for place, at, source in self._database.execute(
            "SELECT place, at, line.source FROM line LEFT JOIN conversion USING (source, block)"
            " WHERE conversion.block IS NULL AND ?",
            (complete,),
        ):
            message = "no conversion record of its page is equal to this line; rebuild the lines"
            yield Finding(file=place, offset=at, record_id=source, rule="line-conversion", message=message)
        for file, offset, record_id in self._database.execute(
            "SELECT conversion.file, offset, conversion.id FROM conversion LEFT JOIN line USING (source, block)"
            " WHERE line.block IS NULL"
        ):
            message = "no line is equal to this conversion record; rebuild the lines"
            yield self._finding(file, offset, record_id, "line-conversion", message)

    def _refer(self, wanted: str, source: tuple[str, str, int, str]) -> None:
        """Keep a reference for the records that follow; the oldest are looked up in the end."""
        self._open.setdefault(wanted, []).append(source)
        self._waiting += 1
        if self._waiting > NEIGHBOURS:
            self._put_off()

    def _put_off(self) -> None:
        for wanted, sources in self._open.items():
            for field, date, offset, source in sources:
                self._add("reference", (wanted, field, date, len(self._files) - 1, offset, source))
        self._open.clear()
        self._waiting = 0

    def _add_revisit(self, record: StoredRecord, fields: dict[str, str], record_id: str) -> None:
        url = fields.get("warc-refers-to-target-uri", "").strip("<>")
        date = fields.get("warc-refers-to-date", "")
        row = (
            fields.get("warc-refers-to", "").strip("<>"),
            url,
            date,
            hash((url, date)) if url and date else 0,
            _digest_key(fields.get("warc-payload-digest")),
            len(self._files) - 1,
            record.offset,
            record_id,
        )
        self._add("revisit", row)

    def _repeated(self) -> Iterator[Finding]:
        for record_id, file, offset, first_file, first_offset in self._database.execute(
            "SELECT record.id, record.file, record.offset, first.file, first.offset FROM"
            " (SELECT id, MIN(rowid) AS row FROM record WHERE id <> '' GROUP BY id HAVING COUNT(*) > 1) AS repeated"
            " JOIN record USING (id) JOIN record AS first ON first.rowid = row WHERE record.rowid <> row"
        ):
            message = f"the record in {self._files[first_file]} at offset {first_offset} has the same id"
            yield self._finding(file, offset, record_id, "id-repeated", message)

    def _dangling(self) -> Iterator[Finding]:
        for wanted, field, file, offset, source in self._database.execute(
            "SELECT id, field, file, offset, source FROM reference WHERE id NOT IN (SELECT id FROM record)"
        ):
            message = f"{field} names {wanted}, which is not {PROBABLY_ALL}"
            yield self._finding(file, offset, source, "reference", message)

    def _lost_revisits(self, is_indexed: Callable[[str, str], bool] | None) -> Iterator[Finding]:
        self._database.executescript(
            "CREATE INDEX IF NOT EXISTS by_target ON record (target) WHERE target <> 0;"
            "CREATE INDEX IF NOT EXISTS by_payload ON record (payload) WHERE payload <> 0;"
        )
        rows = self._database.execute("SELECT id, url, date, target, payload, file, offset, source FROM revisit")
        for wanted, url, date, target, payload, file, offset, source in rows:
            found = self._payload_of(wanted, target, payload)
            message = ""
            if found is None and not (url and is_indexed and is_indexed(url, date)):
                message = f"what it refers to ({wanted or url or 'by its digest'}) is not {PROBABLY_ALL}"
            elif found and payload and found != payload:
                message = f"what it refers to ({wanted or url}) has another payload digest"
            if message:
                yield self._finding(file, offset, source, "revisit", message)

    def _payload_of(self, wanted: str, target: int, payload: int) -> int | None:
        """Return the payload of the record that a revisit refers to: 0 if it states none, None if there is none."""
        ways: list[tuple[str, object]] = []
        if wanted:
            ways.append(("id = ?", wanted))
        if target:
            ways.append(("target = ? AND target <> 0 AND type <> 'revisit'", target))
        if payload and not ways:
            ways.append(("payload = ? AND payload <> 0 AND type <> 'revisit'", payload))
        for condition, value in ways:
            query = f"SELECT payload FROM record WHERE {condition}"  # noqa: S608 - the conditions stand above
            row = self._database.execute(query, (value,)).fetchone()
            if row:
                return int(row[0])
        return None

    def _unindexed(self) -> Iterator[Finding]:
        self._database.execute("CREATE INDEX IF NOT EXISTS indexed_place ON indexed (file, offset)")
        for file, offset, record_id in self._database.execute(
            "SELECT record.file, record.offset, id FROM record JOIN file ON file.number = record.file"
            " LEFT JOIN indexed ON indexed.file = file.name AND indexed.offset = record.offset"
            " WHERE indexed.file IS NULL AND record.type IN ('response', 'revisit', 'resource')"
        ):
            if self._files[file] not in self._unfinished:
                message = "no index line leads here; write the index anew"
                yield self._finding(file, offset, record_id, "index-missing", message)

    def _name_files(self) -> None:
        self._database.executescript(
            "CREATE TEMP TABLE IF NOT EXISTS file (name TEXT, number INTEGER); DELETE FROM file;"
        )
        self._database.executemany(
            "INSERT INTO file VALUES (?, ?)", ((name, number) for number, name in enumerate(self._files))
        )

    def _finding(self, file: int, offset: int, record_id: str, rule: str, message: str) -> Finding:
        return Finding(file=self._files[file], offset=offset, record_id=record_id or None, rule=rule, message=message)

    def _add(self, table: str, row: tuple[object, ...]) -> None:
        rows = self._rows.setdefault(table, [])
        rows.append(row)
        if len(rows) >= BATCH_ROWS:
            self._insert(table)

    def _flush(self) -> None:
        for table in list(self._rows):
            self._insert(table)

    def _insert(self, table: str) -> None:
        rows = self._rows.pop(table, [])
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self._database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - tables of TABLES


def _digest_key(value: str | None) -> int:
    """Return a number by which payloads are compared, 0 for none; two of them meet by chance in 10^19."""
    return hash(normal_digest(value)) if value else 0


def _stamp(date: str) -> str:
    """Return a WARC-Date as index lines write it; WARC 1.1 allows shorter ones."""
    return date[:19].translate(STAMP_SIGNS)


def _status(record: StoredRecord) -> str:
    """Return the status of an answer whose first line is as usual, "" for others."""
    status = bytes(record.block[9:12])
    return status.decode() if record.block[:5] == b"HTTP/" and status.isdigit() else ""


def _other_date(record: StoredRecord, record_id: str, field: str, other: str) -> Finding:
    message = f"WARC-Date {record.fields.get('warc-date')} is not the {other} of the record that {field} joins it with"
    return Finding(file=record.file, offset=record.offset, record_id=record_id, rule="date", message=message)
