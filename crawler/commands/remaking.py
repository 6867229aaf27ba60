"""The views that are made from the article lines: what a crawl's end brings up to date, and what is made again."""

from typing import Protocol

from rich.text import Text

from crawler.commands.options import err
from crawler.errors import CrawlerError
from crawler.store.collection import Collection
from crawler.views.reprints import update_reprints
from crawler.views.search import update_search


class Update(Protocol):
    """Bring one view of a collection up to date with its lines, or make it `anew`; CrawlerError where that fails."""

    def __call__(self, collection: Collection, *, anew: bool = False) -> None: ...  # noqa: D102


VIEWS: tuple[Update, ...] = (update_search, update_reprints)


def remake_views(collection: Collection) -> None:
    """Make search and reprints again from the lines, after these have been made anew."""
    for update in VIEWS:
        update(collection, anew=True)


def keep_current(collection: Collection) -> None:
    """Bring every view up to date at the end of a run; one that cannot be is told, and is no failure of the run."""
    for update in VIEWS:
        told_update(update, collection)


def told_update(update: Update, collection: Collection) -> None:
    """Bring a view up to date; show on a terminal that it takes its time, and say why where it cannot be done."""
    try:
        with err.status(Text(f"Bringing {collection.folder} up to date")):
            update(collection)
    except CrawlerError as error:
        err.print(f"pressmark: {error}", markup=False, soft_wrap=True)
