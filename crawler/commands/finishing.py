"""The end of a run: its alarms, its summary, its exit code, and what the operator is told."""

import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console

from crawler.commands import terminal
from crawler.commands.measuring import keep_metrics
from crawler.commands.options import DONE, FAILED, FINDINGS, INTERRUPTED, err
from crawler.commands.telling import tell_all
from crawler.configuration import DEFAULT_FILE, Configuration
from crawler.errors import CrawlerError
from crawler.fetching.plan import Plan
from crawler.fetching.recorder import Recorder
from crawler.fetching.run import Run, find_clock_alarm, find_run_alarms, make_summary, written_paths
from crawler.fetching.tally import Tally
from crawler.health.alarms import compare, read_alarms, write_alarms
from crawler.health.drift import Alarm
from crawler.health.runs import (
    RunRecord,
    as_record,
    read_history,
    write_summary,
)
from crawler.health.troubles import OF_THE_MACHINE, Bounds, is_judged
from crawler.lines import utc_text
from crawler.reading.portals import find_portal


def finish(
    run: Run, recorder: Recorder, plan: Plan, configuration: Configuration, *, clock: Alarm | None, console: Console
) -> int:
    """Raise alarms, write the summary, print the end of the run, and return the exit code.

    `clock` is the alarm of the clock at the run's start.
    """
    dead = _dead_branches(run.tally, plan)
    bounds = Bounds(disk_free=configuration.alarms.disk_free, error_share=configuration.alarms.error_share)
    record = as_record(make_summary(run, plan, recorder, DONE, []))
    history = read_history(recorder.collection.runs, record.command)
    alarms = [*find_run_alarms(run, plan, recorder, bounds, history), *([clock] if clock else [])]
    code = _exit_code(run, plan, dead, alarms)
    if recorder.collection.runs.is_dir():
        summary = make_summary(run, plan, recorder, code, alarms)
        try:
            write_summary(recorder.collection.runs, run.started_at, summary)
        except OSError as error:
            err.print(f"pressmark: {error.filename}: {error.strerror}; the run's summary is not kept", markup=False)
        _tell_alarms(recorder, configuration, alarms, (record, history))
        if configuration.metrics.textfile:
            keep_metrics(recorder, summary, configuration.metrics.textfile)
    if run.failure:
        raise CrawlerError(run.failure)
    if code == FAILED and not run.tally.lines:
        raise CrawlerError(f"{'; '.join(dead)}. Check the network and the host's name; nothing was lost")
    terminal.print_run(
        console,
        run.tally,
        started_at=run.started_at,
        seconds=run.seconds,
        alarms=alarms,
        files=written_paths(recorder),
        next_due=recorder.next_due,
        next_command=_next_command(recorder, configuration),
    )
    return code


def warn_of_clock(recorder: Recorder) -> Alarm | None:
    """Say so, and return an alarm, where the clock has gone back behind what the collection holds."""
    found = find_clock_alarm(recorder)
    if found:
        err.print(f"pressmark: clock: {found.why}", markup=False)
    return found


def _tell_alarms(
    recorder: Recorder,
    configuration: Configuration,
    alarms: list[Alarm],
    runs: tuple[RunRecord, list[RunRecord]],
) -> None:
    """Keep the alarms that are open, and tell the operator of those that are new or have cleared.

    What a backfill says of old pages is said on its terminal and in its summary: it clears with no later crawl.
    """
    path, failing = recorder.collection.alarms, frozenset(recorder.failing_hosts)
    lasting = [alarm for alarm in alarms if runs[0].command == "crawl" or alarm.kind in OF_THE_MACHINE]
    turns = compare(
        read_alarms(path), lasting, lambda alarm: is_judged(alarm, *runs, failing), utc_text(recorder.started_at)
    )
    try:
        # Before the telling: an alarm is told at most once, also where we die on the way.
        write_alarms(path, turns.still)
    except OSError as error:
        err.print(f"pressmark: {path}: {error.strerror}; alarms will be told again", markup=False)
    for trouble in tell_all(turns, str(recorder.collection.folder), configuration.alarms):
        err.print(f"pressmark: {trouble}", markup=False)


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


def _next_command(recorder: Recorder, configuration: Configuration) -> str:
    """Return a command that looks at the run's result, with the options that lead to its collection."""
    article = recorder.tally.last_article
    words = [_program(), "show", article] if article else [_program(), "status"]
    if configuration.path not in {None, DEFAULT_FILE}:
        words += ["--config", str(configuration.path)]
    told, folder = configuration.crawl, recorder.collection.folder
    if folder.parent.parent != Path(str(told.get("data", "data"))):
        words += ["--data", str(folder.parent.parent)]
    if folder.name != (told.get("collection") or find_portal(str(told.get("portal", "chinanews"))).name):
        words += ["--collection", folder.name]
    return shlex.join(words)


def _program() -> str:
    """Return how this very command is called again: by its name if that is on the path, else as it was called."""
    called = sys.argv[0]
    return "pressmark" if shutil.which("pressmark") == str(Path(called).absolute()) else called
