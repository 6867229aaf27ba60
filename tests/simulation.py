"""A branch that changes over simulated time, and a crawl of it on captures in memory: no network, no files, no clock.

The portal knows what it did and when; the crawl sees only what it asks for. What the ledger says is held against what
the portal did.
"""

# ruff: noqa: E501 - a paragraph, a line

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from random import Random
from typing import Literal
from urllib.parse import urlsplit

from archive.capture import Capture
from archive.pressmark import Pressmark
from archive.reader import Conversion, Exchange, Reference
from crawler.folding import composing, ledger
from crawler.folding.changes import EVENT_TYPE, Event, encode_event
from crawler.folding.contents import Readers
from crawler.folding.outcome import CapturedPage, Outcome
from crawler.folding.schedule import DAY, MINUTE, Schedule, due_until
from crawler.lines import ArticleLine, encode_line, text_digest, utc_text
from crawler.reading.extract.pages import join
from crawler.reading.portals import Portal
from crawler.store.rows import Kind, Link
from crawler.store.state import State
from crawler.store.versions import Version

CHINA = timedelta(hours=8)
HOST = "http://www.js.sample.test"
LIST = f"{HOST}/highlights/"
ROWS = 12
KINDS: tuple[Kind, ...] = ("article", "page", "picture", "listing")

Deed = Literal["published", "edited", "withdrawn", "restored"]


@dataclass(slots=True)
class Story:
    """One article of the portal: its deeds in order, with the text that stood after each."""

    url: str
    deeds: list[tuple[datetime, Deed, str]]

    def at(self, now: datetime) -> tuple[Deed, str] | None:
        """Return the last deed by then, and the text that stands; None before publication."""
        times = [when for when, _, _ in self.deeds]
        number = bisect_right(times, now) - 1
        return self.deeds[number][1:] if number >= 0 else None


@dataclass(slots=True)
class SimulatedPortal:
    """A branch that publishes, corrects, withdraws and puts back, has outages and is designed anew.

    Its servers send no validators that mean anything: Last-Modified never changes, so an edit is a silent one. How a
    withdrawn article looks depends on its number: 404, 410, a page that says so with status 200, or the home page.
    """

    begin: datetime
    stories: list[Story]
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)
    redesigned_at: datetime | None = None

    def answer(self, url: str, now: datetime) -> bytes | None:
        """Return the response to a request, None where the host is down."""
        if any(start <= now < end for start, end in self.outages):
            return None
        if urlsplit(url).path == "/highlights/":
            return _page(self._list(now))
        number = next((n for n, story in enumerate(self.stories) if story.url == url), None)
        stands = self.stories[number].at(now) if number is not None else None
        if number is None or stands is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        deed, text = stands
        return self._gone(number) if deed == "withdrawn" else _page(self._article(number, text, now))

    def _list(self, now: datetime) -> str:
        live = [story for story in self.stories if (stands := story.at(now)) and stands[0] != "withdrawn"]
        newest = sorted(live, key=lambda story: story.deeds[0][0], reverse=True)[:ROWS]
        rows = "".join(f'<li><a href="{urlsplit(story.url).path}">江边要闻</a></li>' for story in newest)
        return f'<html><head><meta charset=utf-8></head><body><div id="list"><ul>{rows}</ul></div></body></html>'

    def _article(self, number: int, text: str, now: datetime) -> str:
        printed = (self.stories[number].deeds[0][0] + CHINA).strftime("%Y-%m-%d %H:%M:%S")
        # What stands beside the text changes several times a day: that is no edit.
        aside = f'<div class="hot"><p>今日访问第{int(now.timestamp()) // 20_000 % 9973}次</p></div>'
        body = "".join(f"<p>　　{part}</p>" for part in text.split("\n"))
        if self.redesigned_at and now >= self.redesigned_at:
            return (
                "<html><head><meta charset=utf-8><title>江边要闻-中新网</title></head><body>"
                f'<h1>江边要闻{number}</h1><div class="meta">{printed} 来源：中新网江苏</div><div class="text">{body}</div>'
                f"{aside}</body></html>"
            )
        return (
            "<html><head><meta charset=utf-8><title>江边要闻-中新网</title></head><body>"
            f'<div id="cont"><h1>江边要闻{number}</h1><span id="time">{printed}</span>'
            f'<span id="come">来源：中新网江苏</span><div id="txt">{body}</div></div>{aside}</body></html>'
        )

    def _gone(self, number: int) -> bytes:
        match number % 4:
            case 0:
                return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            case 1:
                return b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
            case 2:
                return b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
            case _:
                return _page(
                    "<html><head><meta charset=utf-8><title>中国新闻网-404页面</title></head><body><p>页面没有找到</p></body></html>"
                )


def make_portal(begin: datetime, days: int, *, seed: int = 1, a_day: int = 1) -> SimulatedPortal:
    """Return a portal with so many articles a day, of which some are edited, withdrawn and put back."""
    dice = Random(seed)
    stories = []
    for number in range(days * a_day):
        published = begin + timedelta(seconds=round(dice.uniform(0, days * DAY.total_seconds())))
        local = published + CHINA
        story = Story(
            f"{HOST}/news/{local:%Y/%m%d}/{300000 + number}.html", [(published, "published", _text(number, 0))]
        )
        _add_deeds(story, number, dice)
        stories.append(story)
    return SimulatedPortal(begin=begin, stories=stories)


def _add_deeds(story: Story, number: int, dice: Random) -> None:
    """Let one article in five be edited, one in ten be withdrawn, and half of these come back."""
    when = story.deeds[0][0]
    if dice.random() < 0.2:
        when += timedelta(minutes=dice.uniform(90, 60 * 48))
        story.deeds.append((when, "edited", _text(number, 1)))
    if dice.random() < 0.1:
        when += timedelta(hours=dice.uniform(8, 72))
        text = story.deeds[-1][2]
        story.deeds.append((when, "withdrawn", text))
        if dice.random() < 0.5:
            story.deeds.append((when + timedelta(days=dice.uniform(3, 6)), "restored", text))


def _text(number: int, edition: int) -> str:
    return "\n".join(
        (
            f"中新网江苏新闻11月20日电(记者 王远)沿江第{number}号渡口完成改造，新建泊位{number % 7 + 3 + edition}个，往来群众出行更加方便。",
            f"渡口负责人介绍，改造工程历时{number % 11 + 2}个月，期间轮渡没有停航，每天运送旅客{400 + number}人次。",
            "附近的居民说，等船的地方添了遮雨的长廊，冬天再也不用站在风里。",
        )
    )


def _page(html: str) -> bytes:
    body = html.encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(slots=True)
class Crawl:
    """The policy of a crawl, run over a simulated portal: what is due is asked for, in slots."""

    portal: Portal
    world: SimulatedPortal
    schedule: Schedule = field(default_factory=Schedule)
    slot: timedelta = 10 * MINUTE
    most_requests: int = 200
    state: State = field(default_factory=lambda: State(None))
    events: list[Event] = field(default_factory=list)
    records: list[Exchange | Conversion] = field(default_factory=list)
    requests: int = 0
    _pages: dict[str, CapturedPage] = field(default_factory=dict)
    _lines: dict[str, ArticleLine] = field(default_factory=dict)

    def run(self, until: datetime) -> None:
        """Run one crawl in each slot up to a time."""
        now = self.world.begin
        while now < until:
            self.run_once(now)
            now += self.slot

    def run_once(self, now: datetime) -> None:
        """Ask for what is due."""
        queue = self.state.queue
        queue.begin_run(utc_text(due_until(now, self.slot)))
        queue.add(Link(url=LIST, host=urlsplit(LIST).hostname or "", kind="listing", via=None, hops=""))
        for number in range(self.most_requests):
            row = queue.lease(urlsplit(LIST).hostname or "", kinds=KINDS)
            if row is None:
                return
            at = now + timedelta(seconds=number)
            notes = (("kind", row.kind), ("hopsFromSeed", row.hops), *((("via", row.via),) if row.via else ()))
            self.requests += 1
            self._feed(self._exchange(row.url, at, notes))

    def replayed(self) -> "Crawl":
        """Return a crawl whose state was made anew from this one's records."""
        again = Crawl(portal=self.portal, world=self.world, schedule=self.schedule)
        for record in self.records:
            again._store(again._fold(record))
        for article in again.state.versions.drafts():
            if not again.state.versions.needs(article):
                again._compose(article)
        return again

    def _exchange(self, url: str, at: datetime, notes: tuple[tuple[str, str], ...]) -> Exchange:
        response = self.world.answer(url, at)
        number = len(self.records)
        mark = Pressmark(
            file="simulated.warc.gz",
            offset=number,
            length=1,
            record_id=f"urn:uuid:{number}",
            payload_digest=f"sha1:{sha1(response or b'', usedforsecurity=False).hexdigest()}",
        )
        capture = Capture(
            url=url,
            started_at=at,
            seconds=0.1,
            request=b"GET / HTTP/1.1\r\n\r\n",
            response=response or b"",
            truncated=None if response else "disconnect",
            failure=None if response else "no answer",
        )
        exchange = Exchange(
            capture=capture, pressmark=mark if response else None, metadata=None, notes=notes, end=number
        )
        return self._as_revisit(exchange)

    def _as_revisit(self, exchange: Exchange) -> Exchange:
        """Return an exchange whose payload the last capture of its URL holds already as the revisit that it becomes."""
        stored = self.state.visits.capture(exchange.capture.url)
        mark = exchange.pressmark
        if stored is None or mark is None or stored.pressmark.payload_digest != mark.payload_digest:
            return exchange
        capture = exchange.capture
        reference = Reference(record_id=stored.pressmark.record_id, url=capture.url, date=capture.started_at)
        head = capture.head_block()
        return replace(
            exchange,
            capture=replace(capture, response=head, revisited=capture.response[len(head) :]),
            refers_to=reference,
            original=stored.pressmark,
        )

    def _feed(self, record: Exchange | Conversion) -> None:
        self.records.append(record)
        outcome = self._fold(record)
        self._store(outcome)
        for article in outcome.settled:
            self._compose(article)
        for event in outcome.tidings:
            self._convert(encode_event(event), EVENT_TYPE, event.url, event.record_id)

    def _fold(self, record: Exchange | Conversion) -> Outcome:
        return ledger.fold(self.state, record, self.portal, self.schedule, Readers(line_of=self._line_of))

    def _store(self, outcome: Outcome) -> None:
        ledger.apply(self.state, outcome)
        self.events += outcome.events
        if outcome.page:
            self._pages[outcome.page.url] = outcome.page
        for line, _ in outcome.lines:
            self._lines[f"{line.id} {line.version}"] = line

    def _compose(self, article: str) -> None:
        line = composing.compose(self.state, article, self.portal, self._pages.get, self._reread)
        if line is None or line.pressmark is None:
            self.state.versions.drop_draft(article)
            return
        self._convert(encode_line(line), "application/json", line.url, line.pressmark.record_id)

    def _convert(self, block: bytes, content_type: str, url: str, refers_to: str) -> None:
        number = len(self.records)
        mark = Pressmark(
            file="simulated.warc.gz", offset=number, length=1, record_id=f"urn:uuid:{number}", payload_digest=None
        )
        self._feed(
            Conversion(
                pressmark=mark,
                url=url,
                date=datetime.now(UTC),
                refers_to=refers_to,
                content_type=content_type,
                block=block,
                end=number,
            )
        )

    def _line_of(self, version: Version) -> ArticleLine | None:
        return self._lines.get(f"{version.id} {version.version}")

    def _reread(self, version: Version) -> str | None:
        line = self._line_of(version)
        mark = line.pressmark if line else None
        record = next((r for r in self.records if r.pressmark == mark), None) if mark else None
        page = composing.read_capture(record, self.portal) if isinstance(record, Exchange) else None
        return text_digest(join([page.reading])) if page and page.reading.article else None


def deeds(world: SimulatedPortal, *, until: datetime) -> Iterator[tuple[str, str]]:
    """Yield what the portal did by a time, as the ledger would call it: (type, URL), story by story."""
    names = {"published": "new", "edited": "edited", "withdrawn": "withdrawn", "restored": "restored"}
    for story in world.stories:
        for when, deed, _ in story.deeds:
            if when < until:
                yield names[deed], story.url
