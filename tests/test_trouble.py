"""Portals that answer oddly: no article is lost, no host is asked for ever, no run hangs."""

import json
import random
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import PRESSMARK
from tests.portal.server import PortalServer

HOST = "www.odd.test"
LIST = f"http://{HOST}/list/"
ARTICLE = f"http://{HOST}/news/2026/0501/101.html"
TOML = rf"""
name = "odd"
title = "怪站"
asset_hosts = ["i.odd.test"]
[branches.odd]
name = "怪站"
scheme = "http"
hosts = ["{HOST}", "old.odd.test"]
article_url = '''^/news/(?P<year>\d{{4}})/(?P<month>\d\d)(?P<day>\d\d)/(?P<id>\d+)(?:_\d+)?\.html$'''
sections = [{{ path = "/list/", name = "要闻" }}]
"""
PARAGRAPH = "<p>　　湖边的渔民天不亮就下了网，岸上的人等着第一船银鱼靠岸，这样的早晨已经延续了许多年。</p>"


def page(body: str) -> bytes:
    html = (
        '<html><head><meta charset="utf-8"><title>银鱼开捕</title></head><body><h1>银鱼开捕</h1>'
        f"<div>2026-05-01 08:30:00 来源：湖上日报</div><div>{body}{PARAGRAPH * 3}</div></body></html>"
    )
    return html.encode()


class Odd:
    """A portal of one list and one article, and the command that crawls it."""

    def __init__(self, server: PortalServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.toml = TOML
        server.override(LIST, body=f'<html><body><a href="{ARTICLE}">银鱼开捕</a></body></html>'.encode())
        server.override(f"http://{HOST}/robots.txt", body=b"User-agent: *\nCrawl-delay: 0.01\n")
        server.override("http://i.odd.test/robots.txt", body=b"User-agent: *\nCrawl-delay: 0.01\n")
        server.override("http://old.odd.test/robots.txt", body=b"User-agent: *\nCrawl-delay: 0.01\n")
        server.override(ARTICLE, body=page(""))

    def crawl(self, *words: str) -> subprocess.CompletedProcess[str]:
        toml = self.folder / "odd.toml"
        toml.write_text(self.toml, "utf-8")
        address = self.server.address
        return subprocess.run(
            [
                str(PRESSMARK),
                "crawl",
                "odd",
                "--now",
                "--portal",
                str(toml),
                "--connect-to",
                f"*.test:{address}",
                *words,
            ],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def lines(self) -> list[dict]:
        files = (self.folder / "data/collections/odd/articles").glob("*/*.jsonl")
        return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Odd]:
    (tmp_path / "portal" / "hosts").mkdir(parents=True)
    with PortalServer(tmp_path / "portal") as server:
        yield Odd(server, tmp_path)


@pytest.mark.parametrize("name", ["图片.jpg", "a b.jpg", "a.jpg#top", "a.jpg?x=[1]|2"])
def test_a_picture_whose_address_is_escaped_on_the_way_belongs_to_its_article(odd: Odd, name: str) -> None:
    odd.server.override(ARTICLE, body=page(f'<img src="/pic/{name}">'))
    assert odd.crawl().returncode == 0
    (line,) = odd.lines()
    assert len(line["images"]) == 1


def test_a_location_that_is_no_address_stops_nothing(odd: Odd) -> None:
    gone = f"http://{HOST}/news/2026/0501/102.html"
    odd.server.override(LIST, body=f'<a href="{gone}">旧闻</a><a href="{ARTICLE}">银鱼开捕</a>'.encode())
    odd.server.override(gone, status=301, headers={"Location": "http://[bad/"})
    assert odd.crawl().returncode == 0
    assert len(odd.lines()) == 1
    (odd.folder / "data/collections/odd/state.sqlite").unlink()
    assert odd.crawl().returncode == 0
    assert len(odd.lines()) == 1


def test_an_asset_host_that_asks_for_a_day_keeps_no_article_waiting(odd: Odd) -> None:
    odd.server.override(ARTICLE, body=page('<img src="http://i.odd.test/1.jpg"><img src="http://i.odd.test/2.jpg">'))
    for number in (1, 2):
        odd.server.override(f"http://i.odd.test/{number}.jpg", status=429, headers={"Retry-After": "86400"})
    assert odd.crawl().returncode == 3
    (line,) = odd.lines()
    assert [image["pressmark"] for image in line["images"]] == [None, None]


def test_a_redirect_to_another_host_of_the_same_article_is_followed(odd: Odd) -> None:
    odd.server.override(ARTICLE, status=301, headers={"Location": "http://old.odd.test/news/2026/0501/101.html"})
    odd.server.override("http://old.odd.test/news/2026/0501/101.html", body=page(""))
    assert odd.crawl().returncode == 0
    (line,) = odd.lines()
    assert (line["id"], line["url"]) == ("odd:odd:101", "http://old.odd.test/news/2026/0501/101.html")


@pytest.mark.parametrize("trouble", [{"status": 403}, {"body": page(""), "cut_at": 40}])
def test_an_article_that_was_refused_or_cut_is_asked_again_by_the_next_run(odd: Odd, trouble: dict) -> None:
    odd.server.override(ARTICLE, **trouble)
    odd.crawl()
    assert odd.lines() == []
    odd.server.override(ARTICLE, body=page(""))
    assert odd.crawl().returncode == 0
    assert len(odd.lines()) == 1


def test_a_further_page_that_a_list_names_is_no_version_of_its_own(odd: Odd) -> None:
    second = ARTICLE.replace(".html", "_2.html")
    odd.server.override(LIST, body=f'<a href="{second}">银鱼开捕(2)</a><a href="{ARTICLE}">银鱼开捕</a>'.encode())
    odd.server.override(ARTICLE, body=page(f'<a href="{second}">下一页</a>'))
    odd.server.override(second, body=page(""))
    assert odd.crawl().returncode == 0
    assert [line["version"] for line in odd.lines()] == [1]


def test_a_robots_txt_that_is_cut_stops_the_host(odd: Odd) -> None:
    odd.server.override(f"http://{HOST}/robots.txt", body=b"User-agent: *\nDisallow: /news/\n", cut_at=14)
    done = odd.crawl()
    assert (done.returncode, HOST in done.stderr) == (1, True)
    assert not [request for request in odd.server.requests if request.target.startswith("/news/")]


def test_lists_that_are_all_refused_are_a_finding(odd: Odd) -> None:
    odd.server.override(LIST, status=403)
    assert odd.crawl().returncode == 3


def test_a_branch_without_sections_finds_them_on_its_home_page_in_each_run(odd: Odd) -> None:
    odd.toml = TOML.replace('sections = [{ path = "/list/", name = "要闻" }]', "")
    odd.server.override(
        f"http://{HOST}/",
        body='<a href="/list/">要闻</a> <a href="/gone/">旧栏目</a> <a href="/about.html">关于我们</a>'.encode(),
    )
    assert odd.crawl().returncode == 0
    assert [line["id"] for line in odd.lines()] == ["odd:odd:101"]
    second = ARTICLE.replace("101", "102")
    odd.server.override(LIST, body=f'<a href="{second}">湖上的灯</a>'.encode())
    odd.server.override(second, body=page(""))
    assert odd.crawl().returncode == 0
    assert [line["id"] for line in odd.lines()] == ["odd:odd:101", "odd:odd:102"]
    assert not [request for request in odd.server.requests if "about" in request.target]


def test_a_line_file_that_is_not_ours_is_left_alone(odd: Odd) -> None:
    odd.crawl()
    own = odd.folder / "data/collections/odd/articles/odd/mine.jsonl"
    own.write_text('{"mine": 1}\n')
    odd.crawl()
    assert own.read_text() == '{"mine": 1}\n'


def test_lines_without_a_state_are_kept_aside_and_made_again(odd: Odd) -> None:
    odd.crawl()
    (path,) = (odd.folder / "data/collections/odd/articles/odd").glob("*.jsonl")
    before = path.read_bytes()
    (odd.folder / "data/collections/odd/state.sqlite").unlink()
    assert odd.crawl().returncode == 0
    assert path.read_bytes() == before
    assert path.with_name(f"{path.name}.before-1").read_bytes() == before


def test_a_line_file_that_has_become_shorter_is_named(odd: Odd) -> None:
    odd.crawl()
    (path,) = (odd.folder / "data/collections/odd/articles/odd").glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:50])
    done = odd.crawl()
    assert (done.returncode, path.name in done.stderr, "state.sqlite" in done.stderr) == (1, True, True)


def spoil_all(path: Path) -> None:
    path.write_bytes(b"no database at all, but long enough to be looked at" * 200)


def spoil_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle - 5000 : middle + 5000] = random.Random(5).randbytes(10_000)
    path.write_bytes(content)


def age(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 1")


def empty_a_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA writable_schema = 1")
        db.execute("UPDATE sqlite_master SET rootpage = 99999 WHERE name = 'visits'")
        db.commit()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_all, "is damaged"),
        (spoil_the_middle, "is damaged"),
        (empty_a_table, "is damaged"),
        (age, "schema version 1 of an older"),
    ],
)
def test_a_state_that_is_damaged_or_old_is_put_aside_and_made_again(
    odd: Odd, spoil: Callable[[Path], None], why: str
) -> None:
    odd.crawl()
    before = odd.lines()
    state = odd.folder / "data/collections/odd/state.sqlite"
    spoil(state)
    spoilt = state.read_bytes()
    asked = len(odd.server.requests)
    done = odd.crawl("--log-format", "json")
    assert done.returncode == 0, done.stderr
    told = [one["message"] for one in map(json.loads, done.stderr.splitlines()) if "state.sqlite:" in one["message"]]
    assert [(why in message, "kept as state.sqlite.before-1" in message) for message in told] == [(True, True)]
    assert state.with_name("state.sqlite.before-1").read_bytes() == spoilt
    assert odd.lines() == before
    assert ARTICLE.endswith(tuple(request.target for request in odd.server.requests[:asked]))
    assert not [one for one in odd.server.requests[asked:] if ARTICLE.endswith(one.target)]


def test_digests_that_are_damaged_are_put_aside_and_made_again(odd: Odd) -> None:
    odd.crawl()
    digests = odd.folder / "data/collections/odd/digests.sqlite"
    size = digests.stat().st_size
    spoil_all(digests)
    done = odd.crawl()
    assert (done.returncode, "digests.sqlite.before-1" in done.stderr.replace("\n", "")) == (0, True), done.stderr
    assert digests.stat().st_size == size


def test_a_state_of_a_newer_pressmark_is_left_alone(odd: Odd) -> None:
    odd.crawl()
    state = odd.folder / "data/collections/odd/state.sqlite"
    with closing(sqlite3.connect(state)) as db:
        db.execute("PRAGMA user_version = 99")
    done = odd.crawl()
    assert (done.returncode, "schema version 99" in done.stderr) == (1, True)
    assert not list(state.parent.glob("*.before-*"))


def test_another_portal_in_the_same_collection_is_refused(odd: Odd) -> None:
    odd.crawl()
    toml = odd.folder / "other.toml"
    toml.write_text(TOML.replace('name = "odd"', 'name = "other"'), "utf-8")
    done = odd.crawl("--portal", str(toml), "--collection", "odd")
    assert (done.returncode, "--collection" in done.stderr) == (2, True)


def test_a_folder_name_in_brackets_is_printed_as_it_is(odd: Odd) -> None:
    done = odd.crawl("--data", "data [/old]")
    assert (done.returncode, "data [/old]" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("etag", "asked"),
    [('"4f1c"', '"4f1c"'), ('W/"4f1c"', 'W/"4f1c"'), ("4f1c", None), ('"a b"', None), ("", None)],
)
def test_a_list_is_asked_for_again_with_its_etag_where_that_is_a_valid_one(
    odd: Odd, etag: str, asked: str | None
) -> None:
    odd.server.override(LIST, body=b"<html><body></body></html>", headers={"ETag": etag})
    assert [odd.crawl().returncode for _ in range(2)] == [0, 0]
    lists = [request for request in odd.server.requests if request.target == "/list/"]
    assert [request.header("If-None-Match") for request in lists] == [None, asked]
    assert [request.header("If-Modified-Since") for request in lists] == [None, None]


def test_a_list_that_has_changed_is_read_again(odd: Odd) -> None:
    another = ARTICLE.replace("101", "102")
    assert odd.crawl().returncode == 0
    odd.server.override(LIST, body=f'<html><body><a href="{another}">莼菜采摘</a></body></html>'.encode())
    odd.server.override(another, body=page("").replace("银鱼开捕".encode(), "莼菜采摘".encode()))
    assert odd.crawl().returncode == 0
    assert [line["url"] for line in odd.lines()] == [ARTICLE, another]


def test_a_list_whose_record_is_gone_is_asked_for_as_a_whole(odd: Odd) -> None:
    assert odd.crawl().returncode == 0
    (warc,) = (odd.folder / "data/collections/odd/archive").glob("*.warc.gz")
    warc.rename(odd.folder / warc.name)
    assert odd.crawl().returncode == 0
    lists = [request for request in odd.server.requests if request.target == "/list/"]
    assert [request.header("If-None-Match") for request in lists] == [None, None]
