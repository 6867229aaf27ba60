"""Scrapy's scheduler over the state's rows: what to ask next, and when.

A row is leased when its request is handed out, and closed by the fold when its exchange is recorded, in the same
transaction as the rows it leads to; so a crash loses no row. Rows hold URLs, never callbacks.
"""

import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler

from archive.reader import Exchange
from crawler.fetching.manners import LONGEST_PAUSE_SECONDS, Robots, read_robots
from crawler.fetching.plan import NATIONAL, Plan, day_archives
from crawler.fetching.recorder import Recorder
from crawler.folding.asking import MAX_REDIRECTS, asked_url, is_own_host, names_sections
from crawler.folding.ledger import TEXT_KINDS
from crawler.folding.outcome import Outcome
from crawler.folding.schedule import due_until
from crawler.folding.tracks import moment, retry_after_seconds
from crawler.lines import utc_text
from crawler.reading.portals import article_id
from crawler.store.rows import Kind, Link, Row

ARTICLE_PARTS: tuple[Kind, ...] = ("page", "picture")
REQUISITES: tuple[Kind, ...] = ("requisite",)
ARTICLES: tuple[Kind, ...] = (*ARTICLE_PARTS, "article")
EVERYTHING: tuple[Kind, ...] = (*ARTICLES, "listing")
ROBOTS_TRIES = 2
# The answers after which a list has been read.
READ = frozenset({200, 304})

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Host:
    """What this run knows of one host; `stopped` says why it is asked no more, `robots` is None until it is read."""

    name: str
    kinds: tuple[Kind, ...]
    active: int = 0
    has_rows: bool = True
    robots: Robots | None = None
    robots_url: str | None = None
    robots_hops: int = 0
    robots_tries: int = 0
    paused_until: float = 0.0
    stopped: str | None = None


class Frontier(BaseScheduler):
    """Hands out one request at a time for each host, within robots.txt, the delays and the plan's bounds."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the run's recorder and plan from the spider."""
        spider = crawler.spider
        return cls(crawler, spider.recorder, spider.plan)  # type: ignore[union-attr]

    def __init__(self, crawler: Crawler, recorder: Recorder, plan: Plan) -> None:
        """Make a frontier over the recorder's state."""
        self._crawler = crawler
        self._recorder = recorder
        self._state = recorder.register.state
        self._queue = self._state.queue
        self._plan = plan
        self._hosts: dict[str, Host] = {}
        self._turns: deque[Host] = deque()
        self._requests = 0
        self._ends_at: float | None = None
        self._articles = 0
        self._askers: dict[Row, Host] = {}
        self._requisites = REQUISITES if plan.requisites else ()

    def open(self, spider: Spider) -> None:
        """Ask for what is due, for what an earlier run left open, and for the sections that were never asked for."""
        self._recorder.listeners.append(self._on_exchange)
        now = datetime.now(UTC)
        due = "" if self._plan.backfill else utc_text(due_until(now, self._plan.slot))
        self._queue.begin_run(due, everything=self._plan.now)
        self._ends_at = monotonic() + self._plan.max_minutes * 60 if self._plan.max_minutes is not None else None
        for branch in self._plan.branches:
            root = f"{branch.scheme}://{branch.hosts[0]}"
            for path in [section.front for section in branch.sections] or ["/"]:
                seed = Link(
                    url=asked_url(root + path),
                    host=branch.hosts[0],
                    kind="listing",
                    via=None,
                    hops="",
                    again=self._plan.now,
                )
                self._queue.add(seed)
            for day, path in day_archives(branch, self._plan):
                url = asked_url(root + path)
                # Found by the home page, so to speak: the archive of a day is asked again only while that day goes on.
                self._queue.add(
                    Link(
                        url=url,
                        host=branch.hosts[0],
                        kind="listing",
                        via=f"{root}/",
                        hops="L",
                        day=day.isoformat(),
                        again=day >= now.date() - timedelta(days=2),
                    )
                )
        for name in self._queue.pending_hosts():
            self._host(name)

    def close(self, reason: str) -> None:
        """Close the collection's files."""
        self._recorder.close()

    def has_pending_requests(self) -> bool:
        """Tell whether a host may still be asked for something."""
        return not self._spent() and any(host.has_rows for host in self._turns)

    def enqueue_request(self, request: Request) -> bool:
        """Refuse requests from elsewhere: rows come from records."""
        return False

    def next_request(self) -> Request | None:
        """Return the next request of the next host whose turn it is."""
        if self._spent() or self._recorder.failure:
            return None
        now = monotonic()
        for _ in range(len(self._turns)):
            host = self._turns[0]
            self._turns.rotate(-1)
            ready = host.stopped or host.paused_until <= now
            if host.active < self._plan.per_host and host.has_rows and ready:
                row = self._next_row(host)
                if row:
                    return self._request(host, row)
        return None

    def abandon(self, row: Row) -> bool:
        """Close the row of a request that ended without a recorded exchange; False if it is closed already."""
        host = self._askers.pop(row, None)
        if host is None:
            return False
        host.active -= 1
        if not self._recorder.failure:
            self._queue.close(row.url, "failed")
            self._recorder.give_up(row.url)
        return True

    def _spent(self) -> bool:
        if self._ends_at is not None and monotonic() >= self._ends_at:
            return True
        return self._plan.max_requests is not None and self._requests >= self._plan.max_requests

    def _next_row(self, host: Host) -> Row | None:
        if host.stopped:
            self._drop_parts(host)
            return None
        if host.robots is None:
            return None if host.active else self._robots_row(host)
        since = self._plan.since.isoformat() if self._plan.since else None
        until = self._plan.until.isoformat() if self._plan.until else None
        kinds = host.kinds
        if self._plan.limit is not None and self._articles >= self._plan.limit:
            kinds = ARTICLE_PARTS + self._requisites
        while row := self._queue.lease(host.name, kinds=kinds, since=since, until=until):
            if self._has_line_elsewhere(row):
                self._queue.close(row.url, "idle")
                continue
            if host.robots.allows(row.url):
                return row
            logger.info("%s: robots.txt forbids it", row.url)
            self._recorder.tally.excluded.append(row.url)
            self._queue.close(row.url, "excluded")
            self._recorder.give_up(row.url)
        host.has_rows = False
        return None

    def _has_line_elsewhere(self, row: Row) -> bool:
        """Tell whether a row's document has got a line under another address since two lists named one each.

        The target of a redirect is asked for all the same: there the article has moved to.
        """
        if row.kind != "article" or row.status is not None or row.hops.endswith("R"):
            return False
        newest = self._state.versions.newest(article_id(row.url, self._recorder.portal))
        return newest is not None and newest.url != row.url

    def _drop_parts(self, host: Host) -> None:
        """Let no article wait for the pictures of a host that is not to be asked."""
        while row := self._queue.lease(host.name, kinds=ARTICLE_PARTS):
            self._queue.close(row.url, "failed")
            self._recorder.give_up(row.url)
        host.has_rows = False

    def _robots_row(self, host: Host) -> Row | None:
        """Return the row of the host's robots.txt, asked anew in each run, in the scheme of the host's rows."""
        if host.robots_url is None:
            row = self._queue.lease(host.name, kinds=host.kinds)
            if not row:
                host.has_rows = False
                return None
            self._queue.requeue(row.url)
            parts = urlsplit(row.url)
            host.robots_url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        # The host stands in `via`: two hosts may send us to one address.
        via = host.name if host.robots_hops else None
        return Row(url=host.robots_url, kind="robots", via=via, hops="P" + "R" * host.robots_hops)

    def _request(self, host: Host, row: Row) -> Request:
        host.active += 1
        self._requests += 1
        self._articles += row.kind == "article" and row.attempts == 0
        self._askers[row] = host
        spider = self._crawler.spider
        meta = {"download_maxsize": self._plan.requisite_max_bytes} if row.kind == "requisite" else {}
        return Request(
            row.url,
            callback=spider.parse,  # type: ignore[union-attr]
            errback=spider.fail,  # type: ignore[union-attr]
            headers=self._conditions(row),
            meta={"row": row, "handle_httpstatus_all": True, **meta, **through_proxy(self._crawler)},
            dont_filter=True,
        )

    def _conditions(self, row: Row) -> dict[str, bytes]:
        """Return the header by which a page that has not changed is answered with 304: it was read when it came whole.

        A date alone is no proof of sameness, so Last-Modified is never asked about. A home page that names the sections
        must come whole each time.
        """
        if row.kind not in TEXT_KINDS or row.status not in READ or names_sections(row.url, self._recorder.portal):
            return {}
        etag = self._recorder.register.last_etag(row.url)
        return {"If-None-Match": etag} if etag else {}

    def _on_exchange(self, row: Row, exchange: Exchange, outcome: Outcome, new: tuple[Link, ...]) -> None:
        host = self._askers.pop(row)
        host.active -= 1
        for link in new:
            self._host(link.host).has_rows = True
        if row.kind == "robots":
            self._read_robots(host, exchange, outcome)
        elif outcome.visit and outcome.visit.condition == "pending":
            host.has_rows = True
            self._pause(host, exchange, attempts=row.attempts + 1)

    def _read_robots(self, host: Host, exchange: Exchange, outcome: Outcome) -> None:
        target = outcome.visit.location if outcome.visit else None
        if target and host.robots_hops < MAX_REDIRECTS and is_own_host(target, self._recorder.portal):
            host.robots_url, host.robots_hops = asked_url(target), host.robots_hops + 1
            return
        host.robots = read_robots(exchange.capture)
        if host.robots:
            self._queue.requeue_excluded(host.name)
            delay = self._plan.delay(host.robots.delay_seconds)
            set_delay(self._crawler, host.name, delay, per_host=self._plan.per_host)
            if delay > LONGEST_PAUSE_SECONDS:
                self._stop(host, f"asks for {delay:.0f} s between requests")
            return
        capture = exchange.capture
        if capture.failure and not capture.response and capture.certificate and capture.certificate.fault:
            # No other answer is to be had by asking again.
            self._stop(host, capture.failure.replace(f"{host.name}: ", "", 1))
            return
        host.robots_tries += 1
        self._pause(host, exchange, attempts=host.robots_tries)
        if host.robots_tries >= ROBOTS_TRIES and not host.stopped:
            status = outcome.visit.status if outcome.visit else None
            self._stop(host, f"robots.txt cannot be read: {exchange.capture.failure or f'status {status}'}")

    def _pause(self, host: Host, exchange: Exchange, *, attempts: int) -> None:
        """Leave a host in peace for as long as it asks, or for a while that doubles with each failure."""
        asked = retry_after_seconds(exchange.capture, datetime.now(UTC))
        seconds = asked if asked is not None else 2.0 ** (attempts - 1)
        if seconds > LONGEST_PAUSE_SECONDS:
            self._stop(host, f"asks to wait {seconds:.0f} s")
            return
        host.paused_until = monotonic() + seconds

    def _stop(self, host: Host, why: str) -> None:
        logger.info("%s: %s; it is not asked any more in this run", host.name, why)
        host.stopped = why
        self._recorder.tally.stopped[host.name] = why
        self._drop_parts(host)

    def _leave_in_peace(self, host: Host) -> None:
        """Do not ask a host before the time until which earlier runs were told, or learnt, to leave it alone."""
        track = self._state.visits.host(host.name)
        until = track.paused_until
        if until and not self._plan.now and moment(until) > datetime.now(UTC):
            why = f"failed {track.failures} times in a row and" if track.failures else "asked for it, and"
            self._stop(host, f"{why} is left in peace until {until[:16].replace('T', ' ')} UTC; --now asks it at once")

    def _host(self, name: str) -> Host:
        if name not in self._hosts:
            host = Host(name=name, kinds=self._kinds(name) + self._requisites)
            self._hosts[name] = host
            self._turns.append(host)
            self._leave_in_peace(host)
        return self._hosts[name]

    def _kinds(self, name: str) -> tuple[Kind, ...]:
        if name in self._plan.list_hosts:
            return EVERYTHING
        national = (branch for branch in self._recorder.portal.branches if branch.code == NATIONAL)
        return ARTICLES if any(branch.serves(name) for branch in national) else ARTICLE_PARTS


def through_proxy(crawler: Crawler) -> dict[str, str]:
    """Return the request's meta that sends it through the operator's proxy, if there is one."""
    proxy = crawler.settings["PRESSMARK_PROXY"]
    return {"proxy": proxy} if proxy else {}


def set_delay(crawler: Crawler, host: str, seconds: float, *, per_host: int) -> None:
    """Let so many seconds pass between two requests to a host, from now on."""
    downloader = crawler.engine.downloader
    # Scrapy drops idle slots and makes them again from these settings, so both places must know.
    downloader.per_slot_settings[host] = {"delay": seconds, "concurrency": per_host, "jitter": 0}
    if slot := downloader.slots.get(host):
        slot.delay, slot.jitter = seconds, 0
