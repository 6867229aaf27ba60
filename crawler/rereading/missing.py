"""Which WARC files lines name that are not there: what came out of them cannot be made again."""

from archive.files import OPEN_SUFFIX
from archive.pressmark import Pressmark
from crawler.article import read_located
from crawler.errors import CrawlerError
from crawler.folding.line_files import line_files
from crawler.lines import ArticleLine
from crawler.store.collection import Collection


def missing_files(collection: Collection) -> set[str]:
    """Return the names of the files that the collection's lines were read from and that are not in its archive.

    What follows a line that cannot be read is passed over.
    """
    missing: set[str] = set()
    there: set[str] = set()
    for path in line_files(collection):
        if path == collection.changes:
            continue
        try:
            for _, line in read_located(path):
                for name in {mark.file for mark in line_marks(line)} - there - missing:
                    (there if is_there(collection, name) else missing).add(name)
        except CrawlerError:
            continue
    return missing


def line_marks(line: ArticleLine) -> list[Pressmark]:
    """Return where the pages and pictures of a line lie."""
    marks = (line.pressmark, *(page.pressmark for page in line.pages), *(image.pressmark for image in line.images))
    return [mark for mark in marks if mark]


def is_there(collection: Collection, name: str) -> bool:
    """Tell whether a WARC file is in the archive, finished or not."""
    return any((collection.archive / one).exists() for one in (name, f"{name}{OPEN_SUFFIX}"))
