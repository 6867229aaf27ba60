"""Past days: lists are walked back to the first day, within a budget; the next run goes on where one stopped."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.health.alarms import read_alarms
from crawler.health.runs import read_summaries
from tests.conftest import PRESSMARK
from tests.portal.server import PortalServer

HOST = "www.old.test"
ROBOTS = b"User-agent: *\nCrawl-delay: 0.01\n"
TOML = f"""
name = "old"
title = "旧闻网"
[branches.old]
name = "旧闻"
scheme = "http"
hosts = ["{HOST}"]
article_url = '''^/news/(?P<year>\\d{{4}})/(?P<month>\\d\\d)(?P<day>\\d\\d)/(?P<id>\\d+)\\.html$'''
sections = [{{ path = "/list/{{page}}.html", name = "要闻" }}]
"""
DAYS = [f"2020-03-{day:02}" for day in range(20, 0, -1)]
PER_PAGE = 5


def address(day: str) -> str:
    return f"http://{HOST}/news/{day[:4]}/{day[5:7]}{day[8:]}/{day.replace('-', '')}.html"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PortalServer]:
    """A branch with an article a day in March 2020, but for the 12th, five on each page of its list."""
    folder = tmp_path / "portal"
    (folder / "hosts").mkdir(parents=True)
    with PortalServer(folder) as server:
        server.override(f"http://{HOST}/robots.txt", body=ROBOTS)
        days = [day for day in DAYS if day != "2020-03-12"]
        pages = [days[start : start + PER_PAGE] for start in range(0, len(days), PER_PAGE)]
        for number, shown in enumerate(pages, 1):
            rows = "".join(f'<li><a href="{address(day)}">旧闻一则</a></li>' for day in shown)
            server.override(
                f"http://{HOST}/list/{number}.html", body=f"<html><body><ul>{rows}</ul></body></html>".encode()
            )
        for day in days:
            text = (
                f"<p>　　中新网旧闻新闻{day}日电(记者 王远)渡口的旧事又添一桩，乡亲们说起来都还记得当年的汽笛声。</p>"
                * 4
            )
            body = f"<html><head><meta charset=utf-8></head><body><h1>旧闻{day}</h1>{day} 08:00{text}</body></html>"
            server.override(address(day), body=body.encode())
        yield server


def run(server: PortalServer, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    toml = cwd / "old.toml"
    toml.write_text(TOML, "utf-8")
    return subprocess.run(
        [str(PRESSMARK), *words, "--portal", str(toml), "--connect-to", f"*.test:{server.address}"],
        cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def asked(server: PortalServer) -> list[str]:
    return [request.target for request in server.requests if request.target != "/robots.txt"]


def test_a_backfill_captures_the_days_that_were_asked_for_and_tells_the_gap(
    server: PortalServer, tmp_path: Path
) -> None:
    done = run(server, tmp_path, "backfill", "old", "--from", "2020-03-09", "--to", "2020-03-14", "--json")
    assert done.returncode == 0, done.stderr
    days = {day["day"]: (day["found"], day["captured"], day["missing"]) for day in json.loads(done.stdout)}
    assert days == {
        "2020-03-09": (1, 1, 0), "2020-03-10": (1, 1, 0), "2020-03-11": (1, 1, 0), "2020-03-12": (0, 0, 0),
        "2020-03-13": (1, 1, 0), "2020-03-14": (1, 1, 0),
    }  # fmt: skip
    # The third page still names the 9th; the page after the fourth, whose newest is of the 4th, is not asked for.
    assert [target for target in asked(server) if target.startswith("/list/")] == [
        f"/list/{n}.html" for n in (1, 2, 3, 4)
    ]
    articles = [target for target in asked(server) if target.startswith("/news/")]
    assert sorted(articles, reverse=True) == [address(f"2020-03-{day:02}")[19:] for day in (14, 13, 11, 10, 9)]


def test_a_backfill_that_was_stopped_goes_on_where_it_was(server: PortalServer, tmp_path: Path) -> None:
    words = ("backfill", "old", "--from", "2020-03-01", "--to", "2020-03-31")
    first = run(server, tmp_path, *words, "--max-requests", "8", "--json")
    assert sum(day["waiting"] for day in json.loads(first.stdout)) > 0
    second = run(server, tmp_path, *words, "--json")
    assert sum(day["captured"] for day in json.loads(second.stdout)) == 19
    targets = asked(server)
    # Four pages of the list, and one that is not there.
    assert len(targets) == len(set(targets)) == 19 + 5


def test_a_daily_crawl_is_not_kept_from_the_new_by_what_a_backfill_left(server: PortalServer, tmp_path: Path) -> None:
    run(server, tmp_path, "backfill", "old", "--from", "2020-03-01", "--to", "2020-03-31", "--max-requests", "4")
    rows = f'<li><a href="{address("2020-04-02")}">新的一则</a></li>'
    server.override(f"http://{HOST}/list/1.html", body=f"<html><body><ul>{rows}</ul></body></html>".encode())
    before = len(asked(server))
    run(server, tmp_path, "crawl", "old", "--now", "--max-requests", "3")
    assert asked(server)[before:] == ["/list/1.html", address("2020-04-02")[19:]]


def test_days_in_the_wrong_order_are_refused(server: PortalServer, tmp_path: Path) -> None:
    done = run(server, tmp_path, "backfill", "old", "--from", "2020-03-31", "--to", "2020-03-01")
    assert done.returncode == 2
    assert (
        done.stderr == "pressmark: --to 2020-03-01: lies before --from 2020-03-31; name the earlier day with --from\n"
    )


def show(server: PortalServer, day: str, printed: str) -> None:
    text = "<p>　　渡口的旧事又添一桩，乡亲们说起来都还记得当年的汽笛声，江水照旧向东流去，无人再等船。</p>" * 4
    html = f"<html><head><meta charset=utf-8></head><body><h1>旧闻{day}</h1>{printed}{text}</body></html>"
    server.override(address(day), body=html.encode())


def test_old_pages_are_no_measure_for_a_crawl(server: PortalServer, tmp_path: Path) -> None:
    for day in DAYS:
        show(server, day, f"<div>{day} 08:00 来源：湖上日报</div>")
    run(server, tmp_path, "backfill", "old", "--from", "2020-03-01", "--to", "2020-03-31")
    days = [f"2020-05-{day:02}" for day in range(1, 13)]
    for day in days:
        show(server, day, f"<div>发布时间：{day} 08:00</div>")
    rows = "".join(f'<li><a href="{address(day)}">新的一则</a></li>' for day in days)
    server.override(f"http://{HOST}/list/1.html", body=f"<html><body><ul>{rows}</ul></body></html>".encode())
    done = run(server, tmp_path, "crawl", "old", "--now")
    # The old ones all named a source, the new ones name none.
    assert (done.returncode, "Alarm" in done.stdout) == (0, False), done.stdout
    kept = read_summaries(tmp_path / "data/collections/old/runs", 9)
    assert [(one.command, one.articles) for one in kept] == [("backfill", 19), ("crawl", 12)]


def test_an_alarm_about_old_pages_is_told_once_and_not_kept(server: PortalServer, tmp_path: Path) -> None:
    for day in DAYS:
        show(server, day, "")
    done = run(server, tmp_path, "backfill", "old", "--from", "2020-03-01", "--to", "2020-03-31")
    assert done.returncode == 3
    assert "published on 0 of " in done.stdout
    assert read_alarms(tmp_path / "data/collections/old/alarms.json") == ()
