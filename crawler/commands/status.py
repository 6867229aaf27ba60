"""Commands for the operator: status tells how a collection stands, runs what its last runs did."""

from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from crawler.commands import terminal
from crawler.commands.options import (
    DONE,
    CollectionOption,
    DataOption,
    JsonOption,
    PortalOption,
    existing_collection,
    out,
    print_json,
)
from crawler.health.runs import RunSummary, read_summaries
from crawler.lines import utc_text
from crawler.reading.portals import find_portal
from crawler.store.rows import FailingUrl, HostTrack
from crawler.store.state import State

RUNS_SHOWN = 3
FAILURES_SHOWN = 5
# The bar of a branch is full while its newest article is younger than an hour, and empty when it is older than a month.
_FRESH, _STALE = timedelta(hours=1), timedelta(days=30)
_BAR_CELLS = 8


class BranchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The articles of one branch, the newest time of publication, and how long ago that is."""

    branch: str | None
    articles: int
    newest: str | None
    age_seconds: float | None


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How many URLs of a kind are in which condition."""

    kind: str
    condition: str
    urls: int


class CollectionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a collection stands `at` a time.

    `due` counts by kind what is due by then, `next_due` is when more will be. `last_runs` has the newest last.
    """

    collection: str
    at: str
    articles: tuple[BranchStatus, ...]
    queue: tuple[QueueStatus, ...]
    due: dict[str, int]
    next_due: str | None
    failing_hosts: tuple[HostTrack, ...]
    failing_urls: tuple[FailingUrl, ...]
    warc_files: int
    warc_bytes: int
    last_runs: tuple[RunSummary, ...]


def status(
    *,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Show how a collection stands: how fresh each branch is, what is due, what fails, the last runs.

    Example: pressmark status --json
    """
    found = existing_collection(data, collection, find_portal(portal))
    now = datetime.now(UTC)
    state = State(found.state, read_only=True)
    try:
        articles, counts = state.versions.by_branch(), state.queue.counts()
        due, next_due = state.visits.due_counts(utc_text(now)), state.visits.next_due(utc_text(now))
        failing_hosts, failing_urls = state.visits.failing_hosts(utc_text(now)), state.visits.failing_urls()
    finally:
        state.shut()
    files = list(found.archive.glob("*.warc.gz*"))
    held = CollectionStatus(
        collection=str(found.folder),
        at=utc_text(now),
        articles=tuple(
            BranchStatus(branch=branch, articles=count, newest=newest, age_seconds=_age_seconds(newest, now))
            for branch, (count, newest) in articles.items()
        ),
        queue=tuple(QueueStatus(kind=k, condition=c, urls=n) for (k, c), n in sorted(counts.items())),
        due=due,
        next_due=next_due,
        failing_hosts=tuple(failing_hosts),
        failing_urls=tuple(failing_urls),
        warc_files=len(files),
        warc_bytes=sum(path.stat().st_size for path in files),
        last_runs=tuple(read_summaries(found.runs, RUNS_SHOWN)),
    )
    if json:
        print_json(held)
    else:
        _print_status(held)
    return DONE


def runs(
    *,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="So many runs.")] = 10,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """List the last runs, the newest last.

    Example: pressmark runs --last 24
    """
    found = existing_collection(data, collection, find_portal(portal))
    summaries = read_summaries(found.runs, last)
    if json:
        print_json(summaries)
    else:
        out.print(_runs_table(summaries))
    return DONE


def describe_age(age: timedelta) -> str:
    """Return an age for people: 12 min, 5 h, 3 days; a time to come has none."""
    if age < timedelta():
        return "to come"
    minutes = int(age.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // 1440} days"


def freshness_bar(age: timedelta) -> str:
    """Return a bar that is full for an age up to an hour, empty from a month on, and even in the logarithm between."""
    hours = min(max(age, _FRESH), _STALE) / _FRESH
    full = round(_BAR_CELLS * (1 - log(hours) / log(_STALE / _FRESH)))
    return "█" * full + "·" * (_BAR_CELLS - full)


def _age_seconds(newest: str | None, now: datetime) -> float | None:
    return (now - datetime.fromisoformat(newest)).total_seconds() if newest else None


def _print_status(held: CollectionStatus) -> None:
    files = terminal.counted(held.warc_files, "WARC file")
    _say(f"{held.collection}: {files}, {terminal.human_bytes(held.warc_bytes)}")
    out.print(_branches_table(held.articles))
    waiting = [f"{part.urls} {part.kind}" for part in held.queue if part.condition in {"pending", "leased"}]
    _say(f"Waiting   {', '.join(waiting) or 'nothing'}")
    due = ", ".join(f"{count} {kind}" for kind, count in sorted(held.due.items()))
    _say(f"Due       {due or 'nothing'}{_told_next(held)}")
    failing = [*map(_told_host, held.failing_hosts), *map(_told_url, held.failing_urls)]
    for number, line in enumerate(failing[:FAILURES_SHOWN]):
        _say(f"{'' if number else 'Failing':<9} {line}")
    if len(failing) > FAILURES_SHOWN:
        _say(f"{'':<9} and {len(failing) - FAILURES_SHOWN} more, see --json")
    if held.last_runs:
        out.print(_runs_table(held.last_runs))


def _told_host(host: HostTrack) -> str:
    rest = f", left alone until {_short(host.paused_until)}" if host.paused_until else ""
    return f"{host.host}  failures in a row: {host.failures}{rest}"


def _told_url(failing: FailingUrl) -> str:
    answer = f"status {failing.status}" if failing.status else "no answer"
    again = f", again from {_short(failing.due_at)}" if failing.due_at else ""
    return f"{failing.url}  {answer}, failures in a row: {failing.failures}{again}"


def _told_next(held: CollectionStatus) -> str:
    if held.next_due is None:
        return ""
    wait = datetime.fromisoformat(held.next_due) - datetime.fromisoformat(held.at)
    return f"; more at {_short(held.next_due)}, in {describe_age(wait)}"


def _branches_table(parts: tuple[BranchStatus, ...]) -> Table:
    table = _table(("branch", "articles", "newest", "age", "fresh"), right={"articles", "age"})
    for part in parts:
        age = timedelta(seconds=part.age_seconds) if part.age_seconds is not None else None
        told = (describe_age(age), freshness_bar(age)) if age is not None else ("", "")
        newest = f"{part.newest[:16].replace('T', ' ')} {part.newest[-6:]}" if part.newest else ""
        table.add_row(part.branch or "other", str(part.articles), newest, *told)
    return table


def _runs_table(summaries: tuple[RunSummary, ...] | list[RunSummary]) -> Table:
    counts = ("seconds", "requests", "received", "new", "edited", "withdrawn", "restored", "alarms", "findings", "exit")
    table = _table(("started (UTC)", "command", *counts), right=set(counts))
    for run in summaries:
        alarms = sum(finding.kind == "alarm" for finding in run.findings)
        table.add_row(
            run.started_at[:19].replace("T", " "),
            run.command,
            f"{run.seconds:.1f}",
            str(run.requests),
            terminal.human_bytes(run.bytes_received),
            *(str(run.events.get(kind, 0)) for kind in ("new", "edited", "withdrawn", "restored")),
            str(alarms),
            str(len(run.findings) - alarms),
            str(run.exit_code),
        )
    return table


def _table(titles: tuple[str, ...], right: set[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, justify="right" if title in right else "left")
    return table


def _short(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"


def _say(text: str) -> None:
    out.print(text, markup=False, soft_wrap=True)
