"""Ask a live branch what it is like now: few requests, one after the other, and nothing is kept."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request, Spider

from archive.capture import Capture
from crawler.fetching.frontier import set_delay, through_proxy
from crawler.fetching.manners import LONGEST_PAUSE_SECONDS, Robots, read_robots
from crawler.fetching.plan import Plan
from crawler.folding.asking import MAX_REDIRECTS, asked_url, is_own_host
from crawler.folding.ledger import PASSING, REDIRECTS
from crawler.folding.tracks import retry_after_seconds
from crawler.probes.survey import (
    FORBIDDEN,
    Answer,
    Answers,
    choose_articles,
    find_home,
    list_origins,
    on_origin,
    origin_of,
    sections_of,
)
from crawler.reading.portals import Branch, Portal

PAUSE_SECONDS = 1.0
# A host that went silent is not waited for at each of its addresses.
MOST_FAILURES = 3


class ProbeSpider(Spider):
    """Asks the plan's branch: robots.txt and home page of each host under both schemes, its lists, five articles.

    `answers` holds what came, None until all has been asked; `note` is told of each address. Manners are a crawl's.
    """

    name = "probe"
    # Requests go to the downloader one by one: there is nothing to schedule, and the frontier needs a collection.
    custom_settings = {"SCHEDULER": "scrapy.core.scheduler.Scheduler"}  # noqa: RUF012 - the name and type are Scrapy's

    def __init__(self, *, portal: Portal, plan: Plan, note: Callable[[str], None]) -> None:
        """Begin without answers."""
        super().__init__()
        self.answers: Answers | None = None
        self.requests = 0
        self._portal, self._plan, self._note = portal, plan, note
        self._robots: dict[str, tuple[Answer, Robots | None]] = {}
        self._stopped: dict[str, str] = {}
        self._failures: Counter[str] = Counter()
        self._capture: Capture | None = None

    def capture_sink(self, capture: Capture, request: Request) -> None:
        """Take an exchange, called by the download handler at its end."""
        self._capture = capture

    async def start(self) -> Any:
        """Ask one address after the other; Scrapy is given no request."""
        self.answers = await self._survey(self._plan.branches[0])
        return
        yield

    async def _survey(self, branch: Branch) -> Answers:
        robots: dict[str, Answer] = {}
        homes: dict[str, Answer] = {}
        for origin in list_origins(branch):
            robots[origin], rules = await self._read_robots(origin)
            if rules:
                homes[origin] = await self._ask(f"{origin}/")
        home = find_home(homes, branch)
        if home is None:
            return Answers(robots=robots, homes=homes)
        found = sections_of(branch, home)
        sections = [(one, await self._ask(urljoin(home.url, one.front))) for one in found]
        lists = [page for page in (*(answer.page() for _, answer in sections), home) if page]
        chosen = choose_articles(lists, branch, self._portal)
        articles = [await self._ask(on_origin(url, home.url)) for url in chosen]
        return Answers(robots=robots, homes=homes, sections=tuple(sections), articles=tuple(articles))

    async def _read_robots(self, origin: str) -> tuple[Answer, Robots | None]:
        """Return the answer to an origin's robots.txt and its rules, None where nothing may be asked there."""
        if origin not in self._robots:
            answer = await self._follow(f"{origin}/robots.txt", is_robots=True)
            rules = read_robots(answer.last) if answer.last and not answer.refused else None
            if rules:
                delay = self._plan.delay(rules.delay_seconds)
                set_delay(self.crawler, _host(origin), delay, per_host=1)
                if delay > LONGEST_PAUSE_SECONDS:
                    self._stopped[_host(origin)] = f"asks for {delay:.0f} s between requests"
            self._robots[origin] = answer, rules
        return self._robots[origin]

    async def _ask(self, url: str) -> Answer:
        return await self._follow(url, is_robots=False)

    async def _follow(self, url: str, *, is_robots: bool) -> Answer:
        captures: list[Capture] = []
        address: str | None = asked_url(url)
        refused = None
        while address and not refused and len(captures) <= MAX_REDIRECTS:
            refused = self._stopped.get(_host(address)) or (None if is_robots else await self._forbidden(address))
            if refused:
                break
            captures.append(await self._exchange(address))
            address = _target(captures[-1])
            if address and not is_own_host(address, self._portal):
                refused = f"redirects to {address}"
        if address and not refused:
            refused = "redirects without end"
        return Answer(asked=asked_url(url), captures=tuple(captures), refused=refused)

    async def _forbidden(self, address: str) -> str | None:
        """Return why robots.txt keeps an address from being asked, None where it may be."""
        answer, rules = await self._read_robots(origin_of(address))
        if rules is None:
            return f"robots.txt cannot be read: {answer.trouble}"
        return None if rules.allows(address) else FORBIDDEN

    async def _exchange(self, address: str) -> Capture:
        """Return the exchange of one address; a second one where the first was to be tried again."""
        host = _host(address)
        capture = await self._download(address)
        if _is_passing(capture):
            asked = retry_after_seconds(capture, datetime.now(UTC))
            if asked is not None and asked > LONGEST_PAUSE_SECONDS:
                self._stopped[host] = f"asks to wait {asked:.0f} s"
                return capture
            await asyncio.sleep(PAUSE_SECONDS if asked is None else asked)
            capture = await self._download(address)
        failed = capture.head() is None or _is_passing(capture)
        self._failures[host] = self._failures[host] + 1 if failed else 0
        if self._failures[host] >= MOST_FAILURES:
            self._stopped[host] = f"failed {MOST_FAILURES} times in a row"
        return capture

    async def _download(self, address: str) -> Capture:
        self.requests += 1
        self._note(f"{self.requests} requests, {address}")
        self._capture = None
        failure = "not asked"
        started_at = datetime.now(UTC)
        try:
            meta = {"handle_httpstatus_all": True, **through_proxy(self.crawler)}
            request = Request(address, meta=meta, dont_filter=True)
            await self.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - what went wrong stands in the capture, if it came so far
            failure = f"{type(error).__name__}: {error}"
        return self._capture or Capture(
            url=address, started_at=started_at, seconds=0.0, request=b"", response=b"", failure=failure
        )


def _target(capture: Capture) -> str | None:
    """Return the address that an answer sends on to, None where it sends nowhere."""
    head = capture.head()
    location = head.value("location") if head and head.status in REDIRECTS else None
    try:
        return (asked_url(urljoin(capture.url, location)) or None) if location else None
    except ValueError:
        return None


def _is_passing(capture: Capture) -> bool:
    head = capture.head()
    return head is not None and head.status in PASSING


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
