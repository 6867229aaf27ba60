"""A run that has ended: what it wrote, what is wrong with it, and its summary."""

import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from archive.files import OPEN_SUFFIX
from crawler.fetching.plan import Plan
from crawler.fetching.recorder import Recorder
from crawler.fetching.tally import Tally
from crawler.health.drift import Alarm, find_alarms
from crawler.health.runs import BranchPart, Finding, RunRecord, RunSummary, as_record, newest_moment, read_history
from crawler.health.troubles import Bounds, find_clock_trouble, find_troubles
from crawler.lines import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run ended: `signal` is the signal that stopped it, `failure` why nothing more could be written."""

    started_at: datetime
    seconds: float
    tally: Tally
    signal: int | None
    failure: str | None
    reason: str


def ended(recorder: Recorder, reason: str, *, signal: int | None = None, failure: str | None = None) -> Run:
    """Return how the run of a recorder that is closed has ended, just now, for Scrapy's `reason`."""
    return Run(
        started_at=recorder.started_at,
        seconds=(datetime.now(UTC) - recorder.started_at).total_seconds(),
        tally=recorder.tally,
        signal=signal,
        failure=recorder.failure or failure,
        reason=reason,
    )


def find_clock_alarm(recorder: Recorder) -> Alarm | None:
    """Return an alarm where the clock, at the start of a run, has gone back behind what the collection holds."""
    newest = newest_moment(recorder.collection.archive, read_history(recorder.collection.runs))
    return find_clock_trouble(recorder.started_at, newest)


def find_run_alarms(run: Run, plan: Plan, recorder: Recorder, bounds: Bounds, history: list[RunRecord]) -> list[Alarm]:
    """Return what is wrong with a run, as far as it and the summaries of those before, the oldest first, tell."""
    record = as_record(make_summary(run, plan, recorder, 0, []))
    left_some = run.reason != "finished" or plan.backfill or plan.left_some(run.tally.requests)
    found = find_troubles(
        record, history, bounds, free_bytes=shutil.disk_usage(recorder.collection.folder).free, may_be_small=left_some
    )
    if run.failure:
        return [*found, Alarm(kind="failed-run", where="run", why=run.failure)]
    return [*find_alarms(record, history, may_be_silent=left_some), *found]


def make_summary(run: Run, plan: Plan, recorder: Recorder, code: int, alarms: list[Alarm]) -> RunSummary:
    """Return a run's summary, with its alarms among the findings."""
    tally = run.tally
    findings = [Finding(kind="alarm", where=alarm.where, why=alarm.why) for alarm in alarms]
    findings += [Finding(kind="unreadable", where=url, why=why) for url, why in tally.faults]
    findings += [Finding(kind="failed", where=url, why=why) for url, why in tally.failures]
    findings += [Finding(kind="stopped", where=host, why=why) for host, why in tally.stopped.items()]
    findings += [Finding(kind="certificate", where=host, why=why) for host, why in sorted(tally.certificates.items())]
    findings += [Finding(kind="not_an_article", where=url, why=why) for url, why in tally.not_articles]
    findings += [Finding(kind="robots", where=url, why="forbidden by robots.txt") for url in tally.excluded]
    return RunSummary(
        pressmark=version("pressmark"),
        portal=recorder.portal.name,
        command="backfill" if plan.backfill else "crawl",
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


def written_paths(recorder: Recorder) -> list[Path]:
    """Return the WARC files and the line files that a run has written to."""
    paths = [recorder.collection.archive / name for name in sorted(recorder.tally.files)]
    # A file that the next run goes on with has no final name yet.
    warcs = [path if path.exists() else path.with_name(path.name + OPEN_SUFFIX) for path in paths]
    return warcs + sorted(recorder.register.written)
