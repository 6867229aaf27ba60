"""Find an article in a collection by what an operator types: its id, its address, and the number of a version."""

from typing import Annotated

import typer

from crawler.errors import UsageError
from crawler.folding.line_files import read_line
from crawler.lines import ArticleLine
from crawler.reading.portals import Portal, article_id
from crawler.store.collection import Collection
from crawler.store.state import State
from crawler.store.versions import Version

ArticleArgument = Annotated[
    str, typer.Argument(metavar="URL_OR_ID", help="An article's address or id, e.g. chinanews:js:230110.")
]


def find_versions(
    collection: Collection, what: str, portal: Portal, numbers: tuple[int | None, ...]
) -> tuple[Version, ...]:
    """Return versions of an article, None standing for the newest.

    Raises UsageError for an article or a version that the collection does not hold.
    """
    state = State(collection.state, read_only=True)
    try:
        newest = (
            state.versions.newest(what)
            or state.versions.newest(article_id(what, portal))
            or state.versions.newest_at(what)
        )
        if newest is None:
            raise UsageError(f"{what}: no article with this address or id in {collection.folder}")
        found = [newest if number is None else state.versions.numbered(newest.id, number) for number in numbers]
    finally:
        state.shut()
    for number, version in zip(numbers, found, strict=True):
        if version is None:
            held = "version 1 alone" if newest.version == 1 else f"the versions 1 to {newest.version}"
            raise UsageError(f"{what}: there is no version {number}; {collection.folder} holds {held}")
    return tuple(version for version in found if version)


def read_version(collection: Collection, version: Version) -> ArticleLine:
    """Return the line of a version."""
    return read_line(collection, version.line)
