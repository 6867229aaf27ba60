"""Make WARC/1.1 records, each one gzip member, through warcio's writer; the block goes in as it is.

The WARC headers are complete when warcio gets them: it adds the Content-Length, and it never parses the block.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, quote_from_bytes
from uuid import UUID

from warcio.recordloader import ArcWarcRecord
from warcio.warcwriter import WARCWriter

from archive.capture import Capture, Head, is_not_modified
from archive.compression import compress_member, store_member
from archive.labels import DigestName, label_digest
from archive.pressmark import Original

# WARC 1.1, 6.3.2 has the digest over the de-chunked body; some checkers take it over the chunks and cry wolf.
PayloadDigest = Literal["always", "omit-when-chunked"]

WARC_FIELDS = "application/warc-fields"
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"

# Bodies that a second compression would not make smaller are stored.
PACKED_TYPES = re.compile(
    r"image/(?:jpe?g|png|gif|webp|avif)|video/|audio/|application/(?:zip|gzip|x-gzip|pdf|(?:x-)?font-woff)|font/woff",
    re.IGNORECASE,
)
PACKED_CODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
CONTROLS = re.compile(r"[\x00-\x20\x7f]+")


@dataclass(frozen=True, slots=True)
class Member:
    """One record as a gzip member, with what its pressmark needs."""

    type: str
    record_id: str
    payload_digest: str | None
    content: bytes


class RecordMaker:
    """Makes the records of one file; all but the warcinfo record name it as their WARC-Warcinfo-ID."""

    def __init__(
        self,
        *,
        digest: DigestName,
        new_id: Callable[[], UUID],
        payload_digest: PayloadDigest = "always",
        warcinfo_id: str | None = None,
    ) -> None:
        """Choose the id of the warcinfo record, or go on in a file that has one."""
        self._digest = digest
        self._payload_digest = payload_digest
        self._new_id = new_id
        self._warcinfo_id = warcinfo_id or self._name()
        self._belongs = f"WARC-Warcinfo-ID: <{self._warcinfo_id}>\r\n"
        self._out = _MemberOut()
        self._writer = _RawWriter(self._out, gzip=False, warc_version="1.1")

    def warcinfo(self, file: str, date: datetime, fields: Iterable[tuple[str, str]]) -> Member:
        """Return the record that begins a file; `file` is the final name."""
        return self._make(
            "warcinfo",
            self._warcinfo_id,
            f"WARC-Date: {format_date(date)}\r\nWARC-Filename: {file}\r\n",
            WARC_FIELDS,
            describe_file(fields),
        )

    def exchange(
        self, capture: Capture, notes: Iterable[tuple[str, str]], original: Original | None = None
    ) -> list[Member]:
        """Return request, response and metadata of one exchange, in this order; what has no bytes is left out.

        With an original, a revisit record takes the place of the response.
        """
        common = self._common(capture)
        request_id, response_id = self._name(), self._name()
        members = []
        if capture.request:
            headers = common + _concurrent_to(response_id) if capture.response else common
            members.append(
                self._make("request", request_id, headers, "application/http;msgtype=request", capture.request)
            )
        if capture.response:
            answered = common + _concurrent_to(request_id) if capture.request else common
            members.append(
                self._revisit(capture, response_id, answered, original)
                if original
                else self._response(capture, response_id, answered)
            )
        headers = common + _concurrent_to(members[-1].record_id) if members else common
        members.append(self._make("metadata", self._name(), headers, WARC_FIELDS, _describe(capture, notes, original)))
        return members

    def conversion(self, block: bytes, *, content_type: str, url: str, date: datetime, refers_to: str) -> Member:
        """Return a record made from another one; WARC 1.1 keeps its kind of date and address for the present record."""
        headers = (
            f"{self._belongs}WARC-Target-URI: {escape_url(url)}\r\nWARC-Date: {format_date(date)}\r\n"
            f"WARC-Refers-To: <{refers_to}>\r\n"
        )
        return self._make("conversion", self._name(), headers, content_type, block)

    def _common(self, capture: Capture) -> str:
        """Return the header lines that are the same on each record of an exchange."""
        # Repeated as the adopted extension WARC-Protocol says, from the higher layer to the lower.
        protocols = "".join([f"WARC-Protocol: {protocol}\r\n" for protocol in capture.protocols])
        return (
            f"{self._belongs}WARC-Target-URI: {escape_url(capture.url)}\r\n"
            f"WARC-Date: {format_date(capture.started_at)}\r\n"
            + (f"WARC-IP-Address: {capture.ip}\r\n" if capture.ip else "")
            + protocols
            + (f"WARC-Cipher-Suite: {capture.cipher}\r\n" if capture.cipher else "")
        )

    def _response(self, capture: Capture, record_id: str, common: str) -> Member:
        head, payload = capture.parts()
        headers = common
        if capture.truncated:
            headers += f"WARC-Truncated: {capture.truncated}\r\n"
        # A block without a head has no well-defined payload: WARC 1.1, 5.9.
        digest = label_digest(payload, self._digest) if head else None
        omitted = self._payload_digest == "omit-when-chunked" and head and "chunked" in head.tokens("transfer-encoding")
        if digest and not omitted:
            headers += f"WARC-Payload-Digest: {digest}\r\n"
        kind, packed = "application/http;msgtype=response", head is not None and is_packed(head)
        return self._make("response", record_id, headers, kind, capture.response, payload_digest=digest, packed=packed)

    def _revisit(self, capture: Capture, record_id: str, common: str, original: Original) -> Member:
        """Return a record of the head alone (WARC 1.1, 6.7.2), or of nothing for a 304 (6.7.3)."""
        headers = (
            f"{common}WARC-Refers-To: <{original.pressmark.record_id}>\r\n"
            f"WARC-Refers-To-Target-URI: {escape_url(original.url)}\r\n"
            f"WARC-Refers-To-Date: {format_date(original.date)}\r\n"
        )
        kind = "application/http;msgtype=response"
        if is_not_modified(capture):
            # A head in the block would be replayed as an empty 304; it goes into the metadata record.
            return self._make("revisit", record_id, f"{headers}WARC-Profile: {NOT_MODIFIED}\r\n", kind, b"")
        digest = label_digest(capture.payload(), self._digest)
        headers += f"WARC-Profile: {IDENTICAL}\r\nWARC-Truncated: length\r\nWARC-Payload-Digest: {digest}\r\n"
        return self._make("revisit", record_id, headers, kind, capture.head_block(), payload_digest=digest)

    def _make(  # noqa: PLR0913 - one parameter for each part of a record
        self,
        record_type: str,
        record_id: str,
        headers: str,
        content_type: str,
        block: bytes,
        *,
        payload_digest: str | None = None,
        packed: bool = False,
    ) -> Member:
        lines = f"WARC/1.1\r\nWARC-Type: {record_type}\r\nWARC-Record-ID: <{record_id}>\r\n{headers}"
        if block:
            lines += f"WARC-Block-Digest: {label_digest(block, self._digest)}\r\nContent-Type: {content_type}\r\n"
        # warcio leaves out the block of what it is told to be a revisit; the type that is written stands in the lines.
        told = "response" if record_type == "revisit" else record_type
        record = ArcWarcRecord("warc", told, _Head(lines), _Block(block), None, None, len(block))
        self._writer.write_record(record)
        return Member(record_type, record_id, payload_digest, self._out.take(packed=packed))

    def _name(self) -> str:
        return f"urn:uuid:{self._new_id()}"


def _concurrent_to(record_id: str) -> str:
    return f"WARC-Concurrent-To: <{record_id}>\r\n"


class _Head:
    """The WARC headers of a record, as much as warcio's writer asks of them.

    They are made as text at once, and those of an exchange only once: warcio's own class joins them line by line.
    """

    def __init__(self, lines: str) -> None:
        self._lines = lines

    def replace_header(self, name: str, value: str) -> None:
        """Add the one header that warcio sets: the length."""
        self._lines += f"{name}: {value}\r\n"

    def to_bytes(self, *, encoding: str) -> bytes:
        """Return the lines with the empty one after them."""
        return f"{self._lines}\r\n".encode(encoding)


class _Block:
    """A record's block as a stream that hands it out in one piece: warcio asks for 16 KiB at a time and copies them."""

    def __init__(self, block: bytes) -> None:
        self._rest = block

    def read(self, size: int) -> bytes:  # noqa: ARG002 - the signature is a stream's
        """Return the block, whatever the size; after that nothing."""
        block, self._rest = self._rest, b""
        return block


class _RawWriter(WARCWriter):  # type: ignore[misc]
    """warcio's writer, which must not add digests: it would put payload digests on requests and metadata."""

    def ensure_digest(self, record: ArcWarcRecord, block: bool = True, payload: bool = True) -> None:
        """Leave the headers as they are."""


class _MemberOut:
    """The file that warcio writes records to; `take` gives each one back as a gzip member.

    It stands in for warcio's own compressor, which is fixed at level 9.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.write = self._pieces.append

    def flush(self) -> None:
        """End a record: nothing is held back."""

    def take(self, *, packed: bool) -> bytes:
        record = b"".join(self._pieces)
        self._pieces.clear()
        return store_member(record) if packed else compress_member(record)


def is_packed(head: Head) -> bool:
    """Tell whether a body arrives compressed, by its coding or its type."""
    return not PACKED_CODINGS.isdisjoint(head.tokens("content-encoding")) or bool(
        PACKED_TYPES.match(head.value("content-type") or "")
    )


def format_date(date: datetime) -> str:
    """Return a WARC-Date with microseconds, always in UTC."""
    return date.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def escape_url(url: str) -> str:
    """Return an address in the characters that WARC-Target-URI may hold (RFC 3986); most come back unchanged."""
    if url.isascii() and url.isprintable() and " " not in url:
        return url
    return quote(url, safe="".join(map(chr, range(0x21, 0x7F))))


def format_fields(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return an application/warc-fields block; line ends and other controls in a value become a space."""
    return "".join([f"{name}: {_one_line(value)}\r\n" for name, value in fields]).encode("utf-8", "replace")


def describe_file(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the block of a warcinfo record."""
    return format_fields((*fields, ("format", "WARC File Format 1.1"), ("conformsTo", CONFORMS_TO)))


def _one_line(value: str) -> str:
    return (value if value.isprintable() else CONTROLS.sub(" ", value)).strip()


def _describe(capture: Capture, notes: Iterable[tuple[str, str]], original: Original | None) -> bytes:
    fields = [("fetchTimeMs", str(round(capture.seconds * 1000))), *notes]
    if capture.certificate:
        fault = capture.certificate.fault
        fields.append(("tlsVerified", f"no ({fault})" if fault else "yes"))
        fields.append(("tlsCertificateSha256", capture.certificate.sha256))
        fields.append(("tlsCertificateIssuer", capture.certificate.issuer))
    if capture.truncated and not capture.response:
        fields.append(("truncated", capture.truncated))
    if capture.failure is not None:
        fields.append(("failure", capture.failure))
    if original and is_not_modified(capture):
        # Percent-escaped, so that the bytes come back exactly and the field stays one line.
        fields.append(("responseHead", quote_from_bytes(capture.response, safe=PLAIN)))
    return format_fields(fields)
