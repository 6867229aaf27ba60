"""A payload that is kept already becomes a revisit, which leads back to it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from archive.capture import Capture
from archive.cdxj import index_exchange, index_records
from archive.digests import MIN_PAYLOAD_BYTES, Digests, may_be_repeat
from archive.errors import ArchiveError
from archive.pressmark import Original, Pressmark
from archive.reader import Exchange, read_exchanges, read_records
from archive.revisits import as_recorded, read_original, resolve
from archive.writer import WarcWriter
from tests.exchanges import NOTES, PAGE, answered, chunked, open_writer

LONG = PAGE * 12
FIRST = answered(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(LONG), LONG))
AGAIN = replace(
    answered(
        b"HTTP/1.1 200  OK\r\nContent-Type:  text/html\r\nX-Cache: HIT\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunked(LONG)
    ),
    url="http://www.js.sample.test/news/2025/0227/230110.shtml",
    started_at=FIRST.started_at + timedelta(days=1),
)
UNCHANGED = replace(
    answered(b'HTTP/1.1 304 Not  Modified\r\nETag: "4f1c-100%"\r\nX-Name: \xe9\r\n\r\n'),
    started_at=FIRST.started_at + timedelta(days=2),
)
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


class Deduplicating:
    """A writer with the table of its payloads, as a crawl couples them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer: WarcWriter = open_writer(folder)
        self.digests = Digests(None, folder)

    def write(self, capture: Capture, original: Original | None = None) -> Exchange:
        original = original or self.digests.find_repeat(capture)
        recorded = self.writer.write_capture(capture, NOTES, original=original)
        exchange = as_recorded(capture, NOTES, recorded, original)
        self.digests.feed(exchange)
        return exchange

    def close(self) -> Path:
        self.writer.close()
        self.digests.shut()
        (path,) = self.folder.iterdir()
        return path


def write_three(folder: Path) -> tuple[Path, list[Exchange]]:
    """Write a page, the same page under another address, and a 304."""
    archive = Deduplicating(folder)
    first, again = archive.write(FIRST), archive.write(AGAIN)
    assert first.pressmark is not None
    unchanged = archive.write(UNCHANGED, read_original(folder, first.pressmark))
    return archive.close(), [first, again, unchanged]


def test_revisits_come_back_as_they_were_written(tmp_path: Path) -> None:
    path, written = write_three(tmp_path)
    assert list(read_exchanges(path)) == written


def test_an_identical_payload_is_referred_to_and_the_head_kept(tmp_path: Path) -> None:
    path, (first, _, _) = write_three(tmp_path)
    revisit = next(record for record in read_records(path) if record.type == "revisit")
    assert first.pressmark is not None
    assert revisit.block == AGAIN.head_block()
    told = ("WARC-Profile", "WARC-Refers", "WARC-Truncated", "WARC-Payload")
    assert {name: value for name, value in revisit.headers if name.startswith(told)} == {
        "WARC-Profile": IDENTICAL,
        "WARC-Refers-To": f"<{first.pressmark.record_id}>",
        "WARC-Refers-To-Target-URI": FIRST.url,
        "WARC-Refers-To-Date": "2025-02-27T10:15:00.123456Z",
        "WARC-Truncated": "length",
        "WARC-Payload-Digest": first.pressmark.payload_digest,
    }


def test_a_304_is_a_revisit_with_an_empty_block_and_its_head_in_the_metadata(tmp_path: Path) -> None:
    path, (first, _, unchanged) = write_three(tmp_path)
    revisit = [record for record in read_records(path) if record.type == "revisit"][1]
    assert first.pressmark is not None
    assert (revisit.block, revisit.value("WARC-Profile")) == (b"", NOT_MODIFIED)
    assert revisit.value("WARC-Refers-To") == f"<{first.pressmark.record_id}>"
    assert revisit.value("WARC-Refers-To-Target-URI") == FIRST.url
    assert revisit.value("WARC-Refers-To-Date") == "2025-02-27T10:15:00.123456Z"
    assert (
        not {"WARC-Truncated", "WARC-Payload-Digest", "Content-Type", "WARC-Block-Digest"}
        & dict(revisit.headers).keys()
    )
    assert unchanged.capture.response == UNCHANGED.response
    metadata = [record for record in read_records(path) if record.type == "metadata"][-1]
    assert b'responseHead: HTTP/1.1 304 Not  Modified%0D%0AETag: "4f1c-100%25"%0D%0A' in metadata.block


def test_a_resolved_revisit_has_the_payload_under_its_own_head(tmp_path: Path) -> None:
    path, (first, _, _) = write_three(tmp_path)
    again = list(read_exchanges(path))[1]
    assert isinstance(again, Exchange)
    assert first.pressmark is not None
    resolved = resolve(tmp_path, again, first.pressmark)
    assert (resolved.capture.payload(), resolved.capture.body(), resolved.original) == (LONG, LONG, first.pressmark)
    assert (resolved.capture.url, resolved.capture.head()) == (AGAIN.url, AGAIN.head())


def test_a_revisit_is_not_resolved_by_another_record(tmp_path: Path) -> None:
    path, (first, _, _) = write_three(tmp_path)
    again = list(read_exchanges(path))[1]
    assert isinstance(again, Exchange)
    assert first.pressmark is not None
    with pytest.raises(ArchiveError, match="is not the one"):
        resolve(tmp_path, again, replace(first.pressmark, record_id="urn:uuid:other"))


def test_index_lines_of_revisits_are_those_of_pywb(tmp_path: Path) -> None:
    path, written = write_three(tmp_path)
    lines = list(index_records(path))
    assert lines == [index_exchange(exchange) for exchange in written]
    assert '"mime": "warc/revisit", "status": "200", "digest": "' in lines[1]
    assert '"mime": "warc/revisit", "length"' in lines[2]


SHORT = answered(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * (MIN_PAYLOAD_BYTES - 1))
BESIDE = replace(FIRST, response=FIRST.response + b"surplus")
KEPT_WHOLE = {
    "an error page": replace(FIRST, response=FIRST.response.replace(b" 200 ", b" 404 ")),
    "a short payload": SHORT,
    "a cut transfer": replace(FIRST, truncated="disconnect"),
    "a failed transfer": replace(FIRST, failure="the connection was lost"),
    "bytes beside the payload": BESIDE,
    "no head": replace(FIRST, response=b"220 ready\r\n" * 100),
    "the answer to HEAD": replace(FIRST, request=b"HEAD / HTTP/1.1\r\n\r\n"),
}


@pytest.mark.parametrize("capture", KEPT_WHOLE.values(), ids=KEPT_WHOLE.keys())
def test_what_is_not_a_whole_200_answer_is_kept_as_it_came(capture: Capture) -> None:
    assert may_be_repeat(FIRST)
    assert not may_be_repeat(capture)


def test_a_payload_whose_record_is_gone_is_kept_whole_again(tmp_path: Path) -> None:
    archive = Deduplicating(tmp_path / "new")
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    elsewhere = open_writer(tmp_path / "old")
    archive.digests.feed(as_recorded(FIRST, NOTES, elsewhere.write_capture(FIRST, NOTES), None))
    elsewhere.close()
    kept, repeat = archive.write(AGAIN), archive.write(FIRST)
    archive.close()
    assert kept.refers_to is None
    assert repeat.refers_to is not None
    assert kept.pressmark is not None
    assert repeat.refers_to.record_id == kept.pressmark.record_id


def test_a_digest_alone_is_not_believed(tmp_path: Path) -> None:
    archive = Deduplicating(tmp_path)
    other = replace(FIRST, response=FIRST.response[:-1] + b"\x00")
    first = archive.write(FIRST)
    assert first.pressmark is not None
    collision = Digests(None, tmp_path)
    fake = replace(first.pressmark, payload_digest=archive.write(other).pressmark.payload_digest)  # type: ignore[union-attr]
    collision.feed(replace(first, pressmark=fake))
    assert collision.find_repeat(other) is None
    collision.shut()
    archive.close()


def test_digests_outlive_a_restart_only_where_they_were_committed(tmp_path: Path) -> None:
    (tmp_path / "warc").mkdir()
    archive = Deduplicating(tmp_path / "warc")
    exchanges = [archive.write(FIRST), archive.write(replace(FIRST, response=FIRST.response[:-1] + b"\x00"))]
    found = []
    for exchange, commits in zip(exchanges, (True, False), strict=True):
        digests = Digests(tmp_path / "digests.sqlite", tmp_path / "warc")
        digests.feed(exchange)
        if commits:
            digests.commit(("a.warc.gz", exchange.end))
        digests.shut()
    digests = Digests(tmp_path / "digests.sqlite", tmp_path / "warc")
    found = [digests.find(exchange.pressmark.payload_digest or "") for exchange in exchanges if exchange.pressmark]
    assert [one is not None for one in found] == [True, False]
    assert digests.position() == ("a.warc.gz", exchanges[0].end)
    digests.shut()
    archive.close()


@pytest.mark.parametrize(
    "record_id", ["urn:uuid:0b5c7a4e-6f0e-4d2a-9c8b-1f2e3d4c5b6a", "urn:uuid:ABC", "http://a.test/1"]
)
@pytest.mark.parametrize("digest", ["sha1:CH3K3DWFFIUYJK5K7V6DWULFAN4FYIDS", "sha256:" + "0f" * 32, "md5:00", "sha1:?"])
def test_any_id_and_digest_come_back(tmp_path: Path, record_id: str, digest: str) -> None:
    digests = Digests(None, tmp_path)
    mark = Pressmark(file="a.warc.gz", offset=1, length=2, record_id=record_id, payload_digest=digest)
    digests.feed(Exchange(capture=FIRST, pressmark=mark, metadata=None, notes=(), end=3))
    assert digests.find(digest) == Original(pressmark=mark, url=FIRST.url, date=FIRST.started_at)
    digests.shut()
