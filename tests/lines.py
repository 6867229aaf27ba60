"""An article line to test with."""

from datetime import UTC, datetime, timedelta, timezone

from archive.pressmark import Pressmark
from crawler.lines import ArticleLine, Provenance, make_line
from crawler.reading.article import Article, Block, Contributor, Dateline, Image, Source
from crawler.reading.page import Encoding

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


def sample_line() -> ArticleLine:
    """Return the line of a short article with one picture."""
    return make_line(ARTICLE, ORIGIN)
