"""Keep the views of a collection current: the search index and the groups of reprints."""

from collections.abc import Callable

from crawler.collection import Collection
from crawler.commands.options import err
from crawler.errors import CrawlerError
from crawler.views.reprints import update_reprints
from crawler.views.search import update_search

_UPDATES: tuple[Callable[[Collection], None], ...] = (update_search, update_reprints)


def bring_up_to_date(collection: Collection) -> None:
    """Bring every view up to date with the lines. Raises CrawlerError for the first that cannot be."""
    for update in _UPDATES:
        update(collection)


def keep_current(collection: Collection) -> None:
    """Bring every view up to date at the end of a run; one that cannot be is told, and is no failure of the run."""
    for update in _UPDATES:
        told_update(update, collection)


def told_update(update: Callable[[Collection], None], collection: Collection) -> None:
    """Bring a view up to date; say so where that takes its time, and say why where it cannot be done."""
    try:
        with err.status(f"Bringing {collection.folder} up to date"):
            update(collection)
    except CrawlerError as error:
        err.print(f"pressmark: {error}", markup=False, soft_wrap=True)
