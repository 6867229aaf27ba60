"""Files as Heritrix 3, Common Crawl and the writers of ARC leave them, header for header, are read and are clean."""

import gzip
import json
import zlib
from pathlib import Path

import pytest

from archive.listing import list_records
from archive.verify import verify
from tests import warcs
from tests.test_archive_command import archive

URL = "http://www.js.sample.test/news/2013/1015/1.html"
BODY = "<html><head><title>太湖开捕</title></head></html>".encode()
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
GET = b"GET /news/2013/1015/1.html HTTP/1.0\r\nHost: www.js.sample.test\r\nConnection: close\r\n\r\n"
DNS = b"20131015221129\nwww.js.sample.test.\t589\tIN\tA\t192.0.2.7\n"
DATE, LATER = "2013-10-15T22:11:29Z", "2013-10-16T22:11:29Z"
ASKED, ANSWERED = "application/http; msgtype=request", "application/http; msgtype=response"
FIELDS = "application/warc-fields"


def record(*headers: tuple[str, str], block: bytes) -> bytes:
    """Return a record of WARC 1.0 with its headers in the order given, the length last."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (*headers, ("Content-Length", str(len(block)))))
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def heritrix(kind: str, number: int, content_type: str, block: bytes, *more: tuple[str, str], url: str = URL) -> bytes:
    """Return a record with the headers in the order of Heritrix: what is particular stands before the id."""
    named = ("WARC-Record-ID", warcs.name(number)), ("Content-Type", content_type)
    return record(("WARC-Type", kind), ("WARC-Target-URI", url), ("WARC-Date", DATE), *more, *named, block=block)


def heritrix_file() -> list[bytes]:
    info = (
        "software: Heritrix/3.1.2-SNAPSHOT-20131011-0101 http://crawler.archive.org\r\nip: 192.0.2.1\r\n"
        "hostname: crawl1.sample.test\r\nformat: WARC File Format 1.0\r\n"
        "conformsTo: http://bibnum.bnf.fr/WARC/WARC_ISO_28500_version1_latestdraft.pdf\r\nisPartOf: basic\r\n"
        "description: Basic crawl starting with useful defaults\r\nrobots: obey\r\n"
        "http-header-user-agent: Mozilla/5.0 (compatible; heritrix/3.1.2 +http://crawl1.sample.test)\r\n\r\n"
    )
    digest, ip = ("WARC-Payload-Digest", warcs.sha1(BODY)), ("WARC-IP-Address", "192.0.2.7")
    with_response = ("WARC-Concurrent-To", warcs.name(3))
    seen_again = (
        digest,
        ip,
        ("WARC-Profile", "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"),
        ("WARC-Truncated", "length"),
        ("WARC-Refers-To-Target-URI", URL),
        ("WARC-Refers-To-Date", DATE),
    )
    return [
        record(
            ("WARC-Type", "warcinfo"),
            ("WARC-Date", DATE),
            ("WARC-Filename", "WEB-20131015221129606-00000-23301~crawl1.sample.test~8443.warc.gz"),
            ("WARC-Record-ID", warcs.name(1)),
            ("Content-Type", FIELDS),
            block=info.encode(),
        ),
        heritrix("response", 2, "text/dns", DNS, ("WARC-IP-Address", "192.0.2.53"), url="dns:www.js.sample.test"),
        heritrix("response", 3, ANSWERED, HTTP, digest, ip),
        heritrix("request", 4, ASKED, GET, with_response),
        heritrix(
            "metadata",
            5,
            FIELDS,
            b"seed: \r\nfetchTimeMs: 565\r\ncharsetForLinkExtraction: UTF-8\r\n\r\n",
            with_response,
        ),
        heritrix("revisit", 6, ANSWERED, HTTP.removesuffix(BODY), *seen_again).replace(
            DATE.encode(), LATER.encode(), 1
        ),
    ]


def common_crawl(kind: str, number: int, content_type: str, block: bytes, *more: tuple[str, str]) -> bytes:
    """Return a record with the headers in the order of Common Crawl's Nutch, the length before the type."""
    lines = [
        ("WARC-Type", kind),
        ("WARC-Date", DATE),
        ("WARC-Record-ID", warcs.name(number)),
        ("Content-Length", str(len(block))),
        ("Content-Type", content_type),
        *more,
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"WARC/1.0\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def common_crawl_file() -> list[bytes]:
    info = (
        "isPartOf: CC-MAIN-2013-48\r\npublisher: Common Crawl\r\n"
        "description: Wide crawl of the web for October 2013\r\n"
        "operator: Common Crawl Admin (info@commoncrawl.org)\r\nhostname: ip-192-0-2-1\r\n"
        "software: Apache Nutch 1.19 (modified, https://github.com/commoncrawl/nutch/)\r\n"
        "robots: checked via crawler-commons 1.5 (https://github.com/crawler-commons/crawler-commons)\r\n"
        "format: WARC File Format 1.1\r\n"
        "conformsTo: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
    )
    unpacked = (
        b"HTTP/1.1 200 OK\r\nX-Crawl-Content-Encoding: gzip\r\nContent-Type: text/html\r\n"
        b"X-Crawl-Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    ) + BODY
    cut = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Crawl-Content-Length: 1234567\r\nContent-Length: %d\r\n\r\n"
        % len(BODY)
    ) + BODY
    belongs = (("WARC-Warcinfo-ID", warcs.name(1)), ("WARC-IP-Address", "192.0.2.7"), ("WARC-Target-URI", URL))

    def answered(number: int, request: int, block: bytes, *more: tuple[str, str]) -> bytes:
        digests = (
            ("WARC-Payload-Digest", warcs.sha1(BODY)),
            ("WARC-Block-Digest", warcs.sha1(block)),
            ("WARC-Identified-Payload-Type", "text/html"),
        )
        joined = ("WARC-Concurrent-To", warcs.name(request))
        protocols = (
            ("WARC-Protocol", "h2"),
            ("WARC-Protocol", "tls/1.3"),
            ("WARC-Cipher-Suite", "TLS_AES_128_GCM_SHA256"),
        )
        return common_crawl("response", number, ANSWERED, block, joined, *belongs, *protocols, *digests, *more)

    languages = (
        b'fetchTimeMs: 284\r\ncharset-detected: UTF-8\r\nlanguages-cld2: {"reliable":true,"text-bytes":12}\r\n\r\n'
    )
    return [
        common_crawl("warcinfo", 1, FIELDS, info.encode(), ("WARC-Filename", "CC-MAIN-20131015221129-00000.warc.gz")),
        common_crawl("request", 2, ASKED, GET, *belongs),
        answered(3, 2, unpacked),
        common_crawl("metadata", 4, FIELDS, languages, belongs[0], ("WARC-Concurrent-To", warcs.name(3)), belongs[2]),
        common_crawl("request", 5, ASKED, GET, *belongs),
        answered(6, 5, cut, ("WARC-Truncated", "length")),
    ]


def arc_file() -> list[bytes]:
    """Return the records of an ARC file of version 2: ten fields to a line."""
    about = (
        b"2 0 InternetArchive\nURL IP-address Archive-date Content-type Result-code Checksum Location Offset Filename"
        b" Archive-length\n"
    )
    name = "IAH-20131015221129-00000-crawl1.arc"
    told = [
        (f"filedesc://{name} 0.0.0.0 20131015221129 text/plain 200 - - 0 {name}", about),
        (f"dns:www.js.sample.test 192.0.2.53 20131015221129 text/dns 1 - - 160 {name}", DNS),
        (f"{URL} 192.0.2.7 20131015221129 text/html 200 fac069150613fe55599cc7fa88aa089d - 300 {name}", HTTP),
    ]
    return [f"{line} {len(block)}\n".encode() + block + b"\n" for line, block in told]


def member_with_length(content: bytes) -> bytes:
    """Return a gzip member with the extra field LX, in which Internet Archive's writers keep room for a length."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(content) + packer.flush()
    head = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\x00\x08\x00LX\x04\x00\x00\x00\x00\x00"
    return head + packed + zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")


FILES = {
    "heritrix.warc.gz": (warcs.members(*heritrix_file()), 3, ["text/dns", "text/html", "warc/revisit"]),
    "heritrix.warc": (b"".join(heritrix_file()), 3, ["text/dns", "text/html", "warc/revisit"]),
    "cc.warc.gz": (warcs.members(*common_crawl_file()), 3, ["text/html", "text/html"]),
    "two.arc": (b"".join(arc_file()), 3, ["text/dns", "text/html"]),
    "two.arc.gz": (b"".join(map(member_with_length, arc_file())), 3, ["text/dns", "text/html"]),
    "plain.arc.gz": (b"".join(gzip.compress(one, mtime=0) for one in arc_file()), 3, ["text/dns", "text/html"]),
}


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_bytes(FILES[request.param][0])
    return path


def entries(path: Path) -> list[dict[str, str]]:
    return [json.loads(line.split(" ", 2)[2]) for line in list_records(path) if isinstance(line, str)]


def test_the_file_has_no_findings(path: Path) -> None:
    assert [finding.describe() for finding in verify([path])] == []


def test_answers_are_indexed_with_types_and_digests(path: Path) -> None:
    found = entries(path)
    assert sorted(one["mime"] for one in found) == sorted(FILES[path.name][2])
    pages = [one for one in found if one["mime"] == "text/html"]
    assert {one["digest"] for one in pages} == {warcs.sha1(BODY).removeprefix("sha1:")}
    assert {one["status"] for one in pages} == {"200"}


def test_records_are_listed_and_written_out(path: Path) -> None:
    shown = archive("show", path)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout.count(b"\n") >= FILES[path.name][1]
    page = next(one for one in entries(path) if one["mime"] == "text/html")
    assert archive("cat", path, page["offset"], "--body").stdout == BODY
    assert f"WARC-Target-URI: {URL}".encode() in archive("show", path, page["offset"]).stdout


@pytest.mark.parametrize("name", [name for name, file in FILES.items() if "text/dns" in file[2]])
def test_the_answer_of_the_name_server_comes_as_it_was(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name][0])
    (found,) = [one for one in entries(path) if one["mime"] == "text/dns"]
    assert found["url"] == "dns:www.js.sample.test"
    assert archive("cat", path, found["offset"]).stdout == DNS
    assert archive("cat", path, found["offset"], "--body").stdout == DNS
