"""Read WARC files back: records one by one, and the exchanges and conversions that they make up."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, get_args
from urllib.parse import unquote_to_bytes

from archive.capture import Capture, Certificate, Truncation
from archive.errors import ArchiveError
from archive.files import OPEN_SUFFIX
from archive.iteration import StoredRecord, read_at, read_strictly
from archive.labels import DigestName, label_digest
from archive.lengths import read_length
from archive.pressmark import Pressmark

INPUT_BYTES = 64 * 1024
GZIP_WBITS = 31
GZIP_MAGIC = b"\x1f\x8b"
EXCHANGE_TYPES = frozenset({"request", "response", "revisit", "metadata"})
OWN_FIELDS = frozenset(
    {
        "fetchTimeMs",
        "truncated",
        "failure",
        "responseHead",
        "tlsVerified",
        "tlsCertificateSha256",
        "tlsCertificateIssuer",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record; `file` is the final name of its file, `offset` and `length` count compressed bytes."""

    type: str
    headers: tuple[tuple[str, str], ...]
    block: bytes
    file: str
    offset: int
    length: int

    @property
    def record_id(self) -> str:
        """The id without its angle brackets."""
        return (self.value("WARC-Record-ID") or "").strip("<>")

    @property
    def end(self) -> int:
        """The offset after the record."""
        return self.offset + self.length

    @property
    def pressmark(self) -> Pressmark:
        """Where the record lies and what it holds."""
        return Pressmark(
            file=self.file,
            offset=self.offset,
            length=self.length,
            record_id=self.record_id,
            payload_digest=self.value("WARC-Payload-Digest"),
        )

    def value(self, name: str) -> str | None:
        """Return the first value of a WARC header, None where it is missing; case does not count."""
        return next(iter(self.values(name)), None)

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of a WARC header, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The record that holds the payload of a revisit, as the revisit names it; None for what it leaves out."""

    record_id: str
    url: str | None
    date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange as its records tell it; `pressmark` is the response's, `end` the offset after its last record.

    `notes` are the fields of the metadata record in their order, without those that the capture holds. Of a revisit
    `pressmark` marks the revisit record, `refers_to` names the record with the payload, and the capture's response is
    the head alone; `resolve` adds the payload, and its place as `original`.
    """

    capture: Capture
    pressmark: Pressmark | None
    metadata: Pressmark | None
    notes: tuple[tuple[str, str], ...]
    end: int
    refers_to: Reference | None = None
    original: Pressmark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One conversion record: what was made, at `date`, from the record with the id `refers_to`."""

    pressmark: Pressmark
    url: str
    date: datetime
    refers_to: str
    content_type: str
    block: bytes
    end: int


def read_records(path: Path, *, start: int = 0) -> Iterator[Record]:
    """Yield the records of a WARC or ARC file from the offset `start` on, which must begin a record.

    Files that are not gzip'd by record are read as archive/iteration.py does. One record is in memory at a time. Raises
    ArchiveError where the bytes are no whole record.
    """
    if not _is_own_form(path):
        yield from map(foreign_record, read_strictly(path, start=start))
        return
    with path.open("rb") as file:
        for offset, length, content in read_members(file, start):
            yield parse_record(content, file=path.name.removesuffix(OPEN_SUFFIX), offset=offset, length=length)


def read_members(file: BinaryIO, start: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """Yield offset, length and content of each gzip member. Raises ArchiveError at bytes that are no whole member."""
    file.seek(start)
    offset, position = start, start
    rest = b""
    while rest := rest or file.read(INPUT_BYTES):
        member = zlib.decompressobj(GZIP_WBITS)
        pieces: list[bytes] = []
        position = offset
        try:
            while rest:
                pieces.append(member.decompress(rest))
                position += len(rest) - len(member.unused_data)
                rest = member.unused_data or (b"" if member.eof else file.read(INPUT_BYTES))
                if member.eof:
                    break
        except zlib.error as error:
            raise _broken(file.name, offset, f"no gzip member ({error})") from error
        if not member.eof:
            raise _broken(file.name, offset, "a gzip member that is cut off")
        yield offset, position - offset, b"".join(pieces)
        offset = position


def parse_record(content: bytes, *, file: str, offset: int, length: int) -> Record:
    """Return the record that a gzip member holds. Raises ArchiveError if it is not one whole record."""
    head, separator, _ = content.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    if not separator or not first.startswith("WARC/"):
        raise _broken(file, offset, "no WARC record")
    headers = tuple((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    record_type: str = ""
    block_length: int | None = None
    for name, value in headers:
        if name.lower() == "warc-type":
            record_type = value
        elif name.lower() == "content-length":
            block_length = read_length(value)
    start = len(head) + 4
    if block_length is None or content[start + block_length :] != b"\r\n\r\n":
        raise _broken(file, offset, "a member that is not one whole record")
    block = content[start : start + block_length]
    return Record(type=record_type, headers=headers, block=block, file=file, offset=offset, length=length)


def read_record(folder: Path, pressmark: Pressmark) -> Record:
    """Return the record that a pressmark names, by its offset and length alone; its file may still be open.

    Raises ArchiveError if the file is missing, or if other bytes lie there.
    """
    path = _find_file(folder, pressmark.file)
    if not _is_own_form(path):
        record = foreign_record(read_at(path, pressmark.offset))
        _check_id(record, pressmark)
        return record
    with path.open("rb") as file:
        file.seek(pressmark.offset)
        content = file.read(pressmark.length)
    member = zlib.decompressobj(GZIP_WBITS)
    try:
        plain = member.decompress(content)
    except zlib.error as error:
        raise _broken(pressmark.file, pressmark.offset, f"no gzip member ({error})") from error
    if not member.eof or member.unused_data:
        raise _broken(pressmark.file, pressmark.offset, f"no gzip member of {pressmark.length} bytes")
    record = parse_record(plain, file=pressmark.file, offset=pressmark.offset, length=pressmark.length)
    _check_id(record, pressmark)
    return record


def read_exchange(folder: Path, pressmark: Pressmark) -> Exchange:
    """Return the exchange whose response a pressmark names, without its request: that lies before the response.

    Raises ArchiveError if the file is missing, or if other bytes lie there.
    """
    records = read_records(_find_file(folder, pressmark.file), start=pressmark.offset)
    group: list[Record] = []
    for record in records:
        if not group:
            _check_id(record, pressmark)
        elif not _joins(record, group):
            break
        group.append(record)
        if record.type == "metadata":
            break
    if not group:
        raise _broken(pressmark.file, pressmark.offset, "the file's end")
    return _exchange(group)


def read_exchanges(path: Path, *, start: int = 0) -> Iterator[Exchange | Conversion]:
    """Yield exchanges and conversions in the order of the file, from an offset where one begins.

    Records belong to one exchange if WARC-Concurrent-To joins them and nothing lies between them. Resources are
    passed over. Raises ArchiveError where the bytes are no whole record.
    """
    yield from join_exchanges(read_records(path, start=start))


def join_exchanges(records: Iterable[Record]) -> Iterator[Exchange | Conversion]:
    """Yield the exchanges and conversions that records make up, as `read_exchanges` does."""
    group: list[Record] = []
    for record in records:
        if record.type in EXCHANGE_TYPES and _joins(record, group):
            group.append(record)
            continue
        if _is_exchange(group):
            yield _exchange(group)
        group = [record] if record.type in EXCHANGE_TYPES else []
        if record.type == "conversion":
            yield _conversion(record)
    if _is_exchange(group):
        yield _exchange(group)


def _is_own_form(path: Path) -> bool:
    """Tell whether a file can be read member by member; damaged files too, whose faults are told here."""
    if path.is_dir():
        return False
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC and ".arc" not in path.name


def foreign_record(stored: StoredRecord) -> Record:
    """Return a record that was read in any form as one of ours."""
    return Record(
        type=stored.fields.get("warc-type", "").lower(),
        headers=stored.headers,
        block=bytes(stored.block),
        file=stored.file,
        offset=stored.offset,
        length=stored.length,
    )


def check_dates(record: Record) -> None:
    """Raise ArchiveError for a record of an exchange, or a conversion, whose dates cannot be read."""
    if record.type in EXCHANGE_TYPES or record.type == "conversion":
        _date(record)
    if record.type == "revisit":
        _reference(record)


def _is_exchange(group: list[Record]) -> bool:
    """Tell whether records stand for a transfer: metadata alone does where our writer says that nothing came."""
    if len(group) != 1 or group[0].type != "metadata":
        return bool(group)
    return not group[0].values("WARC-Concurrent-To") and any(
        name == "failure" for name, _ in _read_fields(group[0].block)
    )


def _joins(record: Record, group: list[Record]) -> bool:
    """Tell whether a record and a group are of one capture event; the header counts both ways (WARC 1.1, 5.7)."""
    if record.type in {member.type for member in group}:
        return False
    named = {name.strip("<>") for member in group for name in member.values("WARC-Concurrent-To")}
    names = {name.strip("<>") for name in record.values("WARC-Concurrent-To")}
    return record.record_id in named or any(member.record_id in names for member in group)


def _exchange(group: list[Record]) -> Exchange:
    by_type = {record.type: record for record in group}
    request, metadata, revisit = by_type.get("request"), by_type.get("metadata"), by_type.get("revisit")
    response = by_type.get("response") or revisit
    fields = _read_fields(metadata.block) if metadata else ()
    own = {name: value for name, value in fields if name in OWN_FIELDS}
    first = response or group[0]
    capture = Capture(
        url=_target(first),
        started_at=_date(first),
        seconds=_milliseconds(own.get("fetchTimeMs", "")) / 1000,
        request=request.block if request else b"",
        response=_response_bytes(response, own),
        ip=first.value("WARC-IP-Address"),
        protocols=first.values("WARC-Protocol") or ("http/1.1",),
        cipher=first.value("WARC-Cipher-Suite"),
        certificate=_certificate(own),
        # A revisit says that it is truncated because the payload lies elsewhere: nothing is missing.
        truncated=None if revisit else _truncation(first.value("WARC-Truncated") or own.get("truncated")),
        failure=own.get("failure"),
    )
    return Exchange(
        capture=capture,
        pressmark=_mark(response, capture) if response else None,
        metadata=metadata.pressmark if metadata else None,
        notes=tuple(field for field in fields if field[0] not in OWN_FIELDS),
        end=group[-1].end,
        refers_to=_reference(revisit) if revisit else None,
    )


def _response_bytes(response: Record | None, own: dict[str, str]) -> bytes:
    if response is None:
        return b""
    return response.block or unquote_to_bytes(own.get("responseHead", ""))


def _mark(response: Record, capture: Capture) -> Pressmark:
    """Return the pressmark of a response; a payload digest that its writer left out is made again."""
    mark = response.pressmark
    if mark.payload_digest or response.type == "revisit" or not capture.head():
        return mark
    name: DigestName = "sha256" if (response.value("WARC-Block-Digest") or "").startswith("sha256:") else "sha1"
    return replace(mark, payload_digest=label_digest(capture.payload(), name))


def _reference(revisit: Record) -> Reference:
    record_id = (revisit.value("WARC-Refers-To") or "").strip("<>")
    date = revisit.value("WARC-Refers-To-Date")
    return Reference(
        record_id=record_id,
        url=(revisit.value("WARC-Refers-To-Target-URI") or "").strip("<>") or None,
        date=_parse_date(date, revisit) if date else None,
    )


def _certificate(fields: dict[str, str]) -> Certificate | None:
    if "tlsCertificateSha256" not in fields:
        return None
    verified = fields.get("tlsVerified", "no (not told)")
    return Certificate(
        sha256=fields["tlsCertificateSha256"],
        issuer=fields.get("tlsCertificateIssuer", ""),
        fault=None if verified == "yes" else verified.removeprefix("no (").removesuffix(")"),
    )


def _conversion(record: Record) -> Conversion:
    return Conversion(
        pressmark=record.pressmark,
        url=_target(record),
        date=_date(record),
        refers_to=(record.value("WARC-Refers-To") or "").strip("<>"),
        content_type=record.value("Content-Type") or "",
        block=record.block,
        end=record.end,
    )


def _read_fields(block: bytes) -> tuple[tuple[str, str], ...]:
    lines = block.decode("utf-8", "replace").split("\r\n")
    return tuple((name, value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon)


def _target(record: Record) -> str:
    # Writers of WARC 1.0 set angle brackets around the address.
    return (record.value("WARC-Target-URI") or "").strip("<>")


def _date(record: Record) -> datetime:
    return _parse_date(record.value("WARC-Date") or "", record)


def _parse_date(value: str, record: Record) -> datetime:
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        date = None
    if date is None or date.tzinfo is None:
        raise ArchiveError(f"{record.file}: record at offset {record.offset}: WARC-Date {value!r} is no UTC time")
    return date


def _truncation(value: str | None) -> Truncation | None:
    if value is None:
        return None
    return next((reason for reason in get_args(Truncation) if reason == value), "unspecified")


def _milliseconds(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() else 0


def _find_file(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}{OPEN_SUFFIX}"):
        if path.exists():
            return path
    raise ArchiveError(f"{folder / name}: no such WARC file; bring it back, or run the pressmark's collection anew")


def _check_id(record: Record, pressmark: Pressmark) -> None:
    if record.record_id != pressmark.record_id:
        raise _broken(pressmark.file, pressmark.offset, f"record {record.record_id} and not {pressmark.record_id}")


def _broken(file: str, offset: int, found: str) -> ArchiveError:
    return ArchiveError(f"{file}: at offset {offset} lies {found}; check the file, and compare it with a copy")
