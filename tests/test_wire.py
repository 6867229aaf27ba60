"""Captures are the bytes on the wire: a raw server says what it saw and sent, a crawl says what it captured."""

import base64
import gzip
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.web._newclient import HTTP11ClientProtocol

from crawler.errors import CrawlerError
from crawler.fetching.exchange import iana_name, name_tls, strip_interim
from crawler.fetching.wire import check_hooks
from tests.raw_server import RawServer, Reply

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
    "mute": whole(then="close"),
    "fragment": whole(sized(PAGE)),
    "sink": whole(sized(PAGE)),
    "proxied": whole(sized(PAGE)),
    "secret": whole(sized(PAGE)),
}
CASES = WHOLE | BROKEN | SPECIAL


@dataclass(frozen=True, kw_only=True)
class Crawled:
    """What a crawl told, and the server it asked."""

    server: RawServer
    captures: dict[str, list[dict[str, Any]]]
    results: dict[str, dict[str, Any]]
    stats: dict[str, Any]

    def capture(self, key: str) -> dict[str, Any]:
        """Return the one capture of a request."""
        (capture,) = self.captures[key]
        return capture


def order(key: str, url: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "url": url, **fields}


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
        order("mute", "http://mute.http4.test/"),
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


def make_certificate(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a certificate that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.test")])
    names = [x509.DNSName("*.test"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def run_crawl(orders: list[dict[str, Any]], pairs: list[str], *, sink: bool = True) -> list[dict[str, Any]]:
    """Run a crawl in a process of its own, and return its events."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.wire_crawl"],
        input=json.dumps({"orders": orders, "connect_to": pairs, "sink": sink}).encode(),
        env=clean,
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """All cases, in one crawl."""
    context = make_certificate(tmp_path_factory.mktemp("tls"))
    with RawServer({name: case.reply for name, case in CASES.items()}, context) as server:
        events = run_crawl(list_orders(server), list_pairs(server))
        captures: dict[str, list[dict[str, Any]]] = {}
        for event in events:
            if event["event"] == "capture":
                captures.setdefault(event["key"], []).append(event)
        yield Crawled(
            server=server,
            captures=captures,
            results={event["key"]: event for event in events if event["event"] in {"response", "error"}},
            stats=next(event for event in events if event["event"] == "stats"),
        )


def sent(capture: dict[str, Any]) -> bytes:
    return base64.b64decode(capture["request"])


def got(capture: dict[str, Any]) -> bytes:
    return base64.b64decode(capture["response"])


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_exchange_is_captured_to_the_byte(crawled: Crawled, transport: str, name: str) -> None:
    capture = crawled.capture(f"{transport}/{name}")
    assert [sent(capture)] == crawled.server.requests[f"{transport}/{name}"]
    assert got(capture) == CASES[name].response
    assert (capture["truncated"], capture["failure"]) == (None, None)
    assert crawled.results[f"{transport}/{name}"]["event"] == "response"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_exchange_keeps_what_came_and_says_why_it_ended(crawled: Crawled, transport: str, name: str) -> None:
    capture = crawled.capture(f"{transport}/{name}")
    assert [sent(capture)] == crawled.server.requests[f"{transport}/{name}"]
    assert got(capture)
    assert CASES[name].response.startswith(got(capture))
    assert (capture["truncated"], capture["failure"]) == TRUNCATED[name]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", ["cut", "cut-chunks", "cut-head", "reset", "slow"])
def test_a_cut_response_loses_no_byte_that_was_sent(crawled: Crawled, transport: str, name: str) -> None:
    assert got(crawled.capture(f"{transport}/{name}")) == CASES[name].response


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", ERRORS)
def test_scrapy_gets_its_usual_error_for_a_broken_exchange(crawled: Crawled, transport: str, name: str) -> None:
    assert crawled.results[f"{transport}/{name}"]["type"] == ERRORS[name]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_body_that_ends_with_a_reset_is_truncated_though_scrapy_takes_it(crawled: Crawled, transport: str) -> None:
    assert crawled.results[f"{transport}/reset"]["status"] == 200
    assert crawled.capture(f"{transport}/reset")["truncated"] == "disconnect"


@pytest.mark.parametrize(
    ("key", "ip", "protocols", "cipher"),
    [
        ("http4/plain", "127.0.0.1", ["http/1.1"], None),
        ("http6/plain", "::1", ["http/1.1"], None),
        ("http4/http-1-0", "127.0.0.1", ["http/1.0"], None),
        ("https4/plain", "127.0.0.1", ["http/1.1", "tls/1.3"], "TLS_AES_256_GCM_SHA384"),
        ("https6/http-1-0", "::1", ["http/1.0", "tls/1.3"], "TLS_AES_256_GCM_SHA384"),
        ("stale-tls-2", "127.0.0.1", ["http/1.1", "tls/1.3"], "TLS_AES_256_GCM_SHA384"),
    ],
)
def test_a_capture_names_the_peer_and_the_protocols(
    crawled: Crawled, key: str, ip: str, protocols: list[str], cipher: str | None
) -> None:
    capture = crawled.capture(key)
    assert (capture["ip"], capture["protocols"], capture["cipher"]) == (ip, protocols, cipher)


def test_a_capture_says_when_it_began_and_how_long_it_took(crawled: Crawled) -> None:
    capture = crawled.capture("http4/slow")
    assert datetime.fromisoformat(capture["started_at"]).utcoffset() == timedelta(0)
    assert 1.0 <= capture["seconds"] < 10


@pytest.mark.parametrize(("name", "transport"), [("stale", "http4"), ("stale-tls", "https4")])
def test_a_request_sent_again_over_a_new_connection_is_one_capture(crawled: Crawled, name: str, transport: str) -> None:
    first, lost, again = crawled.server.requests[f"{transport}/stale"]
    assert sent(crawled.capture(f"{name}-1")) == first
    assert sent(crawled.capture(f"{name}-2")) == lost == again
    assert got(crawled.capture(f"{name}-2")) == CASES["stale"].response
    assert crawled.stats["capture/resent"] == 2


def test_a_url_is_captured_without_its_fragment(crawled: Crawled) -> None:
    assert crawled.capture("fragment")["url"] == "http://fragment.http4.test/x"


@pytest.mark.parametrize(
    ("key", "request_is_kept", "failure"),
    [
        ("mute", True, "disconnect: the connection ended before the response did"),
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
    assert capture["failure"] == failure
    assert (bool(sent(capture)), got(capture), capture["truncated"]) == (request_is_kept, b"", None)
    assert crawled.results[key]["event"] == "error"


def test_a_name_that_resolves_to_loopback_is_refused(crawled: Crawled) -> None:
    failure = crawled.capture("loopback-name")["failure"]
    assert failure.startswith("refused: localhost resolves to ")
    assert failure.endswith(", which is not a public address (name it with --connect-to to allow it)")
    assert crawled.results["loopback-name"]["type"] == "RefusedAddressError"


def test_a_refused_host_is_not_even_connected_to(crawled: Crawled) -> None:
    keys = {key for key in crawled.server.requests if key.startswith(("http4/127", "http4/localhost", "http6/["))}
    assert not keys


def test_what_the_sink_raises_takes_the_place_of_the_response(crawled: Crawled) -> None:
    assert crawled.results["sink"]["type"] == "RuntimeError"
    assert crawled.results["sink"]["message"] == "the sink is full"
    assert got(crawled.capture("sink")) == CASES["sink"].response


def test_a_request_through_a_proxy_is_stored_without_its_credentials(crawled: Crawled) -> None:
    capture = crawled.capture("proxied")
    (seen,) = crawled.server.requests["http4/proxied"]
    secret = base64.b64encode(b"crawler:secret")
    assert seen.startswith(b"GET http://proxied.test/p HTTP/1.1\r\n")
    assert sent(capture) == seen.replace(b"Basic " + secret, b"(left out)")
    assert secret not in sent(capture)
    assert (got(capture), capture["ip"]) == (CASES["proxied"].response, None)


def test_a_request_through_a_tunnel_is_stored_as_the_origin_saw_it(crawled: Crawled) -> None:
    capture = crawled.capture("tunnelled")
    assert [sent(capture)] == crawled.server.requests["http4/secret"]
    assert (got(capture), capture["ip"]) == (CASES["secret"].response, None)
    assert capture["protocols"] == ["http/1.1", "tls/1.3"]


def test_every_request_is_captured_once(crawled: Crawled) -> None:
    keys = {order["key"] for order in list_orders(crawled.server)}
    assert {key: len(captures) for key, captures in crawled.captures.items()} == dict.fromkeys(keys, 1)
    assert crawled.results.keys() == keys
    assert "capture/uncaptured" not in crawled.stats


def test_a_spider_without_a_sink_is_told_how_to_set_one() -> None:
    (error,) = [event for event in run_crawl([order("a", "http://a.test/")], [], sink=False) if "message" in event]
    assert error["type"] == "CrawlerError"
    assert "set spider.capture_sink to a callable" in error["message"]


def test_a_twisted_without_the_hooks_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(HTTP11ClientProtocol, "_finishResponse")
    with pytest.raises(CrawlerError, match=r"^captures cannot .* HTTP11ClientProtocol has no _finishResponse;.*$"):
        check_hooks()


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


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
        ("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("DHE-RSA-AES128-SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
        ("ECDHE-ECDSA-AES128-CCM8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
        ("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("PSK-NULL-SHA", None),
    ],
)
def test_a_cipher_suite_bears_its_iana_name(suite: str, name: str | None) -> None:
    assert iana_name(suite) == name


def test_a_tls_version_is_written_as_in_warc_protocol() -> None:
    versions = [name_tls(version, None).protocol for version in ("TLSv1.3", "TLSv1", "SSLv3")]
    assert versions == ["tls/1.3", "tls/1.0", "ssl/3"]
