"""Alarms about the running of a crawl: its size, its errors, hosts that fail, the disk and the clock.

Those about what stands on the pages are in `crawler/health/drift.py`. Pure: what a run saw is passed in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from crawler.health.drift import ENOUGH as ENOUGH_LINES
from crawler.health.drift import Alarm
from crawler.health.runs import RunRecord

# A run is small against so many others of its hour, one hour more or less,
RUNS_OF_AN_HOUR = 5
HOURS = 1
# if it made less than a fifth of their usual requests, and less than half of the fewest that any of them made;
SMALL, FEWEST = 0.2, 0.5
# where the usual ones are at least so many,
USUAL_REQUESTS = 20
# and the pause before it was at least half as long as usual: soon after another run little is due.
SHARE_OF_PAUSE = 0.5
# A share of errors says something from so many requests on.
ENOUGH_REQUESTS = 20
RUNS_OF_A_FAILING_HOST = 3
# Clocks are set by seconds all the time.
CLOCK_SLACK = timedelta(minutes=2)

# Alarms that any command may raise and clear.
OF_THE_MACHINE = frozenset({"failing-host", "disk", "clock", "failed-run"})

_ERRORS = {"none", "403", "429"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the operator has set: the least room on the disk in bytes, the highest share of failed requests."""

    disk_free: int
    error_share: float


def find_troubles(
    run: RunRecord,
    history: Sequence[RunRecord],
    bounds: Bounds,
    *,
    free_bytes: int,
    may_be_small: bool = False,
) -> list[Alarm]:
    """Return what is wrong with a run, given the runs before it, the oldest first.

    `may_be_small` where the run was cut short or bounded: then it is no wonder that it made few requests.
    """
    return [
        *(() if may_be_small else _small_run(run, history)),
        *_errors(run, bounds.error_share),
        *_failing_hosts(run, history),
        *_full_disk(free_bytes, bounds.disk_free),
    ]


def find_clock_trouble(now: datetime, newest: datetime | None) -> Alarm | None:
    """Return an alarm where the newest of what a collection holds is later than now."""
    if newest is None or newest <= now + CLOCK_SLACK:
        return None
    why = (
        f"it reads {now:%Y-%m-%d %H:%M} UTC, and the newest run or WARC file is of {newest:%Y-%m-%d %H:%M} UTC;"
        " set the clock, if it is wrong now. The run goes on and nothing is lost; what was fetched under the later time"
        " is due after that only, and --now asks for the lists at once"
    )
    return Alarm(kind="clock", where="clock", why=why)


def is_judged(alarm: Alarm, run: RunRecord, history: Sequence[RunRecord], failing_hosts: frozenset[str]) -> bool:
    """Tell whether a run could have raised an alarm again: if it did not, the alarm has cleared.

    `failing_hosts` are those that failed when they were last asked. Of what stands on pages, and of a crawl's size and
    errors, a backfill can tell nothing.
    """
    if run.command == "backfill" and alarm.kind not in OF_THE_MACHINE:
        return False
    if alarm.kind.startswith("fallen-"):
        return _has_lines(alarm.where, run)
    could_tell = {
        "empty-list": alarm.where in run.shape.fronts,
        "silent-branch": bool(run.shape.lines_of(alarm.where)),
        "small-run": " ".join(run.asked_branches) == alarm.where and _usual_requests(run, history) is not None,
        "errors": run.requests >= ENOUGH_REQUESTS,
        "failing-host": alarm.where not in failing_hosts | set(_stopped(run)),
    }
    return could_tell.get(alarm.kind, True)


def _has_lines(where: str, run: RunRecord) -> bool:
    """Tell whether a run has lines of a branch or `branch/layout`; a layout that has gone is judged by the others."""
    branch, _, layout = where.partition("/")
    layouts = run.shape.layouts.get(branch, {})
    return bool(layouts) and (not layout or layout in layouts or run.shape.lines_of(branch) >= ENOUGH_LINES)


def _small_run(run: RunRecord, history: Sequence[RunRecord]) -> Iterator[Alarm]:
    usual = _usual_requests(run, history)
    if usual is None or _stopped(run):
        return
    if run.requests < SMALL * median(usual) and run.requests < FEWEST * min(usual):
        why = f"{run.requests} requests; at this hour it is usually {median(usual):.0f}, and {min(usual)} at least"
        yield Alarm(kind="small-run", where=" ".join(run.asked_branches), why=why)


def _usual_requests(run: RunRecord, history: Sequence[RunRecord]) -> list[int] | None:
    """Return the requests of like runs at this hour, None where they are too few to judge by."""
    alike = [past for past in history if past.asked_branches == run.asked_branches and past.ended == "finished"]
    if run.ended != "finished" or len(alike) < RUNS_OF_AN_HOUR:
        return None
    times = [past.started_at.timestamp() for past in (*alike, run)]
    *pauses, pause = [later - earlier for earlier, later in pairwise(times)]
    if pause < SHARE_OF_PAUSE * median(pauses):
        return None
    found = [past.requests for past in alike if _apart(past.started_at, run.started_at) <= HOURS]
    return found if len(found) >= RUNS_OF_AN_HOUR and median(found) >= USUAL_REQUESTS else None


def _apart(one: datetime, other: datetime) -> int:
    """Return how many hours of the day lie between two times."""
    hours = abs(one.hour - other.hour)
    return min(hours, 24 - hours)


def _errors(run: RunRecord, most: float) -> Iterator[Alarm]:
    failed = sum(count for status, count in run.statuses.items() if status in _ERRORS or status.startswith("5"))
    if run.requests >= ENOUGH_REQUESTS and failed > most * run.requests:
        why = f"{failed} of {run.requests} requests failed; more than {most:.0%}"
        yield Alarm(kind="errors", where="requests", why=why)


def _failing_hosts(run: RunRecord, history: Sequence[RunRecord]) -> Iterator[Alarm]:
    alike = [past for past in history if past.asked_branches == run.asked_branches]
    last = [run, *alike[::-1]][:RUNS_OF_A_FAILING_HOST]
    if len(last) < RUNS_OF_A_FAILING_HOST:
        return
    for host, why in sorted(_stopped(run).items()):
        if all(host in _stopped(past) for past in last):
            yield Alarm(kind="failing-host", where=host, why=f"in {len(last)} runs in a row: {why}")


def _stopped(run: RunRecord) -> dict[str, str]:
    return {finding.where: finding.why for finding in run.findings if finding.kind == "stopped"}


def _full_disk(free_bytes: int, least: int) -> Iterator[Alarm]:
    if free_bytes < least:
        why = f"{free_bytes / 10**9:.2f} GB are free, less than {least / 10**9:.2f} GB; make room"
        yield Alarm(kind="disk", where="disk", why=why)
