"""A small portal on loopback that changes between crawls and knows what it did, and the files to crawl it with."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

from tests.portal.server import PortalServer

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


def set_up(folder: Path) -> Path:
    """Write the river's TOML and the operator's configuration, and return the folder that a server may serve."""
    (folder / "river.toml").write_text(TOML, "utf-8")
    (folder / "pressmark.toml").write_text(CONFIGURATION, "utf-8")
    portal = folder / "portal"
    (portal / "hosts").mkdir(parents=True)
    return portal


def crawl_words(server: PortalServer) -> list[str]:
    """Return the words of a crawl of the river."""
    return ["crawl", "--now", "--connect-to", f"*.test:{server.address}"]


class River:
    """A portal whose deeds are noted as they are done; a deed is `(type, address)`, as the ledger calls it.

    Each deed is done to an article that no other was done to since the last `calm`.
    """

    def __init__(
        self, server: PortalServer, seed: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.deeds: list[tuple[str, str]] = []
        self._server = server
        self._now = now
        self._standing: dict[str, int] = {}
        self._gone: dict[str, int] = {}
        self._stirred: set[str] = set()
        self._number = 100
        self._dice = Random(seed)
        server.override(f"http://{HOST}/robots.txt", body=b"User-agent: *\nCrawl-delay: 0.01\n")
        self._list()

    def calm(self) -> None:
        """Let what was done so far have been seen."""
        self._stirred.clear()

    def publish(self) -> None:
        """Show a new article with a picture of its own."""
        self._number += 1
        url = f"http://{HOST}/news/{self._local_time():%Y/%m%d}/{self._number}.html"
        self._server.override(f"http://{HOST}/pictures/{self._number}.jpg", body=b"\xff\xd8" + url.encode() * 9)
        self._do("new", url, 1)

    def edit(self) -> None:
        """Change the text of an article."""
        if url := self._choose(self._standing):
            self._do("edited", url, self._standing[url] + 1)

    def withdraw(self) -> None:
        """Take an article away, as long as some are left."""
        if len(self._standing) > 4 and (url := self._choose(self._standing)):
            self._gone[url] = self._standing.pop(url)
            self._server.remove(url)
            self._note("withdrawn", url)

    def restore(self) -> None:
        """Put back one of those that were taken away, as it was."""
        if url := self._choose(self._gone):
            self._do("restored", url, self._gone.pop(url))

    def _choose(self, urls: dict[str, int]) -> str | None:
        free = sorted(urls.keys() - self._stirred)
        return self._dice.choice(free) if free else None

    def _do(self, deed: str, url: str, edition: int) -> None:
        self._standing[url] = edition
        self._show(url, edition)
        self._note(deed, url)

    def _note(self, deed: str, url: str) -> None:
        self.deeds.append((deed, url))
        self._stirred.add(url)
        self._list()

    def _local_time(self) -> datetime:
        return self._now().astimezone(timezone(timedelta(hours=8)))

    def _show(self, url: str, edition: int) -> None:
        number = url[-8:-5]
        text = f"江上第{edition}批渔船昨天靠岸，码头上一早就挤满了等鱼的人，过秤的师傅忙得顾不上喝水。"
        more = "岸边的茶馆照常开门，老茶客说这样的热闹一年里也没有几回。"
        html = (
            f'<html><head><meta charset="utf-8"><title>江上渔讯</title></head><body><h1>江上渔讯{number}</h1>'
            f"<div>{self._local_time():%Y-%m-%d} 00:30:00 来源：江上日报</div>"
            f'<div><p>　　{text}</p><p><img src="/pictures/{number}.jpg" width="600" height="400"></p>'
            f"<p>　　{more}</p><p>　　{more}</p></div></body></html>"
        )
        self._server.override(url, body=html.encode())

    def _list(self) -> None:
        rows = "".join(f'<li><a href="{url}">江上渔讯</a></li>' for url in sorted(self._standing, reverse=True)[:20])
        body = f'<html><head><meta charset="utf-8"></head><body><ul>{rows}</ul></body></html>'
        self._server.override(LIST, body=body.encode())


def told(changes: Path) -> list[tuple[str, str]]:
    """Return the events of a ledger as deeds, in its order."""
    events = [json.loads(line) for line in changes.read_text("utf-8").splitlines()]
    return [(event["type"], event["url"]) for event in events]


def by_article(deeds: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the types of the deeds done to each article, in their order."""
    found: dict[str, list[str]] = {}
    for kind, url in deeds:
        found.setdefault(url, []).append(kind)
    return found
