"""The places where capturing holds on to Scrapy and Twisted, and the checks at start-up that they still hold."""

from collections.abc import Callable, Iterable
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import LineReceiver
from twisted.web._newclient import HTTP11ClientProtocol, HTTPClientParser
from twisted.web._newclient import Request as WireRequest
from twisted.web.client import HTTPConnectionPool, _HTTP11ClientFactory
from twisted.web.http_headers import Headers

from archive.capture import Capture
from crawler.errors import CrawlerError
from crawler.fetching.exchange import Exchange

Hook = tuple[type, tuple[str, ...]]

HOOKS: tuple[Hook, ...] = (
    (HTTP11DownloadHandler, ("download_request",)),
    (HTTPConnectionPool, ("getConnection", "_newConnection", "_factory", "maxPersistentPerHost")),
    (_HTTP11ClientFactory, ("buildProtocol",)),
    (
        HTTP11ClientProtocol,
        ("request", "dataReceived", "connectionLost", "_finishResponse", "_parser", "_currentRequest"),
    ),
    (HTTPClientParser, ("dataReceived", "headerReceived", "_transferDecoders")),
    (LineReceiver, ("MAX_LENGTH",)),
    (WireRequest, ("writeTo",)),
)
REHEARSED = b"HTTP/1.1 200 OK\r\nx-Case:  kept\r\nTransfer-Encoding: chunked\r\n\r\n2;n=1\r\nok\r\n0\r\n\r\n"


def check_hooks(hooks: Iterable[Hook] = HOOKS) -> None:
    """Raise CrawlerError, one line, where Scrapy or Twisted lacks what capturing holds on to."""
    for owner, names in hooks:
        missing = [name for name in names if not hasattr(owner, name)]
        if missing:
            raise broken(f"{owner.__name__} has no {', '.join(missing)}")


def rehearse(make_factory: Callable[..., Any], bind: Callable[[Any, Exchange], Any]) -> None:
    """Run one made-up exchange over no network; raise CrawlerError where it is not captured to the byte.

    `make_factory` is the pool's factory of protocols, `bind` what ties a connection to an exchange.
    """
    exchange = Exchange(Request("http://rehearsal.invalid/"), 0)
    transport = StringTransport()  # type: ignore[no-untyped-call]
    try:
        protocol = make_factory(lambda _: None, "rehearsal").buildProtocol(None)
        protocol.makeConnection(transport)
        host = Headers({b"Host": [b"rehearsal.invalid"]})
        request = WireRequest(b"GET", b"/", host, None, persistent=True)  # type: ignore[no-untyped-call]
        bind(protocol, exchange).request(request).addErrback(lambda _: None)
        protocol.dataReceived(REHEARSED[:50])
        protocol.dataReceived(REHEARSED[50:] + b"surplus")
    except (AttributeError, TypeError) as error:
        raise broken(f"a rehearsed exchange failed ({error})") from error
    _compare(exchange.finish(None), transport.value())  # type: ignore[no-untyped-call]


def broken(why: str) -> CrawlerError:
    """Return the error for a Scrapy or Twisted that is not as capturing needs it."""
    return CrawlerError(
        f"captures cannot be made with this Scrapy or Twisted: {why}; install the versions of constraints.txt"
    )


def _compare(capture: Capture, sent: bytes) -> None:
    if not sent or capture.request != sent:
        raise broken(f"a rehearsed request of {len(sent)} bytes was captured as {len(capture.request)}")
    if capture.response != REHEARSED:
        raise broken(f"a rehearsed response of {len(REHEARSED)} bytes was captured as {len(capture.response)}")
    if capture.failure:
        raise broken("a rehearsed response is not known to be whole")
