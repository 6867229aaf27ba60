"""`pressmark reprints`: show which articles share a text, and which of them is likely the original."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from crawler.commands.articles import find_versions
from crawler.commands.options import (
    DONE,
    MOST_SHOWN,
    CollectionOption,
    DataOption,
    PortalOption,
    err,
    existing_collection,
    out,
)
from crawler.commands.remaking import told_update
from crawler.fetching.plan import choose_branches
from crawler.reading.portals import find_portal
from crawler.store.collection import Collection
from crawler.views.groups import Group, Member, read_groups
from crawler.views.reprints import shape, update_reprints
from crawler.views.store import DamagedError, opened_to_read


class ListedMember(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a group, for programs."""

    article: str
    version: int | None
    branch: str | None
    published_at: str | None
    headline: str | None
    source: str | None
    url: str
    share: float
    distance: int


class ListedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group, for programs; the original comes first."""

    group: str
    original: str
    articles: tuple[ListedMember, ...]


def reprints(
    what: Annotated[
        str, typer.Argument(metavar="URL_OR_ID", help="Show the group of one article, e.g. chinanews:js:230110.")
    ] = "",
    *,
    branch: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Only groups with an article of this branch. May be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_SHOWN, metavar="N", help="Show at most so many groups.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print the groups as JSON Lines, for programs.")] = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Show articles that share a text across branches, the newest first.

    Each group begins with the likely original; the share is that of an article's text that the original has too.

    Example: pressmark reprints chinanews:js:230110
    """
    described = find_portal(portal)
    codes = frozenset(one.code for one in choose_branches(described, tuple(branch))) if branch else None
    found_in = existing_collection(data, collection, described)
    article = find_versions(found_in, what, described, (None,))[0].id if what else None
    groups = _groups(found_in, article, codes, limit)
    for group in groups[:limit]:
        if json:
            sys.stdout.buffer.write(msgspec.json.encode(_listed(group)) + b"\n")
        elif out.is_terminal:
            _print_group(group)
        else:
            sys.stdout.buffer.writelines(_plain(group))
    sys.stdout.buffer.flush()
    if not groups:
        err.print(f"{article}: shares its text with no other." if article else "No reprints.", markup=False)
    elif len(groups) > limit:
        err.print(f"The newest {limit} groups; --limit shows more.")
    return DONE


def _groups(collection: Collection, article: str | None, codes: frozenset[str] | None, limit: int) -> list[Group]:
    """Return the first groups of those asked for, one more than the limit if there are more."""
    told_update(update_reprints, collection)
    try:
        return _read(collection, article, codes, limit)
    except DamagedError as error:
        err.print(f"pressmark: {error}; it is made anew", markup=False, soft_wrap=True)
        update_reprints(collection, anew=True)
        return _read(collection, article, codes, limit)


def _read(collection: Collection, article: str | None, codes: frozenset[str] | None, limit: int) -> list[Group]:
    with opened_to_read(shape(collection)) as db:
        found = read_groups(db, collection, article)
        chosen = (
            group for group in found if codes is None or any(member.line.branch in codes for member in _members(group))
        )
        return list(islice(chosen, limit + 1))


def _members(group: Group) -> Iterator[Member]:
    yield group.original
    yield from group.others


def _listed(group: Group) -> ListedGroup:
    return ListedGroup(
        group=min(member.line.id for member in _members(group)),
        original=group.original.line.id,
        articles=tuple(
            ListedMember(
                article=member.line.id,
                version=member.line.version,
                branch=member.line.branch,
                published_at=member.line.published_at,
                headline=member.line.headline,
                source=member.line.source.name if member.line.source else None,
                url=member.line.url,
                share=round(member.share, 3),
                distance=member.distance,
            )
            for member in _members(group)
        ),
    )


def _plain(group: Group) -> Iterator[bytes]:
    """Yield a line for each article, with tabs between its parts, that of the original first."""
    for member in _members(group):
        line = member.line
        cells = (group.original.line.id, line.id, f"{member.share:.3f}", line.published_at or "", line.branch or "")
        yield ("\t".join((*cells, " ".join((line.headline or "").split()))) + "\n").encode()


def _print_group(group: Group) -> None:
    for member in _members(group):
        line, first = member.line, member is group.original
        when = (line.published_at or "no date")[:16].replace("T", " ")
        share = "original" if first else f"{member.share:8.0%}"
        headline = " ".join((line.headline or "").split())
        cells = ("" if first else "  ") + f"{when:16}  {line.branch or '-':10}  {share}  "
        out.print(Text.assemble(cells, (headline, "bold" if first else ""), (f"  {line.id}", "dim")), soft_wrap=True)
    out.print()
