"""The download handler: every exchange is captured as it goes over the wire, and given to the spider's sink.

It reaches into Scrapy and Twisted at three places, and patches neither: the handler's own pool says which connection
an exchange gets, the pool's factory makes protocols that copy what they receive, and the request copies what it writes.
"""

import asyncio
import logging
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol

from scrapy import Request
from scrapy.core.downloader.handlers import http11
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import HTTP11ClientProtocol, HTTPClientParser
from twisted.web._newclient import Request as WireRequest
from twisted.web.client import HTTPConnectionPool, _HTTP11ClientFactory
from twisted.web.http import _ChunkedTransferDecoder, _IdentityTransferDecoder
from twisted.web.http_headers import InvalidHeaderName
from zope.interface import implementer  # type: ignore[import-untyped]

from archive.capture import Capture
from crawler.errors import CrawlerError
from crawler.fetching.connecting import ConnectTo, GuardedEndpoint, parse_connect_to
from crawler.fetching.exchange import Attempt, Exchange
from crawler.fetching.hooks import broken, check_hooks, rehearse
from crawler.fetching.tls import Tls, TlsPolicy, find_verdict, name_tls

# Twisted drops a connection at a header line of 16 KiB; some cookies and policies are longer.
MAX_LINE_BYTES = 1024 * 1024

_running: ContextVar[Exchange] = ContextVar("exchange")

logger = logging.getLogger(__name__)


class CaptureSink(Protocol):
    """What takes the captures: called once for each exchange, in the reactor's thread, before Scrapy gets its result.

    What it raises goes to Scrapy in place of the response.
    """

    def __call__(self, capture: Capture, request: Request) -> None:
        """Take the capture of a request."""


class CapturingDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP/1.1 handler that gives every exchange, whole or broken, to `spider.capture_sink`.

    Set it for http and https in DOWNLOAD_HANDLERS. CONNECT_TO holds the pairs of --connect-to. Certificates are judged
    always; DOWNLOAD_VERIFY_CERTIFICATES, which is Scrapy's own, says whether a bad one ends the exchange. Raises
    CrawlerError where Scrapy or Twisted are not as it needs them.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        """Check the hooks, and put the capturing pool in the place of Scrapy's."""
        check_capturing()
        super().__init__(crawler)
        pool = getattr(self, "_pool", None)
        options = getattr(getattr(self, "_contextFactory", None), "_get_cert_options_kwargs", None)
        if not isinstance(pool, HTTPConnectionPool) or options is None:
            raise broken("HTTP11DownloadHandler has no _pool and no _contextFactory with options")
        # Scrapy's own agent takes it from here for connections through a tunnel.
        insecure = not crawler.settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
        self._contextFactory: Any = TlsPolicy(options(), insecure=insecure)
        pairs = tuple(parse_connect_to(text) for text in crawler.settings.getlist("CONNECT_TO"))
        self._pool = CapturingPool(pool, self._contextFactory, pairs)

    async def download_request(self, request: Request) -> Response:
        """Fetch, give the capture to the sink, then return or raise what Scrapy expects."""
        sink = self._find_sink()
        exchange = Exchange(request, request.meta.get("download_maxsize", self._default_maxsize))
        # The parent asks the pool for a connection before it waits for anything, so this cannot get mixed up.
        _running.set(exchange)
        try:
            response = await super().download_request(request)
        except (Exception, asyncio.CancelledError) as error:
            capture = exchange.finish(error)
            if isinstance(error, asyncio.CancelledError):
                # Cancelled from outside: Scrapy lets the connection go on.
                exchange.abort()
            sink(capture, request)
            raise
        if exchange.attempts > 1:
            self._stat("capture/resent")
        capture = exchange.finish(None)
        if not capture.response:
            self._stat("capture/uncaptured")
            logger.error("%s: a response came back, but none of its bytes was captured", capture.url)
        sink(capture, request)
        return response

    def _find_sink(self) -> CaptureSink:
        spider = self._crawler.spider
        sink: CaptureSink | None = getattr(spider, "capture_sink", None)
        if sink is None:
            name = spider.name if spider else "(none yet)"
            raise CrawlerError(
                f"spider {name}: no capture_sink to give captures to; set spider.capture_sink to a callable that"
                " takes (capture, request) before its first request"
            )
        return sink

    def _stat(self, name: str) -> None:
        if self._crawler.stats:
            self._crawler.stats.inc_value(name)


class CapturingPool(HTTPConnectionPool):
    """A pool that binds each connection to the exchange it is for, and opens it where it may go."""

    def __init__(self, pool: HTTPConnectionPool, tls_policy: Any, pairs: tuple[ConnectTo, ...]) -> None:
        """Take the place of another pool, with its limits and over its factory."""
        super().__init__(pool._reactor, persistent=pool.persistent)  # type: ignore[no-untyped-call]
        self.maxPersistentPerHost = pool.maxPersistentPerHost
        self._factory = _capturing_factory(pool._factory)
        self._tls_policy = tls_policy
        self._pairs = pairs

    def getConnection(self, key: Any, endpoint: Any) -> "Deferred[Any]":  # noqa: N802
        """Return a connection for the running exchange (HTTPConnectionPool)."""
        exchange = _running.get()
        if not exchange.proxied:
            endpoint = self._guard(key, exchange.timeout_seconds)
            exchange.target = endpoint.target
        connected: Deferred[Any] = super().getConnection(key, endpoint)
        return connected.addCallback(_BoundConnection, exchange)

    def _guard(self, key: Any, timeout_seconds: float) -> GuardedEndpoint:
        # Twisted's agent makes the key of scheme, host and port; Scrapy's adds the address to bind to.
        scheme, host, port, bind_address = key
        name = host.decode("ascii")
        return GuardedEndpoint(
            reactor=self._reactor,
            secure=scheme == b"https",
            host=name,
            port=port,
            tls_policy=self._tls_policy,
            pair=next((pair for pair in self._pairs if pair.matches(name)), None),
            timeout_seconds=timeout_seconds,
            bind_address=bind_address,
        )


class _BoundConnection:
    """A connection, new or pooled, that marks the request it is given with its exchange.

    The mark stays when the pool sends the request again because a pooled connection was stale.
    """

    def __init__(self, connection: Any, exchange: Exchange) -> None:
        self._connection = connection
        self._exchange = exchange

    def request(self, request: Any) -> Any:
        request.__class__ = _CapturedRequest
        request.exchange = self._exchange
        return self._connection.request(request)


class _CapturedRequest(WireRequest):
    """A request that copies what it writes."""

    exchange: Exchange

    def writeTo(self, transport: Any) -> Any:  # noqa: N802
        return super().writeTo(_Tee(transport, self.exchange.last))  # type: ignore[no-untyped-call]


class _Tee:
    """A transport as a request sees it: what is written is noted as well."""

    def __init__(self, transport: Any, attempt: Attempt) -> None:
        self._transport = transport
        self._attempt = attempt

    def write(self, data: bytes) -> None:
        self._attempt.note_sent(data)
        self._transport.write(data)

    def writeSequence(self, chunks: list[bytes]) -> None:  # noqa: N802
        self.write(b"".join(chunks))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _TransferDecoders(dict[bytes, Any]):
    """Finds the end of a body under every transfer coding; Twisted knows `chunked` alone, and drops the others."""

    def __missing__(self, codings: bytes) -> Any:
        if codings.rpartition(b",")[2].strip() == b"chunked":
            return _ChunkedTransferDecoder
        # RFC 9112, 6.3: without chunked as the last coding the body goes on until the connection ends.
        return partial(_IdentityTransferDecoder, None)


class _LenientParser(HTTPClientParser):
    """Passes over what a browser would pass over, where Twisted would drop the connection.

    Mixed over whatever parser Scrapy makes.
    """

    MAX_LENGTH = MAX_LINE_BYTES
    _transferDecoders = _TransferDecoders()  # noqa: N815

    def headerReceived(self, name: bytes, value: bytes) -> None:  # noqa: N802
        # Names with blanks, empty ones, or with bytes that no name may have.
        with suppress(InvalidHeaderName):
            super().headerReceived(name.strip(), value)  # type: ignore[no-untyped-call]


@implementer(IHandshakeListener)
class _CapturingProtocol(HTTP11ClientProtocol):
    """Copies what comes in before it is parsed, up to the end of the message.

    Mixed over whatever protocol Scrapy makes.
    """

    transport: Any
    _attempt: Attempt | None = None
    _tls: Tls | None = None

    def request(self, request: Any) -> Any:
        peer = getattr(self.transport.getPeer(), "host", None)
        request.exchange.abort = self.transport.abortConnection
        self._attempt = request.exchange.start_attempt(peer, self._tls, find_verdict(self.transport))
        result = super().request(request)
        if self._parser is not None:
            self._parser.__class__ = _mixed(_LenientParser, type(self._parser))
        return result

    def handshakeCompleted(self) -> None:  # noqa: N802
        handle = self.transport.getHandle()
        self._tls = name_tls(handle.get_protocol_version_name(), handle.get_cipher_name())
        if self._attempt:
            self._attempt.tls = self._tls

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._attempt and not self._attempt.note_received(data):
            self.transport.abortConnection()
            return
        super().dataReceived(data)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        if self._attempt:
            self._attempt.lost = reason.value
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        self._attempt = None

    def _finishResponse(self, rest: bytes) -> None:  # noqa: N802
        if self._attempt:
            self._attempt.note_end(len(rest))
            self._attempt = None
        if rest and self._currentRequest:
            # Bytes that nobody asked for: nothing more is believed on this connection.
            self._currentRequest.persistent = False
        super()._finishResponse(rest)


_mixtures: dict[tuple[type, type], Any] = {}


def _mixed(mixin: type, made: type) -> Any:
    """Return the class that has both, the same one each time."""
    if (mixin, made) not in _mixtures:
        _mixtures[mixin, made] = type(f"{mixin.__name__}{made.__name__}", (mixin, made), {})
    return _mixtures[mixin, made]


def _capturing_factory(base: Any) -> Any:
    class CapturingFactory(base):  # type: ignore[misc]
        def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
            protocol = super().buildProtocol(addr)
            protocol.__class__ = _mixed(_CapturingProtocol, type(protocol))
            return protocol

    return CapturingFactory


def check_capturing() -> None:
    """Raise CrawlerError, one line, where captures cannot be made with this Scrapy or Twisted."""
    check_hooks()
    # Scrapy's pool makes its protocols with this one.
    base = getattr(http11, "_LenientHTTP11ClientFactory", _HTTP11ClientFactory)
    rehearse(_capturing_factory(base), _BoundConnection)
