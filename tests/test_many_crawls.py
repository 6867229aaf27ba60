"""Two hundred crawls over loopback of a portal that changes between them: the ledger says what the portal did."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest

from tests.conftest import run_pressmark
from tests.portal.server import PortalServer

CRAWLS = 200
HOST = "www.river.test"
LIST = f"http://{HOST}/list/"
TOML = rf"""
name = "river"
title = "江上站"
[branches.river]
name = "江上"
scheme = "http"
hosts = ["{HOST}"]
article_url = '''^/news/(?P<year>\d{{4}})/(?P<month>\d\d)(?P<day>\d\d)/(?P<id>\d+)\.html$'''
sections = [{{ path = "/list/", name = "要闻" }}]
"""
# What is due within five minutes counts as due, so each crawl looks at everything; what is gone is believed at once.
CONFIGURATION = """
[crawl]
portal = "river.toml"
branches = ["river"]
keep_open = "day"
delay = 0.0
[schedule]
list_longest = "10m"
list_shortest = "1m"
ladder = [["10d", "1m"]]
withdrawn = [["10d", "1m"]]
second_look = "1s"
retry_shortest = "1s"
jitter = 0.0
"""


class River:
    """A portal whose deeds are noted as they are done; a deed is `(type, address)`, as the ledger calls it."""

    def __init__(self, server: PortalServer) -> None:
        self.deeds: list[tuple[str, str]] = []
        self._server = server
        self._standing: dict[str, int] = {}
        self._gone: dict[str, int] = {}
        self._number = 100
        self._dice = Random(7)

    def change(self, crawl: int) -> None:
        """Do a thing or two before the next crawl."""
        self._server.mend(HOST)
        if crawl % 17 == 11:
            # An outage tells nothing of the articles.
            self._server.fail(HOST)
            return
        if crawl % 5 == 0:
            self._publish()
        elif crawl % 5 == 1 and self._standing:
            url = self._dice.choice(sorted(self._standing))
            self._show(url, self._standing[url] + 1)
            self.deeds.append(("edited", url))
        elif crawl % 10 == 2 and len(self._standing) > 4:
            url = self._dice.choice(sorted(self._standing))
            self._gone[url] = self._standing.pop(url)
            self._server.remove(url)
            self.deeds.append(("withdrawn", url))
        elif crawl % 20 == 18 and self._gone:
            url = self._dice.choice(sorted(self._gone))
            self._show(url, self._gone.pop(url))
            self.deeds.append(("restored", url))
        self._list()

    def _publish(self) -> None:
        self._number += 1
        today = datetime.now(UTC).astimezone(timezone(timedelta(hours=8)))
        url = f"http://{HOST}/news/{today:%Y/%m%d}/{self._number}.html"
        self._show(url, 1)
        self.deeds.append(("new", url))

    def _show(self, url: str, edition: int) -> None:
        self._standing[url] = edition
        printed = datetime.now(UTC).astimezone(timezone(timedelta(hours=8)))
        text = f"江上第{edition}批渔船昨天靠岸，码头上一早就挤满了等鱼的人，过秤的师傅忙得顾不上喝水。"
        more = "岸边的茶馆照常开门，老茶客说这样的热闹一年里也没有几回。"
        html = (
            f'<html><head><meta charset="utf-8"><title>江上渔讯</title></head><body><h1>江上渔讯{url[-8:-5]}</h1>'
            f"<div>{printed:%Y-%m-%d} 00:30:00 来源：江上日报</div>"
            f"<div><p>　　{text}</p><p>　　{more}</p><p>　　{more}</p></div></body></html>"
        )
        self._server.override(url, body=html.encode())

    def _list(self) -> None:
        rows = "".join(f'<li><a href="{url}">江上渔讯</a></li>' for url in sorted(self._standing, reverse=True)[:20])
        body = f'<html><head><meta charset="utf-8"></head><body><ul>{rows}</ul></body></html>'
        self._server.override(LIST, body=body.encode())


def crawl(server: PortalServer, cwd: Path) -> int:
    """Crawl once and return the exit code."""
    return run_pressmark("crawl", "--now", "--connect-to", f"*.test:{server.address}", cwd=cwd).returncode


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_two_hundred_crawls_tell_what_the_portal_did(tmp_path: Path) -> None:
    portal = tmp_path / "portal"
    (portal / "hosts").mkdir(parents=True)
    (tmp_path / "river.toml").write_text(TOML, "utf-8")
    (tmp_path / "pressmark.toml").write_text(CONFIGURATION, "utf-8")
    with PortalServer(portal) as server:
        server.override(f"http://{HOST}/robots.txt", body=b"User-agent: *\nCrawl-delay: 0.01\n")
        river = River(server)
        codes = []
        for number in range(CRAWLS):
            river.change(number)
            codes.append(
                run_pressmark("crawl", "--now", "--connect-to", f"*.test:{server.address}", cwd=tmp_path).returncode
            )
        server.mend(HOST)
        for _ in range(2):
            assert run_pressmark(
                "crawl", "--now", "--connect-to", f"*.test:{server.address}", cwd=tmp_path
            ).returncode in {0, 3}
    collection = tmp_path / "data" / "collections" / "river"
    events = [json.loads(line) for line in (collection / "changes.jsonl").read_text("utf-8").splitlines()]
    told = [(event["type"], event["url"]) for event in events]
    for url in {url for _, url in river.deeds}:
        assert [kind for kind, of in told if of == url] == [kind for kind, of in river.deeds if of == url]
    assert {url for _, url in told} == {url for _, url in river.deeds}
    assert {kind for kind, _ in told} == {"new", "edited", "withdrawn", "restored"}
    # An outage ends a crawl with 1: its only host is down.
    assert [code for number, code in enumerate(codes) if number % 17 == 11] == [1] * len(range(11, CRAWLS, 17))
    assert run_pressmark("verify", "--portal", "river.toml", cwd=tmp_path).returncode == 0
    # One file a day, and one part of each kind: nothing piles up but the summaries.
    assert len(list((collection / "archive").iterdir())) <= 2
    assert len(list((collection / "indexes").iterdir())) <= 2
    assert list((collection / "pending").iterdir()) == []
