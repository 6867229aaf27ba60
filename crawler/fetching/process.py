"""Run Scrapy inside the `pressmark` command."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scrapy.crawler import CrawlerProcess
from scrapy.settings import Settings

from crawler.fetching.plan import Plan
from crawler.fetching.probing import ProbeSpider
from crawler.fetching.recorder import Recorder
from crawler.fetching.run import Run, ended
from crawler.fetching.spiders.chinanews import ChinanewsSpider
from crawler.fetching.wire import check_capturing
from crawler.probes.survey import Answers
from crawler.reading.portals import Portal


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a branch answered; `answers` is None where the probe was stopped by `signal` or ended by `failure`."""

    started_at: datetime
    requests: int
    answers: Answers | None
    signal: int | None
    failure: str | None


class _Process(CrawlerProcess):
    """A process that remembers the signal which stopped it."""

    signal: int | None = None

    def _signal_shutdown(self, signum: int, frame: Any) -> None:
        self.signal = signum
        super()._signal_shutdown(signum, frame)


def load_settings(**changes: Any) -> Settings:
    """Return Pressmark's Scrapy settings with this run's changes; a change of None is left out."""
    settings = Settings()
    settings.setmodule("crawler.fetching.settings", priority="project")
    for name, value in changes.items():
        if value is not None:
            settings.set(name, value, priority="cmdline")
    ChinanewsSpider.update_settings(settings)
    return settings


def run_crawl(recorder: Recorder, plan: Plan, settings: Settings) -> Run:
    """Crawl until nothing is left within the plan, or a signal comes; the collection is closed at the end."""
    check_capturing()
    process = _Process(settings)
    crawler = process.create_crawler(ChinanewsSpider)
    failures: list[str] = []
    try:
        started = process.crawl(crawler, recorder=recorder, plan=plan)
        started.addErrback(lambda failure: failures.append(failure.getErrorMessage()))
        process.start()
    finally:
        recorder.close()
    reason = crawler.stats.get_value("finish_reason") if crawler.stats else None
    if not reason and not failures and not process.signal:
        failures.append("Scrapy ended without a reason; --log-level INFO tells more")
    failure = f"the crawl did not run: {failures[0]}" if failures else None
    return ended(recorder, str(reason or "failed"), signal=process.signal, failure=failure)


def run_probe(portal: Portal, plan: Plan, settings: Settings, note: Callable[[str], None]) -> Probe:
    """Ask the plan's one branch; `note` is told how far it has come. Nothing is written."""
    check_capturing()
    started_at = datetime.now(UTC)
    process = _Process(settings)
    crawler = process.create_crawler(ProbeSpider)
    failures: list[str] = []
    started = process.crawl(crawler, portal=portal, plan=plan, note=note)
    started.addErrback(lambda failure: failures.append(failure.getErrorMessage()))
    process.start()
    spider = crawler.spider
    answers, requests = (spider.answers, spider.requests) if isinstance(spider, ProbeSpider) else (None, 0)
    if not answers and not failures and not process.signal:
        failures.append("Scrapy ended before the probe did; --log-level INFO tells more")
    return Probe(
        started_at=started_at,
        requests=requests,
        answers=answers,
        signal=process.signal,
        failure=failures[0] if failures else None,
    )
