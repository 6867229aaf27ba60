"""What the command shows on a terminal: progress, tables, one-line messages; plain lines when piped."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import msgspec
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from crawler.commands.options import err
from crawler.fetching.tally import Tally
from crawler.folding.changes import EventType
from crawler.health.drift import Alarm
from crawler.lines import utc_text


def print_run(
    console: Console,
    tally: Tally,
    *,
    started_at: datetime,
    seconds: float,
    alarms: Sequence[Alarm],
    files: list[Path],
    next_due: str | None,
    next_command: str,
) -> None:
    """Print the end of a run: articles by branch, requests by status, bytes, files, findings, and what to do next."""
    if not console.is_terminal:
        # Many runs share one log.
        console.print(f"Run       {utc_text(started_at)}")
    if tally.branches:
        console.print(_articles(tally))
    else:
        console.print("No new articles.")
    statuses = ", ".join(f"{count} × {_status(status)}" for status, count in sorted(tally.statuses.items()))
    console.print(f"Requests  {tally.requests} in {seconds:.1f} s: {statuses or 'none'}")
    requisites = f", {tally.requisites_kept} of them what pages show beside their text" if tally.requisites_kept else ""
    console.print(f"Captured  {human_bytes(tally.bytes_received)} in responses{requisites}")
    if alarms:
        more = f"; and {len(alarms) - 1} more, in the run's summary" if len(alarms) > 1 else ""
        console.print(f"Alarm     {alarms[0].where}: {alarms[0].why}{more}", style="red", markup=False, soft_wrap=True)
    for label, found in _findings(tally).items():
        console.print(label, style="yellow", markup=False)
        for line in found[:5]:
            console.print(f"  {line}", markup=False, soft_wrap=True)
        if len(found) > 5:
            console.print(f"  and {len(found) - 5} more, in the run's summary")
    for number, path in enumerate(files):
        console.print(f"{'Files   ' if not number else '        '}  {path}", markup=False, soft_wrap=True)
    if next_due:
        console.print(f"Due again {next_due[:16].replace('T', ' ')} UTC; --now asks for the lists at once")
    console.print(f"Next      {next_command}", markup=False, soft_wrap=True)


def describe_changes(events: Mapping[EventType, int]) -> str:
    """Return what became of articles that were known: "2 edited, 1 withdrawn"; "" for nothing."""
    return ", ".join(f"{events[kind]} {kind}" for kind in get_args(EventType) if kind != "new" and kind in events)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 line, 2,000 lines."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def human_bytes(count: int) -> str:
    """Return a size for people: 1.4 MB."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def log_to_terminal(level: str) -> None:
    """Show log records of this level or above on standard error; in a pipe each is a line, whatever its length."""
    if err.is_terminal:
        _log_to(RichHandler(console=err, show_path=False, rich_tracebacks=False, log_time_format="%H:%M:%S"), level)
        return
    handler = logging.StreamHandler()
    handler.setFormatter(_PlainFormatter("%(asctime)s %(levelname)s %(message)s"))
    _log_to(handler, level)


def log_as_json(level: str) -> None:
    """Write log records of this level or above on standard error, one JSON object a line."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonFormatter())
    _log_to(handler, level)


class _PlainFormatter(logging.Formatter):
    """A record with its time in UTC: a log that is kept for years needs the day."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - its own
        return utc_text(datetime.fromtimestamp(record.created, UTC))


class _JsonFormatter(logging.Formatter):
    """A record as `{"at": ..., "level": ..., "logger": ..., "message": ...}`, with `error` where it has a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": utc_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told).decode()


def _log_to(handler: logging.Handler, level: str) -> None:
    handler.setLevel(level)
    if level == "WARNING":
        # Scrapy warns of every failed transfer; the recorder has it already, and the summary names it.
        handler.addFilter(lambda record: record.name.partition(".")[0] not in {"scrapy", "twisted"})
    logging.basicConfig(level=level, handlers=[handler], format="%(message)s", force=True)


def _articles(tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("branch", "articles", "headline", "published", "byline", "pictures"):
        table.add_column(title, justify="left" if title == "branch" else "right")
    changes = {code: describe_changes(branch.events) for code, branch in tally.branches.items()}
    if any(changes.values()):
        table.add_column("changes")
    for code, branch in sorted(tally.branches.items()):
        table.add_row(
            code,
            str(branch.articles),
            str(branch.with_headline),
            str(branch.with_time),
            str(branch.with_byline),
            f"{branch.pictures_kept} of {branch.pictures}",
            *filter(None, [changes[code]]),
        )
    return table


def _findings(tally: Tally) -> Mapping[str, list[str]]:
    found = {
        "Could not be read (captured all the same)": [f"{url}  {why}" for url, why in tally.faults],
        "Failed": [f"{url}  {why}" for url, why in tally.failures],
        "Not asked any more in this run": [f"{host}  {why}" for host, why in tally.stopped.items()],
        "Asked in spite of a bad certificate": [f"{host}  {why}" for host, why in tally.certificates.items()],
        "Forbidden by robots.txt": tally.excluded,
        "No article": [f"{url}  {why}" for url, why in tally.not_articles],
    }
    return {label: lines for label, lines in found.items() if lines}


def _status(status: str) -> str:
    return "no answer" if status == "none" else status
