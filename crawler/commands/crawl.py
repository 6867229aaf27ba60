"""`pressmark crawl`: crawl branches, keep their bytes, write their articles."""

import shlex
import shutil
import sys
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.status import Status
from scrapy.settings import Settings

from archive.labels import DigestName
from archive.records import PayloadDigest
from archive.writer import KeepOpen
from crawler.commands import terminal
from crawler.commands.options import (
    DONE,
    FAILED,
    FINDINGS,
    INTERRUPTED,
    CollectionOption,
    ConnectToOption,
    ContactOption,
    DataOption,
    DelayOption,
    InsecureTlsOption,
    LogLevelOption,
    PortalOption,
    checked_level,
    err,
    out,
)
from crawler.drift import Alarm, PastRun, find_alarms
from crawler.errors import CrawlerError, UsageError
from crawler.fetching.connecting import parse_connect_to
from crawler.fetching.plan import Plan, choose_branches
from crawler.fetching.process import Run, load_settings, run_crawl, written_paths
from crawler.fetching.recorder import Recorder
from crawler.fetching.spiders.chinanews import open_recorder
from crawler.fetching.tally import Tally
from crawler.lines import utc_text
from crawler.reading.portals import Portal, find_portal
from crawler.runs import BranchPart, Finding, RunSummary, read_history, write_summary

PROGRESS_SECONDS = 10.0


def crawl(
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
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
    log_level: LogLevelOption = "WARNING",
) -> int:
    """Crawl branches of a portal into a collection.

    Example: pressmark crawl js --limit 20 --contact archive@example.org
    """
    described = find_portal(portal)
    if not branches and not all_branches:
        raise UsageError("crawl: no branch given; name some (`pressmark branches` lists them), or add --all")
    for pair in connect_to or ():
        parse_connect_to(pair)
    plan = Plan(
        branches=choose_branches(described, tuple(branches or ())),
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
        CONNECT_TO=connect_to or [],
        DOWNLOAD_VERIFY_CERTIFICATES=False if insecure_tls else None,
        LOG_LEVEL=checked_level(log_level),
        LOG_INSTALL_ROOT_HANDLER=False,
    )
    terminal.log_to_terminal(log_level.upper())
    return perform(described, plan, settings)


def perform(portal: Portal, plan: Plan, settings: Settings, console: Console = out) -> int:
    """Crawl by a plan, show how far it has come, print and keep its summary, and return the exit code."""
    recorder = open_recorder(portal, settings)
    with _Progress(recorder.tally) as progress:
        recorder.listeners.append(progress.note)
        run = run_crawl(recorder, plan, settings)
    return _finish(run, recorder, plan, console)


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


def _finish(run: Run, recorder: Recorder, plan: Plan, console: Console) -> int:
    """Write the summary, print the end of the run, and return the exit code."""
    dead = _dead_branches(run.tally, plan)
    alarms = [] if run.failure else _alarms(run, plan, recorder)
    code = _exit_code(run, plan, dead, alarms)
    if not (run.failure and not recorder.collection.runs.is_dir()):
        _write_summary(run, plan, recorder, code, alarms)
    if run.failure:
        raise CrawlerError(run.failure)
    if code == FAILED and not run.tally.lines:
        raise CrawlerError(f"{'; '.join(dead)}. Check the network and the host's name; nothing was lost")
    terminal.print_run(
        console,
        run.tally,
        seconds=run.seconds,
        alarms=alarms,
        files=written_paths(recorder),
        next_due=recorder.next_due,
        next_command=_next_command(recorder),
    )
    return code


def _alarms(run: Run, plan: Plan, recorder: Recorder) -> list[Alarm]:
    """Return what has fallen off since the runs before, as far as their summaries tell."""
    branches = tuple(branch.code for branch in plan.branches)
    return find_alarms(
        PastRun(started_at=run.started_at, asked_branches=branches, shape=run.tally.shape),
        read_history(recorder.collection.runs),
        may_be_silent=run.reason != "finished" or plan.is_bounded,
    )


def _exit_code(run: Run, plan: Plan, dead: list[str], alarms: list[Alarm]) -> int:
    if run.failure:
        return FAILED
    if run.signal:
        return INTERRUPTED + run.signal
    if dead and len(dead) == len(plan.branches):
        return FAILED
    found = alarms or run.tally.stopped or run.tally.faults or run.tally.lists_failed
    return FINDINGS if found else DONE


def _dead_branches(tally: Tally, plan: Plan) -> list[str]:
    hosts = [branch.hosts[0] for branch in plan.branches]
    return [f"{host}: {tally.stopped[host]}" for host in hosts if host in tally.stopped]


def _write_summary(run: Run, plan: Plan, recorder: Recorder, code: int, alarms: list[Alarm]) -> None:
    tally = run.tally
    findings = [Finding(kind="alarm", where=alarm.where, why=alarm.why) for alarm in alarms]
    findings += [Finding(kind="unreadable", where=url, why=why) for url, why in tally.faults]
    findings += [Finding(kind="failed", where=url, why=why) for url, why in tally.failures]
    findings += [Finding(kind="stopped", where=host, why=why) for host, why in tally.stopped.items()]
    findings += [Finding(kind="certificate", where=host, why=why) for host, why in sorted(tally.certificates.items())]
    findings += [Finding(kind="not_an_article", where=url, why=why) for url, why in tally.not_articles]
    findings += [Finding(kind="robots", where=url, why="forbidden by robots.txt") for url in tally.excluded]
    summary = RunSummary(
        pressmark=version("pressmark"),
        portal=recorder.portal.name,
        asked_branches=tuple(branch.code for branch in plan.branches),
        started_at=utc_text(run.started_at),
        seconds=round(run.seconds, 3),
        ended=run.reason,
        exit_code=code,
        requests=tally.requests,
        statuses=dict(sorted(tally.statuses.items())),
        kinds=dict(sorted(tally.kinds.items())),
        bytes_received=tally.bytes_received,
        requisites_kept=tally.requisites_kept,
        articles=tally.lines,
        events=dict(sorted(tally.events.items())),
        branches={code: BranchPart(**asdict(part)) for code, part in sorted(tally.branches.items())},
        shape=tally.shape,
        files=tuple(str(path.relative_to(recorder.collection.folder)) for path in written_paths(recorder)),
        findings=tuple(findings),
    )
    try:
        write_summary(recorder.collection.runs, run.started_at, summary)
    except OSError as error:
        err.print(f"pressmark: {error.filename}: {error.strerror}; the run's summary is not kept", markup=False)


def _next_command(recorder: Recorder) -> str:
    article = recorder.tally.last_article
    words = [_program(), "show", article] if article else [_program(), "status"]
    if recorder.collection.folder.parent.parent != Path("data"):
        words += ["--data", str(recorder.collection.folder.parent.parent)]
    if recorder.collection.folder.name != "chinanews":
        words += ["--collection", recorder.collection.folder.name]
    return shlex.join(words)


def _program() -> str:
    """Return how this very command is called again: by its name if that is on the path, else as it was called."""
    called = sys.argv[0]
    return "pressmark" if shutil.which("pressmark") == str(Path(called).absolute()) else called


def _checked(option: str, value: str, choices: Any) -> str:
    if value not in get_args(choices):
        raise UsageError(f"{option} {value}: not known; take {' or '.join(get_args(choices))}")
    return value
