"""What is written are whole WARC/1.1 records, which other people's readers accept."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from base64 import b32encode
from dataclasses import replace
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator

from archive.capture import Capture
from archive.pressmark import Original
from archive.reader import read_exchanges, read_records
from archive.writer import Recorded, WarcOptions, WarcWriter
from tests.exchanges import NOTES, NOW, PAGE, WHOLE, answered, chunked, numbered_ids, open_writer, write_file

CHUNKED = answered(b"HTTP/1.1 200  OK\r\nX-A:  doubled space\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(PAGE))
PACKED = answered(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8" + hashlib.sha512(PAGE).digest() * 40)
CUT = replace(WHOLE, response=WHOLE.response[:-9], truncated="disconnect", failure="the connection was lost")
FAILED = replace(WHOLE, response=b"", failure="no answer within 30 seconds")
UNSENT = replace(WHOLE, request=b"", response=b"", ip=None, failure="DNS lookup failed: www.js.sample.test")
SECURE = replace(WHOLE, protocols=("http/1.1", "tls/1.3"), cipher="TLS_AES_256_GCM_SHA384", ip="::1")


def headers_by_type(path: Path) -> dict[str, dict[str, str]]:
    """Return the WARC headers of a file with one exchange, by record type; repeats are joined by a space."""
    found: dict[str, dict[str, str]] = {}
    for record in read_records(path):
        for name, value in record.headers:
            kept = found.setdefault(record.type, {})
            kept[name] = f"{kept[name]} {value}" if name in kept else value
    return found


def test_a_block_is_stored_as_it_came(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE, CHUNKED, PACKED)
    stored = [record.block for record in read_records(path) if record.type == "response"]
    assert stored == [WHOLE.response, CHUNKED.response, PACKED.response]


def test_each_record_is_one_gzip_member(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE, PACKED)
    content = path.read_bytes()
    members = [gzip.decompress(content[r.offset : r.end]) for r in read_records(path)]
    assert [member[:10] for member in members] == [b"WARC/1.1\r\n"] * 7
    assert sum(record.length for record in read_records(path)) == len(content)


def test_the_first_record_describes_the_file_by_its_final_name(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE)
    first = next(read_records(path))
    assert (first.type, first.value("WARC-Filename")) == ("warcinfo", path.name)
    assert first.block.decode().splitlines()[:2] == ["software: pressmark/0.1.0", "robots: obey"]


def test_a_file_is_named_by_prefix_time_serial_and_host(tmp_path: Path) -> None:
    assert write_file(tmp_path, WHOLE).name == "sample-20250227101500123-00000-press.example.warc.gz"


def test_the_records_of_an_exchange_agree_on_date_address_and_place(tmp_path: Path) -> None:
    found = headers_by_type(write_file(tmp_path, SECURE))
    shared = (
        "WARC-Date",
        "WARC-Target-URI",
        "WARC-IP-Address",
        "WARC-Protocol",
        "WARC-Cipher-Suite",
        "WARC-Warcinfo-ID",
    )
    expected = (
        "2025-02-27T10:15:00.123456Z",
        WHOLE.url,
        "::1",
        "http/1.1 tls/1.3",
        "TLS_AES_256_GCM_SHA384",
        found["warcinfo"]["WARC-Record-ID"],
    )
    told = [tuple(found[kind][name] for name in shared) for kind in ("request", "response", "metadata")]
    assert told == list(repeat(expected, 3))


def write_every_kind(folder: Path) -> Path:
    """Write a file with a record of each type that the writer makes."""
    writer = open_writer(folder)
    mark = writer.write_capture(WHOLE, NOTES).response
    assert mark is not None
    original = Original(pressmark=mark, url=WHOLE.url, date=WHOLE.started_at)
    writer.write_capture(CHUNKED, NOTES, original=original)
    writer.write_capture(answered(b"HTTP/1.1 304 Not Modified\r\n\r\n"), NOTES, original=original)
    writer.write_conversion(b"{}", content_type="application/json", url=WHOLE.url, date=NOW, refers_to=mark)
    writer.close()
    (path,) = folder.iterdir()
    return path


def test_every_record_names_the_warcinfo_record_of_its_file(tmp_path: Path) -> None:
    warcinfo, *others = read_records(write_every_kind(tmp_path))
    assert {record.value("WARC-Warcinfo-ID") for record in others} == {f"<{warcinfo.record_id}>"}
    assert warcinfo.value("WARC-Warcinfo-ID") is None


def test_only_the_warcinfo_record_names_the_file(tmp_path: Path) -> None:
    records = read_records(write_every_kind(tmp_path))
    assert [record.type for record in records if record.value("WARC-Filename")] == ["warcinfo"]


def test_every_id_is_there_once(tmp_path: Path) -> None:
    ids = [record.record_id for record in read_records(write_every_kind(tmp_path))]
    assert len(ids) == len(set(ids)) == 11


def test_every_revisit_has_a_profile_and_the_address_it_refers_to(tmp_path: Path) -> None:
    revisits = [record for record in read_records(write_every_kind(tmp_path)) if record.type == "revisit"]
    needed = ("WARC-Profile", "WARC-Refers-To", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date")
    assert [record.value(name) is not None for record in revisits for name in needed] == [True] * 8


def test_concurrent_records_name_each_other(tmp_path: Path) -> None:
    found = headers_by_type(write_file(tmp_path, WHOLE))
    assert found["request"]["WARC-Concurrent-To"] == found["response"]["WARC-Record-ID"]
    assert found["response"]["WARC-Concurrent-To"] == found["request"]["WARC-Record-ID"]
    assert found["metadata"]["WARC-Concurrent-To"] == found["response"]["WARC-Record-ID"]


def test_only_a_response_has_a_payload_digest(tmp_path: Path) -> None:
    found = headers_by_type(write_file(tmp_path, CHUNKED))
    digest = "sha1:" + b32encode(hashlib.sha1(PAGE).digest()).decode()
    assert {kind: headers.get("WARC-Payload-Digest") for kind, headers in found.items()} == {
        "warcinfo": None,
        "request": None,
        "response": digest,
        "metadata": None,
    }


def test_every_record_has_the_digest_of_its_block(tmp_path: Path) -> None:
    for record in read_records(write_file(tmp_path, WHOLE)):
        assert record.value("WARC-Block-Digest") == "sha1:" + b32encode(hashlib.sha1(record.block).digest()).decode()


def test_digests_may_be_sha256_in_base16(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, options=WarcOptions(digest="sha256"))
    mark = writer.write_capture(WHOLE).response
    writer.close()
    assert mark is not None
    assert mark.payload_digest == "sha256:" + hashlib.sha256(PAGE).hexdigest()


def test_a_chunked_response_may_go_without_the_header_of_its_digest(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, options=WarcOptions(payload_digest="omit-when-chunked"))
    marks = [writer.write_capture(capture).response for capture in (CHUNKED, WHOLE)]
    writer.close()
    (path,) = tmp_path.iterdir()
    stored = [r.value("WARC-Payload-Digest") for r in read_records(path) if r.type == "response"]
    assert marks[0] is not None
    assert marks[1] is not None
    assert stored == [None, marks[1].payload_digest]
    # Index and lines have it all the same, written and read.
    assert [e.pressmark for e in read_exchanges(path)] == marks  # type: ignore[comparison-overlap]
    assert marks[0].payload_digest == marks[1].payload_digest


def test_a_block_without_a_head_has_no_payload_digest(tmp_path: Path) -> None:
    found = headers_by_type(write_file(tmp_path, answered(b"220 ftp.sample.test ready\r\n")))
    assert "WARC-Payload-Digest" not in found["response"]


def test_a_cut_response_says_that_it_is_truncated(tmp_path: Path) -> None:
    found = headers_by_type(write_file(tmp_path, CUT))
    assert {kind for kind, headers in found.items() if "WARC-Truncated" in headers} == {"response"}
    assert found["response"]["WARC-Truncated"] == "disconnect"


def test_headers_that_may_not_repeat_do_not(tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    path = write_file(tmp_path, SECURE, CUT, FAILED, UNSENT)
    for record in (*read_records(path), *read_records(write_every_kind(tmp_path / "kinds"))):
        names = [name for name, _ in record.headers if name != "WARC-Protocol"]
        assert len(names) == len(set(names))


def test_metadata_holds_the_time_the_notes_in_order_and_the_failure(tmp_path: Path) -> None:
    (block,) = [record.block for record in read_records(write_file(tmp_path, CUT)) if record.type == "metadata"]
    assert block.decode().splitlines() == [
        "fetchTimeMs: 337",
        "via: http://www.js.sample.test/",
        "hopsFromSeed: LL",
        "kind: article",
        "failure: the connection was lost",
    ]


@pytest.mark.parametrize(
    ("capture", "types"),
    [(FAILED, ["request", "metadata"]), (UNSENT, ["metadata"]), (WHOLE, ["request", "response", "metadata"])],
)
def test_what_has_no_bytes_has_no_record(tmp_path: Path, capture: Capture, types: list[str]) -> None:
    assert [record.type for record in read_records(write_file(tmp_path, capture))][1:] == types


def test_a_note_cannot_break_out_of_its_line(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    writer.write_capture(replace(WHOLE, failure="first\r\nvia: forged"), (("via", "http://a/\nkind: forged"),))
    writer.close()
    (path,) = tmp_path.iterdir()
    (exchange,) = read_exchanges(path)
    assert exchange.notes == (("via", "http://a/ kind: forged"),)


def test_an_address_outside_ascii_is_escaped(tmp_path: Path) -> None:
    found = headers_by_type(write_file(tmp_path, replace(WHOLE, url="http://www.js.sample.test/新闻 1%20.html")))
    assert found["response"]["WARC-Target-URI"] == "http://www.js.sample.test/%E6%96%B0%E9%97%BB%201%20.html"


def test_a_conversion_names_the_record_it_was_made_from(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    source = writer.write_capture(WHOLE).response
    assert source is not None
    mark = writer.write_conversion(b"{}", content_type="application/json", url=WHOLE.url, date=NOW, refers_to=source)
    writer.close()
    (path,) = tmp_path.iterdir()
    headers = headers_by_type(path)["conversion"]
    assert headers["WARC-Refers-To"] == f"<{source.record_id}>"
    assert (headers["WARC-Record-ID"], mark.payload_digest) == (f"<{mark.record_id}>", None)
    assert not {"WARC-Concurrent-To", "WARC-IP-Address", "WARC-Protocol"} & set(headers)


def test_pressmarks_and_end_lead_to_the_records(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    recorded = [writer.write_capture(capture, NOTES) for capture in (WHOLE, FAILED, PACKED)]
    assert writer.end == (recorded[-1].file, recorded[-1].end)
    writer.close()
    (path,) = tmp_path.iterdir()
    told = [mark for one in recorded for mark in (one.request, one.response, one.metadata) if mark]
    assert told == [record.pressmark for record in read_records(path)][1:]
    assert [one.end for one in recorded] == [exchange.end for exchange in read_exchanges(path)]


def test_a_file_has_open_on_its_name_until_it_is_closed(tmp_path: Path) -> None:
    closed: list[Path] = []
    writer = open_writer(tmp_path, on_close=closed.append)
    assert not list(tmp_path.iterdir())
    recorded = writer.write_capture(WHOLE)
    assert [path.name for path in tmp_path.iterdir()] == [recorded.file + ".open"]
    writer.close()
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == [recorded.file]
    assert closed == list(tmp_path.iterdir())


def test_a_full_file_is_closed_and_the_next_begins_with_its_own_warcinfo(tmp_path: Path) -> None:
    closed: list[Path] = []
    writer = open_writer(tmp_path, options=WarcOptions(max_bytes=2500), on_close=closed.append)
    recorded: list[Recorded] = [writer.write_capture(WHOLE) for _ in range(5)]
    writer.close()
    assert len(closed) == len({one.file for one in recorded}) > 1
    assert [next(read_records(path)).type for path in closed] == ["warcinfo"] * len(closed)
    assert all(path.stat().st_size < 2500 + 2000 for path in closed)


def test_two_writers_never_share_a_file(tmp_path: Path) -> None:
    writers = [open_writer(tmp_path) for _ in range(2)]
    assert len({writer.write_capture(WHOLE).file for writer in writers}) == 2
    for writer in writers:
        writer.close()


def test_one_exchange_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = os.write

    def counting(fd: int, content: bytes) -> int:
        sizes.append(len(content))
        return real(fd, content)

    monkeypatch.setattr(os, "write", counting)
    writer = open_writer(tmp_path)
    ends = [writer.write_capture(WHOLE).end for _ in range(2)]
    writer.close()
    assert sizes == [ends[0], ends[1] - ends[0]]


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, content: real(fd, bytes(content)[:100]))
    (exchange,) = read_exchanges(write_file(tmp_path, WHOLE))
    assert exchange.capture == WHOLE


FULL_DISK = """
import resource, sys
from pathlib import Path
from archive.errors import ArchiveError
from tests.exchanges import WHOLE, open_writer
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
writer, written = open_writer(Path(sys.argv[1])), 0
try:
    for _ in range(50):
        writer.write_capture(WHOLE)
        written += 1
except OSError as error:
    print(written, type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
if sys.argv[3] == "on":
    writer.write_capture(WHOLE)
writer.close()
"""


def fill_disk(folder: Path, limit: int, then: str) -> int:
    words = [sys.executable, "-c", FULL_DISK, str(folder), str(limit), then]
    done = subprocess.run(
        words, cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=60, check=True
    )
    written, kind = done.stdout.split()
    assert kind == "OSError"
    return int(written)


def test_a_full_disk_leaves_every_record_before_readable(tmp_path: Path) -> None:
    written = fill_disk(tmp_path, 10_000, "stop")
    (path,) = tmp_path.iterdir()
    assert len(list(read_exchanges(path))) == written > 3
    assert subprocess.run(["gzip", "-t", str(path)], check=False, timeout=60).returncode == 0


def test_writing_goes_on_when_the_disk_has_room_again(tmp_path: Path) -> None:
    written = fill_disk(tmp_path, 10_000, "on")
    (path,) = tmp_path.iterdir()
    assert len(list(read_exchanges(path))) == written + 1


def test_a_disk_that_was_full_from_the_start_leaves_no_file(tmp_path: Path) -> None:
    assert fill_disk(tmp_path, 300, "stop") == 0
    assert not list(tmp_path.iterdir())


def test_a_disk_that_was_full_at_first_gets_a_warcinfo_all_the_same(tmp_path: Path) -> None:
    assert fill_disk(tmp_path, 300, "on") == 0
    (path,) = tmp_path.iterdir()
    assert [record.type for record in read_records(path)] == ["warcinfo", "request", "response", "metadata"]


def test_warcio_reads_the_same_records(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE, CHUNKED, PACKED, CUT, FAILED, UNSENT, SECURE)
    with path.open("rb") as file:
        told = [
            (r.rec_type, r.rec_headers.get_header("WARC-Record-ID").strip("<>"))
            for r in ArchiveIterator(file, no_record_parse=True)
        ]
    assert told == [(record.type, record.record_id) for record in read_records(path)]


def test_fastwarc_reads_the_same_records_and_passes_their_block_digests(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE, CHUNKED, PACKED, CUT, FAILED, UNSENT, SECURE)
    with path.open("rb") as file:
        told = [
            (record.record_id.strip("<>"), record.stream_pos, record.verify_block_digest())
            for record in FastIterator(file, parse_http=False)
        ]
    assert told == [(record.record_id, record.offset, True) for record in read_records(path)]


@pytest.mark.parametrize("checker", [["warcio.cli", "check"], ["fastwarc.cli", "check"]], ids=lambda words: words[0])
def test_the_checkers_pass_a_file(tmp_path: Path, checker: list[str]) -> None:
    # Without chunked records: both checkers take the payload digest over the framing, against WARC 1.1, 6.3.2.
    path = write_file(tmp_path, WHOLE, PACKED, FAILED, UNSENT, SECURE)
    words = [
        sys.executable,
        "-c",
        f"import sys; from {checker[0]} import main; sys.exit(main())",
        checker[1],
        str(path),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "fail" in done.stdout.lower()) == (0, False), done.stdout + done.stderr


def test_a_later_file_sorts_behind_an_earlier_one(tmp_path: Path) -> None:
    clock = iter(NOW + timedelta(seconds=second) for second in range(20))
    writer = WarcWriter(
        tmp_path,
        prefix="sample",
        software=(),
        now=lambda: next(clock),
        options=WarcOptions(max_bytes=1),
        new_id=numbered_ids(),
    )
    files = [writer.write_capture(WHOLE).file for _ in range(3)]
    writer.close()
    assert files == sorted(set(files))
    assert json.dumps(files).isascii()
