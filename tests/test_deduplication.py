"""A page that comes again is a revisit in the archive and the same page for the reader, live and replayed."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import msgspec
import pytest

from archive.capture import Capture
from archive.reader import Exchange, read_exchanges, read_record
from archive.writer import WarcOptions
from crawler.fetching.recorder import Recorder
from crawler.folding.outcome import Outcome
from crawler.lines import ArticleLine, decode_line
from crawler.reading.portals import find_portal
from crawler.store.collection import Collection
from crawler.store.rows import Row
from tests.conftest import SAMPLE, SAMPLE_TOML
from tests.test_crashes import line_files, replayed

HOST = "http://www.js.sample.test"
PORTAL = find_portal(str(SAMPLE_TOML))
ADDRESS = f"{HOST}/news/2026/1120/236221.html"
COPY = f"{HOST}/news/2026/1121/236999.html"
PAGE = (SAMPLE / "hosts" / "www.js.sample.test" / "news" / "2026" / "1120" / "236221.html").read_bytes()
START = datetime(2026, 11, 20, 1, 2, 3, 456000, tzinfo=UTC)


class Archivist:
    """Records exchanges as a crawl would, one second after the other."""

    def __init__(self, collection: Collection, **options: object) -> None:
        self.collection = collection
        self.options = WarcOptions(**options)  # type: ignore[arg-type]
        self._seconds = count()

    def record(self, *exchanges: tuple[str, bytes]) -> list[tuple[Exchange, Outcome]]:
        """Record responses in one run, give up what their pages link to, and return what became of them."""
        recorder = Recorder(self.collection, PORTAL, options=self.options, software=(("software", "pressmark"),))
        seen: list[tuple[Exchange, Outcome]] = []
        recorder.listeners.append(lambda row, exchange, outcome, new: seen.append((exchange, outcome)))
        for url, response in exchanges:
            recorder.record(self._capture(url, response), Row(url=url, kind="article", via=None, hops="L"))
            for link in seen[-1][1].links:
                recorder.give_up(link.url)
        recorder.close()
        return seen

    def lines(self) -> list[ArticleLine]:
        files = sorted(self.collection.articles.glob("*/*.jsonl"))
        return [decode_line(line) for path in files for line in path.read_bytes().splitlines()]

    def records(self) -> list[Exchange]:
        files = sorted(self.collection.archive.glob("*.warc.gz"))
        return [e for path in files for e in read_exchanges(path) if isinstance(e, Exchange)]

    def _capture(self, url: str, response: bytes) -> Capture:
        request = b"GET / HTTP/1.1\r\nHost: www.js.sample.test\r\n\r\n"
        started_at = START + timedelta(seconds=next(self._seconds))
        return Capture(url=url, started_at=started_at, seconds=0.1, request=request, response=response)


@pytest.fixture
def archivist(tmp_path: Path) -> Archivist:
    return Archivist(Collection(tmp_path / "sample"))


def ok(body: bytes = PAGE, *, extra: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gb2312\r\n" + extra
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "4f1c"\r\n\r\n'


def test_the_same_page_at_another_address_gets_a_line_that_names_both_records(archivist: Archivist) -> None:
    archivist.record((ADDRESS, ok()), (COPY, ok(extra=b'ETag: "copy"\r\n')))
    first, copy = archivist.lines()
    revisit = archivist.records()[1]
    assert (first.pressmark, first.revisit) == (copy.pressmark, None)
    assert copy.revisit is not None
    assert revisit.pressmark is not None
    assert copy.revisit.record_id == revisit.pressmark.record_id
    assert copy.revisit.date == copy.captured_at == "2026-11-20T01:02:04.456Z"
    assert (copy.url, copy.headline, copy.body) == (COPY, first.headline, first.body)
    assert copy.http is not None
    assert copy.http.etag == '"copy"'


def test_a_page_that_came_again_unchanged_gets_no_second_line(archivist: Archivist) -> None:
    archivist.record((ADDRESS, ok()))
    archivist.record((ADDRESS, ok()))
    assert len(archivist.lines()) == 1
    assert [exchange.refers_to is not None for exchange in archivist.records()] == [False, True]


def test_a_304_refers_to_the_record_with_the_payload(archivist: Archivist) -> None:
    archivist.record((ADDRESS, ok()), (COPY, ok()), (COPY, NOT_MODIFIED))
    first, _, unchanged = archivist.records()
    assert unchanged.refers_to is not None
    assert first.pressmark is not None
    assert unchanged.refers_to.record_id == first.pressmark.record_id
    assert (unchanged.refers_to.url, unchanged.refers_to.date) == (ADDRESS, START)
    assert unchanged.capture.response == NOT_MODIFIED
    assert len(archivist.lines()) == 2


def test_a_304_for_what_was_never_kept_is_a_plain_response(archivist: Archivist) -> None:
    archivist.record((ADDRESS, NOT_MODIFIED))
    assert [exchange.refers_to for exchange in archivist.records()] == [None]


def test_those_who_listen_get_a_revisit_with_its_payload(archivist: Archivist) -> None:
    seen = archivist.record((ADDRESS, ok()), (COPY, ok()))
    assert [exchange.capture.response for exchange, _ in seen] == [ok(), ok()]


def test_an_edited_page_is_kept_whole(archivist: Archivist) -> None:
    archivist.record((ADDRESS, ok()), (ADDRESS, ok(PAGE.replace(b"</html>", b"</html> "))))
    assert [exchange.refers_to for exchange in archivist.records()] == [None, None]


def test_replaying_revisits_gives_the_same_lines(archivist: Archivist, tmp_path: Path) -> None:
    archivist.record((ADDRESS, ok()), (COPY, ok()))
    archivist.record((COPY, NOT_MODIFIED), (ADDRESS, ok()))
    again = replayed(archivist.collection, tmp_path / "again")
    assert line_files(again) == line_files(archivist.collection)
    assert len(archivist.lines()) == 2


def test_lost_digests_are_made_again_from_the_records(archivist: Archivist) -> None:
    archivist.record((ADDRESS, ok()))
    archivist.collection.digests.unlink()
    archivist.record((COPY, ok()))
    assert [exchange.refers_to is not None for exchange in archivist.records()] == [False, True]
    assert len(archivist.lines()) == 2


def test_a_lost_state_is_made_again_though_the_digests_are_there(archivist: Archivist) -> None:
    archivist.record((ADDRESS, ok()), (COPY, ok()))
    before = archivist.lines()
    archivist.collection.state.unlink()
    archivist.record((COPY, NOT_MODIFIED))
    assert archivist.lines() == before


@pytest.mark.parametrize("payload_digest", ["always", "omit-when-chunked"])
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_digest_options_change_no_line_but_its_digest(tmp_path: Path, digest: str, payload_digest: str) -> None:
    archivist = Archivist(Collection(tmp_path / "sample"), digest=digest, payload_digest=payload_digest)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(PAGE), PAGE)
    archivist.record((ADDRESS, chunked), (COPY, ok()))
    first, copy = archivist.lines()
    assert first.pressmark is not None
    assert first.pressmark == copy.pressmark
    assert (first.pressmark.payload_digest or "").startswith(digest + ":")
    stored = read_record(archivist.collection.archive, first.pressmark).value("WARC-Payload-Digest")
    assert stored == {"always": first.pressmark.payload_digest, "omit-when-chunked": None}[payload_digest]
    again = replayed(archivist.collection, tmp_path / "again")
    assert line_files(again) == line_files(archivist.collection)
    assert msgspec.json.encode(first) != msgspec.json.encode(copy)


def open_files(collection: Collection) -> list[bool]:
    """Tell of each WARC file, in order, whether it is unfinished."""
    return [path.name.endswith(".open") for path in sorted(collection.archive.glob("*.warc.gz*"))]


def test_runs_of_one_day_go_on_with_one_file(tmp_path: Path) -> None:
    archivist = Archivist(Collection(tmp_path / "sample"), keep_open="day")
    archivist.record((ADDRESS, ok()))
    assert open_files(archivist.collection) == [True]
    assert not list(archivist.collection.indexes.iterdir())
    archivist.record((COPY, ok()))
    assert open_files(archivist.collection) == [True]
    assert len(archivist.lines()) == 2
    closing = Archivist(archivist.collection)
    closing.record((f"{HOST}/news/2026/1122/1.html", b"HTTP/1.1 404 Not Found\r\n\r\n"))
    assert open_files(archivist.collection) == [False, False]
    index = (archivist.collection.indexes / "index.cdxj").read_text()
    assert index.count("\n") == 3
    assert len(archivist.lines()) == 2


def test_a_run_goes_on_after_a_torn_end(tmp_path: Path) -> None:
    archivist = Archivist(Collection(tmp_path / "sample"), keep_open="day")
    archivist.record((ADDRESS, ok()))
    (path,) = archivist.collection.archive.glob("*.open")
    whole = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"\x1f\x8b\x08torn")
    archivist.record((COPY, ok()))
    assert [left.stat().st_size for left in archivist.collection.archive.glob("*.torn-*")] == [7]
    (path,) = archivist.collection.archive.glob("*.open")
    rest = list(read_exchanges(path, start=whole))
    assert isinstance(rest[0], Exchange)
    assert rest[0].capture.url == COPY
