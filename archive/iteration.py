"""Read the records of any WARC or ARC file, of any tool, one after the other; what cannot be read is told, not raised.

Known forms: `.warc.gz` and `.arc.gz` with a gzip member for each record, the same as one member, and plain `.warc` and
`.arc`; they are told by their bytes, not by their names. After a broken place reading goes on at the next record.
"""

import mmap
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from archive.errors import ArchiveError
from archive.lengths import read_length
from archive.streams import GZIP_MAGIC, BrokenStreamError, MemberStream, PlainStream, Stream

HEAD_BYTES = 1024 * 1024
# A block beyond this lies in a temporary file while it is looked at.
MEMORY_BYTES = 16 * 1024 * 1024
HEAD_END = re.compile(rb"\n\r?\n")
FOLD = re.compile(r"\r?\n[ \t]+")
ARC_FIELDS = {5: ("url", "ip", "date", "type", "length"), 10: ("url", "ip", "date", "type") + ("",) * 5 + ("length",)}
NO_ARCHIVE = {
    b"PK\x03\x04": "a ZIP file; of a WACZ package, whose name must end in .wacz, `verify` checks what is in it, and "
    "`unzip` takes out its WARC files",
    b"\x28\xb5\x2f\xfd": "a Zstandard file; unpack it with `zstd -d`, then pack it with `warcio recompress`",
}
# Also an ARC record that is not the first.
ARC_START = re.compile(rb"filedesc:|https?://|dns:")
REMEDY = "compare the file with a copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """One record as it lies in a file; an ARC record has the headers that a WARC record would have.

    `offset` and `length` count bytes of the file, of the gzip member where there is one. `alone` is False where other
    records share that member: such a record cannot be read by its offset. `crlf` is False where a line of the head
    ends in a lone LF. `fields` holds the first value of each header by its name in lower case.
    """

    version: str
    headers: tuple[tuple[str, str], ...]
    block: bytes | mmap.mmap
    file: str
    offset: int
    length: int
    alone: bool = True
    crlf: bool = True
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A place that is no record. Rules: empty, form, directory, torn, gzip, record, one-member."""

    file: str
    offset: int
    rule: str
    reason: str

    def describe(self) -> str:
        """Return one line that names file, offset and reason."""
        return f"{self.file}: at offset {self.offset} lies {self.reason}"


def iterate(path: Path, *, start: int = 0) -> Iterator[StoredRecord | Fault]:
    """Yield the records of a file and the places between them that cannot be read, in order.

    Records carry the name of the path without its folders. `start` is the offset of a record. Raises OSError if the
    file cannot be opened.
    """
    if path.is_dir():
        yield Fault(file=str(path), offset=0, rule="directory", reason="a directory; name the files in it")
        return
    try:
        with path.open("rb") as file:
            yield from iterate_file(file, path.name.removesuffix(".open"), start=start)
    except OSError as error:
        # A disk that cannot be read names no file.
        raise error if error.filename else OSError(error.errno, error.strerror, str(path)) from error


def iterate_file(file: BinaryIO, name: str, *, start: int = 0) -> Iterator[StoredRecord | Fault]:
    """Yield what `iterate` yields, from an open file that can seek."""
    file.seek(start)
    magic = file.read(10)
    file.seek(start)
    stream, fault = _open_stream(file, magic)
    if stream is None:
        yield Fault(file=name, offset=start, rule="form" if magic else "empty", reason=fault)
        return
    yield from _read_runs(stream, name)


def index_headers(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the first value of each header by its name in lower case."""
    names = _lower_names(tuple([name for name, _ in headers]))
    return {name: headers[place][1] for name, place in names}


@lru_cache(maxsize=1024)
def _lower_names(names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Return each name in lower case with the place where it stands first: most records share a few sets of names."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        places.setdefault(name.lower(), place)
    return tuple(places.items())


@lru_cache(maxsize=4096)
def lower_name(name: str) -> str:
    """Return a header's name in lower case: the same few come with each record."""
    return name.lower()


def read_at(path: Path, offset: int) -> StoredRecord:
    """Return the record at an offset. Raises ArchiveError if none begins there."""
    return next(read_strictly(path, start=offset))


def read_strictly(path: Path, *, start: int = 0) -> Iterator[StoredRecord]:
    """Yield the records of a file that can be read by their offsets; the first fault is raised as ArchiveError."""
    for found in iterate(path, start=start):
        if isinstance(found, Fault):
            raise ArchiveError(f"{found.describe()}; {REMEDY}" if found.rule != "directory" else found.describe())
        yield found


def _open_stream(file: BinaryIO, magic: bytes) -> tuple[Stream | None, str]:
    """Return how to read the file from where it stands, or why it cannot be read."""
    if magic.startswith(GZIP_MAGIC):
        return MemberStream(file), ""
    if magic.startswith(b"WARC/") or ARC_START.match(magic):
        return PlainStream(file), ""
    if not magic:
        return None, "nothing: the file ends before" if file.tell() else "nothing: the file is empty"
    for known, reason in NO_ARCHIVE.items():
        if magic.startswith(known):
            return None, reason
    offset = file.tell()
    for stream in (MemberStream(file), PlainStream(file)):
        if stream.resume(offset):
            return _Late(stream, offset), ""
    return None, f"no WARC, ARC or gzip file (it begins with {magic[:8].hex(' ')})"


class _Late:
    """A stream whose first record does not begin the file: the first run is a fault."""

    def __init__(self, stream: Stream, offset: int) -> None:
        self.by_member = stream.by_member
        self.start = self._offset = offset
        self._stream = stream
        self._late = True

    def begin(self) -> bool:
        found = self._late or self._stream.begin()
        self.start = self._offset if self._late else self._stream.start
        return found

    def read(self) -> bytes:
        if self._late:
            raise BrokenStreamError("form", "bytes that belong to no record")
        return self._stream.read()

    def end(self) -> int:
        return self._stream.end()

    def resume(self, offset: int) -> bool:
        self._late = False
        return self._stream.resume(offset)


def _read_runs(stream: Stream, name: str) -> Iterator[StoredRecord | Fault]:
    parse: Callable[[_Run, str], StoredRecord] | None = None
    told = False
    while stream.begin():
        run = _Run(stream)
        try:
            if parse is None:
                parse = _parse_warc if run.starts_with(b"WARC/") or not run.starts_like(ARC_START) else _parse_arc
            while run.more():
                record = parse(run, name)
                if not record.alone and not told:
                    told = True
                    yield _shared(record)
                yield record
        except (BrokenStreamError, _NoRecordError) as error:
            rule = error.rule if isinstance(error, BrokenStreamError) else "record"
            offset = stream.start if stream.by_member else run.record_start
            reason, goes_on = str(error), _go_on(stream, run, offset)
            where = "" if goes_on is None else f"; the next record begins at {goes_on}"
            yield Fault(file=name, offset=offset, rule=rule, reason=reason + where)
            if goes_on is None:
                return


def _go_on(stream: Stream, run: "_Run", offset: int) -> int | None:
    """Return where the next record begins, None where there is none; the stream then stands before it."""
    if stream.by_member and run.drain():
        offset = stream.end() - 1
    return stream.end() if stream.resume(offset + 1) else None


def _shared(record: StoredRecord) -> Fault:
    return Fault(
        file=record.file,
        offset=record.offset,
        rule="one-member",
        reason="one gzip member with several records, which have no offsets of their own; "
        "unpack the file with gunzip, or pack it anew with `warcio recompress`",
    )


class _NoRecordError(Exception):
    """The bytes are no whole record."""


class _Run:
    """The bytes of one run, from which records are taken off."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.record_start = stream.start
        self.records = 0
        self._held = b""
        self._at = 0

    def starts_with(self, wanted: bytes) -> bool:
        self._fill(len(wanted))
        return self._held.startswith(wanted, self._at)

    def starts_like(self, wanted: "re.Pattern[bytes]") -> bool:
        return wanted.match(self._held, self._at) is not None

    def more(self) -> bool:
        """Tell whether the run goes on, and mark the place as the start of a record."""
        if not self.at_end():
            self.record_start = self.position()
            return True
        if self.records == 0:
            raise _NoRecordError("a gzip member with nothing in it")
        return False

    def at_end(self) -> bool:
        """Tell whether nothing is left; a broken end of the run is raised here."""
        return self._at == len(self._held) and not self._grow()

    def position(self) -> int:
        return self.stream.end() - len(self._held) + self._at

    def head(self, end: "re.Pattern[bytes]") -> bytes:
        """Take the head of a record, up to what ends it."""
        found = end.search(self._held, self._at)
        while found is None:
            if len(self._held) - self._at > HEAD_BYTES or not self._grow():
                raise _NoRecordError("no record: its head has no end")
            found = end.search(self._held, self._at)
        head = self._held[self._at : found.end()]
        self._at = found.end()
        return head

    def take(self, length: int) -> bytes | mmap.mmap:
        """Take a block of this length."""
        if length > MEMORY_BYTES:
            return self._spool(length)
        if not self._fill(length):
            raise _NoRecordError(f"a record whose block ends before its Content-Length of {length}")
        start, self._at = self._at, self._at + length
        return self._held[start : self._at]

    def drop(self, wanted: bytes) -> bool:
        """Take these bytes if they come next."""
        self._fill(len(wanted))
        found = self._held.startswith(wanted, self._at)
        if found:
            self._at += len(wanted)
        return found

    def drain(self) -> bool:
        """Read to the end of the run; False where it is broken."""
        try:
            while self.stream.read():
                pass
        except BrokenStreamError:
            return False
        return True

    def _fill(self, length: int) -> bool:
        while len(self._held) - self._at < length:
            if not self._grow():
                return False
        return True

    def _grow(self) -> bool:
        piece = self.stream.read()
        self._held = self._held[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _spool(self, length: int) -> mmap.mmap:
        with tempfile.TemporaryFile() as file:
            missing = length
            while missing:
                if self._at == len(self._held) and not self._grow():
                    raise _NoRecordError(f"a record whose block ends before its Content-Length of {length}")
                piece = self._held[self._at : self._at + missing]
                self._at += len(piece)
                missing -= len(piece)
                file.write(piece)
            file.flush()
            return mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ)


def _parse_warc(run: _Run, name: str) -> StoredRecord:
    if not run.starts_with(b"WARC/"):
        raise _NoRecordError("no WARC record")
    head = run.head(HEAD_END)
    text = head.decode("utf-8", "replace")
    crlf = head.count(b"\n") == head.count(b"\r\n")
    if "\n " in text or "\n\t" in text:
        text = FOLD.sub(" ", text)
    version, *lines = text.split("\n")
    headers = [
        (name, value.strip(" \t\r")) for name, colon, value in [line.partition(":") for line in lines] if colon and name
    ]
    fields = index_headers(headers)
    block_length = read_length(fields.get("content-length", ""))
    if block_length is None:
        raise _NoRecordError(f"a record with the Content-Length {fields.get('content-length', '')[:80]!r}")
    block = run.take(block_length)
    if not run.drop(b"\r\n\r\n"):
        raise _NoRecordError("a record that does not end in two CRLF behind its Content-Length")
    return _finish(run, name, version.rstrip(), headers, block, crlf=crlf, fields=fields)


LINE_END = re.compile(rb"\n")


def _parse_arc(run: _Run, name: str) -> StoredRecord:
    line = run.head(LINE_END).decode("latin-1").rstrip("\r\n")
    # The address may hold spaces, the fields behind it not; version 2 has five more of them.
    fields = _arc_fields(line, 10) or _arc_fields(line, 5)
    if fields is None:
        raise _NoRecordError("no ARC record")
    kind = "warcinfo" if fields["url"].startswith("filedesc:") else "response"
    headers = [("WARC-Type", kind), ("WARC-Date", _arc_date(fields["date"]))]
    if kind == "response":
        headers += [("WARC-Target-URI", fields["url"]), ("WARC-IP-Address", fields["ip"])]
        http = fields["url"].startswith(("http:", "https:"))
        headers.append(("Content-Type", "application/http;msgtype=response" if http else fields["type"]))
    headers.append(("Content-Length", fields["length"]))
    block = run.take(read_length(fields["length"]) or 0)
    while run.drop(b"\n"):
        pass
    return _finish(run, name, "ARC/1.0", headers, block, crlf=True, fields=index_headers(headers))


def _arc_fields(line: str, count: int) -> dict[str, str] | None:
    parts = line.rsplit(" ", count - 1)
    if len(parts) != count or read_length(parts[-1]) is None:
        return None
    fields = dict(zip(ARC_FIELDS[count], parts, strict=True))
    dated = len(fields["date"]) in {12, 14} and fields["date"].isdigit()
    return fields if dated and ":" in fields["url"] else None


def _arc_date(stamp: str) -> str:
    try:
        return datetime.strptime(stamp.ljust(14, "0"), "%Y%m%d%H%M%S").strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 - UTC by the format
    except ValueError as error:
        raise _NoRecordError(f"an ARC record with the date {stamp}") from error


def _finish(  # noqa: PLR0913 - the parts of a record
    run: _Run,
    name: str,
    version: str,
    headers: list[tuple[str, str]],
    block: bytes | mmap.mmap,
    *,
    crlf: bool,
    fields: dict[str, str],
) -> StoredRecord:
    start, alone = run.record_start, True
    if run.stream.by_member:
        # The member's checksum is read here: a record counts only if it holds.
        start = run.stream.start
        alone = run.at_end() and run.records == 0
    run.records += 1
    end = run.stream.end() if run.stream.by_member else run.position()
    return StoredRecord(
        version=version,
        headers=tuple(headers),
        block=block,
        file=name,
        offset=start,
        length=end - start,
        alone=alone,
        crlf=crlf,
        fields=fields,
    )
