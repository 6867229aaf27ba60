"""`pressmark crawl`: crawl branches, keep their bytes, write their articles."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status
from scrapy.settings import Settings

from crawler.commands import terminal
from crawler.commands.finishing import finish, warn_of_clock
from crawler.commands.measuring import serve_metrics
from crawler.commands.options import (
    CollectionOption,
    ConnectToOption,
    ContactOption,
    DataOption,
    DelayOption,
    DigestOption,
    InsecureTlsOption,
    KeepOpenOption,
    LogFormatOption,
    LogLevelOption,
    MaxMinutesOption,
    MaxRequestsOption,
    MetricsPortOption,
    PayloadDigestOption,
    PortalOption,
    ProxyOption,
    RequisitesOption,
    err,
    out,
)
from crawler.commands.preparing import connection_settings, name_collection
from crawler.commands.remaking import keep_current
from crawler.configuration import EVERY_BRANCH, Configuration
from crawler.errors import UsageError
from crawler.fetching.plan import Plan, choose_branches
from crawler.fetching.process import run_crawl
from crawler.fetching.spiders.chinanews import open_recorder
from crawler.fetching.tally import Tally
from crawler.reading.portals import Portal, find_portal

PROGRESS_SECONDS = 60.0


def crawl(
    context: typer.Context,
    branches: Annotated[list[str] | None, typer.Argument(metavar="BRANCH...", help="Codes, e.g. js zj.")] = None,
    *,
    all_branches: Annotated[bool, typer.Option("--all", help="Crawl every branch of the portal.")] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only articles of this day or later.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many articles.")] = None,
    max_requests: MaxRequestsOption = None,
    max_minutes: MaxMinutesOption = None,
    now: Annotated[
        bool, typer.Option("--now", help="Ask for all lists, and for what failed, whether they are due or not.")
    ] = False,
    requisites: RequisitesOption = True,
    delay: DelayOption = None,
    connect_to: ConnectToOption = None,
    proxy: ProxyOption = "",
    insecure_tls: InsecureTlsOption = False,
    contact: ContactOption = "",
    keep_open: KeepOpenOption = "run",
    digest: DigestOption = "sha1",
    payload_digest: PayloadDigestOption = "always",
    metrics_port: MetricsPortOption = None,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
    log_level: LogLevelOption = "WARNING",
    log_format: LogFormatOption = "human",
) -> int:
    """Crawl branches of a portal into a collection.

    Example: pressmark crawl js --limit 20 --contact archive@example.org
    """
    configuration = context.find_object(Configuration) or Configuration()
    described = find_portal(portal)
    all_branches = all_branches or branches == [EVERY_BRANCH]
    if not branches and not all_branches:
        raise UsageError("crawl: no branch given; name some (`pressmark branches` lists them), or add --all")
    plan = Plan(
        branches=choose_branches(described, () if all_branches else tuple(branches or ())),
        since=since.date() if since else None,
        limit=limit,
        max_requests=max_requests,
        max_minutes=max_minutes,
        now=now,
        delay_seconds=delay,
        requisites=requisites,
    )
    settings = name_collection(
        connection_settings(
            contact=contact,
            connect_to=connect_to,
            proxy=proxy,
            insecure_tls=insecure_tls,
            log_level=log_level,
            log_format=log_format,
        ),
        data=data,
        collection=collection or described.name,
        keep_open=keep_open,
        digest=digest,
        payload_digest=payload_digest,
    )
    return perform(described, plan, settings, configuration, metrics_port=metrics_port)


def perform(
    portal: Portal,
    plan: Plan,
    settings: Settings,
    configuration: Configuration,
    *,
    console: Console = out,
    metrics_port: int | None = None,
) -> int:
    """Crawl by a plan, show how far it has come, print and keep its summary, and return the exit code."""
    recorder = open_recorder(portal, settings, schedule=configuration.schedule)
    clock = warn_of_clock(recorder)
    with closing(recorder), serve_metrics(recorder, metrics_port), _Progress(recorder.tally) as progress:
        recorder.listeners.append(progress.note)
        run = run_crawl(recorder, plan, settings)
    try:
        return finish(run, recorder, plan, configuration, clock=clock, console=console)
    finally:
        # A run that was told to end ends, and on a full disk a view only adds to the trouble; the next run, or the
        # command that needs a view, reads what is new.
        if not run.signal and not run.failure:
            keep_current(recorder.collection)


class _Progress:
    """A line that moves on a terminal; a plain line every minute elsewhere."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._status: Status | None = None
        self._told_at = monotonic()

    def __enter__(self) -> "_Progress":
        if err.is_terminal:
            self._status = err.status("Asking robots.txt")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def note(self, *_: object) -> None:
        """Show how far the run has come."""
        tally = self._tally
        text = f"{tally.requests} requests, {tally.lines} articles, {terminal.human_bytes(tally.bytes_received)}"
        if self._status:
            self._status.update(text)
        elif monotonic() - self._told_at > PROGRESS_SECONDS:
            self._told_at = monotonic()
            err.print(text)
