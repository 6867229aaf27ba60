"""Pages that are too large or too deep: they are read within bounds, and the line says what is missing."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from crawler.reading.article import Article
from crawler.reading.extract.captioning import assign_captions
from crawler.reading.extract.headlines import strip_portal
from crawler.reading.extract.listings import read_listing
from crawler.reading.extract.pages import read_page
from crawler.reading.extract.piece import Piece
from crawler.reading.extract.tree import Tree
from crawler.reading.page import decode_page
from crawler.reading.portals import find_branch, find_portal

PARAGRAPH = "<p>　　湖边的渔民天不亮就下了网，岸上的人等着第一船银鱼靠岸，这样的早晨已经延续了许多年。</p>"


def read(body: str) -> Article:
    html = f'<meta charset="utf-8"><title>银鱼开捕</title><h1>银鱼开捕</h1><div id="txt">{PARAGRAPH * 3}{body}</div>'
    url = "http://www.js.sample.test/news/2026/0501/101.html"
    page = decode_page(html.encode(), url=url, content_type=None, captured_at=datetime(2026, 5, 1, tzinfo=UTC))
    article = read_page(page, None).article
    assert article is not None
    return article


def test_a_page_of_usual_size_has_no_such_warning() -> None:
    assert not {"page_cut", "nested_too_deep"} & set(read("").warnings)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(PARAGRAPH * 30_000, id="too many tags"),
        pytest.param(f"<p>{'渔' * 5_000_000}</p>", id="too many characters"),
        pytest.param(f"<div {' '.join(f'a{n}=1' for n in range(100_000))}>末</div>", id="too many attributes"),
    ],
)
def test_a_page_that_is_too_large_is_cut_and_says_so(body: str) -> None:
    article = read(body)
    assert "page_cut" in article.warnings
    assert article.body.startswith("湖边的渔民")


@pytest.mark.parametrize("tag", ["div", "b", "ul", "table><tr><td"])
def test_a_page_that_nests_too_deep_says_so(tag: str) -> None:
    article = read(f"<{tag}>" * 20_000 + PARAGRAPH)
    assert "nested_too_deep" in article.warnings
    assert article.body.startswith("湖边的渔民")


def test_the_parser_still_goes_as_deep_as_the_warning_assumes() -> None:
    tree = Tree("<div>" * 1_990 + "末" + "</div>" * 1_990)
    assert (tree.is_too_deep, "".join(tree.root.itertext())) == (False, "末")


def test_the_elements_of_a_page_are_bounded() -> None:
    assert sum(1 for _ in Tree("<i>x</i>" * 500_000).root.iter(etree.Element)) <= 50_000


def test_captions_below_a_run_of_pictures_go_to_them_in_order() -> None:
    pictures = [Piece(type="image", url=f"/{number}.jpg") for number in range(100)]
    captions = [Piece(type="text", text=f"图为{number}号渔船。", is_caption=True) for number in range(100)]
    _, found = assign_captions([*pictures, *captions], None)
    assert found == {number: f"图为{number}号渔船。" for number in range(100)}


def test_a_title_of_nothing_but_dashes_ends() -> None:
    assert strip_portal("银鱼开捕" + "-" * 900) == "银鱼开捕"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("row", "count"),
    [
        pytest.param('<li><a href="/news/2026/0501/{}.html">银鱼开捕{}</a> <i>刚刚</i></li>', 6_000, id="rows"),
        pytest.param('<li><a href="/news/2026/0501/{}.html">银鱼开捕</a> May 1 2026 no. {}</li>', 6_000, id="riddles"),
        pytest.param('<div><a href="/news/2026/0501/{}.html"><h3></h3><h3>{}</h3>', 900, id="links in links"),
        pytest.param('<a href="/news/2026/0501/1.html"><div>{}{}', 1_900, id="one article in itself"),
        pytest.param('<a href="/news/2026/0501/{}.html"><h3><h3>{}', 900, id="headings in headings"),
    ],
)
def test_a_list_of_any_length_and_depth_is_read_in_time_that_grows_with_it(row: str, count: int) -> None:
    html = '<meta charset="utf-8"><ul>' + "".join(row.format(number, number) for number in range(count))
    url = "http://www.js.chinanews.com.cn/highlights/"
    page = decode_page(html.encode(), url=url, content_type=None, captured_at=datetime(2026, 5, 1, tzinfo=UTC))
    portal = find_portal("chinanews")
    articles = read_listing(page, find_branch(portal, url), portal).articles
    assert len(articles) == len(set(articles)) > 0


@pytest.mark.timeout(20)
@pytest.mark.parametrize("tag", ["h1", "h2", "span"])
def test_headings_in_headings_are_looked_at_in_bounded_time(tag: str) -> None:
    html = f'<meta charset="utf-8"><title>银鱼开捕</title>{f"<{tag}>银鱼开捕" * 1_900}</{tag}>{PARAGRAPH * 3}'
    url = "http://www.js.sample.test/news/2026/0501/101.html"
    page = decode_page(html.encode(), url=url, content_type=None, captured_at=datetime(2026, 5, 1, tzinfo=UTC))
    article = read_page(page, None).article
    assert article is not None
    assert article.headline == "银鱼开捕"
