"""Records come back as they were written, by scanning and by pressmark."""

import gzip
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.warcwriter import WARCWriter

from archive.capture import Capture
from archive.errors import ArchiveError
from archive.reader import Conversion, Exchange, read_exchange, read_exchanges, read_record, read_records
from archive.writer import Recorded
from tests.exchanges import NOTES, NOW, PAGE, WHOLE, open_writer, write_file

CAPTURES = (
    WHOLE,
    replace(WHOLE, protocols=("http/1.1", "tls/1.3"), cipher="TLS_AES_256_GCM_SHA384", ip="::1"),
    replace(WHOLE, response=WHOLE.response[:-9], truncated="disconnect", failure="the connection was lost"),
    replace(WHOLE, response=b"", failure="no answer within 30 seconds"),
    replace(WHOLE, response=b"", truncated="time", failure="no answer within 30 seconds"),
    replace(WHOLE, request=b"", response=b"", ip=None, failure="DNS lookup failed: 找不到主机"),
    replace(WHOLE, request=b"", response=b"\x00\r\n\r\nWARC/1.1\r\n\x1f\x8b\x08"),
)


def write_all(folder: Path) -> tuple[Path, list[Recorded]]:
    writer = open_writer(folder)
    recorded = [writer.write_capture(capture, NOTES) for capture in CAPTURES]
    writer.close()
    (path,) = folder.iterdir()
    return path, recorded


def test_captures_come_back_equal(tmp_path: Path) -> None:
    path, recorded = write_all(tmp_path)
    exchanges = list(read_exchanges(path))
    assert [exchange.capture for exchange in exchanges] == list(CAPTURES)
    assert exchanges == [
        Exchange(capture=capture, pressmark=one.response, metadata=one.metadata, notes=NOTES, end=one.end)
        for capture, one in zip(CAPTURES, recorded, strict=True)
    ]


@given(request=st.binary(max_size=200), response=st.binary(min_size=1, max_size=3000), millis=st.integers(0, 10**7))
def test_any_bytes_come_back_equal(
    tmp_path_factory: pytest.TempPathFactory, request: bytes, response: bytes, millis: int
) -> None:
    capture = replace(WHOLE, request=request, response=response, seconds=millis / 1000)
    (exchange,) = read_exchanges(write_file(tmp_path_factory.mktemp("warc"), capture))
    assert exchange.capture == capture


def test_a_conversion_comes_back_with_what_it_refers_to(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    source = writer.write_capture(WHOLE, NOTES).response
    assert source is not None
    block = '{"headline": "苏州园区举办龙舟邀请赛"}'.encode()
    mark = writer.write_conversion(block, content_type="application/json", url=WHOLE.url, date=NOW, refers_to=source)
    writer.close()
    (path,) = tmp_path.iterdir()
    assert list(read_exchanges(path))[1] == Conversion(
        pressmark=mark,
        url=WHOLE.url,
        date=NOW,
        refers_to=source.record_id,
        content_type="application/json",
        block=block,
        end=path.stat().st_size,
    )


def test_reading_goes_on_from_an_end(tmp_path: Path) -> None:
    path, recorded = write_all(tmp_path)
    rest = [exchange.capture for exchange in read_exchanges(path, start=recorded[2].end)]
    assert rest == list(CAPTURES[3:])
    assert not list(read_exchanges(path, start=recorded[-1].end))


def test_a_pressmark_leads_to_its_record_before_and_after_the_file_is_closed(tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    marks = [mark for capture in (WHOLE, WHOLE) if (mark := writer.write_capture(capture).response)]
    assert [read_record(tmp_path, mark).block for mark in marks] == [WHOLE.response] * 2
    writer.close()
    assert [read_record(tmp_path, mark).block for mark in marks] == [WHOLE.response] * 2


def test_a_pressmark_gives_its_exchange_without_the_request(tmp_path: Path) -> None:
    _, recorded = write_all(tmp_path)
    mark = recorded[2].response
    assert mark is not None
    exchange = read_exchange(tmp_path, mark)
    assert exchange.capture == replace(CAPTURES[2], request=b"")
    assert (exchange.pressmark, exchange.notes, exchange.end) == (mark, NOTES, recorded[2].end)


@pytest.mark.parametrize(
    "change",
    [{"offset": 3}, {"length": 20}, {"record_id": "urn:uuid:other"}, {"file": "missing.warc.gz"}, {"offset": 10**9}],
    ids=lambda change: next(iter(change)),
)
def test_a_pressmark_that_names_other_bytes_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    _, recorded = write_all(tmp_path)
    mark = recorded[0].response
    assert mark is not None
    wrong = replace(mark, **change)  # type: ignore[arg-type]
    with pytest.raises(ArchiveError, match=wrong.file):
        read_record(tmp_path, wrong)


def test_a_torn_file_gives_its_whole_records_and_then_names_the_place(tmp_path: Path) -> None:
    path, recorded = write_all(tmp_path)
    path.write_bytes(path.read_bytes()[: recorded[1].end - 5])
    read: list[str] = []
    with pytest.raises(ArchiveError, match=f"offset {recorded[1].metadata.offset}"):
        read.extend(record.type for record in read_records(path))
    assert read == ["warcinfo", "request", "response", "metadata", "request", "response"]


def test_a_file_packed_as_a_whole_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), mtime=0))
    with pytest.raises(ArchiveError, match="not one whole record"):
        list(read_records(path))


def test_headers_are_found_in_any_case(tmp_path: Path) -> None:
    first = next(read_records(write_file(tmp_path, WHOLE)))
    assert (first.value("warc-TYPE"), first.value("WARC-Nothing"), first.values("WARC-Nothing")) == (
        "warcinfo",
        None,
        (),
    )


def test_a_large_record_is_read_across_many_buffers(tmp_path: Path) -> None:
    large = replace(WHOLE, response=WHOLE.response + bytes(range(256)) * 4000)
    assert [exchange.capture for exchange in read_exchanges(write_file(tmp_path, large, WHOLE, large))] == [
        large,
        WHOLE,
        large,
    ]


def write_with_warcio(path: Path, capture: Capture) -> None:
    """Write an exchange as warcio does: the response first, then the request, no metadata of ours."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        response = writer.create_warc_record(
            capture.url, "response", payload=BytesIO(capture.response), length=len(capture.response)
        )
        request = writer.create_warc_record(
            capture.url, "request", payload=BytesIO(capture.request), length=len(capture.request)
        )
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "warcio"}))
        writer.write_request_response_pair(request, response)
        note = b"pageTitle: none\r\n"
        writer.write_record(writer.create_warc_record("urn:note", "metadata", payload=BytesIO(note), length=len(note)))


def test_a_file_of_another_tool_is_read_response_first(tmp_path: Path) -> None:
    path = tmp_path / "foreign.warc.gz"
    write_with_warcio(path, WHOLE)
    (exchange,) = read_exchanges(path)
    assert (exchange.capture.request, exchange.capture.url, exchange.metadata) == (WHOLE.request, WHOLE.url, None)
    assert exchange.capture.body() == PAGE
