"""Certificates are checked, a bad one ends the exchange or is noted, and what was agreed on bears its usual names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from ssl import SSLContext, TLSVersion

import pytest
from cryptography import x509

from archive.capture import Certificate
from archive.reader import read_records
from crawler.fetching.tls import iana_name, name_tls
from crawler.health.runs import Finding, RunSummary, read_summaries
from tests.certificates import LONG_AGO, Issued, dns
from tests.conftest import Run
from tests.exchanges import WHOLE, write_file
from tests.raw_server import RawServer, Reply
from tests.wire_run import WireRun, order, run_wire

PAGE = "<html><body><h1>扬州瘦西湖春灯会开幕</h1></body></html>".encode("gb18030")
REPLY = Reply(pieces=(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE,))
ADDRESS = "192.0.2.7"
ROOT = Issued.authority("Sample Root")
STRANGER = Issued.authority("Strange Root")
BETWEEN = Issued.authority("Sample Intermediate", by=ROOT)
LAPSED = Issued.authority("Lapsed Intermediate", by=ROOT, since=LONG_AGO)

GOOD = {
    "good": Issued.server(*dns("www.good.test"), by=ROOT),
    "wild": Issued.server(*dns("*.wild.test"), by=BETWEEN),
    "old": Issued.server(*dns("www.old.test"), by=ROOT),
    "number": Issued.server(x509.IPAddress(ip_address(ADDRESS)), by=ROOT),
}
BAD = {
    "expired": Issued.server(*dns("www.expired.test"), by=ROOT, since=LONG_AGO),
    "early": Issued.server(*dns("www.early.test"), by=ROOT, since=timedelta(days=-2)),
    "own": Issued.server(*dns("www.own.test"), by=None),
    "stranger": Issued.server(*dns("www.stranger.test"), by=STRANGER),
    "unchained": replace(Issued.server(*dns("www.unchained.test"), by=BETWEEN), chain=()),
    "lapsed": Issued.server(*dns("www.lapsed.test"), by=LAPSED),
    "other": Issued.server(*dns("a.example", "b.example", "c.example", "d.example"), by=ROOT),
    "nameless": Issued.server(by=ROOT),
    "evil": Issued.server(*dns("www.evil.test"), by=ROOT),
    "twice": Issued.server(*dns("a.example"), by=ROOT, since=LONG_AGO),
}
FAULTS = {
    "expired": "certificate has expired",
    "early": "certificate is not valid yet",
    "own": "certificate is self-signed",
    "stranger": "certificate's root is not trusted",
    "unchained": "certificate's issuer is not known",
    "lapsed": "certificate of its issuer has expired",
    "other": "certificate is for a.example, b.example, c.example, ..., not for this host",
    "nameless": "certificate names no host (Certificate does not contain any `subjectAltName`s.)",
    "evil": "certificate: excluded violation",
    "twice": "certificate has expired; certificate is for a.example, not for this host",
}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The same hosts asked twice, in spite of bad certificates or not; `seen` had a request where they were not."""

    seen: set[str]
    strict: WireRun
    insecure: WireRun


def make_context(name: str, issued: Issued, folder: Path) -> SSLContext:
    return issued.context(folder, newest={"old": TLSVersion.TLSv1_2}.get(name, TLSVersion.TLSv1_3))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """All certificates, in two crawls."""
    folder = tmp_path_factory.mktemp("tls")
    contexts = {name: make_context(name, issued, folder) for name, issued in (GOOD | BAD).items()}
    with RawServer({"www": REPLY, "192": REPLY}, contexts["good"], contexts) as server:
        orders = [order(name, f"https://www.{name}.test/") for name in (*GOOD, *BAD) if name != "number"]
        orders.append(order("number", f"https://{ADDRESS}/"))
        pairs = [f"*.{name}.test:{address}" for name, address in server.addresses.items()]
        pairs.append(f"{ADDRESS}:{server.addresses['number']}")
        folders = [tmp_path_factory.mktemp(name) for name in ("strict", "insecure")]
        strict = run_wire(folders[0], orders, pairs, trusted=ROOT)
        seen = set(server.requests)
        insecure = run_wire(folders[1], orders, pairs, trusted=ROOT, insecure=True)
        yield Judged(seen=seen, strict=strict, insecure=insecure)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_certificate_is_noted_with_its_fingerprint(judged: Judged, name: str) -> None:
    capture = judged.strict.capture(name)
    issuer = "CN=Sample Intermediate" if name == "wild" else "CN=Sample Root"
    assert capture.response == b"".join(REPLY.pieces)
    assert capture.certificate == Certificate(sha256=GOOD[name].sha256, issuer=issuer)
    assert capture.failure is None


@pytest.mark.parametrize("name", BAD)
def test_a_bad_certificate_is_a_failed_exchange_with_one_clear_line(judged: Judged, name: str) -> None:
    capture = judged.strict.capture(name)
    assert capture.failure == f"tls: www.{name}.test: {FAULTS[name]}; --insecure-tls goes on all the same"
    assert (capture.request, capture.response, capture.truncated) == (b"", b"", None)
    assert capture.certificate is not None
    assert (capture.certificate.sha256, capture.certificate.fault) == (BAD[name].sha256, FAULTS[name])
    assert judged.strict.results[name]["event"] == "error"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_certificate_is_noted_where_the_crawl_goes_on(judged: Judged, name: str) -> None:
    capture = judged.insecure.capture(name)
    assert capture.response == b"".join(REPLY.pieces)
    assert capture.failure is None
    assert capture.certificate is not None
    assert (capture.certificate.sha256, capture.certificate.fault) == (BAD[name].sha256, FAULTS[name])


@pytest.mark.parametrize("name", GOOD)
def test_a_good_certificate_is_known_as_good_where_bad_ones_pass(judged: Judged, name: str) -> None:
    assert judged.insecure.capture(name).certificate == judged.strict.capture(name).certificate


def test_nothing_is_sent_to_a_host_with_a_bad_certificate(judged: Judged) -> None:
    assert {key.partition("/")[0] for key in judged.seen} == set(GOOD)


def test_tls_1_2_is_recorded_with_its_suite(judged: Judged) -> None:
    capture = judged.strict.capture("old")
    assert capture.protocols == ("http/1.1", "tls/1.2")
    assert capture.cipher == "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"


SECURE_PORTAL = """
name = "secure"
title = "安全样例网"
asset_hosts = []

[branches.js]
name = "江苏"
region = "CN-JS"
scheme = "https"
hosts = ["www.own.test"]
article_url = '''^/(?P<year>\\d{4})/(?P<month>\\d\\d)(?P<day>\\d\\d)/(?P<id>\\d+)\\.html$'''
layouts = []
sections = [{ path = "/", name = "首页" }]
"""


@pytest.fixture
def crawl_own(tmp_path: Path, pressmark: Callable[..., Run]) -> Iterator[Callable[..., tuple[Run, RunSummary]]]:
    """The command on a portal whose certificate nobody signed but itself, and the summary of its run."""
    portal = tmp_path / "secure.toml"
    portal.write_text(SECURE_PORTAL)
    context = BAD["own"].context(tmp_path)
    reply = Reply(pieces=(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",))
    with RawServer({"www": reply}, context) as server:
        pair = f"*.own.test:{server.addresses['https4']}"

        def run(*words: str) -> tuple[Run, RunSummary]:
            done = pressmark("crawl", "js", "--portal", str(portal), "--connect-to", pair, "--delay", "0", *words)
            return done, read_summaries(tmp_path / "data" / "collections" / "secure" / "runs", 1)[-1]

        yield run


def test_a_host_with_a_bad_certificate_is_stopped_and_named(crawl_own: Callable[..., tuple[Run, RunSummary]]) -> None:
    done, summary = crawl_own()
    line = "tls: certificate is self-signed; --insecure-tls goes on all the same"
    assert done.returncode == 1
    assert f"www.own.test: {line}" in " ".join(done.stderr.split())
    assert (summary.requests, summary.exit_code) == (1, 1)
    assert Finding(kind="stopped", where="www.own.test", why=line) in summary.findings


def test_insecure_tls_goes_on_and_names_the_host(crawl_own: Callable[..., tuple[Run, RunSummary]]) -> None:
    done, summary = crawl_own("--insecure-tls")
    assert done.returncode == 0
    assert "Asked in spite of a bad certificate" in done.stdout
    assert Finding(kind="certificate", where="www.own.test", why="certificate is self-signed") in summary.findings
    assert summary.statuses == {"404": 2}


@pytest.mark.parametrize(
    ("fault", "verdict"), [(None, "yes"), ("certificate has expired", "no (certificate has expired)")]
)
def test_the_metadata_record_says_what_was_made_of_a_certificate(
    tmp_path: Path, fault: str | None, verdict: str
) -> None:
    certificate = Certificate(sha256="ab12", issuer="CN=Sample Root,O=样例", fault=fault)
    *_, metadata = read_records(write_file(tmp_path, replace(WHOLE, certificate=certificate)))
    lines = metadata.block.decode().splitlines()
    assert f"tlsVerified: {verdict}" in lines
    assert "tlsCertificateSha256: ab12" in lines
    assert "tlsCertificateIssuer: CN=Sample Root,O=样例" in lines


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
