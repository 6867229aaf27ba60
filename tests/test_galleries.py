"""Galleries whose pictures stand in XML of the page, with the captions beside them."""

from datetime import UTC, datetime

from crawler.reading.article import Article
from crawler.reading.extract.pages import read_page
from crawler.reading.page import decode_page

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
