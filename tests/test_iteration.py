"""WARC and ARC files of other tools are read, or told of with file, offset and reason."""

import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import iteration
from archive.errors import ArchiveError
from archive.iteration import Fault, StoredRecord, iterate, read_at, read_strictly
from archive.reader import Exchange, read_exchanges, read_record
from tests import warcs
from tests.exchanges import WHOLE, write_file

EXCHANGE = (
    warcs.warcinfo(),
    warcs.response(WARC_Concurrent_To=warcs.name(2)),
    warcs.request(),
)
FORMS = {
    "members.warc.gz": warcs.members(*EXCHANGE),
    "plain.warc": b"".join(EXCHANGE),
    "old.warc.gz": warcs.members(*(one.replace(b"WARC/1.1", b"WARC/1.0") for one in EXCHANGE)),
    "misnamed.warc": warcs.members(*EXCHANGE),
    "lf.warc": b"".join(one.replace(b"\r\nWARC-", b"\nWARC-") for one in EXCHANGE),
}


def stored(tmp_path: Path, content: bytes, name: str = "a.warc.gz") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def faults(path: Path) -> list[tuple[int, str]]:
    return [(found.offset, found.rule) for found in iterate(path) if isinstance(found, Fault)]


def types(path: Path) -> list[str]:
    return [found.fields["warc-type"] for found in iterate(path) if isinstance(found, StoredRecord)]


@pytest.mark.parametrize("name", FORMS)
def test_the_records_of_each_form_are_read_with_offsets_that_lead_back(tmp_path: Path, name: str) -> None:
    path = stored(tmp_path, FORMS[name], name)
    records = list(read_strictly(path))
    assert [one.fields["warc-type"] for one in records] == ["warcinfo", "response", "request"]
    assert records[1].block == warcs.ANSWER
    assert [read_at(path, one.offset) for one in records] == records
    assert sum(one.length for one in records) == path.stat().st_size


@pytest.mark.parametrize("name", FORMS)
def test_a_response_before_its_request_is_one_exchange(tmp_path: Path, name: str) -> None:
    path = stored(tmp_path, FORMS[name], name)
    (exchange,) = read_exchanges(path)
    assert isinstance(exchange, Exchange)
    assert (exchange.capture.request, exchange.capture.response) == (warcs.ASKED, warcs.ANSWER)
    assert exchange.pressmark is not None
    assert read_record(tmp_path, exchange.pressmark).block == warcs.ANSWER


@pytest.mark.parametrize("content", [b"".join(warcs.arc_records()), warcs.members(*warcs.arc_records())])
def test_an_arc_file_is_read_like_a_warc_file(tmp_path: Path, content: bytes) -> None:
    path = stored(tmp_path, content, "a.arc")
    (exchange,) = read_exchanges(path)
    assert isinstance(exchange, Exchange)
    assert (exchange.capture.url, exchange.capture.ip) == (warcs.URL, "192.0.2.7")
    assert exchange.capture.response == warcs.ANSWER
    assert exchange.pressmark is not None
    assert read_at(path, exchange.pressmark.offset).block == warcs.ANSWER


def test_a_file_gzipped_as_a_whole_is_refused_by_offset_and_read_on(tmp_path: Path) -> None:
    path = stored(tmp_path, gzip.compress(b"".join(EXCHANGE), mtime=0))
    assert faults(path) == [(0, "one-member")]
    assert types(path) == ["warcinfo", "response", "request"]
    with pytest.raises(ArchiveError, match=r"a\.warc\.gz: at offset 0 lies one gzip member with several records"):
        list(read_strictly(path))


@pytest.mark.parametrize(
    ("content", "rule", "reason"),
    [
        (b"", "empty", "the file is empty"),
        (random.Random(3).randbytes(5000), "form", "no WARC, ARC or gzip file"),
        (b"PK\x03\x04" + bytes(40), "form", r"a ZIP file; of a WACZ package, whose name must end in \.wacz"),
        (b"\x28\xb5\x2f\xfd" + bytes(40), "form", "a Zstandard file"),
        (gzip.compress(b"hello", mtime=0), "record", "no WARC record"),
        (gzip.compress(b"", mtime=0), "record", "no WARC record"),
        (b"WARC/1.1\r\nContent-Length: many\r\n\r\n", "record", "Content-Length 'many'"),
        (b"WARC/1.1\r\nWARC-Type: response\r\n", "record", "its head has no end"),
        (b"filedesc://a 0.0.0.0 20059999999999 text/plain 0\n", "record", "the date 20059999999999"),
    ],
)
def test_what_is_no_archive_is_refused_with_file_offset_and_reason(
    tmp_path: Path, content: bytes, rule: str, reason: str
) -> None:
    path = stored(tmp_path, content)
    assert faults(path) == [(0, rule)]
    with pytest.raises(ArchiveError, match=rf"^a\.warc\.gz: at offset 0 lies .*{reason}"):
        list(read_exchanges(path))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="a directory; name the files in it"):
        list(read_exchanges(tmp_path))


def test_reading_goes_on_behind_a_torn_member(tmp_path: Path) -> None:
    torn = warcs.members(warcs.response(7))[:-30]
    path = stored(tmp_path, warcs.members(warcs.warcinfo()) + torn + warcs.members(warcs.response(8)))
    assert faults(path) == [(len(warcs.members(warcs.warcinfo())), "record")]
    assert types(path) == ["warcinfo", "response"]


def test_reading_goes_on_behind_a_wrong_length_in_a_plain_file(tmp_path: Path) -> None:
    wrong = warcs.response(7, Content_Length="20")
    path = stored(tmp_path, warcs.warcinfo() + wrong + warcs.response(8), "a.warc")
    assert faults(path) == [(len(warcs.warcinfo()), "record")]
    assert types(path) == ["warcinfo", "response"]


def test_bytes_before_the_first_record_are_told(tmp_path: Path) -> None:
    path = stored(tmp_path, b"\0" * 100 + warcs.members(*EXCHANGE))
    assert faults(path) == [(0, "form")]
    assert types(path) == ["warcinfo", "response", "request"]


def test_a_wrong_checksum_is_told_and_its_record_is_not_given_out(tmp_path: Path) -> None:
    member = bytearray(warcs.members(warcs.response()))
    member[-8] ^= 1
    path = stored(tmp_path, bytes(member))
    assert faults(path) == [(0, "gzip")]
    assert types(path) == []


def test_every_cut_of_a_file_is_told_unless_it_lies_between_records(tmp_path: Path) -> None:
    whole = warcs.members(*EXCHANGE)
    ends = {0} | {len(warcs.members(*EXCHANGE[:count])) for count in (1, 2, 3)}
    told = {cut for cut in range(len(whole) + 1) if faults(stored(tmp_path, whole[:cut]))}
    assert told == {0} | set(range(len(whole) + 1)) - ends


def test_a_large_block_lies_in_a_file_and_not_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iteration, "MEMORY_BYTES", 100)
    body = random.Random(5).randbytes(3_000_000)
    path = stored(tmp_path, warcs.members(warcs.record("resource", 1, body, Content_Type="image/jpeg")))
    (record,) = read_strictly(path)
    assert not isinstance(record.block, bytes)
    assert bytes(record.block) == body


def test_our_own_files_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE)
    (exchange,) = read_exchanges(path)
    assert isinstance(exchange, Exchange)
    (stored_response,) = (one for one in read_strictly(path) if one.fields["warc-type"] == "response")
    assert exchange.pressmark is not None
    assert (stored_response.offset, stored_response.length) == (exchange.pressmark.offset, exchange.pressmark.length)
    assert stored_response.block == WHOLE.response


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2000), change=st.binary(max_size=12), plain=st.booleans())
def test_no_damage_raises(tmp_path_factory: pytest.TempPathFactory, place: int, change: bytes, plain: bool) -> None:
    whole = b"".join(EXCHANGE) if plain else warcs.members(*EXCHANGE)
    place %= len(whole)
    path = stored(tmp_path_factory.mktemp("damaged"), whole[:place] + change + whole[place + len(change) :])
    assert all(isinstance(found, StoredRecord | Fault) for found in iterate(path))
