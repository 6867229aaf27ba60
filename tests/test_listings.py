"""Pages of links: which articles, under which headline and time, and which page comes next."""

# ruff: noqa: E501 - a case, a page, a line

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.reading.extract.listings import read_listing
from crawler.reading.extract.reading import Listing
from crawler.reading.page import decode_page
from crawler.reading.portals import find_branch, find_portal, is_article_url, load_portal

CHINANEWS = find_portal("chinanews")
CAPTURED_AT = datetime(2025, 2, 28, 2, 0, tzinfo=UTC)
SHARED = Path(__file__).parents[1].parent / "shared" / "pages"
SAMPLE = Path(__file__).parent / "fixtures" / "portal"
JS = "https://www.js.chinanews.com.cn"
needs_shared_pages = pytest.mark.skipif(
    not SHARED.exists(), reason="the collected pages are not part of the repository"
)


def listing(html: str | bytes, url: str = f"{JS}/business/", captured_at: datetime = CAPTURED_AT) -> Listing:
    body = html if isinstance(html, bytes) else html.encode()
    page = decode_page(body, url=url, content_type=None, captured_at=captured_at)
    return read_listing(page, find_branch(CHINANEWS, url), CHINANEWS)


def rows(found: Listing) -> list[tuple[str, str | None, str | None]]:
    return [
        (one.url.rpartition("/")[2], one.headline, one.listed_at and one.listed_at.strftime("%Y-%m-%d %H:%M"))
        for one in found.articles
    ]


def test_articles_come_in_page_order_each_once_under_their_fuller_headline() -> None:
    found = listing(
        '<ul><li><a href="/news/2025/0227/230110.html"><img src="/a.jpg"></a></li>'
        '<li><a href="/news/2025/0227/230110.html" title="运河边的修船厂开了一间书店">运河边的修船厂开...</a></li>'
        "<li><a HREF=http://www.js.chinanews.com/news/2025/0226/230109.html#top title='码头'>码头上的早市</a></li></ul>"
        '<a href="/business/index.html">财经</a><a href="javascript:void(0)">x</a><a href="http://[">y</a>'
    )
    assert rows(found) == [("230110.html", "运河边的修船厂开了一间书店", None), ("230109.html", "码头上的早市", None)]
    assert found.articles[1].url == f"{JS}/news/2025/0226/230109.html"


def test_a_link_around_a_whole_row_gives_its_heading_however_short_the_row() -> None:
    row = "<li><a href=/news/2025/0227/230110.html><h4>渡口的清晨</h4><p>雾散了。</p><em>2025-02-27 10:00</em></a></li>"
    assert rows(listing(f"<ul>{row}</ul>")) == [("230110.html", "渡口的清晨", "2025-02-27 10:00")]


def test_the_place_that_the_layout_names_keeps_side_columns_out() -> None:
    found = listing(
        '<div id="list"><ul><li><a href="/news/2025/0227/230110.html">渡口</a></li></ul></div>'
        '<div class="hot"><a href="/news/2025/0101/220000.html">旧闻</a></div>'
    )
    assert rows(found) == [("230110.html", "渡口", None)]


def test_articles_of_other_branches_are_listed() -> None:
    found = listing('<a href="//www.chinanews.com/gn/2025/02-27/10370000.shtml">国内要闻一则</a>')
    assert found.articles[0].url == "https://www.chinanews.com.cn/gn/2025/02-27/10370000.shtml"


@pytest.mark.parametrize(
    ("row", "listed_at"),
    [
        ('<li><a href="/news/2025/0227/230110.html">渡口</a><span>02-27 18:03</span></li>', "2025-02-27 18:03"),
        ('<li><span>[2025.02.27 12:25]</span><a href="/news/2025/0227/230110.html">渡口</a></li>', "2025-02-27 12:25"),
        ('<li><a href="/news/2025/0227/230110.html">渡口</a> <span>21:27</span></li>', "2025-02-27 21:27"),
        ('<dl><dt><a href="/news/2025/0227/230110.html">渡口</a></dt><dd>2025-02-27</dd></dl>', "2025-02-27 00:00"),
        ('<tr><td><a href="/news/2025/0227/230110.html">渡口</a></td><td>2月27日</td></tr>', "2025-02-27 00:00"),
        ('<p><a href="/news/2025/0227/230110.html">2024年的渡口</a>（2025-02-27）</p>', "2025-02-27 00:00"),
        ('<div><h3><a href="/news/2025/0227/230110.html">渡口</a></h3><div class="time">3小时前</div></div>', "2025-02-28 07:00"),
        ('<li><a href="/news/2025/0227/230110.html">1月1日的渡口</a></li>', None),
    ],
)  # fmt: skip
def test_the_time_of_a_row_is_its_own(row: str, listed_at: str | None) -> None:
    other = '<li><a href="/news/2025/0101/220000.html">旧闻</a><span>01-01 08:00</span></li>'
    wrap = "table" if row.startswith("<tr") else "div"
    found = listing(f"<{wrap}>{row}</{wrap}><ul>{other}</ul>")
    assert rows(found)[0][2] == listed_at
    assert rows(found)[1][2] == "2025-01-01 08:00"


@pytest.mark.parametrize(
    ("url", "links", "pages"),
    [
        (f"{JS}/business/", ["index_2.html|2", "index_3.html|3", "index_2.html|下一页"], ["index_2.html", "index_3.html"]),
        (f"{JS}/business/index_2.html", ["index.html|1", "index_2.html|2", "index_3.html|3"], ["index_3.html"]),
        (f"{JS}/gsyw1/m1.html", ["m2.html|[2]", "m3.html|第3页", "/qykx1/m2.html|2", "about.html|3"], ["m2.html", "m3.html"]),
        (f"{JS}/scroll-news/news1.html", ["news2.html|2", "news10.html|10"], ["news2.html", "news10.html"]),
        (f"{JS}/yw/zjyw.d.html?nid=272&p=1", ["?nid=272&p=2|2", "?nid=50&p=2|2", "?nid=272&p=2#top|下一页>"], ["zjyw.d.html?nid=272&p=2"]),
        (f"{JS}/yw/zjyw.d.html?nid=272", ["zjyw.d.html?nid=272&p=2|2"], ["zjyw.d.html?nid=272&p=2"]),
        (f"{JS}/focus/3.html", ["3_2.html|下一页", "4.html|话题"], ["3_2.html"]),
        (f"{JS}/focus/3.html", ["3_1.html|1", "3_2.html|2", "3_3.html|3"], ["3_2.html", "3_3.html"]),
        (f"{JS}/business/", ["index_1.html|2", "index_2.html|3"], ["index_1.html", "index_2.html"]),
        (f"{JS}/list/yaowen.html", ["yaowen.html?page=1|1", "yaowen.html?page=2|2"], ["yaowen.html?page=2"]),
        (f"{JS}/business/", ["javascript:next()|下一页", "#|2", "/news/2025/0227/230110.html|2"], []),
    ],
)  # fmt: skip
def test_further_pages_of_the_same_list_are_found_and_no_others(url: str, links: list[str], pages: list[str]) -> None:
    anchors = "".join('<a href="{}">{}</a> '.format(*link.split("|")) for link in links)
    found = listing(f'<div class="pagebox">{anchors}</div>', url)
    assert [page.rpartition("/")[2] for page in found.next_pages] == pages


def test_pages_that_a_script_counts_are_found() -> None:
    found = listing('<script>createPageHTML(3, 0, "index", "shtml");</script>', f"{JS}/cj/")
    assert found.next_pages == (f"{JS}/cj/index_1.shtml", f"{JS}/cj/index_2.shtml")


@pytest.mark.parametrize(
    "script",
    [
        'var docArr = [{"title":"渡口<em>晨雾</em>","url":"//www.chinanews.com.cn/sh/2025/02-27/10370001.shtml","pubtime":"2025-02-27 21:09:35"}];',
        'docs=[{title:"渡口晨雾",url:"http://www.chinanews.com/sh/2025/02-27/10370001.shtml",pubtime:"2025-02-27 21:09:35",},];',
    ],
)  # fmt: skip
def test_a_list_that_a_script_makes_is_read_from_its_array(script: str) -> None:
    found = listing(f"<ul id=ent0></ul><script>{script}</script>", "https://channel.chinanews.com.cn/u/fsh.shtml")
    assert rows(found) == [("10370001.shtml", "渡口晨雾", "2025-02-27 21:09")]


def test_a_broken_array_of_a_script_is_passed_over() -> None:
    assert listing('<script>var a = [{"url": "//x.test/1", </script>').articles == ()


def test_every_section_of_the_sample_portal_lists_articles_with_headlines() -> None:
    portal = load_portal(SAMPLE / "sample.toml")
    fronts = sorted((SAMPLE / "hosts").glob("*/*/index.html"))
    assert fronts
    for path in fronts:
        url = "http://" + path.relative_to(SAMPLE / "hosts").as_posix()
        page = decode_page(path.read_bytes(), url=url, content_type=None, captured_at=CAPTURED_AT)
        found = read_listing(page, find_branch(portal, url), portal)
        assert all(is_article_url(one.url, portal) for one in found.articles)
        assert all(one.headline for one in found.articles)


@needs_shared_pages
def test_a_real_home_page_of_2015_gives_its_articles() -> None:
    body = (SHARED / "gz_2015-11-11_home_trimmed.html").read_bytes()
    found = listing(body, "http://www.gz.chinanews.com/", datetime(2015, 11, 11, 4, 0, tzinfo=UTC))
    assert len(found.articles) == 11
    assert found.articles[0].url == "https://www.gz.chinanews.com.cn/content/2015/11-11/57756.shtml"
    headlines = {one.url.rpartition("/")[2]: one.headline or "" for one in found.articles}
    assert headlines["57501.shtml"].startswith("黔南歌舞剧《刺\u4527花红》")
    assert headlines["57363.shtml"].startswith("陈敏尔孙志刚会见国家卫计委副主任、国家中医药管理局局长")
    assert headlines["57720.shtml"].startswith("“十二五”")
    assert headlines["57729.shtml"] == "贵州“村淘”加入“双十一”狂欢"


@needs_shared_pages
def test_real_fragments_of_national_lists_give_headline_and_time() -> None:
    scroll = listing(
        (SHARED / "www_2016-09-11_scroll_line.html").read_bytes(), "http://www.chinanews.com/scroll-news/news1.html"
    )
    assert [one.listed_at and one.listed_at.isoformat() for one in scroll.articles] == ["2016-09-11T14:38:00+08:00"]
    channel = listing(
        (SHARED / "channel_2026-10-05_u_fsh_rendered.html").read_bytes(), "http://channel.chinanews.com.cn/u/fsh.shtml"
    )
    assert len(channel.articles) == 5
    assert rows(channel)[1] == ("10707830.shtml", "上海野生动物园三只大熊猫一起过生日", "2026-10-04 16:29")


@given(st.text(max_size=200))
def test_any_text_can_be_read_as_a_list(text: str) -> None:
    for html in (text, f'<a href="{text}">{text}</a>', f"<script>var a=[{{{text}}}]</script>"):
        for one in listing(html).articles:
            assert one.url.startswith("http")


def test_a_section_that_counts_its_pages_goes_on_where_the_page_has_no_pager() -> None:
    row = '<ul><li><a href="/news/2026/07-29/394937.shtml">陇原麦收进入尾声</a> 7-29 10:12</li></ul>'
    first = listing(row, "https://www.gs.chinanews.com.cn/gsyw1/m1.html")
    assert first.next_pages == ("https://www.gs.chinanews.com.cn/gsyw1/m2.html",)
    assert listing("<ul></ul>", "https://www.gs.chinanews.com.cn/gsyw1/m9.html").next_pages == ()
    assert listing(row, "https://www.gs.chinanews.com.cn/gsyw1/index.html").next_pages == ()
