"""The invented pages of the branches: each gives the article, or the list, that is written beside it."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding

from crawler.lines import Provenance, make_line
from crawler.reading.article import Article
from crawler.reading.extract.listings import read_listing
from crawler.reading.extract.pages import EXTRACTOR_VERSION, read_page
from crawler.reading.extract.reading import PageReading
from crawler.reading.page import Page, decode_page
from crawler.reading.portals import find_branch, find_portal

CHINANEWS = find_portal("chinanews")
FOLDER = Path(__file__).parent / "fixtures" / "chinanews"
# What is written beside a page, by the page's name without its ending.
EXPECTED: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
ARTICLES = [name for name, expected in EXPECTED.items() if "article" in expected]
LISTINGS = [name for name, expected in EXPECTED.items() if "articles" in expected]
BRANCHES = [branch.code for branch in CHINANEWS.branches]
# The fields of a line that the page alone decides, and what its reading tells beside them.
FIELDS = {*Article.__slots__, "next_pages", "encoding"} - {"origins", "confidence", "damage"}
MARK = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<!doctype[^>]*>\s*)?<!-- synthetic: [^>]+-->", re.IGNORECASE)


def captured(name: str) -> Page:
    expected = EXPECTED[name]
    return decode_page(
        (FOLDER / f"{name}.html").read_bytes(),
        url=expected["url"],
        content_type=expected["content_type"],
        captured_at=datetime.fromisoformat(expected["captured_at"]),
    )


def as_written(reading: PageReading, page: Page) -> dict[str, Any]:
    """Return what was read in the form of a line, without what the capture decides."""
    assert reading.article is not None, reading.reason
    origin = Provenance(
        id="", url=page.url, canonical_url=page.url, portal=None, branch=None, region=None,
        captured_at=page.captured_at, encoding=reading.encoding, extractor_version=EXTRACTOR_VERSION,
    )  # fmt: skip
    line = msgspec.to_builtins(make_line(reading.article, origin))
    line |= {"layout": line["extractor"]["layout"], "warnings": line["extractor"]["warnings"]}
    line["images"] = [{key: image[key] for key in ("url", "caption", "credit", "alt")} for image in line["images"]]
    line["next_pages"] = list(reading.next_pages)
    return {name: _listed(line[name]) for name in FIELDS}


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", ARTICLES)
def test_an_article_page_gives_the_expected_article(name: str) -> None:
    page = captured(name)
    assert as_written(read_page(page, find_branch(CHINANEWS, page.url)), page) == EXPECTED[name]["article"]


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_page_gives_the_expected_list(name: str) -> None:
    page = captured(name)
    listing = read_listing(page, find_branch(CHINANEWS, page.url), CHINANEWS)
    articles = [
        {
            "url": one.url,
            "headline": one.headline,
            "listed_at": one.listed_at.isoformat() if one.listed_at else None,
        }
        for one in listing.articles
    ]
    assert articles == EXPECTED[name]["articles"]
    assert list(listing.next_pages) == EXPECTED[name]["next_pages"]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_page_is_of_its_branch_marked_as_invented_and_of_the_charset_that_it_declares(name: str) -> None:
    expected, body = EXPECTED[name], (FOLDER / f"{name}.html").read_bytes()
    branch = find_branch(CHINANEWS, expected["url"])
    assert branch is not None
    assert name.startswith(f"{branch.code}-")
    assert expected["synthetic"] is True
    assert MARK.match(body)
    declared = http_content_type_encoding(expected["content_type"]) or html_body_declared_encoding(body)
    assert declared is not None
    assert "\ufffd" not in body.decode(declared)
    assert "\ufffd" not in json.dumps(expected, ensure_ascii=False)


def test_every_page_has_its_expectation() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.html")) == sorted(EXPECTED)
    assert len(ARTICLES) + len(LISTINGS) == len(EXPECTED)


@pytest.mark.parametrize("code", BRANCHES)
def test_a_branch_has_three_articles_and_a_listing(code: str) -> None:
    assert sum(name.startswith(f"{code}-") for name in ARTICLES) >= 3
    assert sum(name.startswith(f"{code}-listing-") for name in LISTINGS) >= 1
