"""The scanner of gzip members."""

import gzip
import hashlib

import pytest

from archive.errors import ArchiveError
from archive.members import LEAD_BYTES, MemberScanner, ScannedRecord
from tests.packages import member, response

DATE = "2025-02-27T10:15:00.123456Z"
URL = "http://www.js.sample.test/news/2025/0227/230110.html"


def scan(content: bytes, step: int) -> list[ScannedRecord]:
    scanner = MemberScanner("some.warc.gz")
    found = [r for at in range(0, len(content), step) for r in scanner.feed(content[at : at + step])]
    scanner.finish()
    return found


@pytest.mark.parametrize("step", [1, 7, 1000, 10**7])
def test_records_are_found_in_pieces_of_any_size(step: int) -> None:
    members = [response(f"urn:uuid:{number}", URL, DATE) for number in range(3)]
    found = scan(b"".join(members), step)
    assert [record.record_id for record in found] == ["urn:uuid:0", "urn:uuid:1", "urn:uuid:2"]
    assert [record.length for record in found] == [len(one) for one in members]
    assert [record.digest for record in found] == [hashlib.sha256(one).hexdigest() for one in members]
    assert (found[0].url, found[0].type, f"{found[0].date:%Y%m%d%H%M%S}") == (URL, "response", "20250227101500")


def test_of_a_large_block_the_beginning_is_kept() -> None:
    (found,) = scan(response("urn:uuid:1", URL, DATE, bytes(30_000_000)), 65536)
    assert len(found.lead) == LEAD_BYTES
    assert found.lead.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "content",
    [
        response("urn:uuid:1", URL, DATE)[:-3],
        b"\x1f\x8b",
        b"WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
        gzip.compress(gzip.decompress(response("urn:uuid:1", URL, DATE)) * 2, mtime=0),
        gzip.compress(b"<html>" * 20_000, mtime=0),
        gzip.compress(b"", mtime=0),
        gzip.compress(gzip.decompress(response("urn:uuid:1", URL, DATE))[:-1], mtime=0),
        response("urn:uuid:1", URL, DATE) + b"junk",
        response("urn:uuid:1", URL, DATE)[:-8] + bytes(8),
    ],
    ids=["cut", "begun", "plain", "two-in-one", "no-warc", "empty", "short", "junk-behind", "wrong-checksum"],
)
def test_what_is_no_whole_record_is_named_by_file_and_offset(content: bytes) -> None:
    with pytest.raises(ArchiveError, match=r"some\.warc\.gz: at offset \d+ lies"):
        scan(content, 100)


def test_a_date_that_is_none_is_refused() -> None:
    (found,) = scan(member("response", "urn:uuid:1", URL, "yesterday", b""), 100)
    with pytest.raises(ArchiveError, match="'yesterday'"):
        _ = found.date
