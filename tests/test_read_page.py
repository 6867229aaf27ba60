"""Pages become articles: by layout, by the generic rules, or not at all."""

# ruff: noqa: E501 - a case, a page, a line

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import CrawlerError
from crawler.reading.article import Article, Contributor, Dateline, Source
from crawler.reading.extract import cautions, refusals
from crawler.reading.extract.pages import join, read_page
from crawler.reading.extract.reading import PageReading
from crawler.reading.page import decode_page
from crawler.reading.portals import article_id, find_branch, find_portal, is_article_url, load_portal

CHINANEWS = find_portal("chinanews")
CAPTURED_AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SHARED = Path(__file__).parents[1].parent / "shared" / "pages"
SAMPLE = Path(__file__).parent / "fixtures" / "portal"
JS = "https://www.js.chinanews.com.cn/news/2025/0227/230110.html"
UNKNOWN = "http://news.unknown.test/news/2025/0227/230110.html"
needs_shared_pages = pytest.mark.skipif(
    not SHARED.exists(), reason="the collected pages are not part of the repository"
)

FIRST = "中新网江苏新闻2月27日电(记者 王远 实习生 李晨)清晨六点，长江边的渡口已经排起了队，菜农挑着担子等待头班船靠岸。"
SECOND = "船工把跳板搭好，又把缆绳系紧了一圈。江面上的雾还没有散，汽笛声从对岸传来，一声比一声近，岸上的人都抬起了头。"
THIRD = "“过了江，就是菜市场。”六十岁的船客说，他坐这班船已经四十年，票价从五分涨到两元，风景倒是没怎么变过。"


def read(html: str | bytes, url: str = JS, content_type: str | None = None) -> PageReading:
    body = html if isinstance(html, bytes) else html.encode()
    page = decode_page(body, url=url, content_type=content_type, captured_at=CAPTURED_AT)
    return read_page(page, find_branch(CHINANEWS, url))


def article(html: str | bytes, url: str = JS) -> Article:
    reading = read(html, url)
    assert reading.article is not None, reading.reason
    return reading.article


def js_page(
    body: str,
    *,
    head: str = "",
    line: str = '<span id="time">2025-02-27 18:03:52</span> <span id="come">来源：中新网江苏</span>',
) -> str:
    return (
        f"<html><head><meta charset=gb2312><title>江边渡口的清晨-中国新闻网江苏</title>{head}</head><body>"
        '<div>您当前的位置：<a href="/">首页</a> &gt; <a href="/citynews/">社会新闻</a> &gt; 正文</div>'
        f'<div id="cont"><h1>江边渡口的清晨</h1><div>{line}</div><div id="txt">{body}</div></div>'
        "<p>本网站所刊载信息，不代表中新社和中新网观点。 刊用本网站稿件，务经书面授权。</p></body></html>"
    )


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>　　{text}</p>" for text in texts)


def test_a_page_of_a_known_layout_gives_every_field() -> None:
    html = js_page(
        f'<p>　　<a href="http://www.chinanews.com/">中新网</a>{FIRST.removeprefix("中新网")}</p>'
        '<div style="text-align:center"><img src="U1P904T4D230110F26DT20250227.jpg" alt="渡口"></div>'
        '<div class="pictext">渡口的早晨。王远 摄</div>'
        f'{paragraphs(SECOND)}<p><strong>四十年两元钱</strong></p><p>　　{THIRD}<a href="/news/2025/0226/230100.html">前文</a>(完)</p>'
        "<p>编辑：顾敏</p>",
        head='<meta name="keywords" content="渡口,长江，船工">\n<!--[904,4,230110] published at 2025-02-27 18:10:00 from #10-->',
    )
    found = article(html.encode("gb18030"))
    assert found.headline == "江边渡口的清晨"
    assert found.layout == "js-2018"
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2025-02-27T18:03:52+08:00"
    assert (found.published_precision, found.published_raw) == ("second", "2025-02-27 18:03:52")
    assert found.modified_at is not None
    assert found.modified_at.isoformat() == "2025-02-27T18:10:00+08:00"
    assert found.source == Source(name="中新网江苏")
    assert found.byline == (Contributor(name="王远", role="reporter"), Contributor(name="李晨", role="intern"))
    assert found.editors == ("顾敏",)
    assert found.dateline == Dateline(agency="中新网", place="江苏", date="2月27日")
    assert found.body == f"{FIRST}\n\n{SECOND}\n\n四十年两元钱\n\n{THIRD}前文"
    assert [block.type for block in found.blocks] == ["paragraph", "image", "paragraph", "heading", "paragraph"]
    assert [(image.url, image.caption, image.credit, image.alt) for image in found.images] == [
        (
            "https://www.js.chinanews.com.cn/news/2025/0227/U1P904T4D230110F26DT20250227.jpg",
            "渡口的早晨。王远 摄",
            "王远",
            "渡口",
        )
    ]
    assert found.end_mark
    assert found.sections == ("社会新闻",)
    assert found.keywords == ("渡口", "长江", "船工")
    assert found.links == ("https://www.js.chinanews.com.cn/news/2025/0226/230100.html",)
    assert (found.content_type, found.language, found.warnings) == ("article", "zh-Hans", ())
    given_fields = {
        "headline",
        "body",
        "published_at",
        "modified_at",
        "source",
        "byline",
        "editors",
        "dateline",
        "end_mark",
    }
    assert given_fields <= dict(found.origins).keys()
    assert dict(found.origins)["headline"] == "#cont > h1"


def test_only_the_links_in_the_text_count_none_of_a_related_list_or_a_pager() -> None:
    html = js_page(
        f'{paragraphs(FIRST)}<p>　　<a href="/news/2025/0226/230100.html">前文</a>{SECOND}</p><p>相关新闻：</p>'
        '<p><a href="/news/2025/0220/229000.html">渡口的旧照片</a><br><a href="/news/2025/0219/228000.html">船票的故事</a></p>'
        '<p><a href="/a.jpg"><img src="U1P904T4D230110F26DT20250227.jpg"></a></p>'
        '<p>[1] <a href="230110_2.html">[2]</a> <a href="230110_2.html">下一页</a></p>'
    )
    reading = read(html)
    assert reading.article is not None
    assert reading.article.links == ("https://www.js.chinanews.com.cn/news/2025/0226/230100.html",)
    assert reading.article.body == f"{FIRST}\n\n前文{SECOND}"
    assert reading.next_pages == ("https://www.js.chinanews.com.cn/news/2025/0227/230110_2.html",)


def test_the_reporters_of_an_opening_without_brackets_are_read() -> None:
    found = article(js_page(paragraphs("江海晚报讯 记者王远、通讯员李晨报道：" + SECOND, THIRD)))
    assert found.byline == (Contributor(name="王远", role="reporter"), Contributor(name="李晨", role="correspondent"))
    assert found.body.startswith("江海晚报讯 记者王远、通讯员李晨报道：")


def test_a_last_line_may_name_outlet_and_editors_at_once() -> None:
    found = article(js_page(f"{paragraphs(FIRST, THIRD)}<p>（文章来源：江海晚报　责编：顾敏）</p>", line="2025-02-27"))
    assert (found.source, found.editors) == (Source(name="江海晚报"), ("顾敏",))
    assert found.body == f"{FIRST}\n\n{THIRD}"


def test_a_bold_line_between_breaks_is_a_heading() -> None:
    between_breaks = js_page(f"　　{FIRST}<br><strong>　　四十年两元钱</strong><br>　　{THIRD}")
    in_one_paragraph = js_page(f"<p>　　{FIRST}<br><br><b>四十年两元钱</b><br>\n<br>　　{THIRD}</p>")
    for html in (between_breaks, in_one_paragraph):
        assert [block.type for block in article(html).blocks] == ["paragraph", "heading", "paragraph"]


# Page templates that no layout describes: one container, or none, in each of the ways that the branches build their pages.
SHAPES = {
    "div": "<div class=con><h1>江边渡口的清晨</h1><p class=info>{line}</p><div class=text>{body}</div></div>",
    "headline inside the body": "<div id=content_text><h1>江边渡口的清晨</h1><p class=p1>{line}</p>{body}</div>",
    "table": "<table><tr><td class=black_titnews>江边渡口的清晨</td></tr><tr><td id=t>{line}</td></tr><tr><td align=left>{body}</td></tr></table>",
    "list": "<div class=neiron><div class=neiron_title>江边渡口的清晨</div><ul class=neiron_hh><li>{line}</li></ul><div class=neiron_kong>{body}</div></div>",
    "definition list": "<dl class=headline><dt class=wryh>江边渡口的清晨</dt><dd><span>{line}</span></dd></dl><div id=ArticleCnt>{body}</div>",
    "wrapped paragraphs": "<div class=a><h2>江边渡口的清晨</h2><span>{line}</span><article>{body}</article></div>",
    "upper case": "<DIV CLASS=con><H1>江边渡口的清晨</H1><DIV>{line}</DIV><DIV ID=zoom>{body}</DIV></DIV>",
}
LINE = "发布时间：2025年02月27日 18:03　来源：江海晚报　作者：张敏　编辑：顾敏 点击：12"
CHROME = (
    "<div class=menu>" + "".join(f"<a href='/s{n}/'>栏目名称{n}</a>|" for n in range(30)) + "</div>{page}"
    "<div class=hot><h4>热点新闻</h4><ul>"
    + "".join(
        f"<li><a href='/news/2025/0226/{n}.html'>这是一条长长的旧闻标题，写了很多字却只是一个链接而已</a></li>"
        for n in range(10, 30)
    )
    + "</ul></div><div class=foot><p>本网站所刊载信息，不代表中新社和中新网观点。 刊用本网站稿件，务经书面授权。</p>"
    "<p>未经授权禁止转载、摘编、复制及建立镜像，违者将依法追究法律责任。</p></div>"
)


@pytest.mark.parametrize("shape", SHAPES, ids=list(SHAPES))
def test_the_generic_rules_read_a_page_of_any_shape(shape: str) -> None:
    page = SHAPES[shape].format(line=LINE, body=paragraphs(FIRST, SECOND, THIRD + "(完)"))
    html = f"<html><head><title>江边渡口的清晨_社会_某某新闻网</title></head><body>{CHROME.format(page=page)}</body></html>"
    found = article(html, UNKNOWN)
    assert found.headline == "江边渡口的清晨"
    assert found.body == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2025-02-27T18:03:00+08:00"
    assert found.source == Source(name="江海晚报")
    assert found.editors == ("顾敏",)
    assert found.byline[0].name == "王远"
    assert found.end_mark
    assert (found.layout, found.warnings) == ("generic", (cautions.UNKNOWN_LAYOUT,))


def test_line_breaks_part_paragraphs_where_there_are_no_paragraphs() -> None:
    body = f"　　{FIRST}<br>　　{SECOND}<br><br>　　{THIRD}"
    assert article(js_page(body)).body == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert article(js_page(f"<p>{body}</p>")).body == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert article(js_page(f"<p>日出<br>江面<br>渡船</p>{paragraphs(SECOND)}")).body == f"日出\n江面\n渡船\n\n{SECOND}"


def test_inner_spaces_are_kept_and_invisible_characters_dropped() -> None:
    body = "<p>　　甲地\u200b　乙地&nbsp;&nbsp;丙地\ufeff\n\t丁地 A\nB&#150;C&#12;</p>"
    assert article(js_page(body)).body == "甲地　乙地 丙地丁地 A B–C"


def test_an_advertisement_inside_a_paragraph_is_left_out() -> None:
    body = (
        f"<p>　　{FIRST}<table border=0 align=left><tr><td><div id=adhzh name=hzh><script>ac_as_id = 1807;</script>"
        '<img src="/gg/ad.png"> 广告</div><!--[4,175,19] published at 2025-03-12 09:36:20 from #10--></td></tr></table></p>'
        f'{paragraphs(SECOND)}<table class="adInContent"><tr><td>广告文字</td></tr></table>'
    )
    found = article(js_page(body))
    assert found.body == f"{FIRST}\n\n{SECOND}"
    assert (found.images, found.modified_at) == ((), None)


def test_whole_documents_inside_the_body_do_not_end_the_page() -> None:
    included = "<!DOCTYPE html><html><head><title>统一头部样式1</title></head><body><p>头部</p></body></html>"
    html = js_page(paragraphs(FIRST, SECOND)).replace('<div id="cont">', f'{included}<div id="cont">')
    found = article(html.replace("<h1>江边渡口的清晨</h1>", "<h1></h1>"))
    assert found.headline == "江边渡口的清晨"
    assert dict(found.origins)["headline"] == "title"
    assert cautions.HEADLINE_FROM_TITLE in found.warnings
    assert found.body == f"{FIRST}\n\n{SECOND}"


def test_lists_tables_quotes_and_videos_become_blocks_of_their_own() -> None:
    body = (
        f"{paragraphs(FIRST)}<h3>数说渡口</h3><table><tr><th>年份</th><th>客流</th></tr><tr><td>2023</td><td>31万</td></tr>"
        "<tr><td>2024</td><td>35万</td></tr></table><blockquote><p>风景没怎么变过。</p></blockquote>"
        '<video src="/v/1.mp4"></video><ul><li>头班船六点</li><li>末班船十点</li></ul>'
    )
    found = article(js_page(body))
    assert [(block.type, block.text or block.url) for block in found.blocks[1:]] == [
        ("heading", "数说渡口"),
        ("table", "年份\t客流\n2023\t31万\n2024\t35万"),
        ("quote", "风景没怎么变过。"),
        ("video", "https://www.js.chinanews.com.cn/v/1.mp4"),
        ("paragraph", "头班船六点"),
        ("paragraph", "末班船十点"),
    ]
    assert "2023\t31万" in found.body


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("一张“鱼情图”", "heading"),
        ("从捕鱼到数鱼", "heading"),
        ("“水清了，鱼就回来了。”", "paragraph"),
        ("渔民说：", "paragraph"),
    ],
)
def test_a_short_bold_line_is_a_heading_unless_it_is_a_sentence(line: str, kind: str) -> None:
    found = article(js_page(f"{paragraphs(FIRST)}<p><strong>{line}</strong></p>{paragraphs(SECOND)}"))
    assert [block.type for block in found.blocks] == ["paragraph", kind, "paragraph"]


def test_a_line_of_the_body_that_names_source_and_editor_gives_both() -> None:
    line = '<span id="time">2025-02-27 18:03:52</span>'
    found = article(js_page(paragraphs(FIRST, SECOND, "来源：江海晚报 编辑：顾敏 审核：李晨"), line=line))
    assert (found.source, found.editors) == (Source(name="江海晚报"), ("顾敏",))
    assert found.body == f"{FIRST}\n\n{SECOND}"


def test_bold_lines_and_links_are_told_where_only_breaks_part_them() -> None:
    body = (
        f"　　{FIRST}<br>　　<b>桥上和桥下</b><br><br>　　{SECOND}<b>其中有这一句<br>　　和</b>半句不粗的。<br>"
        "相关新闻<br><a href='/news/2025/0226/1.html'>一条旧闻的标题</a><br><a href='/news/2025/0226/2.html'>又一条旧闻</a>"
    )
    found = article(js_page(body))
    assert [(block.type, block.text) for block in found.blocks] == [
        ("paragraph", FIRST),
        ("heading", "桥上和桥下"),
        ("paragraph", f"{SECOND}其中有这一句"),
        ("paragraph", "和半句不粗的。"),
    ]


def test_a_list_of_other_articles_leaves_neither_lines_nor_links() -> None:
    related = "<a href='/news/2025/0226/1.html'>一条旧闻的标题</a><br><a href='/news/2025/0226/2.html'>又一条旧闻</a>"
    body = f"<p>　　{FIRST}<a href='/news/2025/0225/7.html'>前文</a></p>{paragraphs(SECOND)}<p><strong>相关链接</strong><br>{related}</p>"
    found = article(js_page(body))
    assert found.body == f"{FIRST}前文\n\n{SECOND}"
    assert found.links == ("https://www.js.chinanews.com.cn/news/2025/0225/7.html",)


@pytest.mark.parametrize(
    ("crumbs", "sections"),
    [
        ("<a href=/>首页</a> <span>&gt;</span> <a href=/wenhua/>文化</a> <span>&gt;</span> 正文", ("文化",)),
        ("<a href=/>首页</a> <span>2025/02/27</span> <a href=/wenhua/>文化</a>", ()),
        ("<a href=/>首页</a> <a href=/wenhua/>文化</a>", ()),
    ],
)
def test_arrows_may_stand_in_elements_of_their_own(crumbs: str, sections: tuple[str, ...]) -> None:
    page = (
        js_page(paragraphs(FIRST, SECOND))
        .replace("<body><div>", f"<body><div class=top>{crumbs}</div><div hidden>")
        .replace('<a href="/">首页', '<a href="/x">首')
    )
    assert article(page).sections == sections


def test_what_stands_among_the_text_and_is_none_of_it_is_left_out() -> None:
    body = (
        "<div>新闻热线:18000000000 电子邮箱:news@js.test</div><div class='bdsharebuttonbox'>分享到：微信</div>"
        f"{paragraphs(FIRST, SECOND)}<p>【编辑:顾敏】</p><p>▌本文来源：江海晚报</p><div class=xgxw><h4>相关新闻</h4><a href=/a>旧闻</a></div>"
        "<p>相关阅读：</p><p><a href='/news/2025/0226/230100.html'>一条旧闻的标题</a></p><p>扫一扫关注微信公众号</p>"
        "<p>版权声明：凡注有“cnsphoto”字样的图片版权均属中国新闻网，未经书面授权，不得转载使用。</p>"
    )
    found = article(js_page(body, line='<span id="time">2025-02-27 18:03:52</span>'))
    assert found.body == f"{FIRST}\n\n{SECOND}"
    assert found.editors == ("顾敏",)
    assert found.source == Source(name="江海晚报")


def test_the_main_picture_above_the_body_comes_first_with_its_caption() -> None:
    above = (
        '<div class="share"><img src="/images/20250101/wx.png"></div><img src="/images/print_text.png">'
        '<div class="left_ph"><img src="//i2.test/simg/2025/0227/1.jpg"></div><div class="left_pt">图为江边渡口。王远 摄</div><div id="txt">'
    )
    page = js_page(paragraphs(FIRST) + '<p><img src="2.jpg"></p>' + paragraphs(SECOND)).replace('<div id="txt">', above)
    found = article(page)
    assert [(image.url.rpartition("/")[2], image.credit) for image in found.images] == [
        ("1.jpg", "王远"),
        ("2.jpg", None),
    ]
    assert [block.image for block in found.blocks] == [0, None, 1, None]
    assert found.body == f"{FIRST}\n\n{SECOND}"


def test_a_headline_inside_the_body_takes_nothing_from_the_text_or_from_beside_it() -> None:
    url = "https://www.hb.chinanews.com.cn/news/2025/0227/417311.html"
    short = "2019年3月5日，渡口来了第一条铁船。"
    html = (
        f"<title>江边渡口的清晨-中新网湖北</title><div id=content_text><h1>江边渡口的清晨</h1>{paragraphs(short, SECOND[:50])}</div>"
        "<div class=right><img src='/uploads/250226/120000.jpg'><a href=/a>旧闻</a> 2025-02-20</div>"
    )
    found = article(html, url)
    assert (found.images, found.published_precision) == ((), "day")
    assert found.warnings == (cautions.PUBLISHED_FROM_URL,)


def test_an_editors_note_is_kept() -> None:
    body = f'<div class="bianzhean_wrapper"><p>　　编者按：渡口的故事还在继续。</p></div>{paragraphs(FIRST, SECOND)}'
    assert article(js_page(body)).body.startswith("编者按：渡口的故事还在继续。")


def test_the_hidden_author_is_no_author_where_he_is_the_editor() -> None:
    hidden = '<div id="BaiduSpider" style="display:none"><span id="author_baidu">作者：顾敏</span><span id="editor_baidu">责任编辑：{}</span></div>'
    page = js_page(paragraphs(SECOND, THIRD))
    assert article(page.replace('<div id="cont">', hidden.format("顾敏") + '<div id="cont">')).byline == ()
    other = article(page.replace('<div id="cont">', hidden.format("周宁") + '<div id="cont">'))
    assert other.byline == (Contributor(name="顾敏", role="author"),)
    assert cautions.BYLINE_FROM_HIDDEN_AUTHOR in other.warnings


def test_the_hidden_time_beats_the_visible_one() -> None:
    page = js_page(
        paragraphs(SECOND), head='<input name="newsdate" value="2025-02-27"><input name=newstime value="17:59:01">'
    )
    found = article(page)
    assert (found.published_raw, dict(found.origins)["published_at"]) == ("2025-02-27 17:59:01", "input[name=newsdate]")


def test_without_a_printed_time_the_day_is_the_one_in_the_url_and_never_the_datelines() -> None:
    found = article(js_page(paragraphs(FIRST.replace("2月27日", "2月20日")), line=""))
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2025-02-27T00:00:00+08:00"
    assert (found.published_precision, found.published_raw) == ("day", None)
    assert dict(found.origins)["published_at"] == "url"
    assert cautions.PUBLISHED_FROM_URL in found.warnings


def test_comments_of_fragments_do_not_tell_when_a_page_was_changed() -> None:
    page = js_page(
        paragraphs(SECOND),
        head="<!--[4,574,31] published at 2026-07-11 13:25:05 from #10 by system --><!--[4,8,999999] published at 2026-07-11 13:25:05-->",
    )
    assert article(page).modified_at is None


def test_a_time_far_from_the_url_or_after_the_capture_is_marked() -> None:
    line = '<span id="time">2031-01-01 08:00</span>'
    assert set(article(js_page(paragraphs(SECOND), line=line)).warnings) == {
        cautions.PUBLISHED_DISAGREES_WITH_URL,
        cautions.PUBLISHED_AFTER_CAPTURE,
    }


def test_a_topic_line_is_followed_by_its_byline() -> None:
    for opening in (
        paragraphs("中新社浙江丽水10月4日电 题：江边渡口的清晨", "作者 周健"),
        paragraphs("中新社浙江丽水10月4日电 题：江边渡口的清晨　　作者 周健"),
    ):
        found = article(js_page(opening + paragraphs(SECOND, THIRD)))
        assert found.byline == (Contributor(name="周健", role="author"),)
        assert found.dateline == Dateline(agency="中新社", place="浙江丽水", date="10月4日")


def test_traditional_script_is_told_from_simplified() -> None:
    text = "長江邊的渡口已經排起了隊，菜農挑著擔子等待頭班船靠岸，這條航線開了四十年。"
    assert article(js_page(paragraphs(text, text))).language == "zh-Hant"


def test_the_further_pages_of_an_article_are_found_and_joined() -> None:
    pager = '<div id="function_code_page"><a href="230110_2.html">[2]</a> <a href="/news/2025/0227/230110_3.html">[3]</a> <a href="230110_2.html">下一页</a></div>'
    first = read(js_page(paragraphs(FIRST) + '<p><img src="a.jpg"></p>' + pager))
    stem = JS.removesuffix(".html")
    assert first.next_pages == (f"{stem}_2.html", f"{stem}_3.html")
    second = read(
        js_page('<p><img src="a.jpg"></p><p><img src="b.jpg"></p>' + paragraphs(SECOND) + pager), f"{stem}_2.html"
    )
    assert second.next_pages == (f"{stem}_3.html",)
    third = read(js_page(paragraphs(THIRD + "(完)") + "<p>编辑：顾敏</p>" + pager), f"{stem}_3.html")
    joined = join([first, second, third])
    assert joined.body == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert [image.url.rpartition("/")[2] for image in joined.images] == ["a.jpg", "b.jpg"]
    assert [block.image for block in joined.blocks if block.type == "image"] == [0, 0, 1]
    assert (joined.end_mark, joined.editors, joined.byline[0].name) == (True, ("顾敏",), "王远")


def test_a_page_that_was_not_read_leaves_a_warning_in_the_joined_article() -> None:
    pages = [read(js_page(paragraphs(FIRST))), read("<html></html>")]
    assert cautions.PAGE_MISSING in join(pages).warnings
    with pytest.raises(CrawlerError, match="none of the pages is an article"):
        join(pages[1:])


def test_a_video_page_gives_its_file() -> None:
    html = (
        "<title>江边渡口的清晨-中新网视频</title><div class=content_title><div class=title>江边渡口的清晨</div>"
        "<div class=left><p>发布时间：2025年02月27日 18:03 来源：中国新闻网</p></div></div>"
        '<script>videojsList = ["http://video.test/a.mp4"];</script>'
        f"<div class=content_desc><p>{SECOND}</p><p>责任编辑：【顾敏】</p></div>"
    )
    found = article(html, "https://www.chinanews.com.cn/sh/shipin/cns-d/2025/02-27/news1000000.shtml")
    assert (found.content_type, found.headline, found.body) == ("video", "江边渡口的清晨", SECOND)
    assert [block.url for block in found.blocks if block.type == "video"] == ["http://video.test/a.mp4"]
    assert found.source == Source(name="中国新闻网")
    assert found.editors == ("顾敏",)


def test_a_gallery_gives_its_pictures_with_captions() -> None:
    pictures = [{"bigPicUrl": f"//i2.test/{n}.jpg", "alt": f"图为渡口之{n}。王远 摄"} for n in "一二"]
    html = f"<title>渡口-中新网</title><h1>渡口</h1><script>var picsJson={json.dumps({'pics': pictures})};</script>"
    found = article(html, "https://www.chinanews.com.cn/tp/hd2011/2025/02-27/853670.shtml")
    assert found.content_type == "gallery"
    assert [(image.url, image.credit) for image in found.images] == [
        ("https://i2.test/一.jpg", "王远"),
        ("https://i2.test/二.jpg", "王远"),
    ]


LINKS = "".join(
    f'<li><a href="/news/2025/0227/{n}.html">一条新闻的标题{n}</a><span>02-27</span></li>'
    for n in range(230100, 230120)
)
SUMMARIES = "".join(
    f'<li><a href="/news/2025/0227/{n}.html">标题{n}</a><p>{SECOND}</p></li>' for n in range(230100, 230110)
)


@pytest.mark.parametrize(
    ("html", "url", "reason"),
    [
        ("<title>中国新闻网-404页面</title><h1>x</h1>" + paragraphs(FIRST), JS, "soft_404"),
        ("<title>中国新闻网</title><meta name=keywords content=404missing>" + paragraphs(FIRST), JS, "soft_404"),
        ("<title>中国新闻网</title><div> 页面没有找到 </div>", JS, "soft_404"),
        ("<title>提示</title><p>出错啦</p>", JS, "soft_404"),
        (js_page(paragraphs(FIRST)), "https://www.js.chinanews.com.cn/", "home_page"),
        (js_page(paragraphs(FIRST)), "https://www.js.chinanews.com.cn/index.shtml", "home_page"),
        (f"<title>财经新闻</title><div id=list><ul>{LINKS}</ul></div>", "https://www.js.chinanews.com.cn/business/", "listing"),
        (f"<title>财经新闻</title><div><ul>{SUMMARIES}</ul></div>", "http://a.test/business/", "listing"),
        (f"<title>关于</title><p>{SECOND[:40]}</p>", "http://a.test/about.html", "no_text"),
        (js_page(""), JS, "no_text"),
        ('<script>window.location.href = "http://www.js.chinanews.com/"</script>', JS, "home_page"),
        ('<title>中国新闻网</title><meta http-equiv="Refresh" content="3; url=/index.html"><p>正在跳转</p>', JS, "home_page"),
        (f"<title>中国新闻网江苏-首页</title><div><ul>{SUMMARIES}</ul></div>", JS, "home_page"),
        ("", JS, "empty_page"),
        ("   \n", JS, "empty_page"),
        ("<script>document.write(1)</script>", JS, "no_text"),
    ],
)  # fmt: skip
def test_a_page_that_is_no_article_says_why(html: str, url: str, reason: str) -> None:
    reading = read(html, url)
    assert (reading.article, reading.reason) == (None, reason)
    assert reason in refusals.MEANINGS


def test_a_refused_page_names_what_shows_the_reason() -> None:
    assert read("<title>中国新闻网-404页面</title>").signs == ("title: 中国新闻网-404页面",)
    assert read("<title>提示</title><p>抱歉，出错啦</p>").signs == ("title: 提示", "text: 出错啦")
    assert read('<meta http-equiv=refresh content="0;url=/">').signs == ("leads to: https://www.js.chinanews.com.cn/",)
    assert read(f"<ul>{LINKS}</ul>", "http://a.test/x/").signs == ("links to articles: 20",)


def test_an_article_that_links_to_many_others_stays_an_article() -> None:
    links = "".join(f'<p><a href="/news/2025/0227/{n}.html">第{n}篇</a>：{SECOND}</p>' for n in range(230100, 230110))
    page = f"<title>本周要闻回顾-中国新闻网江苏</title><h1>本周要闻回顾</h1><div>{links}</div>"
    assert article(page, "http://a.test/news/2025/0227/230110.html").headline == "本周要闻回顾"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 3000 + SECOND + "</div>" * 3000,
        "<font>" * 3000 + SECOND,
        "<table><tr><td>" * 400 + SECOND,
        js_page(paragraphs(*[SECOND] * 2000)),
        js_page("<p>" + SECOND * 500),
        "<?xml version='1.0' encoding='gb2312'?>" + js_page(paragraphs(SECOND)),
        js_page(paragraphs(SECOND)).replace("<p>", "<p>\x00\x01"),
        js_page(paragraphs(SECOND) + "&#0;&#55296;&#xFFFF;&#x110000;"),
        js_page("<img src='http://['><a href='http://['>x</a>" + paragraphs(SECOND)),
        js_page(paragraphs(SECOND))[:-200],
        "<html><head><title>",
        "\ufffd" * 1000,
        "<h1>" * 500 + "</h1>",
    ],
    ids=range(13),
)
def test_a_broken_page_is_read_or_refused_but_never_raises(html: str) -> None:
    for url in (JS, UNKNOWN, "http://a.test/", "not a url", "http://["):
        reading = read(html, url)
        assert (reading.article is None) == (reading.reason is not None)


def sample_articles() -> dict[str, list[str]]:
    """Return the addresses of the sample portal's pages by article."""
    portal, hosts = load_portal(SAMPLE / "sample.toml"), SAMPLE / "hosts"
    found: dict[str, list[str]] = {}
    for path in sorted(hosts.rglob("*.*html"), key=lambda path: (len(path.name), path)):
        url = "http://" + path.relative_to(hosts).as_posix()
        if is_article_url(url, portal):
            found.setdefault(article_id(url, portal).removeprefix("sample:").replace(":", "-"), []).append(url)
    return found


@pytest.mark.parametrize("expected", sorted((SAMPLE / "expected").glob("*.json")), ids=lambda path: path.stem)
def test_a_page_of_the_sample_portal_gives_the_expected_article(expected: Path) -> None:
    portal = load_portal(SAMPLE / "sample.toml")
    readings = []
    for url in sample_articles()[expected.stem]:
        body = (SAMPLE / "hosts" / url.removeprefix("http://")).read_bytes()
        page = decode_page(body, url=url, content_type=None, captured_at=CAPTURED_AT)
        readings.append(read_page(page, find_branch(portal, url)))
    assert comparable(join(readings), json.loads(expected.read_text("utf-8"))) == json.loads(
        expected.read_text("utf-8")
    )


def comparable(found: Article, expected: dict[str, object]) -> dict[str, object]:
    """Return the fields that the expectation has, in its form."""
    times = {"published_at": found.published_at, "modified_at": found.modified_at}
    values: dict[str, object] = {
        name: getattr(found, name) for name in Article.__slots__ if name in expected and name not in times
    }
    values |= {name: at.isoformat() if at else None for name, at in times.items() if name in expected}
    values["source"] = found.source and {"name": found.source.name, "url": found.source.url}
    values["dateline"] = found.dateline and {
        "agency": found.dateline.agency, "place": found.dateline.place, "date": found.dateline.date
    }  # fmt: skip
    values["byline"] = [{"name": one.name, "role": one.role} for one in found.byline]
    values["images"] = [{"url": one.url, "caption": one.caption, "credit": one.credit} for one in found.images]
    values |= {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
    return {name: values[name] for name in expected}


@pytest.mark.parametrize(
    ("path", "sections"),
    [
        ('<a href="/">首页</a> &gt; <a href="/citynews/">社会新闻</a> &gt; 浏览正文', ("社会新闻",)),
        ('<ol><li><a href="/">首页</a> &gt;</li><li><a href="/list/yw.html">要闻</a> &gt;</li><li>正文</li></ol>', ("要闻",)),
        ('<span><a href="/">首页</a> / </span><span><a href="/list/yw.html">要闻</a></span>', ("要闻",)),
        ('<a href="http://www.chinanews.com/">中新网</a> &gt; <a href="/">江苏</a> &gt; 正文', ("江苏",)),
        ('[<a href="http://www.miibeian.gov.cn">京ICP证040655号</a>] [京公网安备:110102003042-1] 总机：86-10-87826688', ()),
        ('<ul><li><a href="/">首页</a></li><li><a href="/list/yw.html">要闻</a></li></ul>', ()),
    ],
)  # fmt: skip
def test_the_sections_are_the_steps_of_the_path_to_the_page(path: str, sections: tuple[str, ...]) -> None:
    html = js_page(paragraphs(FIRST, SECOND)).replace(
        '<div>您当前的位置：<a href="/">首页</a> &gt; <a href="/citynews/">社会新闻</a> &gt; 正文</div>',
        f"<div>{path}</div>",
    )
    assert article(html).sections == sections


@pytest.mark.parametrize("wrap", ["<div>　　{}</div>", "<section><p>{}</p></section>"])
def test_two_paragraphs_in_blocks_of_their_own_are_one_body(wrap: str) -> None:
    body = "".join(wrap.format(text) for text in (FIRST, SECOND))
    found = article(f"<h1>江边渡口的清晨</h1><p>2025-02-27 18:03</p><div class=con>{body}</div>", UNKNOWN)
    assert found.body == f"{FIRST}\n\n{SECOND}"


def test_a_byline_set_in_bold_is_no_heading() -> None:
    found = article(js_page(paragraphs(FIRST, SECOND) + "<p><b>（江海晚报记者 王远／文 李晨／摄）</b></p>"))
    assert [block.type for block in found.blocks] == ["paragraph"] * 3


@needs_shared_pages
@pytest.mark.parametrize(
    "url", ["https://www.chinanews.com/ll/2020/07-04/9229287.shtml", "http://unknown.test/ll/2020/07-04/9229287.shtml"]
)
def test_the_real_national_page_of_2020_is_read_by_layout_and_by_the_generic_rules_alike(url: str) -> None:
    reading = read((SHARED / "www_2020-07-04_9229287_rendered.html").read_bytes(), url)
    found = reading.article
    assert found is not None
    assert found.headline == "【中国稳健前行】坚定实施扩大内需战略"
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2020-07-04T12:10:24+08:00"
    assert found.modified_at is not None
    assert found.modified_at.isoformat() == "2020-07-04T12:29:22+08:00"
    assert found.source == Source(name="求是网")
    assert found.editors == ("陈海峰",)
    assert found.byline == (Contributor(name="方敏", role="author"),)
    assert [block.type for block in found.blocks] == ["paragraph"] * 10
    assert found.body.startswith("编者按：突如其来")
    assert found.sections == ("理论新闻",)
    assert found.keywords[0] == "扩大内需"
    assert (found.images, found.links, found.end_mark, found.dateline) == ((), (), False, None)
    assert reading.next_pages == ()
    assert reading.encoding.replacement_chars == 0


@needs_shared_pages
def test_real_bodies_of_2016_and_2019_are_read_without_their_advertisements() -> None:
    nanning = article(
        (SHARED / "www_2016-09-11_nanning_body.html").read_bytes(),
        "http://www.chinanews.com/gn/2016/09-11/8000831.shtml",
    )
    assert nanning.dateline == Dateline(agency="中新社", place="南宁", date="9月11日")
    assert nanning.byline == (Contributor(name="陈燕", role="author"),)
    assert nanning.end_mark
    assert (len(nanning.blocks), nanning.images, nanning.modified_at) == (11, (), None)
    lessons = article(
        (SHARED / "www_2019-03-30_body_images.html").read_bytes(),
        "http://www.chinanews.com/gn/2019/03-30/8795000.shtml",
    )
    assert [image.caption for image in lessons.images[-3:]] == [
        "网友晒出的课程成果",
        "某职业培训指导中心家政护理实训室",
        "某职业培训指导中心中式烹饪实训室",
    ]
    assert len(lessons.images) == 10
    assert lessons.source == Source(name="观察者网")
    assert "△" not in lessons.body
    assert "slotbydup" not in lessons.body


@needs_shared_pages
@pytest.mark.parametrize(
    ("name", "url", "reason"),
    [
        ("gz_2015-11-11_home_trimmed.html", "http://www.gz.chinanews.com/", "home_page"),
        ("gz_2015-11-11_home_trimmed.html", "http://www.gz.chinanews.com/jujiaoguizhou/index.php", "listing"),
        ("channel_2026-10-05_u_fsh_rendered.html", "https://channel.chinanews.com.cn/u/fsh.shtml", "listing"),
        ("gs_2015-11-11_home_footer.html", "http://www.gs.chinanews.com/x.html", "no_text"),
    ],
)
def test_real_pages_of_links_are_no_articles(name: str, url: str, reason: str) -> None:
    assert read((SHARED / name).read_bytes(), url).reason == reason


@pytest.mark.parametrize(
    "line",
    [
        "【声明】凡注明“来源：江海网”的稿件，版权均属江海网所有。",
        "（原标题：渡口的早晨）",
        "注：请在转载文章内容时务必注明出处！",
        "—END—",
        "本文标签：渡口 长江",
        "（本文仅代表作者个人观点）",
        "首页 | 国内 | 图片 | 论坛",
        "建议使用1024*768分辨率浏览",
    ],
)
def test_a_line_of_the_portal_among_the_text_is_left_out(line: str) -> None:
    found = article(js_page(paragraphs(SECOND, THIRD, line)))
    assert found.body == f"{SECOND}\n\n{THIRD}"
    assert found.byline == ()


@pytest.mark.parametrize(
    ("line", "byline"),
    [
        ("2025-02-27 18:03 来源：江海晚报　记者：王远", "王远:reporter"),
        ("2025-02-27 18:03 来源：江海晚报 记者：王远 编辑：顾敏", "王远:reporter"),
        ("<i>2025-02-27</i> <i>来源：江海晚报</i> <i>记者 王远 李晨</i>", "王远:reporter 李晨:reporter"),
        ("<i>2025-02-27</i> <i>记者：</i><i>王远</i> <i>通讯员：</i><i>李晨</i>", "王远:reporter 李晨:correspondent"),
        ("2025-02-27 18:03 来源：江海晚报　文/图 本报记者 王远", "王远:text_and_photo"),
        ("<p class=author>王远 李晨</p>2025-02-27", "王远:author 李晨:author"),
        ("<p class=author>江海晚报</p>2025-02-27", ""),
        ("2025-02-27 18:03 来源：中新记者看江苏", ""),
    ],
)
def test_the_line_under_the_headline_may_name_the_reporters(line: str, byline: str) -> None:
    found = article(js_page(paragraphs(SECOND, THIRD), line=line))
    assert " ".join(f"{one.name}:{one.role}" for one in found.byline) == byline


@pytest.mark.parametrize(
    ("last", "byline"),
    [
        (("文｜王远", "图｜李晨", "编辑｜顾敏"), "王远:author 李晨:photographer"),
        (("来源丨江海晚报（记者：王远）", "值班编辑丨顾敏"), "王远:reporter"),
    ],
)
def test_the_last_lines_name_each_who_had_a_part(last: tuple[str, ...], byline: str) -> None:
    found = article(js_page(paragraphs(FIRST.partition(")")[2], SECOND, THIRD, *last), line="2025-02-27"))
    assert " ".join(f"{one.name}:{one.role}" for one in found.byline) == byline
    assert found.editors == ("顾敏",)


@pytest.mark.parametrize(
    ("above", "under", "kicker", "subheadline"),
    [
        ("<div class=yinti>走进长江</div>", "<div class=futi>渡船与菜市场</div>", "走进长江", "渡船与菜市场"),
        ("<h3 class=pre>走进长江</h3>", "<h4 class=sub></h4>", "走进长江", None),
        ("<div class=subnav>走进长江</div>", "<h4>——一条渡船的四十年</h4>", None, "——一条渡船的四十年"),
        ("<p>走进长江</p>", "<h2>副标题：渡船与菜市场</h2>", None, "渡船与菜市场"),
        (
            "<div class=pretitle>首页 &gt; 走进长江</div>",
            "<div class=subtitle>2025-02-27 来源：江海晚报</div>",
            None,
            None,
        ),
    ],
)
def test_the_lines_around_the_headline_are_kicker_and_subheadline(
    above: str, under: str, kicker: str | None, subheadline: str | None
) -> None:
    headline = "<h1>江边渡口的清晨</h1>"
    page = js_page(paragraphs(SECOND, THIRD)).replace(headline, f"{above}{headline}{under}")
    for url in (JS, UNKNOWN):
        found = article(page, url)
        assert (found.kicker, found.subheadline) == (kicker, subheadline)
        assert found.headline == "江边渡口的清晨"
        assert found.body == f"{SECOND}\n\n{THIRD}"


def test_a_title_may_begin_with_the_portals_name() -> None:
    html = (
        "<title>江海日报数字报-江边渡口的清晨</title><table><tr><td>江边渡口的清晨</td></tr></table>"
        f"<div id=text>{paragraphs(FIRST, SECOND, THIRD)}</div>"
    )
    assert article(html, UNKNOWN).headline == "江边渡口的清晨"


def test_a_heading_that_goes_on_with_time_and_source_is_cut_at_the_headline() -> None:
    html = (
        "<title>江边渡口的清晨_江海在线</title><div><h1>江边渡口的清晨<br><span>2025-02-27 09:18:42&nbsp;&nbsp;来源：江海晚报&nbsp;&nbsp;点击：<i>52</i></span></h1>"
        f"<div class=content>{paragraphs(FIRST, SECOND, THIRD)}</div></div>"
    )
    found = article(html, UNKNOWN)
    assert found.headline == "江边渡口的清晨"
    assert found.published_raw == "2025-02-27 09:18:42"
    assert found.source == Source(name="江海晚报")


@pytest.mark.parametrize(
    ("shown", "told", "raw"),
    [
        ("3天前", "2025-02-27 11:11:11", "2025-02-27 11:11:11"),
        ("2025-02-27", "2025-02-27 11:11:11", "2025-02-27 11:11:11"),
        ("2025-02-27", "2025-03-01 11:11:11", "2025-02-27"),
        ("2025-02-27 09:00", "2025-02-27 11:11:11", "2025-02-27 09:00"),
        ("02-27 10:20", "", "02-27 10:20"),
        ("08-08 10:20", "", None),
    ],
)
def test_of_two_times_of_one_day_the_finer_is_taken(shown: str, told: str, raw: str | None) -> None:
    page = js_page(
        paragraphs(SECOND, THIRD), line=f"<i>{shown}</i>", head=f'<meta name="publishdate" content="{told}">'
    )
    assert article(page).published_raw == raw


def test_brief_news_of_an_unknown_portal_need_a_time() -> None:
    short = "2日清晨，渡口迎来今年的第一班船，船上坐着四十名乘客和两位记者，江面上的雾还没有散。"
    page = "<title>江边渡口的清晨</title><div><h1>江边渡口的清晨</h1><div>{}</div><div id=text><p>{}</p></div></div>"
    url = "http://news.unknown.test/view?code=abc"
    assert read(page.format("", short), url).reason == "no_text"
    assert article(page.format("2025-02-27 09:00", short), url).body == short


def test_the_editors_of_page_and_reprint_are_named_both() -> None:
    line = '<span id="time">2025-02-27 18:03:52</span> <span>编辑：顾敏</span>'
    assert article(js_page(paragraphs(SECOND, THIRD, "编辑：周宁"), line=line)).editors == ("顾敏", "周宁")


@pytest.mark.parametrize("name", ["print", "printArea", "print_content"])
def test_a_block_meant_for_printing_holds_the_article(name: str) -> None:
    html = f"<title>江边渡口的清晨-江海在线</title><div id={name}><h3>江边渡口的清晨</h3><div>2025-02-27 17:48 <span class=print>打印</span></div><div id=content>{paragraphs(FIRST, SECOND)}</div></div>"
    found = article(html, UNKNOWN)
    assert (found.headline, found.body) == ("江边渡口的清晨", f"{FIRST}\n\n{SECOND}")


def test_a_byline_may_follow_the_block_of_the_text() -> None:
    after = "<p>记者/王远</p><p>责编/顾敏</p><p>终审/周宁</p><h4>相关新闻</h4><p>记者 李晨</p>"
    html = f"<title>江边渡口的清晨</title><h1>江边渡口的清晨</h1><div><div id=text>{paragraphs(SECOND, THIRD, SECOND)}</div>{after}</div>"
    found = article(html, UNKNOWN)
    assert found.byline == (Contributor(name="王远", role="reporter"),)
    assert found.editors == ("顾敏",)


@pytest.mark.parametrize("name", ["social-detail", "comment-article", "related_text"])
def test_a_name_that_would_leave_no_text_is_not_believed(name: str) -> None:
    html = f"<title>江边渡口的清晨</title><div class='{name}'><h1>江边渡口的清晨</h1><div>2025-02-27 17:48</div><div class=txt>{paragraphs(FIRST, SECOND, THIRD)}</div></div>"
    found = article(html, UNKNOWN)
    assert (found.headline, found.body) == ("江边渡口的清晨", f"{FIRST}\n\n{SECOND}\n\n{THIRD}")


def test_brief_news_beside_a_list_with_summaries_are_the_article() -> None:
    short = "2日清晨，渡口迎来今年的第一班船，船上坐着四十名乘客，江面上的雾还没有散。"
    beside = "".join(
        f"<div><a href=/a/{n}.html>渡口旧事</a><p>{text}</p></div>" for n, text in enumerate((SECOND, THIRD))
    )
    html = f"<title>渡口迎来第一班船</title><div><div><h1>渡口迎来第一班船</h1><div>2025-02-27 17:48</div><div class=c><p>{short}</p></div></div><div class=r>{beside}</div></div>"
    assert article(html, UNKNOWN).body == short


@pytest.mark.parametrize("holder", ["TRS_Editor", "editor", "article-editor"])
def test_a_body_in_a_block_called_editor_keeps_its_text(holder: str) -> None:
    found = article(js_page(f"<div class={holder}>{paragraphs(FIRST, SECOND, THIRD)}<p>责任编辑：顾敏</p></div>"))
    assert found.body == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert found.editors == ("顾敏",)


TAGS = [
    "p",
    "div",
    "h1",
    "table",
    "tr",
    "td",
    "a",
    "img",
    "span",
    "br",
    "strong",
    "script",
    "title",
    "blockquote",
    "ul",
    "li",
]
ATTRIBUTES = [
    "",
    " id=txt",
    " id=cont",
    " id=time",
    " class=pictext",
    " src=a.jpg",
    " href='/news/2025/0227/1.html'",
    " style='text-align:center'",
]
WORDS = [
    FIRST,
    SECOND,
    "(完)",
    "【编辑:顾敏】",
    "来源：",
    "作者：",
    "记者",
    "2025-02-27 18:03",
    "摄",
    "图为",
    "　　",
    "<",
    "&",
    "\x00",
    "责任编辑：",
]
soup = st.lists(
    st.one_of(
        st.builds(lambda tag, attribute: f"<{tag}{attribute}>", st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES)),
        st.builds(lambda tag: f"</{tag}>", st.sampled_from(TAGS)),
        st.sampled_from(WORDS),
        st.text(max_size=20),
    ),
    max_size=40,
).map("".join)


@settings(deadline=None)
@given(soup, st.sampled_from([JS, UNKNOWN, "http://a.test/x", "http://["]))
def test_any_soup_of_tags_is_read_or_refused_and_leaves_no_markup(html: str, url: str) -> None:
    found = read(html, url).article
    if found is not None:
        assert cautions.ALL.issuperset(found.warnings)
        assert all(block.text for block in found.blocks if block.type in {"paragraph", "heading", "quote", "table"})
        assert all(0 <= block.image < len(found.images) for block in found.blocks if block.image is not None)
        assert all(one.name for one in found.byline)
        texts = [found.headline, found.body, *(image.caption for image in found.images)]
        assert not any(f"<{tag}>" in text for tag in TAGS for text in texts if text)
