"""Galleries whose pictures stand in XML of the page or one on a page, and videos whose files stand in scripts."""

from datetime import UTC, datetime

import pytest

from crawler.reading.article import Article
from crawler.reading.extract.pages import read_page
from crawler.reading.extract.reading import PageReading
from crawler.reading.page import decode_page
from crawler.reading.portals import find_branch, find_portal

CAPTIONS = ("图为湖边的渔船。程望舒 摄", "图为渔民收网。程望舒 摄")


def read(captions: tuple[str, ...]) -> Article:
    pictures = "".join(f"<image><![CDATA[http://i2.sample.test/2026/050{n}.jpg]]></image>" for n in (1, 2))
    told = "".join(f"<p>{caption}</p>" for caption in captions)
    html = (
        '<html><head><meta charset="utf-8"><title>银鱼开捕-样例新闻网</title></head><body><h1>银鱼开捕</h1>'
        f'<div>2026-05-01 08:30</div><div style="display:none"><list>{pictures}</list></div>'
        f'<div class="left desc">{told}</div></body></html>'
    )
    url = "http://www.sample.test/gn/2026/05-01/101.shtml"
    page = decode_page(html.encode(), url=url, content_type=None, captured_at=datetime(2026, 5, 2, tzinfo=UTC))
    article = read_page(page, None).article
    assert article is not None
    return article


def test_each_picture_of_a_gallery_in_xml_has_its_caption_once() -> None:
    article = read(CAPTIONS)
    assert article.content_type == "gallery"
    assert tuple(image.caption for image in article.images) == CAPTIONS
    assert [image.credit for image in article.images] == ["程望舒"] * 2
    assert article.body == ""


def test_captions_that_are_fewer_than_the_pictures_are_given_to_none() -> None:
    assert [image.caption for image in read(CAPTIONS[:1]).images] == [None, None]


FOLDER = "https://www.chinanews.com.cn/tp/hd2011/2012/03-10/"
PICTURE = '<img src="http://i2.chinanews.com/simg/hd/2012/03/10/a1.jpg">'


def read_national(html: str, url: str) -> PageReading:
    page = decode_page(html.encode(), url=url, content_type="text/html; charset=utf-8", captured_at=datetime.now(UTC))
    return read_page(page, find_branch(find_portal("chinanews"), url))


def further_pages(place: str, inside: str, beside: str = "") -> list[str]:
    """Return the names of the pages that a gallery of one picture a page leads to."""
    html = (
        f'<title>渔船归港-中新网</title><h1>渔船归港</h1>{place}{beside}<div id="eFramePic">{inside}</div>'
        '<div class="t3">　　渔民在码头卸下当天的鱼获。程望舒 摄</div>'
    )
    reading = read_national(html, FOLDER + "98109.shtml")
    assert reading.article is not None
    assert reading.article.content_type == "gallery"
    return [url.removeprefix(FOLDER) for url in reading.next_pages]


@pytest.mark.parametrize(
    ("place", "inside", "beside", "pages"),
    [
        pytest.param(
            '<b>2/<span id="showTotal">4</span></b>', PICTURE, "", ["98110.shtml", "98111.shtml"], id="counted"
        ),
        pytest.param('<b>4/<span id="showTotal">4</span></b>', PICTURE, "", [], id="the last"),
        pytest.param(
            '<b>4/<span id="showTotal">4</span></b>', PICTURE, '<a href="98110.shtml">下一张</a>', [], id="over the end"
        ),
        pytest.param(
            "", PICTURE, '<a href="/tp/hd2011/2012/03-10/98110.shtml">下一张</a>', ["98110.shtml"], id="linked"
        ),
        pytest.param("", f'<a href="98110.shtml">{PICTURE}</a>', "", ["98110.shtml"], id="linked around the picture"),
        pytest.param("", PICTURE, '<a href="98110.shtml">下一组</a>', [], id="the next gallery"),
        pytest.param("", PICTURE, '<a href="98120.shtml">下一张</a>', [], id="another number"),
        pytest.param('<b>共<span id="showTotal">4</span>张</b>', PICTURE, "", [], id="a count without a place"),
    ],
)
def test_the_number_after_a_gallery_page_is_its_next_page_only_where_the_page_says_so(
    place: str, inside: str, beside: str, pages: list[str]
) -> None:
    assert further_pages(place, inside, beside) == pages


def test_an_article_with_a_link_to_the_next_number_has_no_further_page() -> None:
    html = f"<h1>渔船归港</h1><p>{'渔民在码头卸下当天的鱼获。' * 9}</p><a href='98110.shtml'>下一页</a>"
    assert read_national(html, FOLDER + "98109.shtml").next_pages == ()


def test_the_picture_in_a_frame_has_the_text_below_for_its_caption() -> None:
    html = f'<h1>渔船归港</h1><div id="eFramePic">{PICTURE}</div><div class="t3">　　渔民卸下鱼获。程望舒 摄</div>'
    article = read_national(html, FOLDER + "98109.shtml").article
    assert article is not None
    assert [(image.caption, image.credit) for image in article.images] == [("渔民卸下鱼获。程望舒 摄", "程望舒")]
    assert article.body == ""


@pytest.mark.parametrize(
    "script",
    [
        'videojsList = ["{}"];',
        "var videojsList = [ '{}' ];",
        'playVideo("vInfo", "{}", "640");',
        'new Player({{ source:"{}" }});',
        '{{ file: "{}" }}',
    ],
)
def test_a_video_page_gives_the_file_that_its_script_plays(script: str) -> None:
    file = "http://video.chinanews.com/flv/2018/11/28/400/112501_web.mp4"
    html = (
        '<title>慢火车-中新网视频</title><div class="content_title"><h1>慢火车</h1></div>'
        f'<script>{script.format(file)} poster = "http://i2.chinanews.com/p.jpg";</script>'
        '<div class="content_desc"><p>一趟慢火车每天清晨从雪岭脚下出发。</p></div>'
    )
    article = read_national(html, "https://www.chinanews.com.cn/shipin/2018/11-28/news794023.shtml").article
    assert article is not None
    assert article.content_type == "video"
    assert [block.url for block in article.blocks if block.type == "video"] == [file]
