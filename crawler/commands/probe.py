"""`pressmark probe`: ask a live branch what it is like now, and hold that against its block in the TOML file."""

from typing import Annotated

import typer
from rich.table import Table

from crawler.commands.options import (
    DONE,
    FINDINGS,
    INTERRUPTED,
    ConnectToOption,
    ContactOption,
    DelayOption,
    InsecureTlsOption,
    JsonOption,
    LogFormatOption,
    LogLevelOption,
    PortalOption,
    ProxyOption,
    err,
    out,
    print_json,
)
from crawler.commands.preparing import connection_settings
from crawler.errors import CrawlerError
from crawler.fetching.plan import Plan, choose_branches
from crawler.fetching.process import run_probe
from crawler.lines import utc_text
from crawler.probes.comparison import FIELDS, Report, compare
from crawler.reading.portals import Branch, find_portal

SHORT = {"headline": 24, "source": 12, "byline": 12, "editors": 10}


def probe(
    branch: Annotated[str, typer.Argument(metavar="BRANCH", help="A code, e.g. js.")],
    *,
    json: JsonOption = False,
    delay: DelayOption = None,
    connect_to: ConnectToOption = None,
    proxy: ProxyOption = "",
    insecure_tls: InsecureTlsOption = False,
    contact: ContactOption = "",
    portal: PortalOption = "chinanews",
    log_level: LogLevelOption = "WARNING",
    log_format: LogFormatOption = "human",
) -> int:
    """Ask a branch's hosts, sections and five articles, and tell what is not as its TOML block says.

    Nothing is kept. Exit codes: 0 all holds, 3 something has changed, 1 no host answers.

    Example: pressmark probe js --contact archive@example.org
    """
    described = find_portal(portal)
    (chosen,) = choose_branches(described, (branch,))
    settings = connection_settings(
        contact=contact,
        connect_to=connect_to,
        proxy=proxy,
        insecure_tls=insecure_tls,
        log_level=log_level,
        log_format=log_format,
    )
    plan = Plan(branches=(chosen,), delay_seconds=delay)
    with err.status("Asking robots.txt") as status:
        run = run_probe(described, plan, settings, status.update)
    if run.failure:
        raise CrawlerError(f"the probe did not run: {run.failure}")
    if run.signal or run.answers is None:
        return INTERRUPTED + (run.signal or 0)
    report = compare(chosen, described, run.answers, probed_at=utc_text(run.started_at), requests=run.requests)
    if json:
        print_json(report)
    else:
        _print_report(report, chosen)
    if report.home is None:
        raise CrawlerError(f"{branch}: no host answers with a home page; check the network, and its hosts above")
    return FINDINGS if report.changes else DONE


def _print_report(report: Report, branch: Branch) -> None:
    out.print(f"{branch.code}  {branch.name}  {report.probed_at}  {report.requests} requests", markup=False)
    out.print(_origins(report))
    if report.sections:
        out.print()
        if not report.sections_known:
            out.print("The file names no sections; these were found on the home page.")
        out.print(_sections(report))
    if report.articles:
        out.print()
        out.print(_articles(report))
    if report.home:
        out.print()
        _print_forms(report)
    if report.changes:
        out.print("Changed", style="yellow")
    for change in report.changes:
        out.print(f"  {change.kind}  {change.where}  {change.found}", markup=False, soft_wrap=True)
    if report.home and not report.changes:
        out.print("All holds.")


def _origins(report: Report) -> Table:
    table = _table("address", "robots.txt", "home page", "leads to", "certificate")
    for one in report.origins:
        secure = ", ".join(word for word in (one.certificate, one.protocol) if word)
        table.add_row(one.origin, one.robots, one.home, one.leads_to or "", secure)
    return table


def _sections(report: Report) -> Table:
    table = _table("section", "path", "answer", "articles", "newest")
    for one in report.sections:
        table.add_row(one.name, one.path, one.verdict, str(one.articles), one.newest or "")
    for new in report.new_sections:
        table.add_row(new.name, new.path, "new, on the home page", "", "")
    return table


def _articles(report: Report) -> Table:
    table = _table("article", "layout", "charset", *FIELDS)
    for one in report.articles:
        layout = one.layout or one.verdict
        table.add_row(
            one.url.rpartition("/")[2], layout, one.charset or "", *(_cell(one.fields, name) for name in FIELDS)
        )
    return table


def _cell(fields: dict[str, str | int | None], name: str) -> str:
    value = fields[name]
    text = "-" if value is None else str(value)
    most = SHORT.get(name, len(text)) if out.is_terminal else len(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _print_forms(report: Report) -> None:
    if report.article_url:
        out.print(
            f"Addresses  {report.matched_links} of {report.article_links} links to articles are as article_url says"
        )
    else:
        out.print(f"Addresses  {report.article_links} links to articles by the generic form; the file names none")
    seen = ", ".join(f"{label} on {count} pages" for label, count in report.charsets.items())
    out.print(f"Charset    {seen or 'none'}; the file says {report.charset or 'nothing'}")


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(
            title, overflow="fold", justify="right" if title in {"articles", "body", "images", "captions"} else "left"
        )
    return table
