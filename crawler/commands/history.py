"""Commands that tell what has changed: diff for the text of one article, changes for the events of a collection."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_args

import typer

from crawler.commands import terminal
from crawler.commands.articles import ArticleArgument, find_versions, read_version
from crawler.commands.difference import differences, html_page, print_marked, print_side_by_side
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
from crawler.errors import UsageError
from crawler.fetching.plan import choose_branches
from crawler.folding.changes import Event, EventType, compare, read_events
from crawler.lines import ArticleLine, utc_text
from crawler.reading.portals import Portal, find_portal
from crawler.store.collection import Collection

# Events are printed as they are read, so the widths of the columns stand fast: time, type, id.
_WIDTHS = (16, 9, 24)


def diff(
    what: ArticleArgument,
    *,
    from_version: Annotated[
        int | None, typer.Option("--from", min=1, metavar="N", help="The version before  [default: that before --to]")
    ] = None,
    to_version: Annotated[
        int | None, typer.Option("--to", min=1, metavar="N", help="The version after  [default: the newest]")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write an HTML page that shows both side by side.")
    ] = None,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Show what changed between two versions of an article, character by character.

    Example: pressmark diff chinanews:js:230110 --html edit.html
    """
    described = find_portal(portal)
    found = existing_collection(data, collection, described)
    before, after = _two_versions(found, what, described, from_version, to_version)
    if html:
        html.write_text(html_page(before, after), "utf-8")
    if json:
        print_json(_described(before, after))
    elif html:
        out.print(f"{html}: {terminal.human_bytes(html.stat().st_size)}", markup=False, soft_wrap=True)
    elif out.is_terminal and out.color_system:
        print_side_by_side(out, before, after)
    else:
        print_marked(out, before, after)
    return DONE


def changes(
    *,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=[
                "%Y-%m-%d",
                "%Y-%m-%dT%H:%M",
                "%Y-%m-%dT%H:%M:%S",
                "%Y-%m-%dT%H:%M:%S%z",
                "%Y-%m-%dT%H:%M:%S.%f%z",
            ],
            help="Only events of this day or time or later. Without a zone: UTC.",
        ),
    ] = None,
    branch: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this branch. May be repeated.")] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="|".join(get_args(EventType)), help="Only such events. May be repeated."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the events as JSON Lines, for programs.")] = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """List what was new, edited, withdrawn and restored, the newest last.

    Example: pressmark changes --since 2026-11-01 --type edited --type withdrawn
    """
    described = find_portal(portal)
    types = tuple(type_ or get_args(EventType))
    for one in types:
        if one not in get_args(EventType):
            raise UsageError(f"--type {one}: no type of event; take {', '.join(get_args(EventType))}")
    codes = {one.code for one in choose_branches(described, tuple(branch))} if branch else None
    found = existing_collection(data, collection, described)
    start = utc_text(since if since.tzinfo else since.replace(tzinfo=UTC)) if since else ""
    chosen = (
        (event, text)
        for event, text in read_events(found)
        # Times of events are all UTC text of one length: they compare as they stand.
        if event.at >= start and event.type in types and (codes is None or _code_of(event) in codes)
    )
    if out.is_terminal and not json:
        _print_events(event for event, _ in chosen)
    else:
        sys.stdout.buffer.writelines(text if json else _plain(event) for event, text in chosen)
        sys.stdout.buffer.flush()
    return DONE


def _two_versions(
    collection: Collection, what: str, portal: Portal, first: int | None, second: int | None
) -> tuple[ArticleLine, ArticleLine]:
    (after,) = find_versions(collection, what, portal, (second,))
    number = after.version - 1 if first is None else first
    if number == 0:
        raise UsageError(
            f"{what}: there is nothing before version 1; an article has a second version once it is edited"
        )
    if number == after.version:
        raise UsageError(f"{what}: --from and --to both name version {number}; name two")
    (before,) = find_versions(collection, what, portal, (number,))
    return read_version(collection, before), read_version(collection, after)


def _described(before: ArticleLine, after: ArticleLine) -> dict[str, object]:
    edit = compare(before, after)
    return {
        "id": after.id,
        "url": after.url,
        **{
            name: {"version": line.version, "captured_at": line.captured_at, "pressmark": line.pressmark}
            for name, line in (("from", before), ("to", after))
        },
        "fields": edit.fields,
        "added": edit.added,
        "removed": edit.removed,
        "passages": {name: passages for name, passages in differences(before, after).items() if name in edit.fields},
    }


def _code_of(event: Event) -> str:
    """Return the code of an event's branch, the host for one of no branch: the middle of `chinanews:js:230110`."""
    return event.id.partition(":")[2].partition(":")[0]


def _plain(event: Event) -> bytes:
    """Return an event as a line for a pipe, with tabs between its parts."""
    cells = (event.at, event.type, event.id, str(event.version), _told(event), event.url)
    return ("\t".join(cells) + "\n").encode()


def _print_events(events: Iterator[Event]) -> None:
    """Print each event in columns as it comes."""
    count = 0
    for count, event in enumerate(events, 1):
        if count == 1:
            out.print(_columns("when (UTC)", "event", "id", "what"), style="bold", markup=False, soft_wrap=True)
        when = event.at[:16].replace("T", " ")
        out.print(_columns(when, event.type, event.id, _told(event)), markup=False, soft_wrap=True)
    if not count:
        out.print("No events.")


def _columns(*cells: str) -> str:
    return "  ".join([*(f"{cell:{width}}" for cell, width in zip(cells, _WIDTHS, strict=False)), cells[-1]]).rstrip()


def _told(event: Event) -> str:
    """Return what an event says beyond its type: fields and characters of an edit, the reason of a withdrawal."""
    if event.fields:
        return f"{', '.join(event.fields)}: +{event.added} -{event.removed} characters"
    return event.reason or ""
