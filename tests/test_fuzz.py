"""Spoilt pages: reading raises nothing, and every field holds only what a reader of the page can see."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from crawler.reading.article import Article
from crawler.reading.extract.listings import read_listing
from crawler.reading.extract.pages import read_page
from crawler.reading.extract.requisites import page_requisites
from crawler.reading.extract.tree import SILENT, Tree
from crawler.reading.extract.wording import clean
from crawler.reading.page import Page, decode_page
from crawler.reading.portal import Branch, Portal
from crawler.reading.portals import find_branch, find_portal
from tests.conftest import FIXTURES, SAMPLE, SAMPLE_TOML
from tests.mutations import mutate

SEEDS = sorted(path for path in FIXTURES.rglob("*") if path.suffix in {".html", ".shtml", ".htm"})
RUNS, PAGES = 20, 1000
CAPTURED_AT = datetime(2026, 11, 20, tzinfo=UTC)
MARKUP = re.compile(r"</?[a-zA-Z!][^<>]*>")
JOINTS = " \n\t"


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the page with its characters, both with the forms that they take when the text is made clean."""

    text: str
    characters: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Self:
        """Return a text with its characters."""
        text = f"{text} {unicodedata.normalize('NFC', text)} {clean(text)}"
        return cls(text, frozenset(text))


load_portal = cache(find_portal)


@cache
def seed_of(path: Path) -> tuple[bytes, str, Portal]:
    """Return a fixture's bytes with an address and a portal that fit it."""
    if path.is_relative_to(SAMPLE):
        address = "http://" + path.relative_to(SAMPLE / "hosts").as_posix()
        return path.read_bytes(), address, load_portal(str(SAMPLE_TOML))
    code = path.parent.name if path.parent.name != "chinanews" else path.stem.partition("-")[0]
    host = "www" if code == "national" else f"www.{code}"
    address = f"http://{host}.chinanews.com.cn/news/2026/1120/236221{path.suffix}"
    return path.read_bytes(), address, load_portal("chinanews")


def check(body: bytes, url: str, portal: Portal) -> None:
    """Read a page in all ways, and hold each field of its article against what the page shows."""
    page = decode_page(body, url=url, content_type=None, captured_at=CAPTURED_AT)
    page_requisites(page)
    branch = find_branch(portal, url)
    read_listing(page, branch, portal)
    articles = [article for one in (branch, None) if (article := read_page(page, one).article) is not None]
    if articles:
        shown, told = texts_of(page, branch)
        for article in articles:
            compare(article, shown, told)


def compare(article: Article, shown: Text, told: Text) -> None:
    """Assert that no field holds a character or markup that is nowhere to be seen on the page."""
    for name, text in fields_of(article):
        seen = (shown, told) if name in {"headline", "caption", "alt", "source", "keywords", "sections"} else (shown,)
        missing = set(text).difference(JOINTS, *(one.characters for one in seen))
        assert not missing, f"{name}: {missing} from outside of the page in {text[:200]!r}"
        markup = [tag for tag in MARKUP.findall(text) if not any(_bare(tag) in _bare(one.text) for one in seen)]
        assert not markup, f"{name}: {markup} in {text[:200]!r}"
    assert all(url.startswith(("http://", "https://")) for url in [image.url for image in article.images])


def texts_of(page: Page, branch: Branch | None) -> tuple[Text, Text]:
    """Return the text that the page shows, and what it tells elsewhere: titles, attributes, scripted galleries."""
    root = Tree(page.html).root
    told = [element.text or "" for element in root.iter("title", "script") if _tells(element)]
    told += [value for element in root.iter() for name in ("alt", "title", "content") if (value := element.get(name))]
    told += [section.name for section in branch.sections] if branch else []
    return Text.of("".join(_visible(root))), Text.of(" ".join(told))


def _visible(root: etree._Element) -> Iterator[str]:
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            yield element.tail or ""
        elif element.tag in SILENT:
            walker.skip_subtree()
        else:
            yield element.text or ""


def _tells(element: etree._Element) -> bool:
    return element.tag == "title" or "picsJson" in (element.text or "")


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def fields_of(article: Article) -> Iterator[tuple[str, str]]:
    """Yield the article's texts by the name of their field."""
    yield "headline", article.headline or ""
    yield "kicker", article.kicker or ""
    yield "subheadline", article.subheadline or ""
    yield "source", article.source.name if article.source else ""
    yield from (("byline", one.name) for one in article.byline)
    yield from (("editors", name) for name in article.editors)
    if article.dateline:
        parts = (article.dateline.agency, article.dateline.place, article.dateline.date)
        yield "dateline", "".join(part or "" for part in parts)
    yield from (("body", block.text or "") for block in article.blocks)
    for image in article.images:
        yield "caption", f"{image.caption or ''}{image.credit or ''}"
        yield "alt", image.alt or ""
    yield from (("keywords", word) for word in article.keywords)
    yield from (("sections", name) for name in article.sections)


def test_every_fixture_as_it_is_shows_all_that_is_read() -> None:
    for path in SEEDS:
        check(*seed_of(path))


@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_a_spoilt_page_is_read_without_error_and_gives_only_what_it_shows(path: Path, number: int) -> None:
    body, url, portal = seed_of(path)
    check(mutate(Random(number), body), url, portal)


@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.text(
        alphabet="<>/=\"'!-[]&;#().,:：。（）【】 \n\u3000\x00\ufffd"
        "银鱼记者编辑来源中新网电图摄完pdivahrefscripttable0123456789",
        max_size=400,
    )
)
def test_any_text_at_all_is_read_without_error(text: str) -> None:
    check(text.encode("utf-8"), "http://www.js.chinanews.com.cn/news/2026/1120/1.html", load_portal("chinanews"))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("run", range(RUNS))
def test_a_thousand_spoilt_pages_are_read_without_error(run: int) -> None:
    for number in range(PAGES):
        random = Random(run * PAGES + number)
        body, url, portal = seed_of(random.choice(SEEDS))
        check(mutate(random, body), url, portal)
