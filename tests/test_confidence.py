"""Every field says where it comes from and how sure it is."""

# ruff: noqa: E501 - a case, a page, a line

import pytest

from crawler.reading.article import Article
from crawler.reading.extract.pages import join, read_page
from crawler.reading.page import decode_page
from crawler.reading.portals import find_branch, is_article_url, load_portal
from tests.test_read_page import (
    CAPTURED_AT,
    FIRST,
    JS,
    SAMPLE,
    SECOND,
    THIRD,
    UNKNOWN,
    article,
    js_page,
    paragraphs,
    read,
)

# Fields that say what was read, not how: type, language and layout are judged from the whole page, precision and raw
# text belong to published_at, blocks to body and images.
FIELDS = [
    *("headline", "kicker", "subheadline", "published_at", "modified_at", "source", "byline", "editors", "dateline"),
    *("body", "images", "end_mark", "keywords", "links", "sections"),
]
PORTAL = load_portal(SAMPLE / "sample.toml")
PAGES = sorted(
    url
    for path in (SAMPLE / "hosts").rglob("*.*html")
    if is_article_url(url := "http://" + path.relative_to(SAMPLE / "hosts").as_posix(), PORTAL)
)


def levels(found: Article) -> dict[str, str]:
    return dict(found.confidence)


@pytest.mark.parametrize("has_layouts", [True, False], ids=["layout", "generic"])
@pytest.mark.parametrize("url", PAGES)
def test_each_field_that_is_not_empty_has_an_origin_and_a_confidence(url: str, has_layouts: bool) -> None:
    body = (SAMPLE / "hosts" / url.removeprefix("http://")).read_bytes()
    page = decode_page(body, url=url, content_type=None, captured_at=CAPTURED_AT)
    found = read_page(page, find_branch(PORTAL, url) if has_layouts else None).article
    if found is not None:
        filled = {name for name in FIELDS if getattr(found, name)}
        assert dict(found.origins).keys() == filled
        assert dict(found.confidence).keys() == filled
        assert all(dict(found.origins).values())


def test_a_layouts_own_selectors_and_labels_are_sure() -> None:
    found = article(js_page(paragraphs(FIRST, SECOND, THIRD + "(完)") + "<p>编辑：顾敏</p>"))
    assert set(levels(found).values()) == {"high", "medium"}
    assert [name for name, level in found.confidence if level == "medium"] == ["sections"]


def test_the_generic_rules_are_half_sure_where_a_second_sign_agrees() -> None:
    found = article(js_page(paragraphs(FIRST, SECOND, THIRD)), UNKNOWN)
    assert {name: levels(found)[name] for name in ("headline", "published_at", "body", "source", "byline")} == {
        "headline": "medium", "published_at": "medium", "body": "medium", "source": "medium", "byline": "medium"
    }  # fmt: skip


def test_fallbacks_are_not_sure() -> None:
    found = article(js_page(paragraphs(SECOND), line="").replace("<h1>江边渡口的清晨</h1>", ""))
    assert (levels(found)["headline"], levels(found)["published_at"]) == ("low", "low")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("2025-02-27 18:03:52", "2025-03-07 18:03:52", "published_at"),
        ("<title>江边渡口的清晨", "<title>湿地公园迎来候鸟", "headline"),
        ('<div id="cont">', '<input name="newsdate" value="2025-02-27"><input name="newstime" value="08:00:00"><div id="cont">', "published_at"),
        ('<div id="cont">', '<span id="source_baidu">来源：江海晚报</span><div id="cont">', "source"),
        ('<div id="cont">', '<span id="editor_baidu">责任编辑：周宁</span><div id="cont">', "editors"),
    ],
)  # fmt: skip
def test_a_field_that_another_sign_contradicts_is_not_sure(old: str, new: str, field: str) -> None:
    page = js_page(paragraphs(FIRST, SECOND) + "<p>编辑：顾敏</p>")
    assert levels(article(page))[field] == "high"
    assert levels(article(page.replace(old, new)))[field] == "low"


def test_a_title_that_only_names_the_portal_contradicts_nothing() -> None:
    page = js_page(paragraphs(FIRST)).replace("<title>江边渡口的清晨-中国新闻网江苏", "<title>中国新闻网江苏")
    assert levels(article(page))["headline"] == "high"


def test_a_joined_article_is_as_sure_of_its_body_as_its_least_sure_page() -> None:
    stem = JS.removesuffix(".html")
    broken = js_page(paragraphs(SECOND, THIRD)).replace('id="txt"', 'id="text"')
    joined = join([read(js_page(paragraphs(FIRST, SECOND))), read(broken, f"{stem}_2.html")])
    assert (levels(joined)["headline"], levels(joined)["body"]) == ("high", "medium")
    assert dict(joined.origins).keys() == levels(joined).keys()
