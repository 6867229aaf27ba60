"""`pressmark backfill`: capture the articles of past days, newest first, beside the daily crawl."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crawler.commands.crawl import perform
from crawler.commands.options import (
    CollectionOption,
    ConnectToOption,
    ContactOption,
    DataOption,
    DelayOption,
    DigestOption,
    InsecureTlsOption,
    JsonOption,
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
    existing_collection,
    out,
    print_json,
)
from crawler.commands.preparing import connection_settings, name_collection
from crawler.configuration import Configuration
from crawler.errors import UsageError
from crawler.fetching.plan import Plan, choose_branches
from crawler.reading.portals import find_portal
from crawler.store.state import State

# Longer ranges are shown by month.
MOST_DAYS_SHOWN = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is known of the articles of one day, or of one month."""

    day: str
    found: int = 0
    captured: int = 0
    waiting: int = 0

    @property
    def missing(self) -> int:
        """The articles that were asked for and did not come."""
        return self.found - self.captured - self.waiting


def backfill(
    context: typer.Context,
    branches: Annotated[list[str], typer.Argument(metavar="BRANCH...", help="Codes, e.g. js zj.")],
    *,
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")],
    max_requests: MaxRequestsOption = None,
    max_minutes: MaxMinutesOption = None,
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
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
    log_level: LogLevelOption = "WARNING",
    log_format: LogFormatOption = "human",
) -> int:
    """Capture the articles of past days, the newest first, and tell day by day what was found.

    Lists are walked back to the first day; a run that was stopped goes on where it was.

    Example: pressmark backfill js --from 2020-01-01 --to 2020-12-31 --max-minutes 30
    """
    configuration = context.find_object(Configuration) or Configuration()
    described = find_portal(portal)
    if until < since:
        raise UsageError(
            f"--to {until:%Y-%m-%d}: lies before --from {since:%Y-%m-%d}; name the earlier day with --from"
        )
    plan = Plan(
        branches=choose_branches(described, tuple(branches)),
        since=since.date(),
        until=until.date(),
        backfill=True,
        max_requests=max_requests,
        max_minutes=max_minutes,
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
    code = perform(described, plan, settings, configuration, console=err if json else out, metrics_port=metrics_port)
    found = existing_collection(data, collection, described)
    state = State(found.state, read_only=True)
    try:
        known = state.visits.days(plan.list_hosts, since.date().isoformat(), until.date().isoformat())
    finally:
        state.shut()
    days = _every_day(
        since.date(), until.date(), {day: Day(day=day, found=f, captured=c, waiting=w) for day, f, c, w in known}
    )
    if json:
        print_json([{**asdict(day), "missing": day.missing} for day in days])
    else:
        _print_days(days)
    return code


def _every_day(since: date, until: date, known: dict[str, Day]) -> list[Day]:
    """Return every day of a range, those without an article too: they may be gaps."""
    days = ((since + timedelta(days=number)).isoformat() for number in range((until - since).days + 1))
    return [known.get(day) or Day(day=day) for day in days]


def _by_month(days: Iterable[Day]) -> list[Day]:
    months: dict[str, Day] = {}
    for day in days:
        month = months.get(day.day[:7]) or Day(day=day.day[:7])
        months[month.day] = Day(
            day=month.day,
            found=month.found + day.found,
            captured=month.captured + day.captured,
            waiting=month.waiting + day.waiting,
        )
    return list(months.values())


def _print_days(days: list[Day]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    shown = days if len(days) <= MOST_DAYS_SHOWN else _by_month(days)
    for title in ("day" if shown is days else "month", "found", "captured", "waiting", "missing"):
        table.add_column(title, justify="left" if title in {"day", "month"} else "right")
    for day in shown:
        table.add_row(day.day, str(day.found), str(day.captured), str(day.waiting), str(day.missing))
    out.print(table)
    empty = [day.day for day in days if not day.found]
    if empty:
        named = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
        out.print(f"Without any article: {named}", markup=False, soft_wrap=True)
