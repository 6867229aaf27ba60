"""`pressmark branches`: what is known of the branches of a portal, and when it was last seen."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Annotated, Any

import typer
from rich.table import Table

from crawler.commands.options import DONE, JsonOption, PortalOption, out, print_json
from crawler.fetching.plan import choose_branches
from crawler.reading.portals import Branch, Layout, find_portal


def branches(
    branch: Annotated[str | None, typer.Argument(metavar="[BRANCH]", help="Show this branch in full, e.g. js.")] = None,
    *,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
) -> int:
    """List the branches of a portal with what is known of them and when it was last seen; or show one in full.

    Example: pressmark branches js
    """
    described = find_portal(portal)
    chosen = choose_branches(described, (branch,) if branch else ())
    if json:
        values = [_values(one) for one in chosen]
        print_json(values[0] if branch else values)
    elif branch:
        _print_branch(chosen[0])
    else:
        out.print(_overview(chosen))
    return DONE


def _values(branch: Branch) -> dict[str, Any]:
    return {
        "code": branch.code,
        "name": branch.name,
        "region": branch.region,
        "scheme": branch.scheme,
        "hosts": branch.hosts,
        "article_url": branch.article_url.pattern if branch.article_url else None,
        "charset": branch.charset,
        "sections": [{"path": section.front, "name": section.name} for section in branch.sections],
        "layouts": [{part.name: getattr(layout, part.name) for part in fields(layout)} for layout in branch.layouts],
        "seen": dict(branch.seen),
        "unknown": branch.unknown,
    }


def _overview(chosen: tuple[Branch, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("code", "name", "region", "host", "charset", "addresses seen", "sections", "seen", "layouts (seen)"):
        table.add_column(title, justify="right" if title == "sections" else "left", overflow="fold")
    for branch in chosen:
        table.add_row(
            branch.code,
            branch.name,
            branch.region or "",
            branch.hosts[0],
            branch.charset or "unknown",
            branch.seen.get("article_url", "unknown" if branch.article_url is None else ""),
            str(len(branch.sections)) if branch.sections else "unknown",
            branch.seen.get("sections", ""),
            ", ".join(f"{one.name} ({one.seen})" if one.seen else one.name for one in branch.layouts) or "generic",
        )
    return table


def _print_branch(branch: Branch) -> None:
    out.print(f"{branch.code}  {branch.name}  {branch.region or ''}", style="bold", markup=False)
    for title, lines in _facts(branch):
        seen = branch.seen.get(title)
        out.print(f"{title}{f' (seen {seen})' if seen else ''}", style="bold", markup=False)
        for line in lines or ["unknown: left to the generic rules"]:
            out.print(f"  {line}", markup=False, soft_wrap=True)
    if branch.unknown:
        out.print(f"Unknown: {', '.join(branch.unknown)}. `pressmark probe {branch.code}` asks the live branch.")
    if branch.unverified:
        out.print(f"Told without a day on which it was seen: {', '.join(branch.unverified)}.")


def _facts(branch: Branch) -> Iterator[tuple[str, list[str]]]:
    yield "hosts", [f"{branch.scheme}://{host}/" for host in branch.hosts]
    yield "article_url", [branch.article_url.pattern] if branch.article_url else []
    yield "charset", [branch.charset] if branch.charset else []
    yield "sections", [f"{section.name}  {section.path}" for section in branch.sections]
    yield "layouts", [line for layout in branch.layouts for line in _layout(layout)]


def _layout(layout: Layout) -> Iterator[str]:
    yield f"{layout.name} (seen {layout.seen})" if layout.seen else layout.name
    for part in fields(layout):
        value = getattr(layout, part.name)
        if part.name not in {"name", "seen"} and value:
            yield f"  {part.name}  {value}"
