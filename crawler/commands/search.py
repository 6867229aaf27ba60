"""`pressmark search`: find articles by words of their headlines, texts and captions."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args

import msgspec
import typer
from rich.text import Text

from archive.pressmark import Pressmark
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
from crawler.errors import UsageError
from crawler.fetching.plan import choose_branches
from crawler.reading.portals import find_portal
from crawler.store.collection import Collection
from crawler.takedowns import read_takedowns
from crawler.views import search as index
from crawler.views.search import Found, Hit, Order, Query, update_search
from crawler.views.snippets import WIDTH, Snippet, headline_of, snippet_of
from crawler.views.store import DamagedError, Place

_DAY = ["%Y-%m-%d"]


class FoundArticle(msgspec.Struct, frozen=True, kw_only=True):
    """One hit for programs. `place` tells where its line stands, `pressmark` where its bytes do."""

    id: str
    version: int | None
    url: str
    branch: str | None
    published_at: str | None
    headline: str | None
    snippet: str
    withdrawn_at: str | None
    withheld: bool
    place: Place
    pressmark: Pressmark | None


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="What all of an article's texts must hold.")],
    *,
    branch: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this branch. May be repeated.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="Only articles published on this day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="Only articles published on this day or before.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_SHOWN, metavar="N", help="Show at most so many.")] = 20,
    sort: Annotated[
        str, typer.Option(metavar="newest|relevance", help="What comes first: the newest, or what fits best.")
    ] = "newest",
    json: Annotated[bool, typer.Option("--json", help="Print the hits as JSON Lines, for programs.")] = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Find articles that hold all the words, in their newest version.

    Example: pressmark search 苏州 人工智能 --branch js --since 2025-01-01
    """
    described = find_portal(portal)
    if sort not in get_args(Order):
        raise UsageError(f"--sort {sort}: not known; take {' or '.join(get_args(Order))}")
    if since and until and until < since:
        raise UsageError(
            f"--until {until:%Y-%m-%d}: lies before --since {since:%Y-%m-%d}; name the later day with --until"
        )
    query = Query(
        words=" ".join(words),
        branches=tuple(one.code for one in choose_branches(described, tuple(branch))) if branch else (),
        since=since.date() if since else None,
        until=until.date() if until else None,
        limit=limit,
        order="relevance" if sort == "relevance" else "newest",
    )
    found_in = existing_collection(data, collection, described)
    takedowns = read_takedowns(found_in.takedowns)
    found = _search(found_in, query)
    withheld = {
        hit.line.id
        for hit in found.hits
        if takedowns.covers(hit.line.id, hit.line.url, hit.line.canonical_url, *(one.url for one in hit.line.pages))
    }
    if json:
        sys.stdout.buffer.writelines(
            msgspec.json.encode(_described(hit, query.words, hit.line.id in withheld)) + b"\n" for hit in found.hits
        )
    elif out.is_terminal:
        for hit in found.hits:
            _print_hit(hit, query.words, hit.line.id in withheld)
    else:
        sys.stdout.buffer.writelines(_plain(hit, query.words) for hit in found.hits)
    sys.stdout.buffer.flush()
    _tell_count(found, query)
    return DONE


def _search(collection: Collection, query: Query) -> Found:
    """Search an index that is brought up to date before, as far as we may write it."""
    told_update(update_search, collection)
    try:
        return index.search(collection, query)
    except DamagedError as error:
        err.print(f"pressmark: {error}; it is made anew", markup=False, soft_wrap=True)
        update_search(collection, anew=True)
        return index.search(collection, query)


def _tell_count(found: Found, query: Query) -> None:
    """Say on standard error how many there are, and whether lines were left out."""
    if not found.total:
        err.print("Nothing found.")
    elif len(found.hits) < found.total:
        first = "newest" if query.order == "newest" else "best"
        err.print(f"The {first} {len(found.hits)} of {found.total}; --limit shows more.")
    elif err.is_terminal:
        err.print(f"{found.total} found.")
    if found.unread:
        err.print(f"Not searched: {found.unread} bytes of newer lines, which are not in the index yet.")


def _described(hit: Hit, words: str, withheld: bool) -> FoundArticle:
    return FoundArticle(
        id=hit.line.id,
        version=hit.line.version,
        url=hit.line.url,
        branch=hit.line.branch,
        published_at=hit.line.published_at,
        headline=hit.line.headline,
        snippet=snippet_of(hit.line, words).text,
        withdrawn_at=hit.withdrawn_at,
        withheld=withheld,
        place=hit.place,
        pressmark=hit.line.pressmark,
    )


def _plain(hit: Hit, words: str) -> bytes:
    """Return a hit as a line for a pipe, with tabs between its parts."""
    line = hit.line
    headline, passage = headline_of(line, words).text, snippet_of(line, words).text
    cells = (line.published_at or "", line.branch or "", line.id, str(line.version), headline, passage, line.url)
    return ("\t".join(cells) + "\n").encode()


def _print_hit(hit: Hit, words: str, withheld: bool) -> None:
    line = hit.line
    when = (line.published_at or "no date")[:16].replace("T", " ")
    notes = [f"withdrawn {hit.withdrawn_at[:10]}"] if hit.withdrawn_at else []
    notes += ["withheld"] if withheld else []
    # A Chinese character takes two columns.
    width = min(max((out.width - 4) // 2, 20), WIDTH)
    out.print(Text.assemble((f"{when}  ", "dim"), _marked(headline_of(line, words), "bold")), soft_wrap=True)
    out.print(Text.assemble("  ", _marked(snippet_of(line, words, width), "")), soft_wrap=True)
    out.print(Text.assemble("  ", ("  ".join([line.id, *notes]), "dim")), soft_wrap=True)


def _marked(snippet: Snippet, style: str) -> Text:
    text = Text(snippet.text, style=style)
    for start, end in snippet.spans:
        text.stylize("bold reverse", start, end)
    return text
