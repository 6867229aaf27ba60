"""What stands behind and around the text: signatures, editors, other articles, foreign outlets, paths of sections."""

import re

import pytest

from crawler.reading.article import Source
from tests.test_read_page import SECOND, THIRD, article, js_page, paragraphs


@pytest.mark.parametrize("end", ["（完）（王远）", "(完)(王远)", "（完）　（王远）"])
def test_names_in_brackets_may_follow_the_end_mark(end: str) -> None:
    found = article(js_page(paragraphs(SECOND, f"航线今天起每日一班。{end}")))
    assert found.end_mark is True
    assert [(one.name, one.role) for one in found.byline] == [("王远", "author")]
    assert found.body.endswith("航线今天起每日一班。" + end[-4:])
    assert dict(found.origins)["byline"] == "last line"


def test_the_dateline_names_the_author_before_the_brackets_behind_the_end_mark() -> None:
    opening = "中新网南京2月27日电 (记者 李晨)江边的渡口清早开出头一班船，船上多是进城卖菜的人。"
    found = article(js_page(paragraphs(opening, SECOND + "（完）（王远）")))
    assert [one.name for one in found.byline] == ["李晨"]


@pytest.mark.parametrize("line", ["作者/王远 编辑/李晨", "编辑：李晨 作者：王远", "文｜王远　责编｜李晨"])
def test_author_and_editor_on_one_line_are_both_read(line: str) -> None:
    found = article(js_page(paragraphs(THIRD, SECOND, line)))
    assert [(one.name, one.role) for one in found.byline] == [("王远", "author")]
    assert found.editors == ("李晨",)


@pytest.mark.parametrize(
    "heading",
    ["<br>相关新闻：<br>", "<br/><b>【相关阅读】</b><br>", "<strong>相关链接：</strong>", "<br>延伸阅读<br><br>"],
)
def test_other_articles_behind_the_text_of_a_paragraph_are_left_out(heading: str) -> None:
    related = "<a href='/news/2025/0226/1.html'>一条旧闻的标题</a><br><a href='/news/2025/0226/2.html'>又一条旧闻</a>"
    found = article(js_page(f"{paragraphs(THIRD)}<p>　　{SECOND}{heading}{related}</p>"))
    assert found.body == f"{THIRD}\n\n{SECOND}"
    assert found.links == ()


def test_a_paragraph_that_speaks_of_related_news_stays_whole() -> None:
    text = "他在网上读到<b>相关新闻：</b>渡口又开了一条航线，头班船六点开。"
    assert article(js_page(f"{paragraphs(SECOND)}<p>　　{text}</p>")).body.endswith(re.sub("<.*?>", "", text))


def test_an_outlet_far_behind_the_body_is_another_articles() -> None:
    card = "<div class=card><h3>图片新闻</h3><p>大雪封山</p><span>来源：江海晚报</span></div>"
    html = f"<h1>渡口的清晨</h1><p>2025-02-27 08:30</p><div id=t>{paragraphs(THIRD, SECOND)}</div>"
    url = "http://www.sample.test/news/2025/0227/1.html"
    assert article(html + card, url).source is None
    assert article(html + "<div>来源：江海晚报</div>" + card, url).source == Source(name="江海晚报")


@pytest.mark.parametrize(
    ("crumbs", "sections"),
    [
        ("<p><a href=/>首页</a><i class=arrow></i><a href=/wh/>文化</a><i class=arrow></i>正文</p>", ("文化",)),
        ("<div class=position><a href=/>首页</a><a href=/wh/>文化</a><a href=/wh/fy/>非遗</a></div>", ("文化", "非遗")),
        ("<ol class=breadcrumb><li><a href=/>首页</a></li><li><a href=/wh/>文化</a></li></ol>", ("文化",)),
        ("<p>您的位置：<a href=/>首页</a><a href=/wh/>文化</a></p>", ("文化",)),
        ("<p><a href=/>首页</a><a href=/wh/>文化</a><em>正文</em></p>", ("文化",)),
        ("<p><a href=http://www.sample.test/>新闻网</a><a href=/>江苏</a><span>正文</span></p>", ()),
        ("<div class=menu><a href=/>首页</a><a href=/wh/>文化</a><a href=/ty/>体育</a></div>", ()),
        ("<ul><li><a href=/>首页</a></li><li><a href=/wh/>文化</a></li><li><a href=/ty/>体育</a></li></ul>", ()),
    ],
)
def test_a_path_whose_arrows_the_style_sheet_draws_names_the_sections(crumbs: str, sections: tuple[str, ...]) -> None:
    html = f"{crumbs}<h1>渡口的清晨</h1><p>2025-02-27 08:30</p><div id=t>{paragraphs(THIRD, SECOND)}</div>"
    assert article(html, "http://www.sample.test/news/2025/0227/1.html").sections == sections


def test_a_headline_that_a_spoilt_page_hides_is_not_taken() -> None:
    html = js_page(paragraphs(THIRD, SECOND)).replace("<body>", "<body><noscript><h1>看不见的标题</h1></noscript>")
    assert article(html).headline != "看不见的标题"
