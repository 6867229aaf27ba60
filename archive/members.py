"""Scan the gzip members of a WARC file as its bytes go by: where each record lies, what its head says, its digest.

Nothing is kept of a record but its WARC headers and the first bytes of its block, however large it is.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from archive.errors import ArchiveError
from archive.lengths import read_length

GZIP_WBITS = 31
# Members mostly are a few kilobytes: what is left of a piece is copied once for each of them.
PIECE_BYTES = 64 * 1024
LEAD_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
ENDING = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedRecord:
    """One record, gone by. `headers` holds the values of each WARC header, its name in lower case.

    `lead` is the beginning of its block, at most LEAD_BYTES. `offset` and `length` count bytes of the compressed file;
    `digest` is the sha256 of these bytes in hexadecimal. `file` stands in errors.
    """

    file: str
    headers: Mapping[str, tuple[str, ...]]
    lead: bytes
    offset: int
    length: int
    digest: str

    def value(self, name: str) -> str | None:
        """Return the first value of a WARC header, None where it is missing; case does not count."""
        values = self.headers.get(name.lower())
        return values[0] if values else None

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of a WARC header, in order."""
        return self.headers.get(name.lower(), ())

    @property
    def type(self) -> str:
        """The WARC-Type, "" where there is none."""
        return self.value("WARC-Type") or ""

    @property
    def record_id(self) -> str:
        """The id without its angle brackets."""
        return (self.value("WARC-Record-ID") or "").strip("<>")

    @property
    def url(self) -> str:
        """The WARC-Target-URI, "" where there is none; writers of WARC 1.0 set angle brackets around it."""
        return (self.value("WARC-Target-URI") or "").strip("<>")

    @property
    def date(self) -> datetime:
        """The WARC-Date. Raises ArchiveError if it is no UTC time."""
        value = self.value("WARC-Date") or ""
        try:
            date = datetime.fromisoformat(value)
        except ValueError:
            date = None
        if date is None or date.tzinfo is None:
            raise ArchiveError(f"{self.file}: record at offset {self.offset}: WARC-Date {value!r} is no UTC time")
        return date.astimezone(UTC)

    def fields(self) -> dict[str, str]:
        """Return the fields of an application/warc-fields block, as far as its lead goes."""
        lines = self.lead.decode("utf-8", "replace").split("\r\n")
        return {name: value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}


class MemberScanner:
    """Takes the bytes of one WARC file in pieces and gives back the records that end in them."""

    def __init__(self, name: str) -> None:
        """`name` stands in errors."""
        self._name = name
        self._offset = 0
        self._member: _Member | None = None

    def feed(self, piece: bytes) -> Iterator[ScannedRecord]:
        """Yield the records that end in the next piece. Raises ArchiveError at bytes that are no whole record."""
        while piece:
            self._member = self._member or _Member()
            try:
                rest = self._member.feed(piece)
            except zlib.error as error:
                raise self._broken(f"no gzip member that holds one WARC record ({error})") from error
            if not self._member.ended:
                return
            record = self._member.record(self._name, self._offset)
            if record is None:
                raise self._broken("a member that is not one whole record; write each record as a member of its own")
            self._offset += record.length
            self._member = None
            yield record
            piece = rest

    def finish(self) -> None:
        """Say that the file ends here. Raises ArchiveError inside a member, and for a file without any."""
        if self._member:
            raise self._broken("a gzip member that is cut off")
        if not self._offset:
            raise self._broken("nothing: the file is empty")

    def _broken(self, found: str) -> ArchiveError:
        return ArchiveError(f"{self._name}: at offset {self._offset} lies {found}; check the file")


@dataclass(slots=True)
class _Member:
    """One gzip member while its bytes come."""

    length: int = 0
    lead: bytes = b""
    headers: Mapping[str, tuple[str, ...]] | None = None
    missing: int = 0
    tail: bytes = b""
    _stream: "zlib._Decompress" = field(default_factory=lambda: zlib.decompressobj(GZIP_WBITS))
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def ended(self) -> bool:
        return self._stream.eof

    def feed(self, piece: bytes) -> bytes:
        """Take a piece and return what lies behind the member's end."""
        packed = piece
        while packed and not self._stream.eof:
            # Bounded: a small member may unpack to any size.
            self._take(self._stream.decompress(packed, PIECE_BYTES))
            packed = self._stream.unconsumed_tail
        while not self._stream.eof and (plain := self._stream.decompress(b"", PIECE_BYTES)):
            self._take(plain)
        rest = self._stream.unused_data
        used = piece[: len(piece) - len(rest)] if rest else piece
        self._hash.update(used)
        self.length += len(used)
        return rest

    def record(self, file: str, offset: int) -> ScannedRecord | None:
        """Return the record if the member holds one, and no more."""
        if self.headers is None or self.missing != 0 or self.tail != ENDING:
            return None
        return ScannedRecord(
            file=file,
            headers=self.headers,
            lead=self.lead,
            offset=offset,
            length=self.length,
            digest=self._hash.hexdigest(),
        )

    def _take(self, plain: bytes) -> None:
        if self.headers is None:
            self.lead += plain
            head, separator, plain = self.lead.partition(b"\r\n\r\n")
            if not separator:
                if len(self.lead) > HEAD_BYTES:
                    raise zlib.error("no head of a record")
                return
            self.headers, self.lead = _read_headers(head), b""
            self.missing = (read_length(self.headers["content-length"][0]) or 0) + len(ENDING)
        room = min(LEAD_BYTES - len(self.lead), self.missing - len(ENDING))
        if room > 0:
            self.lead += plain[:room]
        self.missing -= len(plain)
        self.tail = (self.tail + plain)[-len(ENDING) :]


def _read_headers(head: bytes) -> Mapping[str, tuple[str, ...]]:
    """Return the headers of a record. Raises zlib.error, as for all that is no member of ours, without a length."""
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers[name] = (*headers.get(name, ()), value.strip())
    length = headers.get("content-length", ("",))[0]
    if not first.startswith("WARC/") or read_length(length) is None:
        raise zlib.error("no head of a record")
    return headers
