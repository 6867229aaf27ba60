"""`pressmark crawl`: crawl branches, keep their bytes, write their articles."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Literal, get_args

import typer
from rich.console import Console
from rich.status import Status
from scrapy.settings import Settings

from archive.labels import DigestName
from archive.records import PayloadDigest
from archive.writer import KeepOpen
from crawler.commands import terminal
from crawler.commands.finishing import finish, warn_of_clock
from crawler.commands.measuring import serve_metrics
from crawler.commands.options import (
    CollectionOption,
    ConfigOption,
    ConnectToOption,
    ContactOption,
    DataOption,
    DelayOption,
    InsecureTlsOption,
    LogFormatOption,
    LogLevelOption,
    PortalOption,
    ProxyOption,
    checked_level,
    checked_proxy,
    err,
    out,
)
from crawler.configuration import EVERY_BRANCH, Configuration
from crawler.errors import UsageError
from crawler.fetching.connecting import parse_connect_to
from crawler.fetching.plan import Plan, choose_branches
from crawler.fetching.process import load_settings, run_crawl
from crawler.fetching.spiders.chinanews import open_recorder
from crawler.fetching.tally import Tally
from crawler.reading.portals import Portal, find_portal

LogFormat = Literal["human", "json"]

PROGRESS_SECONDS = 10.0


def crawl(
    context: typer.Context,
    branches: Annotated[list[str] | None, typer.Argument(metavar="BRANCH...", help="Codes, e.g. js zj.")] = None,
    *,
    all_branches: Annotated[bool, typer.Option("--all", help="Crawl every branch of the portal.")] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only articles of this day or later.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many articles.")] = None,
    max_requests: Annotated[int | None, typer.Option(min=0, help="At most so many requests.")] = None,
    max_minutes: Annotated[
        float | None, typer.Option(min=0, help="Ask for nothing more after so many minutes; the rest waits.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Ask for all lists, and for what failed, whether they are due or not.")
    ] = False,
    requisites: Annotated[
        bool,
        typer.Option(
            "--requisites/--no-requisites", help="Capture the style sheets, scripts and pictures that pages show."
        ),
    ] = True,
    delay: DelayOption = None,
    connect_to: ConnectToOption = None,
    proxy: ProxyOption = "",
    insecure_tls: InsecureTlsOption = False,
    contact: ContactOption = "",
    keep_open: Annotated[
        str,
        typer.Option(metavar="run|day", help="A WARC file ends with the run, or (for cron) with its UTC day."),
    ] = "run",
    digest: Annotated[str, typer.Option(metavar="sha1|sha256", help="The digests in WARC files and lines.")] = "sha1",
    payload_digest: Annotated[
        str,
        typer.Option(
            metavar="always|omit-when-chunked",
            help="Leave the header WARC-Payload-Digest out where warcio and fastwarc take it for wrong.",
        ),
    ] = "always",
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve metrics on this port of 127.0.0.1 during the run.")
    ] = None,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
    config: ConfigOption = None,  # noqa: ARG001 - its callback has read the file
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
    for pair in connect_to or ():
        parse_connect_to(pair)
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
    settings = load_settings(
        PRESSMARK_DATA=str(data),
        PRESSMARK_COLLECTION=collection or described.name,
        PRESSMARK_CONTACT=contact,
        PRESSMARK_KEEP_OPEN=_checked("--keep-open", keep_open, KeepOpen),
        PRESSMARK_DIGEST=_checked("--digest", digest, DigestName),
        PRESSMARK_PAYLOAD_DIGEST=_checked("--payload-digest", payload_digest, PayloadDigest),
        PRESSMARK_PROXY=checked_proxy(proxy),
        CONNECT_TO=connect_to or [],
        DOWNLOAD_VERIFY_CERTIFICATES=False if insecure_tls else None,
        LOG_LEVEL=checked_level(log_level),
        LOG_INSTALL_ROOT_HANDLER=False,
    )
    if _checked("--log-format", log_format, LogFormat) == "json":
        terminal.log_as_json(log_level.upper())
    else:
        terminal.log_to_terminal(log_level.upper())
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
    return finish(run, recorder, plan, configuration, clock=clock, console=console)


class _Progress:
    """A line that moves on a terminal; a plain line every ten seconds elsewhere."""

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


def _checked(option: str, value: str, choices: Any) -> str:
    if value not in get_args(choices):
        raise UsageError(f"{option} {value}: not known; take {' or '.join(get_args(choices))}")
    return value
