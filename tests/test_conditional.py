"""Lists are asked for again with the ETag that they came with, and a 304 is recorded as a revisit that replays."""

from pathlib import Path

from archive.reader import Exchange, Record, read_exchanges, read_records
from tests.conftest import Crawled

PROFILE = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


def not_modified(path: Path) -> list[Exchange]:
    """Return the exchanges of a file that ended in a 304."""
    found = [exchange for exchange in read_exchanges(path) if isinstance(exchange, Exchange)]
    return [one for one in found if (head := one.capture.head()) and head.status == 304]


def revisits(path: Path) -> list[Record]:
    return [record for record in read_records(path) if record.type == "revisit" and not record.block]


def test_the_second_crawl_asks_each_list_with_its_etag_and_records_revisits(crawled: Crawled) -> None:
    first, second = crawled.warcs()
    seen = not_modified(second)
    lists = {url for url in crawled.second_requests if url.endswith("/")}
    captured = {e.pressmark.record_id: e for e in read_exchanges(first) if isinstance(e, Exchange) and e.pressmark}
    assert not_modified(first) == []
    assert lists <= {one.capture.url for one in seen}
    for one in seen:
        assert one.refers_to is not None
        before = captured[one.refers_to.record_id]
        assert (one.refers_to.url, one.refers_to.date) == (before.capture.url, before.capture.started_at)
        assert (head := before.capture.head())
        assert f"If-None-Match: {head.value('etag')}\r\n".encode() in one.capture.request


def test_the_revisit_names_address_and_date_and_the_metadata_has_the_head(crawled: Crawled) -> None:
    _, second = crawled.warcs()
    assert revisits(second)
    for record in revisits(second):
        assert record.value("WARC-Profile") == PROFILE
        assert record.value("WARC-Refers-To-Target-URI") == record.value("WARC-Target-URI")
        assert record.value("WARC-Refers-To-Date")
    heads = [record.block for record in read_records(second) if record.type == "metadata"]
    assert sum(b"responseHead: HTTP/1.1 304 Not Modified%0D%0A" in block for block in heads) == len(revisits(second))


def test_the_run_tells_how_many_answers_were_304(crawled: Crawled) -> None:
    assert f"{len(revisits(crawled.warcs()[1]))} × 304" in crawled.second.stdout
