"""The article line: its bytes, its schema, its digests."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema

from archive.pressmark import Pressmark
from crawler.lines import Provenance, article_schema, decode_line, encode_line, make_line, text_digest, utc_text
from crawler.reading.article import Article, Block, Contributor, Dateline, Image, Source
from crawler.reading.page import Encoding

SCHEMA_FILE = Path(__file__).parents[1] / "crawler" / "schema" / "article-1.0.0.json"

ARTICLE = Article(
    content_type="article",
    language="zh-Hans",
    headline="太湖岸边试种早稻",
    published_at=datetime(2026, 4, 2, 8, 30, 5, tzinfo=timezone(timedelta(hours=8))),
    published_precision="second",
    published_raw="2026-04-02 08:30:05",
    source=Source(name="中新网江苏"),
    byline=(Contributor(name="沈望舒", role="reporter"),),
    dateline=Dateline(agency="中新网", place="江苏", date="4月2日"),
    body="中新网江苏新闻4月2日电(记者 沈望舒)早稻下田。",
    blocks=(
        Block(type="paragraph", text="中新网江苏新闻4月2日电(记者 沈望舒)早稻下田。"),
        Block(type="image", image=0),
    ),
    images=(Image(url="http://i2.sample.test/a.jpg", caption="秧苗。沈望舒 摄", credit="沈望舒"),),
    end_mark=True,
    layout="js-2018",
    origins=(("headline", "#cont > h1"),),
)
MARK = Pressmark(file="sample-1.warc.gz", offset=10, length=20, record_id="urn:uuid:1", payload_digest="sha1:AAAA")
ORIGIN = Provenance(
    id="sample:js:1",
    url="http://www.js.sample.test/news/2026/0402/1.html",
    canonical_url="http://www.js.sample.test/news/2026/0402/1.html",
    portal="sample",
    branch="js",
    region="CN-JS",
    captured_at=datetime(2026, 4, 2, 1, 0, 0, 123456, tzinfo=UTC),
    encoding=Encoding(declared="gb2312", used="gb18030", replacement_chars=0),
    extractor_version="1.0.0",
    version=1,
    pressmark=MARK,
    pictures=(MARK,),
)


def test_a_line_survives_its_json() -> None:
    line = make_line(ARTICLE, ORIGIN)
    assert decode_line(encode_line(line)) == line


def test_the_same_line_gives_the_same_bytes() -> None:
    assert encode_line(make_line(ARTICLE, ORIGIN)) == encode_line(make_line(ARTICLE, ORIGIN))


def test_a_line_is_valid_by_its_schema() -> None:
    jsonschema.Draft202012Validator(article_schema()).validate(json.loads(encode_line(make_line(ARTICLE, ORIGIN))))


def test_the_schema_file_says_what_the_types_say() -> None:
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == json.loads(json.dumps(article_schema()))


def test_times_keep_their_zone_and_captures_are_in_utc() -> None:
    line = make_line(ARTICLE, ORIGIN)
    assert line.published_at == "2026-04-02T08:30:05+08:00"
    assert line.captured_at == line.first_seen_at == "2026-04-02T01:00:00.123Z"


def test_a_block_writes_only_the_keys_that_its_type_has() -> None:
    blocks = json.loads(encode_line(make_line(ARTICLE, ORIGIN)))["blocks"]
    assert [sorted(block) for block in blocks] == [["text", "type"], ["image", "type"]]


def test_a_line_outside_a_collection_has_no_version_and_no_pressmark() -> None:
    line = make_line(ARTICLE, Provenance(**{**_fields(ORIGIN), "version": None, "pressmark": None, "pictures": ()}))
    assert (line.version, line.first_seen_at, line.pressmark, line.images[0].pressmark) == (None, None, None, None)


def test_setting_the_text_anew_is_no_edit() -> None:
    wider = replace(ARTICLE, headline="太湖岸边　试种早稻 ", body=ARTICLE.body.replace("(", "（").replace(")", "）"))
    assert text_digest(wider) == text_digest(ARTICLE)


def test_another_word_in_a_caption_is_an_edit() -> None:
    other = replace(ARTICLE, images=(replace(ARTICLE.images[0], caption="稻苗。沈望舒 摄"),))
    assert text_digest(other) != text_digest(ARTICLE)


def test_the_line_of_a_moment_before_utc_midnight_bears_the_utc_day() -> None:
    assert utc_text(datetime(2026, 5, 1, 7, 59, tzinfo=timezone(timedelta(hours=8)))) == "2026-04-30T23:59:00.000Z"


def _fields(origin: Provenance) -> dict[str, object]:
    return {name: getattr(origin, name) for name in origin.__struct_fields__}
