"""Captures are the bytes on the wire: a raw server says what it saw and sent, a crawl says what it captured."""

import base64
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.capture import Capture
from crawler.fetching.exchange import strip_interim
from tests.certificates import LOOPBACK, Issued, dns
from tests.raw_server import RawServer, Reply
from tests.wire_run import WireRun, order, run_wire

TRANSPORTS = ("http4", "https4", "http6", "https6")
PAGE = "<html><body><h1>南京长江大桥亮灯迎新年</h1></body></html>".encode("gb18030")
BINARY = bytes(range(256)) * 3
LONG = b"x" * 1_000_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """One exchange; `expected` is the block to be captured, where it is not all that was sent."""

    reply: Reply
    expected: bytes | None = None
    order: dict[str, Any] = field(default_factory=dict)

    @property
    def response(self) -> bytes:
        return b"".join(self.reply.pieces) if self.expected is None else self.expected


def whole(*pieces: bytes, then: str = "keep", expected: bytes | None = None, **order: Any) -> Case:
    return Case(reply=Reply(pieces=pieces, then=then), expected=expected, order=order)


def head(*lines: bytes) -> bytes:
    return b"\r\n".join((*lines, b"", b""))


def sized(body: bytes, *lines: bytes) -> bytes:
    return head(b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *lines) + body


def chunks(body: bytes, *sizes: int, extension: bytes = b"") -> bytes:
    out, start = b"", 0
    for size in (*sizes, len(body) - sum(sizes)):
        out += b"%x%s\r\n%s\r\n" % (size, extension, body[start : start + size])
        start += size
    return out + b"0\r\n"


CHUNKED = head(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked")
ZIPPED = gzip.compress(PAGE * 20, mtime=0)
BYTEWISE = sized(PAGE, b"X-Slow:  yes")

WHOLE = {
    "plain": whole(sized(PAGE, b"Content-Type: text/html")),
    "gzip-chunks": whole(
        head(b"HTTP/1.1 200 OK", b"Content-Encoding: gzip", b"Transfer-Encoding: chunked"),
        chunks(ZIPPED, 1, 7, 30) + b"\r\n",
    ),
    "chunk-extensions": whole(CHUNKED, chunks(PAGE, 5, extension=b';note="a b"') + b"\r\n"),
    "upper-case-chunk-sizes": whole(CHUNKED, b"00A\r\n0123456789\r\n0\r\n\r\n"),
    "trailers": whole(CHUNKED, chunks(PAGE, 9) + b"X-Checksum: abc\r\nExpires: never\r\n\r\n"),
    "mixed-case": whole(sized(PAGE, b"sErVeR: nginx", b"X-UPPER:no space", b"x-tab:\tone\t")),
    "repeated": whole(sized(PAGE, b"Set-Cookie: b=2", b"X-A: 1", b"Set-Cookie: a=1", b"x-a: 2")),
    "folded": whole(sized(PAGE, b"X-Folded: one", b"  two", b"\tthree")),
    "no-colon": whole(sized(PAGE, b"this line has no colon", b"X-A: 1")),
    "lf-only": whole(b"HTTP/1.1 200 OK\nContent-Length: 4\nX-A: 1\n\nbody"),
    "latin-1-reason": whole(b"HTTP/1.1 200 D\xe9j\xe0 vu\r\nContent-Length: 2\r\n\r\nok"),
    "no-reason": whole(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"),
    "empty-reason": whole(b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
    "http-1-0": whole(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE, then="close"),
    "until-close": whole(head(b"HTTP/1.1 200 OK", b"Connection: close") + PAGE, then="close"),
    "moved": whole(head(b"HTTP/1.1 301 Moved", b"Location: /elsewhere", b"Content-Length: 3") + b"go!"),
    "not-modified": whole(head(b"HTTP/1.1 304 Not Modified", b'ETag: "1"')),
    "no-content": whole(head(b"HTTP/1.1 204 No Content", b"X-A: 1")),
    "head": whole(head(b"HTTP/1.1 200 OK", b"Content-Length: 5000"), method="HEAD"),
    "post": whole(sized(b"thanks"), method="POST", body=base64.b64encode(BINARY).decode("ascii")),
    "gone": whole(head(b"HTTP/1.1 404 Not Found", b"Content-Length: 4") + b"gone"),
    "unavailable": whole(head(b"HTTP/1.1 503 Busy", b"Retry-After: 5", b"Content-Length: 4") + b"busy"),
    "early-hints": whole(
        head(b"HTTP/1.1 103 Early Hints", b"Link: </a.css>; rel=preload"),
        head(b"HTTP/1.1 100 Continue"),
        sized(PAGE, b"X-A: 1"),
        expected=sized(PAGE, b"X-A: 1"),
    ),
    "empty": whole(sized(b"")),
    "surplus": whole(sized(PAGE) + b"HTTP/1.1 200 OK\r\n\r\nnot asked for", expected=sized(PAGE)),
    "surplus-chunked": whole(CHUNKED + chunks(PAGE) + b"\r\nsurplus", expected=CHUNKED + chunks(PAGE) + b"\r\n"),
    "surplus-bodiless": whole(
        head(b"HTTP/1.1 304 Not Modified") + b"surplus", expected=head(b"HTTP/1.1 304 Not Modified")
    ),
    "bytewise": whole(*(BYTEWISE[i : i + 1] for i in range(len(BYTEWISE)))),
    "bytewise-chunks": whole(*(bytes([byte]) for byte in CHUNKED + chunks(PAGE, 3) + b"\r\n")),
    "long-line": whole(sized(PAGE, b"X-Long: " + b"y" * 20_000)),
    "large": whole(sized(LONG)),
    "large-chunks": whole(CHUNKED, chunks(LONG, 300_000, 5) + b"\r\n"),
    "no-chunks": whole(CHUNKED + b"0\r\n\r\n"),
    "gzip-transfer": whole(head(b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip, chunked"), chunks(ZIPPED, 9) + b"\r\n"),
    "gzip-transfer-until-close": whole(head(b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip") + ZIPPED, then="close"),
    "chunks-and-length": whole(
        head(b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Transfer-Encoding: chunked"), chunks(PAGE, 3) + b"\r\n"
    ),
    "deflate": whole(sized(zlib.compress(PAGE), b"Content-Encoding: deflate")),
    "unknown-coding": whole(sized(BINARY, b"Content-Encoding: x-odd")),
    "not-gzip": whole(sized(PAGE, b"Content-Encoding: gzip")),
    "http-1-0-keep": whole(
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
    ),
    "odd-headers": whole(sized(PAGE, b"X-Nul: a\0b", b"X-Space : 1", b": no name", b"X-Empty:", b"X-\xd6: \xd0\xc2")),
    "odd-status": whole(head(b"HTTP/1.1 999 Request denied", b"Content-Length: 2") + b"no"),
    "reset-content": whole(head(b"HTTP/1.1 205 Reset Content", b"Content-Length: 0")),
    "not-modified-length": whole(head(b"HTTP/1.1 304 Not Modified", b"Content-Length: 5000")),
    "head-moved": whole(head(b"HTTP/1.1 302 Found", b"Location: /b", b"Content-Length: 9"), method="HEAD"),
    "head-chunked": whole(CHUNKED, method="HEAD"),
    "empty-post": whole(sized(b"thanks"), method="POST"),
    "repeated-request": whole(sized(PAGE), headers={"X-Asked": ["b", "a"], "Host": "repeated-request.other.test"}),
}
BROKEN = {
    "cut": whole(head(b"HTTP/1.1 200 OK", b"Content-Length: 5000") + PAGE, then="close"),
    "cut-chunks": whole(CHUNKED + b"ff\r\n" + PAGE, then="close"),
    "cut-head": whole(b"HTTP/1.1 200 OK\r\nContent-Le", then="close"),
    "reset": whole(head(b"HTTP/1.1 200 OK") + PAGE, then="reset"),
    "slow": whole(
        head(b"HTTP/1.1 200 OK", b"Content-Length: 5000") + PAGE, then="hold", meta={"download_timeout": 1.0}
    ),
    "too-long": whole(sized(LONG), meta={"download_maxsize": 10_000}),
    "too-long-chunks": whole(CHUNKED, chunks(LONG, 300_000) + b"\r\n", meta={"download_maxsize": 10_000}),
    "bad-chunk": whole(CHUNKED + b"4\r\nbodyzz\r\n", then="hold"),
    "slow-chunks": whole(CHUNKED + b"ff\r\n" + PAGE, then="hold", meta={"download_timeout": 1.0}),
    "slow-head": whole(b"HTTP/1.1 200 OK\r\nX-A", then="hold", meta={"download_timeout": 1.0}),
    "cut-trailers": whole(CHUNKED + chunks(PAGE, 3) + b"X-Checksum: a", then="close"),
    "cut-last-line": whole(CHUNKED + chunks(PAGE, 3), then="close"),
    "cut-before-body": whole(head(b"HTTP/1.1 200 OK", b"Content-Length: 5000"), then="close"),
    "two-lengths": whole(head(b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Content-Length: 6") + b"fiver"),
    "odd-length": whole(head(b"HTTP/1.1 200 OK", b"Content-Length: five") + b"fiver"),
    "no-http": whole(b"SSH-2.0-OpenSSH_9.9\r\n", then="hold"),
    "lf-chunks": whole(CHUNKED + b"4\nbody\n0\n\n", then="hold", meta={"download_timeout": 1.0}),
    "endless-chunk": whole(CHUNKED + b"F" * 17 + b"\r\n" + PAGE, then="close"),
    "endless-length": whole(head(b"HTTP/1.1 200 OK", b"Content-Length: " + b"9" * 5000) + PAGE, then="close"),
    "odd-chunk-size": whole(CHUNKED + b"body\r\nbody\r\n", then="hold"),
    "stopped": whole(head(b"HTTP/1.1 200 OK", b"Content-Length: 5000") + PAGE, then="hold", meta={"meddle": "stop"}),
    "stopped-quietly": whole(
        head(b"HTTP/1.1 200 OK", b"Content-Length: 5000") + PAGE, then="hold", meta={"meddle": "stop_quietly"}
    ),
    "cancelled": whole(CHUNKED + b"2\r\nok\r\n", then="hold", meta={"meddle": "cancel"}),
    "endless-head": whole(b"HTTP/1.1 200 OK\r\n", *[b"X-A: 1\r\n" * 30_000] * 8, meta={"download_maxsize": 100}),
}
TRUNCATED = {
    "cut": ("disconnect", "disconnect: the connection ended before the response did"),
    "cut-chunks": ("disconnect", "disconnect: the connection ended before the response did"),
    "cut-head": ("disconnect", "disconnect: the connection ended before the response did"),
    "reset": ("disconnect", "disconnect: the connection ended before the response did"),
    "slow": ("time", "timeout after 1 s"),
    "too-long": ("length", "length: the response is longer than the limit"),
    "too-long-chunks": ("length", "length: the response is longer than the limit"),
    "bad-chunk": ("unspecified", "malformed response: _MalformedChunkedDataError: Chunk did not end with CRLF"),
    "slow-chunks": ("time", "timeout after 1 s"),
    "slow-head": ("time", "timeout after 1 s"),
    "cut-trailers": ("disconnect", "disconnect: the connection ended before the response did"),
    "cut-last-line": ("disconnect", "disconnect: the connection ended before the response did"),
    "cut-before-body": ("disconnect", "disconnect: the connection ended before the response did"),
    "two-lengths": (
        "unspecified",
        "malformed response: ValueError: Invalid response: conflicting Content-Length headers: b'5,6'",
    ),
    "odd-length": ("unspecified", "malformed response: ValueError: Value contains non-decimal digits: b'five'"),
    "no-http": ("unspecified", "malformed response: ParseError: ('wrong number of parts', b'SSH-2.0-OpenSSH_9.9')"),
    "lf-chunks": ("time", "timeout after 1 s"),
    "endless-chunk": ("disconnect", "disconnect: the connection ended before the response did"),
    "endless-length": (
        "unspecified",
        "malformed response: ValueError: Exceeds the limit (4300 digits) for integer string conversion: value has"
        " 5000 digits; use sys.set_int_max_str_digits() to increase the limit",
    ),
    "odd-chunk-size": (
        "unspecified",
        "malformed response: _MalformedChunkedDataError: Chunk-size must be an integer.",
    ),
    "stopped": ("unspecified", "stopped before the response ended"),
    "stopped-quietly": ("unspecified", "stopped before the response ended"),
    "cancelled": ("unspecified", "stopped before the response ended"),
    "endless-head": ("length", "length: more than 1048776 bytes came"),
}
ERRORS = {
    "cut": "ResponseDataLossError",
    "cut-chunks": "ResponseDataLossError",
    "cut-head": "DownloadFailedError",
    "slow": "DownloadTimeoutError",
    "too-long": "DownloadCancelledError",
    "too-long-chunks": "DownloadCancelledError",
    "bad-chunk": "ResponseDataLossError",
    "endless-head": "DownloadFailedError",
}
SPECIAL = {
    "stale": Case(reply=Reply(pieces=(sized(PAGE),), once=True)),
    "stale-post": Case(reply=Reply(pieces=(sized(PAGE),), once=True)),
    "mute": whole(then="close"),
    "silent": whole(then="hold"),
    "hints-alone": whole(head(b"HTTP/1.1 103 Early Hints"), then="close"),
    "deaf": whole(sized(PAGE)),
    "fragment": whole(sized(PAGE)),
    "sink": whole(sized(PAGE)),
    "proxied": whole(sized(PAGE)),
    "secret": whole(sized(PAGE)),
}
CASES = WHOLE | BROKEN | SPECIAL


def list_orders(server: RawServer) -> list[dict[str, Any]]:
    orders = [
        order(f"{transport}/{name}", f"{transport[:-1]}://{name}.{transport}.test/a?b=c", **case.order)
        for transport in TRANSPORTS
        for name, case in (WHOLE | BROKEN).items()
    ]
    proxy = f"http://crawler:secret@{server.addresses['http4']}"
    return [
        *orders,
        order("stale-1", "http://stale.http4.test/1"),
        order("stale-2", "http://stale.http4.test/2"),
        order("stale-tls-1", "https://stale.https4.test/1"),
        order("stale-tls-2", "https://stale.https4.test/2"),
        order("fragment", "http://fragment.http4.test/x#part"),
        order("stale-post-1", "http://stale-post.http4.test/1"),
        order("stale-post-2", "http://stale-post.http4.test/2", method="POST", body="YQ=="),
        order("mute", "http://mute.http4.test/"),
        order("silent", "http://silent.http4.test/", meta={"download_timeout": 1.0}),
        order("hints-alone", "http://hints-alone.http4.test/"),
        order("sink", "http://sink.http4.test/", meta={"sink_fails": True}),
        order("refused", "http://refused.test/"),
        order("unknown", "http://nowhere.invalid/"),
        order("no-tls", "https://notls.test/"),
        order("proxied", "http://proxied.test/p", meta={"proxy": proxy}),
        order("tunnelled", "https://secret.test/t", meta={"proxy": proxy}),
        order("loopback-4", f"http://{server.addresses['http4']}/"),
        order("loopback-6", f"http://{server.addresses['http6']}/"),
        order("loopback-name", f"http://localhost:{server.addresses['http4'].rpartition(':')[2]}/"),
        order("private", "http://10.0.0.1/"),
    ]


def list_pairs(server: RawServer) -> list[str]:
    pairs = [f"*.{transport}.test:{address}" for transport, address in server.addresses.items()]
    return [*pairs, "refused.test:127.0.0.1:1", f"notls.test:{server.addresses['http4']}"]


@dataclass(frozen=True, kw_only=True)
class Crawled:
    """What a crawl stored, and the server it asked."""

    server: RawServer
    run: WireRun

    def capture(self, key: str) -> Capture:
        """Return the one capture of a request, as it is read back from the WARC file."""
        return self.run.capture(key)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """All cases, in one crawl."""
    folder = tmp_path_factory.mktemp("wire")
    authority = Issued.authority("Sample Root")
    names = (*dns(*(f"*.{transport}.test" for transport in TRANSPORTS), "secret.test"), *LOOPBACK)
    context = Issued.server(*names, by=authority).context(folder)
    with RawServer({name: case.reply for name, case in CASES.items()}, context) as server:
        run = run_wire(folder, list_orders(server), list_pairs(server), trusted=authority)
        yield Crawled(server=server, run=run)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_exchange_is_captured_to_the_byte(crawled: Crawled, transport: str, name: str) -> None:
    capture = crawled.capture(f"{transport}/{name}")
    assert [capture.request] == crawled.server.requests[f"{transport}/{name}"]
    assert capture.response == CASES[name].response
    assert (capture.truncated, capture.failure) == (None, None)
    assert crawled.run.results[f"{transport}/{name}"]["event"] == "response"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_exchange_keeps_what_came_and_says_why_it_ended(crawled: Crawled, transport: str, name: str) -> None:
    capture = crawled.capture(f"{transport}/{name}")
    assert [capture.request] == crawled.server.requests[f"{transport}/{name}"]
    assert capture.response
    assert CASES[name].response.startswith(capture.response)
    assert (capture.truncated, capture.failure) == TRUNCATED[name]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", ["cut", "cut-chunks", "cut-head", "reset", "slow"])
def test_a_cut_response_loses_no_byte_that_was_sent(crawled: Crawled, transport: str, name: str) -> None:
    assert crawled.capture(f"{transport}/{name}").response == CASES[name].response


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", ERRORS)
def test_scrapy_gets_its_usual_error_for_a_broken_exchange(crawled: Crawled, transport: str, name: str) -> None:
    assert crawled.run.results[f"{transport}/{name}"]["type"] == ERRORS[name]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_body_that_ends_with_a_reset_is_truncated_though_scrapy_takes_it(crawled: Crawled, transport: str) -> None:
    assert crawled.run.results[f"{transport}/reset"]["status"] == 200
    assert crawled.capture(f"{transport}/reset").truncated == "disconnect"


@pytest.mark.parametrize(
    ("key", "ip", "protocols", "cipher"),
    [
        ("http4/plain", "127.0.0.1", ("http/1.1",), None),
        ("http6/plain", "::1", ("http/1.1",), None),
        ("http4/http-1-0", "127.0.0.1", ("http/1.0",), None),
        ("https4/plain", "127.0.0.1", ("http/1.1", "tls/1.3"), "TLS_AES_256_GCM_SHA384"),
        ("https6/http-1-0", "::1", ("http/1.0", "tls/1.3"), "TLS_AES_256_GCM_SHA384"),
        ("stale-tls-2", "127.0.0.1", ("http/1.1", "tls/1.3"), "TLS_AES_256_GCM_SHA384"),
    ],
)
def test_a_capture_names_the_peer_and_the_protocols(
    crawled: Crawled, key: str, ip: str, protocols: tuple[str, ...], cipher: str | None
) -> None:
    capture = crawled.capture(key)
    assert (capture.ip, capture.protocols, capture.cipher) == (ip, protocols, cipher)


def test_a_capture_says_when_it_began_and_how_long_it_took(crawled: Crawled) -> None:
    capture = crawled.capture("http4/slow")
    assert capture.started_at.utcoffset() == timedelta(0)
    assert 1.0 <= capture.seconds < 10


@pytest.mark.parametrize(("name", "transport"), [("stale", "http4"), ("stale-tls", "https4")])
def test_a_request_sent_again_over_a_new_connection_is_one_capture(crawled: Crawled, name: str, transport: str) -> None:
    first, lost, again = crawled.server.requests[f"{transport}/stale"]
    assert crawled.capture(f"{name}-1").request == first
    assert crawled.capture(f"{name}-2").request == lost == again
    assert crawled.capture(f"{name}-2").response == CASES["stale"].response
    assert crawled.run.stats["capture/resent"] == 2


def test_a_url_is_captured_without_its_fragment(crawled: Crawled) -> None:
    assert crawled.capture("fragment").url == "http://fragment.http4.test/x"


@pytest.mark.parametrize(
    ("key", "request_is_kept", "failure"),
    [
        ("mute", True, "disconnect: the connection ended before the response did"),
        ("silent", True, "timeout after 1 s"),
        ("hints-alone", True, "disconnect: the connection ended before the response did"),
        ("stale-post-2", True, "disconnect: the connection ended before the response did"),
        ("refused", False, "connect: 127.0.0.1:1 refused"),
        ("unknown", False, "dns: no address for nowhere.invalid"),
        ("no-tls", False, "tls: notls.test: wrong version number"),
        ("loopback-4", False, "refused: 127.0.0.1 is not a public address (name it with --connect-to to allow it)"),
        ("loopback-6", False, "refused: ::1 is not a public address (name it with --connect-to to allow it)"),
        ("private", False, "refused: 10.0.0.1 is not a public address (name it with --connect-to to allow it)"),
    ],
)
def test_a_failure_without_a_response_is_told_in_one_line(
    crawled: Crawled, key: str, request_is_kept: bool, failure: str
) -> None:
    capture = crawled.capture(key)
    assert capture.failure == failure
    assert (bool(capture.request), capture.response, capture.truncated) == (request_is_kept, b"", None)
    assert crawled.run.results[key]["event"] == "error"


def test_a_name_that_resolves_to_loopback_is_refused(crawled: Crawled) -> None:
    failure = crawled.capture("loopback-name").failure
    assert failure.startswith("refused: localhost resolves to ")
    assert failure.endswith(", which is not a public address (name it with --connect-to to allow it)")
    assert crawled.run.results["loopback-name"]["type"] == "RefusedAddressError"


def test_a_refused_host_is_not_even_connected_to(crawled: Crawled) -> None:
    keys = {key for key in crawled.server.requests if key.startswith(("http4/127", "http4/localhost", "http6/["))}
    assert not keys


def test_what_the_sink_raises_takes_the_place_of_the_response(crawled: Crawled) -> None:
    assert crawled.run.results["sink"]["type"] == "RuntimeError"
    assert crawled.run.results["sink"]["message"] == "the sink is full"
    assert crawled.capture("sink").response == CASES["sink"].response


def test_a_request_through_a_proxy_is_stored_without_its_credentials(crawled: Crawled) -> None:
    capture = crawled.capture("proxied")
    (seen,) = crawled.server.requests["http4/proxied"]
    secret = base64.b64encode(b"crawler:secret")
    assert seen.startswith(b"GET http://proxied.test/p HTTP/1.1\r\n")
    assert capture.request == seen.replace(b"Basic " + secret, b"(left out)")
    assert secret not in capture.request
    assert (capture.response, capture.ip) == (CASES["proxied"].response, None)


def test_a_request_through_a_tunnel_is_stored_as_the_origin_saw_it(crawled: Crawled) -> None:
    capture = crawled.capture("tunnelled")
    assert [capture.request] == crawled.server.requests["http4/secret"]
    assert (capture.response, capture.ip) == (CASES["secret"].response, None)
    assert capture.protocols == ("http/1.1", "tls/1.3")


def test_every_request_is_captured_once(crawled: Crawled) -> None:
    keys = {order["key"] for order in list_orders(crawled.server)}
    assert {key: len(captures) for key, captures in crawled.run.captures.items()} == dict.fromkeys(keys, 1)
    assert crawled.run.results.keys() == keys
    assert "capture/uncaptured" not in crawled.run.stats


def test_a_spider_without_a_sink_is_told_how_to_set_one(tmp_path: Path) -> None:
    run = run_wire(tmp_path, [order("a", "http://a.test/")], [], sink=False)
    assert run.results["a"]["type"] == "CrawlerError"
    assert "set spider.capture_sink to a callable" in run.results["a"]["message"]


def test_a_response_that_was_not_captured_is_counted_and_recorded_as_a_failure(
    crawled: Crawled, tmp_path: Path
) -> None:
    pair = f"*.test:{crawled.server.addresses['http4']}"
    run = run_wire(tmp_path, [order("deaf", "http://deaf.test/")], [pair], handler="DeafHandler")
    capture = run.capture("deaf")
    assert run.results["deaf"]["event"] == "response"
    assert run.stats["capture/uncaptured"] == 1
    assert "http://deaf.test/: a response came back, but none of its bytes was captured" in run.log
    assert (capture.response, capture.failure) == (
        b"",
        "not captured: a response came back, but none of its bytes was seen",
    )


@pytest.mark.parametrize(
    ("block", "rest"),
    [
        (b"HTTP/1.1 103 Early Hints\nLink: a\n\nHTTP/1.1 200 OK\n\n", b"HTTP/1.1 200 OK\n\n"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n", b""),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 100 Continue", b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 100 Continue"),
    ],
)
def test_interim_responses_are_cut_off_the_front_alone(block: bytes, rest: bytes) -> None:
    assert strip_interim(block) == rest
