"""Index lines are pywb's; an index is sorted by bytes and merged without loss."""

import json
import resource
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.cdxj import MERGED_AT_ONCE, index_capture, index_records, look_up, merge_indexes, write_index
from archive.errors import ArchiveError
from archive.pressmark import Pressmark
from archive.reader import read_records
from tests.exchanges import WHOLE, answered, open_writer, write_file

MARK = Pressmark(file="a.warc.gz", offset=120, length=456, record_id="urn:uuid:1", payload_digest="sha1:ABC")


def line(path: str, *, offset: int = 120) -> str:
    return index_capture(replace(WHOLE, url=f"http://www.js.sample.test{path}"), replace(MARK, offset=offset))


def test_a_line_is_as_pywb_writes_it() -> None:
    assert index_capture(replace(WHOLE, url="http://www.js.sample.test/a"), MARK) == (
        'test,sample,js)/a 20250227101500 {"url": "http://www.js.sample.test/a", "mime": "text/html", "status": "200",'
        ' "digest": "ABC", "length": "456", "offset": "120", "filename": "a.warc.gz"}'
    )


@pytest.mark.parametrize(
    ("header", "mime"),
    [(b"Content-Type: text/html; charset=gb2312\r\n", "text/html"), (b"", "unk"), (b"Content-Type: \r\n", "unk")],
)
def test_the_mime_type_has_no_parameters(header: bytes, mime: str) -> None:
    found = index_capture(answered(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n"), MARK)
    assert json.loads(found.split(" ", 2)[2])["mime"] == mime


def test_a_sha256_digest_keeps_its_label() -> None:
    found = index_capture(WHOLE, replace(MARK, payload_digest="sha256:00ff"))
    assert json.loads(found.split(" ", 2)[2])["digest"] == "sha256:00ff"


def test_a_response_without_a_head_has_no_status() -> None:
    assert "status" not in index_capture(answered(b"220 ready\r\n"), MARK)


def test_lines_made_while_writing_and_from_the_file_are_the_same(tmp_path: Path) -> None:
    captures = [WHOLE, answered(b"HTTP/1.1 404 Not Found\r\n\r\n"), replace(WHOLE, response=b"", failure="no answer")]
    writer = open_writer(tmp_path)
    written = [(capture, writer.write_capture(capture).response) for capture in captures]
    writer.close()
    (path,) = tmp_path.iterdir()
    assert list(index_records(path)) == [index_capture(capture, mark) for capture, mark in written if mark]


def test_an_index_is_sorted_by_bytes_without_repeats(tmp_path: Path) -> None:
    lines = [line("/b"), line("/a?x"), line("/a"), line("/a-b"), line("/b")]
    write_index(tmp_path / "x.cdxj", lines)
    written = (tmp_path / "x.cdxj").read_bytes().splitlines()
    assert written == sorted({one.encode() for one in lines})
    assert [path.name for path in tmp_path.iterdir()] == ["x.cdxj"]


def test_tails_are_merged_into_the_index_and_removed(tmp_path: Path) -> None:
    write_index(tmp_path / "index.cdxj", [line("/b"), line("/d")])
    write_index(tmp_path / "one.warc.gz.cdxj", [line("/a"), line("/d")])
    write_index(tmp_path / "two.warc.gz.cdxj", [line("/c", offset=9), line("/c", offset=7)])
    merge_indexes(tmp_path)
    expected = sorted(
        text.encode() for text in (line("/a"), line("/b"), line("/c", offset=7), line("/c", offset=9), line("/d"))
    )
    assert [path.name for path in tmp_path.iterdir()] == ["index.cdxj"]
    assert (tmp_path / "index.cdxj").read_bytes().splitlines() == expected


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_very_many_tails_are_merged_with_few_open_files(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    for number in range(700):
        write_index(
            tmp_path / f"{number}.warc.gz.cdxj", [line(f"/{number * 31 % 700:03}", offset=number), line("/same")]
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files() + MERGED_AT_ONCE + 10, before[1]))
    try:
        merge_indexes(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    lines = (tmp_path / "index.cdxj").read_bytes().splitlines()
    assert (len(lines), lines) == (701, sorted(set(lines)))
    assert [path.name for path in tmp_path.iterdir()] == ["index.cdxj"]


def test_groups_of_groups_are_merged_whole_and_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.cdxj.MERGED_AT_ONCE", 3)
    written = [line(f"/{number * 7 % 31:02}", offset=number) for number in range(31)]
    for number, text in enumerate(written):
        write_index(tmp_path / f"{number:03}.warc.gz.cdxj", [text, line("/in-each")])
    merge_indexes(tmp_path)
    expected = sorted(text.encode() for text in (*written, line("/in-each")))
    assert (tmp_path / "index.cdxj").read_bytes().splitlines() == expected
    assert [path.name for path in tmp_path.iterdir()] == ["index.cdxj"]


def test_a_merge_that_was_cut_short_is_made_good_by_the_next(tmp_path: Path) -> None:
    for number in range(MERGED_AT_ONCE + 2):
        write_index(tmp_path / f"{number:03}.warc.gz.cdxj", [line(f"/{number:03}")])
    # The state after the first group was joined and before its members were removed.
    write_index(tmp_path / "000.warc.gz.cdxj", [line(f"/{number:03}") for number in range(MERGED_AT_ONCE)])
    (tmp_path / ".index.cdxj.partial").write_bytes(b"half a line")
    merge_indexes(tmp_path)
    assert (tmp_path / "index.cdxj").read_bytes().count(b"\n") == MERGED_AT_ONCE + 2
    assert [path.name for path in tmp_path.iterdir()] == ["index.cdxj"]


def test_merging_without_tails_leaves_the_index_alone(tmp_path: Path) -> None:
    merge_indexes(tmp_path)
    assert not list(tmp_path.iterdir())
    write_index(tmp_path / "index.cdxj", [line("/a")])
    before = (tmp_path / "index.cdxj").stat().st_mtime_ns
    merge_indexes(tmp_path)
    assert (tmp_path / "index.cdxj").stat().st_mtime_ns == before


@settings(max_examples=50)
@given(
    paths=st.lists(st.text("ab/-1?&=", max_size=5), max_size=30),
    wanted=st.text("ab/-1?&=", max_size=5),
)
def test_look_up_finds_what_a_scan_finds(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], wanted: str
) -> None:
    path = tmp_path_factory.mktemp("index") / "index.cdxj"
    lines = [line(f"/{text}", offset=number) for number, text in enumerate(paths)]
    write_index(path, lines)
    key = line(f"/{wanted}").split(" ", 1)[0]
    scanned = sorted(int(json.loads(one.split(" ", 2)[2])["offset"]) for one in lines if one.split(" ", 1)[0] == key)
    assert sorted(found.offset for found in look_up(path, f"http://www.js.sample.test/{wanted}")) == scanned


def test_a_found_line_leads_to_its_record(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE, WHOLE)
    index = tmp_path / "index.cdxj"
    write_index(index, index_records(path))
    for found in look_up(index, "https://js.sample.test/news/2025/0227/230110.HTML"):
        record = next(read_records(tmp_path / found.file, start=found.offset))
        assert (record.block, record.length) == (WHOLE.response, found.length)
        assert (found.status, found.timestamp, found.url) == ("200", "20250227101500", WHOLE.url)
    assert index.read_bytes().count(b"\n") == 2


def test_a_line_that_is_no_index_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.cdxj").write_bytes(b"test,sample,js)/a 20250227101500 broken\n")
    with pytest.raises(ArchiveError, match="no index line"):
        list(look_up(tmp_path / "index.cdxj", "http://js.sample.test/a"))
