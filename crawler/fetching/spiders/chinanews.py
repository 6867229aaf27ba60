"""The spider: it hands Scrapy the articles that the recorder has written."""

import asyncio
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self, get_args

import msgspec
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings
from scrapy.utils.asyncio import create_looping_call
from twisted.python.failure import Failure

from archive.capture import Capture
from archive.labels import DigestName
from archive.records import PayloadDigest
from archive.writer import KeepOpen, WarcOptions
from crawler.configuration import AlarmSettings
from crawler.errors import CrawlerError, UsageError
from crawler.fetching.plan import Plan, choose_branches
from crawler.fetching.recorder import COMMIT_SECONDS, Recorder
from crawler.fetching.run import ended, find_clock_alarm, find_run_alarms, make_summary
from crawler.folding.schedule import Schedule
from crawler.health.drift import Alarm
from crawler.health.runs import read_history, write_summary
from crawler.health.troubles import Bounds
from crawler.reading.portals import Portal, find_portal
from crawler.store.collection import Collection


class ChinanewsSpider(Spider):
    """Crawls branches of a portal: `scrapy crawl chinanews -a branch=js,zj`.

    Arguments: branch (codes, comma separated; none is all), since (a day), limit (articles), max_requests, requisites
    (no: leave them out). Items are article lines, as they are written to the collection. Where the spider has opened
    the collection itself, its run has a summary in `runs/`, too; its alarms are logged, and stand there as findings.
    """

    name = "chinanews"
    recorder: Recorder
    plan: Plan
    is_alone: bool
    clock: Alarm | None

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Name the operator's contact in the User-Agent."""
        super().update_settings(settings)
        contact = settings["PRESSMARK_CONTACT"]
        if contact:
            agent = f"Pressmark/{version('pressmark')} (web archiver for news portals; contact: {contact})"
            settings.set("USER_AGENT", agent, priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Open the collection, unless the caller has done so (`recorder` and `plan`)."""
        spider = super().from_crawler(
            crawler, *args, **{k: v for k, v in kwargs.items() if k not in {"recorder", "plan"}}
        )
        settings = crawler.settings
        portal = kwargs["recorder"].portal if "recorder" in kwargs else find_portal(settings["PRESSMARK_PORTAL"])
        spider.plan = kwargs.get("plan") or _plan(portal, settings, kwargs)
        spider.recorder = kwargs.get("recorder") or open_recorder(portal, settings, keeps_lines=True)
        spider.is_alone = "recorder" not in kwargs
        spider.clock = find_clock_alarm(spider.recorder) if spider.is_alone else None
        return spider

    async def start(self) -> Any:
        """Ask for nothing: the frontier knows what to ask. Begin the commits by time."""
        self._commits = create_looping_call(self._commit)
        self._commits.start(COMMIT_SECONDS, now=False)
        return
        yield

    def capture_sink(self, capture: Capture, request: Request) -> None:
        """Record an exchange, called by the download handler at its end."""
        try:
            self.recorder.record(capture, request.meta["row"])
        except CrawlerError:
            self._stop("cannot_write")
            raise

    def parse(self, response: Response, **kwargs: Any) -> Iterator[dict[str, Any]]:
        """Yield the lines that have been written since the last call."""
        yield from map(msgspec.to_builtins, self.recorder.take_lines())

    def fail(self, failure: Failure) -> Iterator[dict[str, Any]]:
        """Give up the row of a request that was never sent; a failed exchange has been recorded like any other."""
        request = failure.request  # type: ignore[attr-defined]
        released = self.crawler.engine.scheduler.abandon(request.meta["row"])  # type: ignore[union-attr]
        if released and not self.recorder.failure:
            self.logger.error("%s: %s", request.url, failure.getErrorMessage())
        yield from map(msgspec.to_builtins, self.recorder.take_lines())

    def closed(self, reason: str) -> None:
        """Finish the collection's files."""
        if self._commits.running:
            self._commits.stop()
        self.recorder.close()
        if self.is_alone:
            self._keep_summary(reason)

    def _keep_summary(self, reason: str) -> None:
        run, settings, folder = ended(self.recorder, reason), AlarmSettings(), self.recorder.collection.runs
        bounds = Bounds(disk_free=settings.disk_free, error_share=settings.error_share)
        alarms = find_run_alarms(run, self.plan, self.recorder, bounds, read_history(folder, "crawl"))
        if self.clock:
            alarms.append(self.clock)
        for alarm in alarms:
            self.logger.error("alarm: %s: %s", alarm.where, alarm.why)
        try:
            # Scrapy's own exit code knows of none of this.
            write_summary(folder, run.started_at, make_summary(run, self.plan, self.recorder, 0, alarms))
        except OSError as error:
            self.logger.error("%s: %s; the run's summary is not kept", error.filename, error.strerror)

    def _commit(self) -> None:
        self.recorder.commit()
        if self.recorder.failure:
            self._stop("cannot_write")

    def _stop(self, reason: str) -> None:
        engine = self.crawler.engine
        if engine and engine.spider:
            self._stopping = asyncio.ensure_future(engine.close_spider_async(reason=reason))


def open_recorder(
    portal: Portal, settings: BaseSettings, *, schedule: Schedule | None = None, keeps_lines: bool = False
) -> Recorder:
    """Open the collection that the settings name. Raises CrawlerError where that cannot be done.

    `keeps_lines` makes the lines items of the spider; the command reads none.
    """
    name = settings["PRESSMARK_COLLECTION"] or portal.name
    return Recorder(
        Collection(Path(settings["PRESSMARK_DATA"]) / "collections" / name),
        portal,
        options=WarcOptions(
            max_bytes=settings.getint("PRESSMARK_MAX_WARC_BYTES"),
            digest=_choice(settings, "PRESSMARK_DIGEST", DigestName),
            payload_digest=_choice(settings, "PRESSMARK_PAYLOAD_DIGEST", PayloadDigest),
            keep_open=_choice(settings, "PRESSMARK_KEEP_OPEN", KeepOpen),
        ),
        schedule=schedule,
        keeps_lines=keeps_lines,
        software=(
            ("software", settings["USER_AGENT"].partition(" ")[0]),
            ("http-header-user-agent", settings["USER_AGENT"]),
            ("robots", "obey"),
            ("isPartOf", name),
        ),
    )


def _choice(settings: BaseSettings, name: str, choices: Any) -> Any:
    value = settings[name]
    if value not in get_args(choices):
        raise UsageError(f"{name} {value!r}: not known; take {' or '.join(get_args(choices))}")
    return value


def _plan(portal: Portal, settings: BaseSettings, arguments: dict[str, Any]) -> Plan:
    codes = tuple(code.strip() for code in arguments.get("branch", "").split(",") if code.strip())
    return Plan(
        branches=choose_branches(portal, codes),
        since=date.fromisoformat(arguments["since"]) if "since" in arguments else None,
        limit=int(arguments["limit"]) if "limit" in arguments else None,
        max_requests=int(arguments["max_requests"]) if "max_requests" in arguments else None,
        requisites=arguments.get("requisites", "yes").lower() not in {"no", "false", "0"},
        default_delay_seconds=settings.getfloat("DOWNLOAD_DELAY"),
        per_host=settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
    )
