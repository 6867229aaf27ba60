"""An HTTP answer as a value, and the bytes that it becomes on the wire."""

import gzip
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

Framing = Literal["length", "chunked", "close"]
Coding = Literal["gzip"]

# An odd size, so that chunks end inside of characters and tags.
CHUNK_BYTES = 4093
# RFC 9112, 6.3: these answers have no body and say nothing of its length.
BODILESS = {204, 304}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `headers` go out as they are and in this order; those that coding and framing need are added.

    `body` is plain: `coding` is applied when it is rendered. `cut_at` counts the bytes after the head (coded,
    and with their chunk lines) that are sent before the connection is dropped. `delay_seconds` is waited before
    the head. A reason of None is the status's usual one.
    """

    status: int = 200
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    framing: Framing = "length"
    coding: Coding | None = None
    cut_at: int | None = None
    delay_seconds: float = 0.0

    def header(self, name: str) -> str | None:
        """Return the first value of a header, None if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def ends_the_connection(self) -> bool:
        """Whether nothing can follow this answer on its connection."""
        return self.cut_at is not None or self.framing == "close"


def render(answer: Answer) -> bytes:
    """Return the bytes of an answer on the wire, up to its cut."""
    return render_head(answer) + _framed_body(answer)[: answer.cut_at]


def render_head(answer: Answer) -> bytes:
    """Return the head with its empty line: all that HEAD is answered with."""
    lines = [f"HTTP/1.1 {answer.status} {_reason(answer)}"]
    lines += [f"{name}: {value}" for name, value in (*answer.headers, *_added_headers(answer))]
    return "\r\n".join([*lines, "", ""]).encode()


def _reason(answer: Answer) -> str:
    if answer.reason is not None:
        return answer.reason
    return HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""


def _added_headers(answer: Answer) -> list[tuple[str, str]]:
    """Return the headers of coding and framing, without those that the answer sets itself (wrongly, if it likes)."""
    if answer.status in BODILESS:
        return []
    added = []
    if answer.coding:
        added += [("Content-Encoding", answer.coding), ("Vary", "Accept-Encoding")]
    if answer.framing == "length":
        added.append(("Content-Length", str(len(_coded_body(answer)))))
    elif answer.framing == "chunked":
        added.append(("Transfer-Encoding", "chunked"))
    return [(name, value) for name, value in added if answer.header(name) is None]


def _framed_body(answer: Answer) -> bytes:
    if answer.status in BODILESS:
        return b""
    body = _coded_body(answer)
    if answer.framing != "chunked":
        return body
    pieces = [body[start : start + CHUNK_BYTES] for start in range(0, len(body), CHUNK_BYTES)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def _coded_body(answer: Answer) -> bytes:
    # A fixed time in the gzip head: the same page gives the same bytes in every run.
    return gzip.compress(answer.body, compresslevel=6, mtime=0) if answer.coding else answer.body
