"""What a page shows beside its text: found in markup and style sheets, asked for once, after the articles."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.pressmark import Pressmark
from crawler.reading.extract.requisites import MAX_PER_PAGE, page_requisites, style_requisites
from crawler.reading.page import decode_page
from crawler.store.rows import Kind, Link, Visit
from crawler.store.state import State
from tests.conftest import PRESSMARK, Crawled, sample_words, seen_urls
from tests.portal.server import PortalServer

JS = "http://www.js.sample.test"
ASSETS = "http://i2.sample.test"
URL = f"{JS}/news/2026/1120/236221.html"


def requisites_of(markup: str) -> tuple[str, ...]:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    return page_requisites(decode_page(markup.encode(), url=URL, content_type="text/html", captured_at=moment))


def styles_of(css: bytes, url: str = f"{JS}/css/js.css") -> tuple[str, ...]:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    return style_requisites(decode_page(css, url=url, content_type="text/css", captured_at=moment))


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ('<link rel="stylesheet" href="/css/js.css">', ["/css/js.css"]),
        ("<LINK REL='Shortcut Icon' HREF=/favicon.ico>", ["/favicon.ico"]),
        ('<link rel="canonical" href="/a.html"><link rel="alternate" href="/rss.xml">', []),
        ('<script src="/js/share.js"></script>', ["/js/share.js"]),
        ('<img src="a.png" data-original="b.png">', ["/news/2026/1120/a.png", "/news/2026/1120/b.png"]),
        ('<img srcset="/a.png 1x, /b,c.png 2x,/d.png 3x">', ["/a.png", "/b,c.png", "/d.png"]),
        ('<picture><source srcset="/a.webp"><img src="/a.jpg"></picture>', ["/a.webp", "/a.jpg"]),
        ('<video src="/film.mp4" poster="/still.jpg"></video>', ["/still.jpg"]),
        ('<table background="/bg.gif"><tr><td>字</td></tr></table>', ["/bg.gif"]),
        ('<input type="image" src="/find.gif">', ["/find.gif"]),
        ("<div style=\"background:url('/top.png')\">字</div>", ["/top.png"]),
        ("<style>@import '/css/base.css'; h1{background:url(/h1.png)}</style>", ["/css/base.css", "/h1.png"]),
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><a href="#x">字</a><img src="">', []),
        ('<!-- <img src="/old.png"> --><img src="/a.png"><img src="/a.png#top">', ["/a.png"]),
        ('<img src="/图 片.jpg">', ["/%E5%9B%BE%20%E7%89%87.jpg"]),
        ('<img src="http://[bad/a.png"><img src="/b.png">', ["/b.png"]),
    ],
)
def test_markup_names_its_requisites(markup: str, found: list[str]) -> None:
    assert requisites_of(markup) == tuple(JS + path for path in found)


def test_a_base_element_moves_relative_addresses() -> None:
    assert requisites_of(f'<base href="{ASSETS}/simg/"><img src="a.png">') == (f"{ASSETS}/simg/a.png",)


def test_an_address_without_a_scheme_takes_the_page_s() -> None:
    assert requisites_of('<script src="//i2.sample.test/a.js"></script>') == (f"{ASSETS}/a.js",)


@pytest.mark.parametrize(
    ("css", "found"),
    [
        (b"@charset 'gb2312'; @import url(base.css) screen;", ["/css/base.css"]),
        (b'@import "a.css"; @IMPORT URL("b.css");', ["/css/a.css", "/css/b.css"]),
        (b"@font-face{src:url('f.eot?#iefix'),url(f.woff)}", ["/css/f.eot", "/css/f.woff"]),
        (b"/* url(old.png) */ p{background:url( new.png )}", ["/css/new.png"]),
        (b"p{background:url(a\\(1\\).png)}", ["/css/a(1).png"]),
        (b"p{background:url(\\62 .png)}", ["/css/b.png"]),
        (b"p{filter:url(#blur);background:url(data:image/png;base64,AA==)}", []),
        (b"p{color:red", []),
    ],
)
def test_a_style_sheet_names_its_requisites(css: bytes, found: list[str]) -> None:
    assert styles_of(css) == tuple(JS + path for path in found)


def test_a_page_has_no_more_requisites_than_the_bound() -> None:
    assert len(requisites_of("".join(f'<img src="/{number}.png">' for number in range(1000)))) == MAX_PER_PAGE


def test_hostile_markup_takes_no_time() -> None:
    assert requisites_of(f'<img srcset="{"," * 200_000}">') == ()
    assert styles_of(b"url(" * 100_000 + b'@import "') == ()


def link(url: str, kind: Kind) -> Link:
    return Link(url=url, host="i2.sample.test", kind=kind, via=None, hops="E")


def test_a_requisite_is_asked_for_last() -> None:
    state = State(None)
    for number, kind in enumerate(("requisite", "listing", "article", "picture")):
        state.queue.add(link(f"{ASSETS}/{number}", kind))
    order = [
        state.queue.lease("i2.sample.test", kinds=("requisite", "listing", "article", "picture")) for _ in range(4)
    ]
    assert [row.kind for row in order if row] == ["picture", "article", "listing", "requisite"]


def test_a_requisite_that_an_article_shows_takes_its_turn_as_a_picture() -> None:
    state = State(None)
    state.queue.add(link(f"{ASSETS}/a.jpg", "requisite"))
    assert state.queue.add(link(f"{ASSETS}/a.jpg", "picture"))
    row = state.queue.lease("i2.sample.test", kinds=("picture",))
    assert row is not None


@pytest.mark.parametrize(("kept", "asked_again"), [(True, False), (False, True)])
def test_a_picture_that_was_fetched_as_a_requisite_is_asked_again_only_if_it_was_not_kept(
    kept: bool, asked_again: bool
) -> None:
    state = State(None)
    url = f"{ASSETS}/a.jpg"
    mark = Pressmark(file="a.warc.gz", offset=0, length=9, record_id="urn:uuid:1", payload_digest=None)
    state.queue.add(link(url, "requisite"))
    visit = Visit(
        url=url,
        host="i2.sample.test",
        kind="requisite",
        via=None,
        hops="E",
        condition="done",
        attempts=0,
        status=200,
        fetched_at="2026-11-23T00:00:00.000Z",
        capture=mark if kept else None,
    )
    state.queue.done(visit)
    state.visits.put_visit(visit)
    assert state.visits.is_settled(url) is kept
    assert state.queue.add(link(url, "picture")) is asked_again


def test_the_sample_crawl_keeps_each_requisite_once_and_asks_none_again(crawled: Crawled) -> None:
    furniture = [
        f"{JS}/css/js.css",
        f"{JS}/part/logo.png",
        f"{ASSETS}/css/common.css",
        "http://www.zj.sample.test/css/zj.css",
    ]
    assert [crawled.first_requests.count(url) for url in furniture] == [1] * len(furniture)
    assert [crawled.second_requests.count(url) for url in furniture] == [0] * len(furniture)
    first, second = (json.loads(path.read_text()) for path in sorted((crawled.folder / "runs").glob("*.json")))
    assert first["requisites_kept"] == first["kinds"]["requisite"] >= 10
    assert second["requisites_kept"] == 0


def crawl_js(server: PortalServer, cwd: Path, *words: str) -> dict[str, object]:
    command = [str(PRESSMARK), *sample_words(server, "crawl", "js", "--limit", "3", *words)]
    subprocess.run(command, cwd=cwd, capture_output=True, timeout=100, check=True)
    newest = max((cwd / "data/collections/sample/runs").glob("*.json"))
    return json.loads(newest.read_text())


def test_what_style_sheets_name_is_captured_to_a_small_depth_and_only_from_the_portal_s_hosts(
    sample_server: PortalServer, tmp_path: Path
) -> None:
    for number in range(8):
        css = f"@import '/css/{number + 1}.css'; p{{background:url(http://www.elsewhere.test/{number}.png)}}"
        sample_server.override(f"{JS}/css/{number}.css", body=css.encode())
    sample_server.override(f"{JS}/css/js.css", body=b"@import '/css/0.css'; @import '/inside/secret.css';")
    summary = crawl_js(sample_server, tmp_path)
    asked = seen_urls(sample_server)
    assert [url for url in asked if url.startswith(f"{JS}/css/")] == [
        f"{JS}/css/js.css",
        *(f"{JS}/css/{n}.css" for n in range(3)),
    ]
    assert not [url for url in asked if "elsewhere" in url or "/inside/" in url]
    assert summary["articles"] == 3


def test_a_requisite_larger_than_the_bound_is_cut_and_not_counted_as_kept(
    sample_server: PortalServer, tmp_path: Path
) -> None:
    sample_server.override(f"{JS}/css/js.css", body=b" " * 10_000_001)
    crawl_js(sample_server, tmp_path)
    crawl_js(sample_server, tmp_path)
    assert seen_urls(sample_server).count(f"{JS}/css/js.css") == 1


def test_no_requisites_leaves_them_for_a_later_run(sample_server: PortalServer, tmp_path: Path) -> None:
    without = crawl_js(sample_server, tmp_path, "--no-requisites")
    assert "requisite" not in without["kinds"]
    assert f"{JS}/css/js.css" not in seen_urls(sample_server)
    crawl_js(sample_server, tmp_path)
    assert seen_urls(sample_server).count(f"{JS}/css/js.css") == 1
