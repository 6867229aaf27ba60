"""Each rule of the check finds the fault it is for, at its offset, and finds nothing in files that are right."""

import dataclasses
import gzip
import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from archive.findings import RULES, Finding
from archive.pressmark import Pressmark
from archive.verify import CitedLine, verify
from tests import warcs
from tests.exchanges import WHOLE, answered, chunked, write_file
from tests.warcs import ANSWER, BODY, members, name, record, request, response, sha1, warcinfo

HEAD_ONLY = ANSWER.removesuffix(BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(BODY)
LOWER_SHA1 = sha1(ANSWER).lower()


def check(tmp_path: Path, *records: bytes) -> list[Finding]:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(members(*records))
    return list(verify([path]))


def rules(tmp_path: Path, *records: bytes) -> list[str]:
    return [finding.rule for finding in check(tmp_path, *records)]


@pytest.mark.parametrize(
    "records",
    [
        [warcinfo(WARC_Filename="a.warc.gz"), request(WARC_Concurrent_To=name(3)), response(WARC_Warcinfo_ID=name(1))],
        [response(WARC_Block_Digest=sha1(ANSWER), WARC_Payload_Digest=sha1(BODY))],
        [response(block=CHUNKED, WARC_Payload_Digest=sha1(BODY))],
        [response(block=CHUNKED[:-20], WARC_Payload_Digest=sha1(BODY), WARC_Truncated="disconnect")],
        [response(block=HEAD_ONLY, WARC_Payload_Digest=sha1(b""), WARC_Truncated="time")],
        [request(block=b"HEAD / HTTP/1.1\r\n\r\n", WARC_Concurrent_To=name(3)), response(block=HEAD_ONLY)],
        [response(block=HEAD_ONLY, WARC_Concurrent_To=name(2)), request(block=b"HEAD / HTTP/1.1\r\n\r\n")],
        [response(block=b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", WARC_Payload_Digest=sha1(b""))],
        [response(WARC_Date="2025-02-27T10:15:00.123456Z")],
        [response(version="1.0", WARC_Target_URI=f"<{warcs.URL}>")],
        [response(WARC_Protocol="h2", warc_protocol="tls/1.3")],
        [record("resource", 4, BODY, Content_Type="text/html", WARC_Payload_Digest=sha1(BODY))],
        [record("resource", 4, BODY, Content_Type="text/html", WARC_Block_Digest="sha256:" + "0" * 64)][:0],
        [record("x-note", 4)],
    ],
)
def test_records_that_are_right_have_no_findings(tmp_path: Path, records: list[bytes]) -> None:
    assert check(tmp_path, *(records or [warcinfo()])) == []


@pytest.mark.parametrize(
    ("rule", "records"),
    [
        ("version", [response(version="2.0")]),
        ("field-required", [response(WARC_Date=None)]),
        ("field-required", [response(WARC_Target_URI=None)]),
        ("field-required", [response(Content_Type=None)]),
        ("field-required", [record("revisit", 4, WARC_Profile=warcs.PROFILE, WARC_Refers_To=name(3)), response()]),
        ("field-forbidden", [record("metadata", 4, b"a: b\r\n", Content_Type="text/plain", WARC_Payload_Digest="x:y")]),
        ("field-forbidden", [warcinfo(WARC_Payload_Digest=sha1(b""))]),
        ("field-forbidden", [warcinfo(WARC_Target_URI=warcs.URL)]),
        ("field-forbidden", [response(WARC_Filename="a.warc.gz")]),
        ("field-forbidden", [response(WARC_Refers_To_Date=warcs.DATE)]),
        ("field-repeated", [response(warc_date=warcs.DATE)]),
        ("field-value", [warcinfo(WARC_Filename="a.warc.gz.open")]),
        ("field-value", [response(WARC_Date="2025-02-27 10:15:00")]),
        ("field-value", [response(WARC_Date="2025-02-29T10:15:00Z")]),
        ("field-value", [response(version="1.0", WARC_Date="2025-02-27T10:15:00.5Z")]),
        ("field-value", [response(WARC_Record_ID="urn:uuid:1")]),
        ("field-value", [response(WARC_Target_URI=f"<{warcs.URL}>")]),
        ("field-value", [response(block=HEAD_ONLY, WARC_Truncated="because")]),
        ("field-value", [response(WARC_Block_Digest="sha1:short")]),
        ("block-digest", [response(WARC_Block_Digest=sha1(b""))]),
        ("payload-digest", [response(WARC_Payload_Digest=sha1(ANSWER))]),
        ("digest-form", [response(WARC_Block_Digest=LOWER_SHA1)]),
        ("digest-unknown", [response(WARC_Block_Digest="blake3:abc")]),
        ("truncated", [response(block=ANSWER[:-1])]),
        ("truncated", [response(block=HEAD_ONLY)]),
        ("truncated", [response(block=CHUNKED.replace(b"7;", b"F" * 40 + b";", 1))]),
        ("truncated", [response(block=ANSWER.replace(b"Length: ", b"Length: " + b"9" * 5000))]),
        ("record", [response(Content_Length="9" * 5000)]),
        ("record", [response(Content_Length="²")]),
        ("truncated", [response(block=CHUNKED[:-30])]),
        ("truncated", [response(WARC_Truncated="length")]),
        ("content-coding", [response(block=ANSWER.replace(b"\r\n", b"\r\nContent-Encoding: br\r\n", 1))]),
        ("content-coding", [response(block=ANSWER.replace(b"\r\n", b"\r\nContent-Encoding: gzip, gzip\r\n", 1))]),
        ("id-repeated", [response(), response()]),
        ("reference", [response(WARC_Warcinfo_ID=name(9))]),
        ("reference", [response(WARC_Concurrent_To=name(9))]),
        ("date", [request(WARC_Concurrent_To=name(3)), response(WARC_Date="2025-02-27T10:15:01Z")]),
        ("date", [request(), response(WARC_Concurrent_To=name(2), WARC_Date="2025-02-27T10:15:01Z")]),
    ],
)
def test_each_fault_is_found_by_its_rule(tmp_path: Path, rule: str, records: list[bytes]) -> None:
    assert rules(tmp_path, *records) == [rule]


def test_a_finding_names_file_offset_and_record(tmp_path: Path) -> None:
    (finding,) = check(tmp_path, warcinfo(), response(WARC_Block_Digest=sha1(b"")))
    assert (finding.file, finding.offset) == ("a.warc.gz", len(members(warcinfo())))
    assert finding.record_id == name(3).strip("<>")
    assert finding.describe().startswith(f"a.warc.gz: offset {finding.offset}: block-digest: the block does not have")


def test_a_digest_of_the_chunked_framing_is_told_as_such(tmp_path: Path) -> None:
    framed = CHUNKED.partition(b"\r\n\r\n")[2]
    (finding,) = check(tmp_path, response(block=CHUNKED, WARC_Payload_Digest=sha1(framed)))
    assert finding.message.endswith("it covers the chunks' framing too")


def revisit(**fields: str) -> bytes:
    stated = {"WARC_Profile": warcs.PROFILE, "WARC_Payload_Digest": sha1(BODY)} | fields
    return record("revisit", 4, WARC_Target_URI=warcs.URL + "?again", **{k: v for k, v in stated.items() if v})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"WARC_Refers_To": name(3)}, []),
        ({"WARC_Refers_To_Target_URI": warcs.URL, "WARC_Refers_To_Date": warcs.DATE}, []),
        ({}, []),
        ({"WARC_Refers_To": name(9)}, ["revisit"]),
        ({"WARC_Refers_To_Target_URI": warcs.URL, "WARC_Refers_To_Date": "2024-01-01T00:00:00Z"}, ["revisit"]),
        ({"WARC_Refers_To": name(3), "WARC_Payload_Digest": sha1(b"another")}, ["revisit"]),
    ],
)
def test_a_revisit_must_lead_to_a_record_with_its_payload(
    tmp_path: Path, fields: dict[str, str], expected: list[str]
) -> None:
    assert rules(tmp_path, response(WARC_Payload_Digest=sha1(BODY)), revisit(**fields)) == expected


def test_a_revisit_may_lead_to_an_index(tmp_path: Path) -> None:
    path, index = tmp_path / "a.warc.gz", tmp_path / "old.cdxj"
    path.write_bytes(members(revisit(WARC_Refers_To_Target_URI=warcs.URL, WARC_Refers_To_Date=warcs.DATE)))
    place = {"url": warcs.URL, "offset": "0", "length": "10", "filename": "old.warc.gz"}
    index.write_text(f"test,sample,js)/news/2025/0227/230110.html 20250227101500 {json.dumps(place)}\n")
    assert [finding.rule for finding in verify([path])] == ["revisit"]
    assert list(verify([path], indexes=[index])) == []


def test_every_file_that_the_writer_makes_is_clean(tmp_path: Path) -> None:
    gzipped = gzip.compress(BODY, mtime=0)
    captures = [
        WHOLE,
        answered(CHUNKED),
        answered(b"HTTP/1.0 404\r\n\r\n"),
        answered(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(gzipped), gzipped)
        ),
        dataclasses.replace(answered(ANSWER[:-3]), truncated="disconnect", failure="cut"),
        dataclasses.replace(answered(b""), failure="no answer"),
        answered(HEAD_ONLY, request=b"HEAD / HTTP/1.1\r\nHost: www.js.sample.test\r\n\r\n"),
    ]
    assert list(verify([write_file(tmp_path, *captures)])) == []


def test_an_index_is_checked_for_order_offsets_and_gaps(tmp_path: Path) -> None:
    from archive.listing import list_records, sort_lines  # noqa: PLC0415

    path, index = tmp_path / "a.warc.gz", tmp_path / "a.cdxj"
    path.write_bytes(members(response(3), response(4, WARC_Target_URI="http://www.js.sample.test/")))
    lines = list(sort_lines(str(line) for line in list_records(path)))
    index.write_bytes(b"".join(lines))
    assert list(verify([path], indexes=[index], complete=True)) == []
    index.write_bytes(lines[1] + lines[0].replace(b'"offset": "', b'"offset": "9') + b"nonsense\n")
    found = {finding.rule for finding in verify([path], indexes=[index], complete=True)}
    assert found == {"index-order", "index-offset", "index-line", "index-missing"}


def cited(mark: Pressmark, text: bytes = b'{"id":"1"}') -> CitedLine:
    return CitedLine(file="articles/js/2025-02.jsonl", offset=0, text=text, source=mark.record_id, pressmarks=(mark,))


def test_a_line_is_checked_against_its_record_and_its_conversion(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    line = record("conversion", 5, b'{"id":"1"}', Content_Type="application/json", WARC_Refers_To=name(3))
    path.write_bytes(members(response(WARC_Payload_Digest=sha1(BODY)), line))
    length = len(members(response(WARC_Payload_Digest=sha1(BODY))))
    mark = Pressmark(
        file="a.warc.gz", offset=0, length=length, record_id=name(3).strip("<>"), payload_digest=sha1(BODY)
    )
    assert list(verify([path], lines=[cited(mark)], complete=True)) == []
    wrong = [
        dataclasses.replace(mark, offset=1),
        dataclasses.replace(mark, length=7),
        dataclasses.replace(mark, payload_digest=sha1(b"")),
    ]
    for one in wrong:
        assert [finding.rule for finding in verify([path], lines=[cited(one)])] == ["line-pressmark"]
    changed = list(verify([path], lines=[cited(mark, b'{"id":"2"}')], complete=True))
    assert [finding.rule for finding in changed] == ["line-conversion", "line-conversion"]
    assert [finding.offset for finding in changed] == [0, length]


def test_each_rule_has_its_meaning_written_down(tmp_path: Path) -> None:
    found = {finding.rule for finding in check(tmp_path, response(WARC_Date=None), b"x")}
    assert found == {"field-required", "record"}
    assert found <= set(RULES)


def test_importing_the_archive_loads_no_client_and_no_parser() -> None:
    program = (
        "import pkgutil, sys, importlib, archive\n"
        "names = [m.name for m in pkgutil.iter_modules(archive.__path__) if m.name != 'signing']\n"
        "[importlib.import_module('archive.' + name) for name in names]\n"
        "heavy = {'scrapy', 'twisted', 'parsel', 'lxml', 'msgspec', 'typer', 'rich', 'dateparser', 'crawler'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_zlib_and_isal_agree_on_what_is_torn(tmp_path: Path) -> None:
    content = members(response())
    path = tmp_path / "a.warc.gz"
    for cut in (1, 4, 8, 9):
        path.write_bytes(content[:-cut])
        assert not zlib.decompressobj(31).eof
        assert [finding.rule for finding in verify([path])] == ["torn"]
