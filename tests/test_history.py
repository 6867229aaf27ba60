"""What the command tells of a page that was edited, taken down and put back."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from crawler.commands.difference import html_page, print_side_by_side, rows_of
from crawler.commands.status import describe_age, freshness_bar
from crawler.errors import CrawlerError
from crawler.folding.changes import Event, Span, read_events
from crawler.lines import ArticleLine, decode_line
from crawler.store.collection import Collection
from tests.conftest import Run, run_pressmark
from tests.portal.server import PortalServer

HOST = "www.lake.test"
LIST = f"http://{HOST}/list/"
ARTICLE = f"http://{HOST}/news/2026/0501/101.html"
REFUSED = f"http://{HOST}/news/2026/0430/99.html"
ID = "lake:lake:101"
TOML = rf"""
name = "lake"
title = "湖畔站"
[branches.lake]
name = "湖畔"
scheme = "http"
hosts = ["{HOST}"]
article_url = '''^/news/(?P<year>\d{{4}})/(?P<month>\d\d)(?P<day>\d\d)/(?P<id>\d+)(?:_\d+)?\.html$'''
sections = [{{ path = "/list/", name = "要闻" }}]
"""
EVENT = Event(type="new", id=ID, version=1, url=ARTICLE, at="2026-05-01T00:40:00.000Z", record_id="urn:uuid:1")
FIRST = "银鱼开捕首日，码头共卸下鲜鱼120吨，比去年同期多了两成。"
SECOND = "银鱼开捕首日，码头共卸下鲜鱼132吨，比去年同期多了两成。"
MORE = "<p>　　湖边的渔民天不亮就下了网，岸上的人等着第一船银鱼靠岸，这样的早晨已经延续了许多年。</p>"


def page(text: str) -> bytes:
    html = (
        '<html><head><meta charset="utf-8"><title>银鱼开捕</title></head><body><h1>银鱼开捕</h1>'
        f"<div>2026-05-01 08:30:00 来源：湖上日报</div><div><p>　　{text}</p>{MORE * 3}</div></body></html>"
    )
    return html.encode()


@dataclass
class Lake:
    """A portal of one list and one article, and the commands on its collection."""

    server: PortalServer
    folder: Path

    def run(self, *words: str) -> Run:
        return run_pressmark(*words, "--portal", "lake.toml", cwd=self.folder)

    def crawl(self) -> Run:
        done = self.run("crawl", "lake", "--now", "--delay", "0", "--connect-to", f"*.test:{self.server.address}")
        assert done.returncode == 0, done.stderr
        return done

    def let_time_pass(self) -> None:
        """Make every article due, and what is gone gone for long."""
        with closing(sqlite3.connect(self.folder / "data/collections/lake/state.sqlite")) as db, db:
            db.execute("UPDATE visits SET due_at = '2026-05-02T00:00:00.000Z' WHERE kind = 'article'")
            db.execute("UPDATE visits SET gone_at = '2026-05-02T00:00:00.000Z' WHERE gone_at IS NOT NULL")


@pytest.fixture(scope="module")
def crawls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lake, list[Run]]]:
    """Crawl once, after an edit, twice after the page is gone, and when it is back and another one is refused."""
    folder = tmp_path_factory.mktemp("lake")
    (folder / "portal" / "hosts").mkdir(parents=True)
    (folder / "lake.toml").write_text(TOML, "utf-8")
    with PortalServer(folder / "portal") as server:
        server.override(LIST, body=f'<html><body><a href="{ARTICLE}">银鱼开捕</a></body></html>'.encode())
        server.override(f"http://{HOST}/robots.txt", body=b"User-agent: *\nCrawl-delay: 0.01\n")
        lake = Lake(server, folder)
        server.override(ARTICLE, body=page(FIRST))
        runs = [lake.crawl()]
        server.override(ARTICLE, body=page(SECOND))
        lake.let_time_pass()
        runs.append(lake.crawl())
        server.remove(ARTICLE)
        for _ in range(2):
            lake.let_time_pass()
            runs.append(lake.crawl())
        server.override(ARTICLE, body=page(SECOND))
        server.override(LIST, body=f'<a href="{ARTICLE}">银鱼开捕</a><a href="{REFUSED}">开渔之前</a>'.encode())
        server.override(REFUSED, status=403)
        lake.let_time_pass()
        runs.append(lake.crawl())
        yield lake, runs


@pytest.fixture(scope="module")
def lake(crawls: tuple[Lake, list[Run]]) -> Lake:
    return crawls[0]


@pytest.fixture(scope="module")
def versions(lake: Lake) -> tuple[ArticleLine, ArticleLine]:
    shown = [lake.run("show", ID, "--version", number, "--json").stdout for number in ("1", "2")]
    first, second = (decode_line(text.encode()) for text in shown)
    return first, second


def test_show_gives_each_version(versions: tuple[ArticleLine, ArticleLine]) -> None:
    assert [line.version for line in versions] == [1, 2]
    assert [FIRST in versions[0].body, SECOND in versions[1].body] == [True, True]


def test_a_diff_in_a_pipe_marks_what_was_removed_and_added(lake: Lake) -> None:
    done = lake.run("diff", ARTICLE)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[1] == "Differs in body: +1 -1 characters"
    assert lines[2] == "body: 银鱼开捕首日，码头共卸下鲜鱼1{+3+}2[-0-]吨，比去年同期多了两成。"


def test_a_diff_as_json_gives_back_both_texts(lake: Lake, versions: tuple[ArticleLine, ArticleLine]) -> None:
    told = json.loads(lake.run("diff", ID, "--from", "2", "--to", "1", "--json").stdout)
    passages = told["passages"]["body"]
    assert (told["from"]["version"], told["to"]["version"], told["fields"]) == (2, 1, ["body"])
    assert "".join(one["text"] for one in passages if one["kind"] != "added") == versions[1].body
    assert "".join(one["text"] for one in passages if one["kind"] != "removed") == versions[0].body


def test_a_diff_as_a_page_needs_nothing_but_itself(lake: Lake) -> None:
    done = lake.run("diff", ID, "--html", "edit.html")
    html = (lake.folder / "edit.html").read_text("utf-8")
    assert done.stdout.startswith("edit.html: ")
    assert "下鲜鱼12<del>0</del>吨" in html
    assert html.count("<del>") == html.count("<ins>") == 1
    assert not [word for word in ("<script", "<link", "src=", "@import", "url(") if word in html]


def test_text_of_a_page_is_no_markup_of_the_diff(versions: tuple[ArticleLine, ArticleLine]) -> None:
    before, after = (replace(line, body=f"<script>{line.version}</script> [bold]&amp;") for line in versions)
    html = html_page(before, after)
    assert "<script" not in html
    assert "&lt;script&gt;<del>1</del>" in html
    assert "[bold]&amp;amp;" in html


def test_a_diff_on_a_terminal_stands_side_by_side_in_colour(versions: tuple[ArticleLine, ArticleLine]) -> None:
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, color_system="standard", width=160, emoji=False)
    print_side_by_side(console, *versions)
    shown = stream.getvalue()
    (row,) = (line for line in shown.splitlines() if "银鱼开捕首日" in line)
    assert row.count("银鱼开捕首日") == 2
    assert "\x1b[9;31m0\x1b[0m吨" in row
    assert "\x1b[1;4;32m3\x1b[0m2吨" in row


def test_paragraphs_stand_beside_each_other_where_one_was_added() -> None:
    passages = [Span("same", "甲段。"), Span("added", "\n\n乙段。"), Span("same", "\n\n丙段。")]
    assert rows_of(passages) == [
        ((Span("same", "甲段。"),), (Span("same", "甲段。"), Span("added", "\n\n乙段。"))),
        ((Span("same", "丙段。"),), (Span("same", "丙段。"),)),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["diff", "lake:lake:999"], "lake:lake:999: no article with this address or id"),
        (["diff", ID, "--to", "1"], "there is nothing before version 1"),
        (["diff", ID, "--to", "5"], "there is no version 5; data/collections/lake holds the versions 1 to 2"),
        (["diff", ID, "--from", "2"], "--from and --to both name version 2"),
        (["show", ID, "--version", "3"], "there is no version 3"),
        (["changes", "--type", "edit"], "--type edit: no type of event; take new, edited, withdrawn, restored"),
        (["changes", "--branch", "laek"], "did you mean lake?"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(lake: Lake, words: list[str], said: str) -> None:
    done = lake.run(*words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


def test_changes_lists_the_events_in_their_order(lake: Lake) -> None:
    rows = [line.split("\t") for line in lake.run("changes").stdout.splitlines()]
    assert [row[1:4] for row in rows] == [
        ["new", ID, "1"],
        ["edited", ID, "2"],
        ["withdrawn", ID, "2"],
        ["restored", ID, "2"],
    ]
    assert rows[1][4] == "body: +1 -1 characters"
    assert rows[2][4] == "status 404"


def test_changes_are_chosen_by_type_branch_and_time(lake: Lake) -> None:
    events = [json.loads(line) for line in lake.run("changes", "--json").stdout.splitlines()]
    since = lake.run("changes", "--json", "--since", events[2]["at"], "--branch", "lake").stdout
    some = lake.run("changes", "--json", "--type", "edited", "--type", "new", "--since", "2026-05-01").stdout
    assert [json.loads(line)["type"] for line in since.splitlines()] == ["withdrawn", "restored"]
    assert [json.loads(line)["type"] for line in some.splitlines()] == ["new", "edited"]
    assert lake.run("changes", "--since", "2999-01-01").stdout == ""


def test_an_event_that_is_being_written_is_not_told_yet(tmp_path: Path) -> None:
    collection = Collection(tmp_path)
    assert list(read_events(collection)) == []
    collection.changes.write_bytes(msgspec.json.encode(EVENT) + b'\n{"schema": "pressm')
    assert [event for event, _ in read_events(collection)] == [EVENT]


def test_a_damaged_event_is_told_with_its_line_and_a_remedy(tmp_path: Path) -> None:
    collection = Collection(tmp_path)
    collection.changes.write_bytes(msgspec.json.encode(EVENT) + b"\n\x00\x00\n")
    with pytest.raises(CrawlerError, match=r"changes\.jsonl: line 2 is no event .*; move state\.sqlite away"):
        list(read_events(collection))


def test_the_end_of_a_crawl_counts_what_became_of_known_articles(crawls: tuple[Lake, list[Run]]) -> None:
    _, runs = crawls
    tables = [done.stdout.splitlines()[1:3] for done in runs]
    assert "changes" not in tables[0][0]
    assert [tables[number][1].split("  ")[-1].strip() for number in (1, 3, 4)] == [
        "1 edited",
        "1 withdrawn",
        "1 restored",
    ]
    assert tables[2][0] == "No new articles."


def test_runs_counts_the_events_of_each_run(lake: Lake) -> None:
    told = json.loads(lake.run("runs", "--json").stdout)
    events = [{"new": 1}, {"edited": 1}, {}, {"withdrawn": 1}, {"restored": 1}]
    assert [run["events"] for run in told] == events
    assert [run["branches"].get("lake", {"events": {}})["events"] for run in told] == events
    table = lake.run("runs", "--last", "2").stdout.splitlines()
    assert [line.split()[-7:] for line in table] == [
        ["new", "edited", "withdrawn", "restored", "alarms", "findings", "exit"],
        ["0", "0", "1", "0", "0", "0", "0"],
        ["0", "0", "0", "1", "0", "1", "0"],
    ]


def test_a_summary_that_was_cut_is_passed_over(lake: Lake) -> None:
    broken = lake.folder / "data/collections/lake/runs/20260101T000000000Z.json"
    broken.write_text('{"schema": "pressmark', "utf-8")
    done = lake.run("runs", "--json")
    broken.unlink()
    assert (done.returncode, len(json.loads(done.stdout))) == (0, 5)
    assert f"{broken.name}: no summary of a run" in done.stderr


def test_status_tells_what_is_due_and_what_fails(lake: Lake) -> None:
    told = json.loads(lake.run("status", "--json").stdout)
    assert [(part["branch"], part["articles"], part["age_seconds"] > 0) for part in told["articles"]] == [
        ("lake", 1, True)
    ]
    assert told["next_due"] > told["at"]
    assert [(one["url"], one["status"], one["failures"]) for one in told["failing_urls"]] == [(REFUSED, 403, 1)]
    assert [run["exit_code"] for run in told["last_runs"]] == [0, 0, 0]
    lake.let_time_pass()
    shown = lake.run("status").stdout
    assert "Due       2 article" in shown
    assert f"Failing   {REFUSED}  status 403, failures in a row: 1" in shown


@pytest.mark.parametrize(
    ("age", "text", "bar"),
    [
        (timedelta(minutes=-3), "to come", "████████"),
        (timedelta(minutes=59), "59 min", "████████"),
        (timedelta(hours=27), "27 h", "████····"),
        (timedelta(days=3), "3 days", "███·····"),
        (timedelta(days=400), "400 days", "········"),
    ],
)
def test_an_age_has_a_text_and_a_bar(age: timedelta, text: str, bar: str) -> None:
    assert (describe_age(age), freshness_bar(age)) == (text, bar)
