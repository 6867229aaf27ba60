"""From the values of an article line back to the bytes that they were read from."""

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace as with_fields

from archive.reader import Conversion, Exchange, read_exchange, read_exchanges
from archive.writer import WarcOptions
from crawler.article import read_articles
from crawler.errors import UsageError
from crawler.fetching.recorder import Recorder
from crawler.lines import ArticleLine, encode_line
from crawler.provenance.evidence import Verdict
from crawler.provenance.tracing import Trace, trace
from crawler.reading.page import Encoding, decode_page, explain_encoding
from crawler.reading.places import PageText
from crawler.reading.portals import Portal, find_portal
from crawler.store.collection import Collection
from crawler.store.rows import Kind, Link, Row
from crawler.store.state import State
from tests.conftest import SAMPLE_TOML, Crawled, Run, run_pressmark
from tests.sample_article import ARTICLE

HEADLINE = "无锡：一座城市的“神经末梢”是怎样长成的"
Pressmark = Callable[..., Run]


@pytest.fixture(scope="module")
def portal() -> Portal:
    return find_portal(str(SAMPLE_TOML))


@pytest.fixture(scope="module")
def lines(crawled: Crawled) -> list[ArticleLine]:
    return list(read_articles(crawled.folder))


@pytest.fixture(scope="module")
def line(lines: list[ArticleLine]) -> ArticleLine:
    return next(line for line in lines if line.url == ARTICLE)


@pytest.fixture
def tracer(crawled: Crawled, pressmark: Pressmark) -> Pressmark:
    """`pressmark trace` on the crawled collection."""
    data = crawled.folder.parents[1]

    def run(*words: str, **options: object) -> Run:
        return pressmark("trace", *words, "--portal", str(SAMPLE_TOML), "--data", str(data), **options)

    return run


@pytest.fixture
def archive(crawled: Crawled, tmp_path: Path) -> Path:
    """A copy of the WARC files, to be spoilt."""
    return Path(shutil.copytree(crawled.folder / "archive", tmp_path / "warcs"))


def verdicts(found: Trace) -> dict[str, Verdict]:
    return {value.field: value.verdict for value in found.values}


def spoil(archive: Path, file: str, offset: int, bytes_: bytes) -> None:
    with (archive / file).open("r+b") as warc:
        warc.seek(offset)
        warc.write(bytes_)


def test_every_line_of_the_sample_portal_leads_to_its_bytes(
    crawled: Crawled, lines: list[ArticleLine], portal: Portal
) -> None:
    state = State(crawled.folder / "state.sqlite", read_only=True)
    versions = [state.versions.numbered(line.id, line.version or 0) for line in lines]
    state.shut()
    found = [
        trace(line, crawled.folder / "archive", portal, conversion=version.line)
        for line, version in zip(lines, versions, strict=True)
        if version
    ]
    assert len(found) == len(lines) > 60
    assert {one.verdict for one in found} == {"same"}
    values = [value for one in found for value in one.values]
    selected = [value for value in values if value.field in {"headline", "body"} and value.origin != "density"]
    assert not [value for value in selected if value.unplaced or not all(place.within for place in value.places)]


def test_each_line_is_the_block_of_its_conversion_record_which_refers_to_its_page(crawled: Crawled) -> None:
    records = [record for path in crawled.warcs() for record in read_exchanges(path)]
    conversions = {record.block: record.refers_to for record in records if isinstance(record, Conversion)}
    texts = crawled.line_texts()
    assert set(conversions) == set(texts)
    assert [conversions[text] for text in texts] == [json.loads(text)["pressmark"]["record_id"] for text in texts]


def test_the_bytes_of_a_value_lie_in_the_file_where_the_trace_says(crawled: Crawled, tracer: Pressmark) -> None:
    done = tracer(ARTICLE, "--field", "headline", "--json")
    told = json.loads(done.stdout)
    (value,), (page,) = told["values"], told["pages"]
    (place,) = value["places"]
    mark = page["record"]["pressmark"]
    warc = (crawled.folder / "archive" / mark["file"]).read_bytes()
    record = gzip.decompress(warc[mark["offset"] : mark["offset"] + mark["length"]])
    body = record.split(b"\r\n\r\n", 2)[2]
    assert done.returncode == 0
    assert (value["value"], value["verdict"], value["origin"], place["within"]) == (
        HEADLINE,
        "same",
        "#cont > h1",
        True,
    )
    assert body[place["offset"] : place["offset"] + place["length"]].decode("gb18030") == HEADLINE
    assert place["payload_offset"] == place["offset"]
    assert place["bytes"].startswith("ce de ce fd a3 ba")
    assert page["decoding"]["decided_by"] == "label in the page"
    assert all(digest.endswith(" holds") for digest in page["record"]["digests"])


def test_offsets_in_a_packed_page_count_its_unpacked_body(
    crawled: Crawled, lines: list[ArticleLine], portal: Portal
) -> None:
    found = [trace(line, crawled.folder / "archive", portal, fields=["headline"]) for line in lines]
    (chunked,) = [
        one
        for one in found
        if (how := one.pages[0].decoding) and how.transfer_codings + how.content_codings == ("chunked",)
    ]
    packed = [one for one in found if (how := one.pages[0].decoding) and how.content_codings == ("gzip",)]
    (place,) = chunked.values[0].places
    assert place.payload_offset == place.offset
    assert len(packed) == 2
    for one in packed:
        (line,) = [line for line in lines if line.id == one.id]
        (place,), decoding = one.values[0].places, one.pages[0].decoding
        mark = line.pressmark
        assert mark
        assert decoding
        body = read_exchange(crawled.folder / "archive", mark).capture.body()
        assert body[place.offset : place.offset + place.length].decode(decoding.used) == line.headline
        assert place.payload_offset is None


def test_the_walk_is_printed_for_people(tracer: Pressmark, line: ArticleLine) -> None:
    done = tracer(line.id, "--field", "images[0].caption", "--field", "http.status")
    assert (done.returncode, done.stderr) == (0, "")
    assert line.pressmark
    for text in (
        f"{line.pressmark.file}  offset {line.pressmark.offset}  length {line.pressmark.length}",
        "gb2312 declared, read as gb18030 (by the label in the page), 0 replacement characters",
        "conversion of ",
        "picture 0 ",
        "images[0].caption  same",
        "T-SENSE(太湖传感谷)。无锡国家传感网创新示范区管委会供图",
        "200, made of: head of the response",
        "same  (2 values: 2 same)",
    ):
        assert text in done.stdout


def test_a_line_is_taken_from_a_file_and_from_standard_input(
    crawled: Crawled, tracer: Pressmark, pressmark: Pressmark, tmp_path: Path
) -> None:
    file = next((crawled.folder / "articles" / "js").glob("*.jsonl"))
    text = file.read_bytes().splitlines(keepends=True)[2]
    by_place = pressmark("trace", f"{file}:3", "--portal", str(SAMPLE_TOML), "--json")
    (tmp_path / "part.jsonl.gz").write_bytes(gzip.compress(text, mtime=0))
    words = ("--warc", str(crawled.folder / "archive"), "--portal", str(SAMPLE_TOML), "--json")
    packed = pressmark("trace", "part.jsonl.gz:1", *words)
    piped = pressmark("trace", "-", *words, stdin=text)
    assert [json.loads(done.stdout)["id"] for done in (by_place, packed, piped)] == [json.loads(text)["id"]] * 3
    assert [json.loads(done.stdout)["conversion"] is None for done in (by_place, packed)] == [False, True]


def test_a_line_that_says_something_else_differs(crawled: Crawled, line: ArticleLine, portal: Portal) -> None:
    changed = with_fields(line, headline="无锡：另一个标题", editors=())
    found = trace(changed, crawled.folder / "archive", portal)
    assert found.verdict == "differs"
    assert {name for name, verdict in verdicts(found).items() if verdict != "same"} == {"headline"}
    value = next(value for value in found.values if value.field == "headline")
    assert (value.read, value.unplaced) == (HEADLINE, ("无锡：另一个标题",))
    assert verdicts(trace(changed, crawled.folder / "archive", portal, fields=["editors"])) == {"editors": "differs"}


def test_a_damaged_record_and_one_that_is_not_there_are_told(
    archive: Path, line: ArticleLine, tracer: Pressmark, tmp_path: Path
) -> None:
    mark = line.pressmark
    assert mark
    (tmp_path / "line.json").write_bytes(encode_line(line) + b"\n")
    words = ("line.json:1", "--warc", str(archive), "--field", "headline")
    spoil(archive, mark.file, mark.offset + mark.length // 2, b"\0\0\0\0")
    damaged = tracer(*words)
    assert (damaged.returncode, "headline  bytes damaged" in damaged.stdout) == (3, True)
    assert f"{mark.file}: at offset {mark.offset} lies" in damaged.stdout
    (archive / mark.file).unlink()
    missing = tracer(*words)
    assert (missing.returncode, "headline  record missing" in missing.stdout) == (3, True)


def test_bytes_that_are_not_those_of_the_digest_are_damaged(
    crawled: Crawled, line: ArticleLine, portal: Portal
) -> None:
    assert line.pressmark
    other = with_fields(line, pressmark=replace(line.pressmark, payload_digest="sha1:" + "A" * 32))
    found = trace(other, crawled.folder / "archive", portal, fields=["headline"])
    assert found.pages[0].record.verdict == found.values[0].verdict == "bytes damaged"
    assert "payload sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA does not hold" in found.pages[0].record.digests


def test_another_record_at_the_place_is_a_missing_one(crawled: Crawled, line: ArticleLine, portal: Portal) -> None:
    assert line.pressmark
    image = with_fields(line.images[0], pressmark=replace(line.pressmark, record_id="urn:uuid:0"))
    found = trace(with_fields(line, images=(image,)), crawled.folder / "archive", portal, fields=["headline"])
    assert [record and record.verdict for record in found.pictures] == ["record missing"]
    assert (found.verdict, found.values[0].verdict) == ("record missing", "same")


def test_an_article_of_several_pages_is_traced_to_each(archive: Path, lines: list[ArticleLine], portal: Portal) -> None:
    line = next(line for line in lines if len(line.pages) > 1)
    found = trace(line, archive, portal, fields=["body", "headline"])
    body = found.values[0]
    assert [page.url for page in found.pages] == [page.url for page in line.pages]
    assert {place.page for place in body.places} == set(range(len(line.pages)))
    assert (found.verdict, body.unplaced) == ("same", ())
    mark = line.pages[1].pressmark
    assert mark
    spoil(archive, mark.file, mark.offset + mark.length // 2, b"\0\0\0\0")
    damaged = trace(line, archive, portal, fields=["body", "headline"])
    assert verdicts(damaged) == {"body": "bytes damaged", "headline": "same"}


@pytest.fixture
def seen_again(crawled: Crawled, tmp_path: Path) -> Collection:
    """The collection with an article whose payload was captured at another address before."""
    collection = Collection(tmp_path / "data" / "collections" / "sample")
    shutil.copytree(crawled.folder, collection.folder)
    captures = {e.capture.url: e.capture for p in crawled.warcs() for e in read_exchanges(p) if isinstance(e, Exchange)}
    recorder = Recorder(collection, find_portal(str(SAMPLE_TOML)), options=WarcOptions(), software=())
    links: list[Link] = []
    recorder.listeners.append(lambda row, exchange, outcome, new: links.extend(new))

    def record(url: str, kind: Kind) -> None:
        again = replace(captures[ARTICLE], url=url, started_at=datetime(2027, 1, 1, tzinfo=UTC))
        recorder.record(again, Row(url=url, kind=kind, via=None, hops="L"))

    record("http://www.js.sample.test/news/2027/0101/900001.html", "article")
    for link in [link for link in links if link.kind == "picture"]:
        record(link.url, "picture")
    recorder.close()
    return collection


@pytest.mark.parametrize("indexed", [True, False])
def test_a_revisit_is_found_and_its_payload_checked(seen_again: Collection, portal: Portal, indexed: bool) -> None:
    (line,) = read_articles(seen_again.articles / "js" / "2027-01.jsonl")
    for path in () if indexed else seen_again.indexes.glob("*.cdxj"):
        path.unlink()
    found = trace(line, seen_again.archive, portal)
    (page,) = found.pages
    assert found.verdict == "same"
    assert page.revisit
    assert line.revisit
    assert (page.revisit.pressmark.record_id, page.revisit.type) == (line.revisit.record_id, "revisit")
    assert (page.record.type, page.record.url) == ("response", ARTICLE)
    lost = with_fields(line, revisit=with_fields(line.revisit, record_id="urn:uuid:0"))
    found = trace(lost, seen_again.archive, portal, fields=["headline", "captured_at"])
    assert verdicts(found) == {"headline": "same", "captured_at": "record missing"}
    assert found.verdict == "record missing"


def test_raw_tells_what_else_belongs_to_the_article(seen_again: Collection, lines: list[ArticleLine]) -> None:
    cwd, options = seen_again.folder.parents[2], ("--portal", str(SAMPLE_TOML))
    (line,) = read_articles(seen_again.articles / "js" / "2027-01.jsonl")
    again = run_pressmark("show", line.id, "--raw", *options, cwd=cwd)
    assert again.stdout.startswith("HTTP/1.1 200 ")
    assert line.revisit
    assert f"was seen again at {line.revisit.date}, by the revisit {line.revisit.record_id}" in again.stderr
    several = next(line for line in lines if len(line.pages) > 1)
    first, second, third = (
        run_pressmark("show", several.id, "--raw", *words, *options, cwd=cwd)
        for words in ((), ("--page", "2"), ("--page", "9"))
    )
    assert (first.returncode, second.returncode, third.returncode) == (0, 0, 2)
    assert "page 1 of 2; --page 2 writes the next" in first.stderr
    assert second.stdout.startswith("HTTP/1.1 200 ")
    assert second.stdout != first.stdout
    assert "--page 9: the article has 2 pages" in third.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((ARTICLE, "--field", "haedline"), "--field haedline: the line has no such field; take one of id, url"),
        ((ARTICLE, "--field", "images[7].caption"), "--field images[7].caption: the line has no such field"),
        ((ARTICLE, "--field", "version"), "--field version: is not read from the page: it counts the versions"),
        ((ARTICLE, "--warc", "nowhere"), "--warc nowhere: no such folder"),
        (("nowhere.jsonl:3",), "nowhere.jsonl: no such file"),
        (("sample:js:1",), "sample:js:1: no article with this address or id"),
    ],
)
def test_what_cannot_be_traced_is_told_in_one_line(tracer: Pressmark, words: tuple[str, ...], said: str) -> None:
    done = tracer(*words)
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")
    assert said in done.stderr


def test_a_file_without_a_number_and_a_line_that_is_none_are_told(
    tracer: Pressmark, line: ArticleLine, pressmark: Pressmark, tmp_path: Path
) -> None:
    (tmp_path / "some.jsonl").write_bytes(encode_line(line) + b"\n{}\n")
    told = [tracer(*words) for words in (("some.jsonl",), ("some.jsonl:1", "--version", "2"), ("some.jsonl:2",))]
    assert [tracer(f"some.jsonl:{number}").returncode for number in ("0", "9" * 30)] == [1, 1]
    told += [tracer("some.jsonl:9"), tracer("-", stdin=b"[1]"), pressmark("trace", "some.jsonl:1")]
    assert [(done.returncode, done.stderr.count("\n")) for done in told] == [
        (2, 1),
        (2, 1),
        (1, 1),
        (1, 1),
        (1, 1),
        (2, 1),
    ]
    assert "name it as some.jsonl:1" in told[0].stderr
    assert "some.jsonl:2: no article line" in told[2].stderr
    assert "some.jsonl:9: the file has no such line" in told[3].stderr
    assert "standard input: no article line" in told[4].stderr
    assert "is of the portal sample, not chinanews; name its file with --portal" in told[5].stderr


def test_a_line_without_a_record_cannot_be_traced(line: ArticleLine, portal: Portal, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no record"):
        trace(msgspec.structs.replace(line, pressmark=None), tmp_path, portal)


PAGE = (
    "<html><head><title>早稻&amp;麦</title><meta name=keywords content='早稻'></head><body>"
    "<p>早稻&amp;麦</p><div id=cont><h1>　早<b>稻</b>\n&#38; 麦</h1><img alt='早稻'></div></body></html>"
)


@pytest.mark.parametrize("codec", ["gb18030", "utf-8"])
def test_a_text_is_found_across_tags_entities_and_spaces(codec: str) -> None:
    body = b"\xff" + PAGE.encode(codec)
    text = PageText(body, Encoding(declared=None, used=codec, replacement_chars=1))
    place = text.find(["早稻& 麦"], "#cont > h1")
    assert place
    assert (body[place.offset : place.offset + place.length].decode(codec), place.within) == (
        "早<b>稻</b>\n&#38; 麦",
        True,
    )
    outside = text.find(["早稻& 麦"], "under the headline")
    assert outside
    assert (body[: outside.offset].decode(codec, "replace").endswith("<p>"), outside.within) == (True, None)


def test_a_text_that_nobody_sees_is_looked_for_in_attributes_first() -> None:
    body = PAGE.encode()
    text = PageText(body, Encoding(declared=None, used="utf-8", replacement_chars=0))
    seen, hidden, around = (
        text.find(["早稻"], None),
        text.find(["早稻"], None, "div", hidden=True),
        text.find(["粟"], None),
    )
    assert seen
    assert hidden
    assert body[: seen.offset].endswith(b"<p>")
    assert body[: hidden.offset].endswith(b"alt='")
    assert around is None


@pytest.mark.parametrize(
    ("body", "content_type", "decided_by"),
    [
        (b"\xef\xbb\xbf<p>", "text/html; charset=gbk", "byte order mark"),
        ("<p>早稻".encode("gbk"), "text/html; charset=gbk", "Content-Type header"),
        (b"<meta charset=gb2312>" + "早稻".encode("gbk"), "text/html", "label in the page"),
        ("<meta charset=gb2312>早稻早稻早稻".encode(), "text/html", "bytes"),
    ],
)
def test_what_decided_the_charset_is_told(body: bytes, content_type: str, decided_by: str) -> None:
    page = decode_page(
        body, url="http://a.test/", content_type=content_type, captured_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert explain_encoding(body, content_type, page.encoding) == decided_by


def test_a_line_file_of_elsewhere_asks_for_its_warc_files(line: ArticleLine, tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_bytes(encode_line(line) + b"\n")
    done = run_pressmark("trace", "lines.jsonl:1", "--portal", str(SAMPLE_TOML), cwd=tmp_path)
    assert (done.returncode, "name their folder with --warc" in done.stderr) == (2, True)
