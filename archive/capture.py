"""One HTTP exchange as it went over the wire, and its response taken apart by RFC 9112."""

import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from archive.errors import ArchiveError
from archive.lengths import read_chunk_length, read_length

Truncation = Literal["length", "time", "disconnect", "unspecified"]

MAX_BODY_BYTES = 64 * 1024 * 1024
PIECE_BYTES = 256 * 1024

# RFC 9112, 2.2: a lone LF ends a line too. RFC 9112, 4: the reason may be empty or missing.
HEAD_END = re.compile(rb"\n\r?\n")
STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?:[ \t]+(.*?))?[ \t]*\r?\n", re.IGNORECASE)
# A line without a colon is passed over.
HEADER = re.compile(rb"^[ \t]*([^:\n]*?)[ \t]*:[ \t]*([^\n]*?)[ \t\r]*\n", re.MULTILINE)
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]+)[ \t]*(?:;[^\n]*)?\r?\n")
GZIP_MAGIC = b"\x1f\x8b"
WITHOUT_BODY = frozenset({204, 304})


# Without slots: values are looked up by name a dozen times for each page.
@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a response: `headers` in the order sent, repeats included, folded lines joined by one space."""

    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def value(self, name: str) -> str | None:
        """Return the first value of a header, as latin-1 text, None where it was not sent; case does not count."""
        values = self._by_name.get(name.lower())
        return values[0] if values else None

    def tokens(self, name: str) -> tuple[str, ...]:
        """Return the members of a comma-separated header over all of its repeats, in lower case."""
        values = self._by_name.get(name.lower())
        if not values:
            return ()
        return tuple(token.strip() for token in ",".join(values).lower().split(",") if token.strip())

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for name, value in self.headers:
            values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a TLS server showed, and what was made of it.

    `sha256` is the fingerprint in hexadecimal, `issuer` a name in the form of RFC 4514. `fault` says why the
    certificate is not to be believed, None where it was checked and found good.
    """

    sha256: str
    issuer: str
    fault: str | None = None


# Without slots: the head is read once and kept; archive and crawler ask six times for that of one page.
@dataclass(frozen=True, kw_only=True)
class Capture:
    """One HTTP exchange; the blocks are the bytes on the wire (below TLS), never re-made from parsed headers.

    `request` is b"" where nothing was sent, `response` is b"" where nothing came back; interim
    1xx responses are not part of `response`. `failure` is one line on why the exchange is not
    whole, None where it is; `truncated` is the WARC-Truncated reason (WARC 1.1, 5.13) of a
    response that came only in part. `revisited` is the payload of a capture whose response holds
    its head alone, because a record of an earlier capture holds the same payload (a revisit).
    """

    url: str
    started_at: datetime
    seconds: float
    request: bytes
    response: bytes
    ip: str | None = None
    protocols: tuple[str, ...] = ("http/1.1",)
    cipher: str | None = None
    certificate: Certificate | None = None
    truncated: Truncation | None = None
    failure: str | None = None
    revisited: bytes | None = None

    def head(self) -> Head | None:
        """Return the head of the response, None where it did not come whole or is not HTTP/1."""
        return self._head_and_start[0]

    def head_block(self) -> bytes:
        """Return the head as it came, with its empty line; b"" where there is none."""
        return self.response[: self._head_and_start[1]]

    def payload(self) -> bytes:
        """Return the body without its chunked framing, as far as it came; content codings are still on it.

        b"" where there is no head, and where RFC 9112, 6.3 says that there is no body. WARC-Payload-Digest covers this.
        """
        return self.parts()[1]

    def parts(self) -> tuple[Head | None, bytes]:
        """Return head and payload together: one parse instead of two."""
        head, start = self._head_and_start
        if head is None:
            return None, b""
        if self.revisited is not None:
            return head, self.revisited
        return head, _unframe(head, self.response[start:], self.request.startswith(b"HEAD "))

    def body(self, *, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """Return the payload without its content codings (gzip, deflate); of a cut stream what came.

        Raises ArchiveError for other codings, and for a body that would inflate to more than `max_bytes`.
        """
        head, body = self.parts()
        if head is None:
            return body
        transfer = [coding for coding in head.tokens("transfer-encoding") if coding != "chunked"]
        for coding in reversed([*head.tokens("content-encoding"), *transfer]):
            body = self._undo(coding, body, max_bytes)
        return body

    @cached_property
    def _head_and_start(self) -> tuple[Head | None, int]:
        return _split(self.response)

    def _undo(self, coding: str, body: bytes, max_bytes: int) -> bytes:
        if coding == "identity" or not body:
            return body
        if coding in {"gzip", "x-gzip"}:
            # Some servers label plain bodies as gzip.
            inflated = _gunzip(body, max_bytes) if GZIP_MAGIC.startswith(body[:2]) else body
        elif coding == "deflate":
            inflated = _inflate(body, max_bytes)
        else:
            raise ArchiveError(f"{self.url}: Content-Encoding {coding!r} is not known; ask with Accept-Encoding: gzip")
        if len(inflated) > max(max_bytes, len(body)):
            raise ArchiveError(
                f"{self.url}: the body inflates to more than {max_bytes} bytes; raise max_bytes to read it"
            )
        return inflated


def is_not_modified(capture: Capture) -> bool:
    """Tell whether the server answered a conditional request with 304."""
    head = capture.head()
    return head is not None and head.status == 304


def _split(response: bytes) -> tuple[Head | None, int]:
    """Return the head and the offset of the body."""
    end = HEAD_END.search(response)
    status = STATUS_LINE.match(response) if end else None
    if end is None or status is None:
        return None, 0
    lines = response[status.end() : end.start() + 1]
    folded = b"\n " in lines or b"\n\t" in lines
    headers = _read_folded(lines) if folded else HEADER.findall(lines)
    return Head(status=int(status[1]), reason=status[2] or b"", headers=tuple(headers)), end.end()


def _read_folded(lines: bytes) -> list[tuple[bytes, bytes]]:
    """Return headers of which some go on in the next line (obs-fold: RFC 9112, 5.2)."""
    headers: list[tuple[bytes, bytes]] = []
    skipped = True
    for line in lines.split(b"\n"):
        if line[:1] in {b" ", b"\t"}:
            if not skipped:
                name, value = headers[-1]
                headers[-1] = (name, (value + b" " + line.strip()).strip())
            continue
        header = HEADER.match(line + b"\n")
        skipped = header is None
        if header:
            headers.append((header[1], header[2]))
    return headers


def _unframe(head: Head, body: bytes, asked_head: bool) -> bytes:
    """Return the message body by the rules of RFC 9112, 6.3, in their order."""
    if asked_head or head.status in WITHOUT_BODY or head.status < 200:
        return b""
    transfer = head.tokens("transfer-encoding")
    if transfer:
        return _unchunk(body) if transfer[-1] == "chunked" else body
    lengths = set(head.tokens("content-length"))
    length = read_length(lengths.pop()) if len(lengths) == 1 else None
    return body if length is None else body[:length]


def _unchunk(body: bytes) -> bytes:
    """Return the chunks' contents as far as they came; a body that is not chunked at all comes back as it is."""
    pieces = []
    size = CHUNK_SIZE.match(body)
    if size is None:
        return body
    while size:
        length = read_chunk_length(size[1])
        if length == 0:
            break
        start = size.end()
        pieces.append(body[start : start + length])
        after = start + length
        after += 2 if body[after : after + 2] == b"\r\n" else body[after : after + 1] == b"\n"
        size = CHUNK_SIZE.match(body, after)
    return b"".join(pieces)


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    """Return what the members of a gzip stream hold, up to the first fault, at most one byte past `max_bytes`."""
    pieces: list[bytes] = []
    room = max_bytes + 1
    while body.startswith(GZIP_MAGIC) and room > 0:
        member = zlib.decompressobj(31)
        pieces.append(_run(member, body, room))
        room -= len(pieces[-1])
        body = member.unused_data
    return b"".join(pieces)


def _inflate(body: bytes, max_bytes: int) -> bytes:
    # RFC 9110, 8.4.1.2: deflate is the zlib format, but some servers send the bare stream.
    wrapped = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _run(zlib.decompressobj(15 if wrapped else -15), body, max_bytes + 1)


def _run(stream: "zlib._Decompress", body: bytes, room: int) -> bytes:
    pieces: list[bytes] = []
    try:
        while body and not stream.eof and room > 0:
            # Small steps: what came before a fault in the stream is kept.
            pieces.append(stream.decompress(body, min(room, PIECE_BYTES)))
            room -= len(pieces[-1])
            body = stream.unconsumed_tail
    except zlib.error:
        pass
    return b"".join(pieces)
