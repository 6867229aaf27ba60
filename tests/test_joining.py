"""Articles and galleries over several pages: one line, with all that the pages hold and the pressmark of each."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from archive.capture import Capture
from archive.reader import Exchange, read_exchanges
from crawler.folding.composing import compose, read_capture
from crawler.folding.contents import Readers
from crawler.folding.ledger import apply, fold, give_up
from crawler.folding.outcome import CapturedPage
from crawler.folding.schedule import Schedule
from crawler.lines import ArticleLine
from crawler.reading.portals import find_portal
from crawler.store.rows import Link
from crawler.store.state import State
from tests.exchanges import answered, write_file
from tests.test_fixtures import EXPECTED, FOLDER

CHINANEWS = find_portal("chinanews")
NAMES = {expected["url"]: name for name, expected in EXPECTED.items()}
# The names of the pages of each article that stands over several.
PAGES = [
    [name, *(NAMES[url] for url in expected["article"]["next_pages"])]
    for name, expected in EXPECTED.items()
    if "article" in expected and expected["article"]["next_pages"]
]


def capture_of(name: str) -> Capture:
    body, url = (FOLDER / f"{name}.html").read_bytes(), EXPECTED[name]["url"]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body)
    return answered(head + body, url=url)


def crawl(folder: Path, names: list[str]) -> tuple[ArticleLine | None, list[Exchange]]:
    """Return the line of an article whose pages were captured in this order, and the captures; no picture was got."""
    file = write_file(folder, *map(capture_of, names))
    exchanges = [record for record in read_exchanges(file) if isinstance(record, Exchange)]
    first, state = EXPECTED[names[0]]["url"], State(None)
    state.queue.add(Link(url=first, host="", kind="article", via=None, hops=""))
    links = [
        link
        for exchange in exchanges
        for link in apply(state, fold(state, exchange, CHINANEWS, Schedule(), Readers(line_of=lambda _: None)))
    ]
    assert [link.url for link in links if link.kind == "page"] == [EXPECTED[name]["url"] for name in names[1:]]
    for link in links:
        apply(state, give_up(state, link.url))
    assert state.versions.needs(first) == set()
    pages: dict[str, CapturedPage | None] = {one.capture.url: read_capture(one, CHINANEWS) for one in exchanges}
    return compose(state, first, CHINANEWS, pages.get, lambda _: None), exchanges


def told(names: list[str], field: str) -> list[Any]:
    return [EXPECTED[name]["article"][field] for name in names]


def test_there_are_articles_and_a_gallery_over_several_pages() -> None:
    assert len(PAGES) >= 4
    assert {EXPECTED[names[0]]["article"]["content_type"] for names in PAGES} == {"article", "gallery"}


@pytest.mark.parametrize("names", PAGES, ids=lambda names: names[0])
def test_pages_become_one_line_with_the_pressmark_of_each(tmp_path: Path, names: list[str]) -> None:
    line, exchanges = crawl(tmp_path, names)
    assert line is not None
    assert [page.url for page in line.pages] == [EXPECTED[name]["url"] for name in names]
    assert [page.pressmark for page in line.pages] == [exchange.pressmark for exchange in exchanges]
    assert line.pressmark == exchanges[0].pressmark
    assert "pages_missing" not in line.extractor.warnings


@pytest.mark.parametrize("names", PAGES, ids=lambda names: names[0])
def test_the_line_holds_what_all_pages_hold_in_their_order(tmp_path: Path, names: list[str]) -> None:
    line, _ = crawl(tmp_path, names)
    assert line is not None
    assert line.body == "\n\n".join(filter(None, told(names, "body")))
    pictures = list({image["url"]: image["caption"] for image in chain(*told(names, "images"))}.items())
    assert [(image.url, image.caption) for image in line.images] == pictures
    assert [block.type for block in line.blocks] == [block["type"] for block in chain(*told(names, "blocks"))]
    assert line.headline == told(names, "headline")[0]
    assert line.published_at == told(names, "published_at")[0]
    assert list(line.editors) == next(filter(None, told(names, "editors")), [])
    assert line.end_mark == any(told(names, "end_mark"))


@pytest.mark.parametrize("names", PAGES, ids=lambda names: names[0])
def test_a_page_that_was_not_got_is_told(tmp_path: Path, names: list[str]) -> None:
    file = write_file(tmp_path, capture_of(names[0]))
    exchange = next(record for record in read_exchanges(file) if isinstance(record, Exchange))
    first, state = EXPECTED[names[0]]["url"], State(None)
    state.queue.add(Link(url=first, host="", kind="article", via=None, hops=""))
    apply(state, fold(state, exchange, CHINANEWS, Schedule(), Readers(line_of=lambda _: None)))
    line = compose(state, first, CHINANEWS, {first: read_capture(exchange, CHINANEWS)}.get, lambda _: None)
    assert line is not None
    assert "pages_missing" in line.extractor.warnings
    assert [page.url for page in line.pages] == [first]
    assert line.body == json.loads((FOLDER / f"{names[0]}.json").read_text("utf-8"))["article"]["body"]
