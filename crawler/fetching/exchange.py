"""One exchange while it runs: what went over the wire so far, and the capture that it makes at its end."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from urllib.parse import urldefrag, urlsplit

from scrapy import Request
from twisted.internet.error import ConnectionDone

from archive.capture import Capture, Truncation
from crawler.fetching.failures import DISCONNECTED, STOPPED, explain
from crawler.fetching.tls import REMEDY, Tls, Verdict

INTERIM = re.compile(rb"HTTP/\d+\.\d+ 1\d\d[ \r\n]")
HEAD_END = re.compile(rb"\n\r?\n")
CREDENTIALS = re.compile(rb"(?im)^(proxy-authorization:)[^\r\n]*")
# Framing may be longer than what it frames: chunk sizes, heads, trailers.
FRAMING_BYTES = 1024 * 1024
# Scrapy's own where a request sets none.
CONNECT_SECONDS = 10.0


@dataclass(slots=True)
class Attempt:
    """The bytes that went over one connection for an exchange; `max_bytes` bounds those that come in (0: no bound).

    `verdict` is on the certificate, None without TLS; `tls` is None until the handshake is done.
    """

    peer: str | None
    tls: Tls | None
    verdict: Verdict | None
    max_bytes: int
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    size: int = 0
    whole: bool = False
    closed: bool = False
    lost: BaseException | None = None

    def note_sent(self, data: bytes) -> None:
        """Keep bytes of the request."""
        if not self.closed:
            self.sent.append(data)

    def note_received(self, data: bytes) -> bool:
        """Keep bytes of the response; False where they are too many and the connection is to be ended."""
        if self.closed:
            return True
        self.received.append(data)
        self.size += len(data)
        return not self.too_long

    def note_end(self, surplus: int) -> None:
        """Note that the message is at its end; `surplus` bytes behind it are not part of it."""
        # A body that ends with its connection is whole only after a clean end (RFC 9112, 8 and 9.8).
        self.whole = self.lost is None or isinstance(self.lost, ConnectionDone)
        if surplus:
            self.received = [b"".join(self.received)[:-surplus]]

    @property
    def too_long(self) -> bool:
        """Tell whether more came than is taken in."""
        return 0 < self.max_bytes < self.size


class Exchange:
    """A request and its response, as they pass; only the last attempt counts.

    Made just before the request goes to the agent. `target` is the `host:port` that is connected to, `abort` ends the
    connection.
    """

    def __init__(self, request: Request, max_bytes: int) -> None:
        """Begin; about twice `max_bytes` are taken in at most (0: no bound)."""
        self.url = urldefrag(request.url)[0]
        self.host = urlsplit(self.url).hostname or self.url
        proxy = request.meta.get("proxy")
        self.proxied = bool(proxy)
        self.target = f"the proxy {urlsplit(proxy).netloc.rpartition('@')[2]}" if proxy else urlsplit(self.url).netloc
        self.timeout_seconds: float = request.meta.get("download_timeout") or CONNECT_SECONDS
        self.attempts = 0
        self.abort: Callable[[], object] = lambda: None
        self.last = Attempt(None, None, None, 0)
        self._max_bytes = 2 * max_bytes + FRAMING_BYTES if max_bytes else 0
        self._started_at = datetime.now(UTC)
        self._started = monotonic()

    def start_attempt(self, peer: str | None, tls: Tls | None, verdict: Verdict | None) -> Attempt:
        """Begin anew: the request is about to be written to a connection, perhaps for the second time."""
        self.attempts += 1
        self.last = Attempt(peer, tls, verdict, self._max_bytes)
        return self.last

    def finish(self, error: BaseException | None) -> Capture:
        """Return the capture; `error` is what Scrapy gets instead of a response. Nothing is taken in after that."""
        last = self.last
        last.closed = True
        response = strip_interim(b"".join(last.received))
        truncated, failure = self._verdict(error, response)
        return Capture(
            url=self.url,
            started_at=self._started_at,
            seconds=monotonic() - self._started,
            request=self._request_block(response),
            response=response,
            ip=None if self.proxied else last.peer,
            protocols=_protocols(response, last.tls),
            cipher=last.tls.cipher if last.tls else None,
            certificate=last.verdict.certificate if last.verdict else None,
            truncated=truncated,
            failure=failure,
        )

    def _verdict(self, error: BaseException | None, response: bytes) -> tuple[Truncation | None, str | None]:
        verdict = self.last.verdict
        if self.last.whole:
            return None, None
        if verdict and verdict.refused:
            return None, f"tls: {self.host}: {verdict.fault}; {REMEDY}"
        if self.last.too_long:
            reason: Truncation = "length"
            line = f"length: more than {self._max_bytes} bytes came"
        elif error:
            reason, line = self._explain(error)
        elif self.last.lost:
            reason, line = "disconnect", DISCONNECTED
        elif response:
            reason, line = "unspecified", STOPPED
        else:
            reason, line = "unspecified", "not captured: a response came back, but none of its bytes was seen"
        if line == DISCONNECTED and self._unsent(response):
            line = f"tls: {self.host}: the connection ended within the handshake"
        return (reason if response else None), line

    def _explain(self, error: BaseException) -> tuple[Truncation, str]:
        looked_up = self.target if self.proxied else self.host
        return explain(
            error, host=self.host, looked_up=looked_up, target=self.target, timeout_seconds=self.timeout_seconds
        )

    def _unsent(self, response: bytes) -> bool:
        """Tell whether the request waited for a handshake that never ended."""
        return self.url.startswith("https:") and self.attempts > 0 and not self.last.tls and not response

    def _request_block(self, response: bytes) -> bytes:
        if self._unsent(response):
            return b""
        block = b"".join(self.last.sent)
        if not self.proxied:
            return block
        head, end, body = block.partition(b"\r\n\r\n")
        return CREDENTIALS.sub(rb"\1 (left out)", head) + end + body


def _protocols(response: bytes, tls: Tls | None) -> tuple[str, ...]:
    http = "http/1.0" if response.startswith(b"HTTP/1.0") else "http/1.1"
    return (http, tls.protocol) if tls else (http,)


def strip_interim(block: bytes) -> bytes:
    """Cut the 1xx responses off the front of what came back (RFC 9110, 15.2)."""
    while INTERIM.match(block):
        end = HEAD_END.search(block)
        block = block[end.end() :] if end else b""
    return block
