"""Article lines for the tests of the views, and collections that hold them."""

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from crawler.lines import ArticleLine, encode_line
from crawler.store.collection import Collection
from tests.lines import sample_line


def article(number: int, body: str, *, branch: str = "js", **fields: object) -> ArticleLine:
    """Return the line of an article with this body, without pictures."""
    given = {"headline": None, "images": (), "version": 1, **fields}
    return replace(sample_line(), id=f"sample:{branch}:{number}", branch=branch, body=body, **given)


def add_lines(folder: Path, lines: Iterable[ArticleLine]) -> Collection:
    """Append lines to the files of a collection, as a crawl does."""
    collection = Collection(folder)
    collection.make_folders()
    for line in lines:
        path = collection.articles / str(line.branch) / f"{line.captured_at[:7]}.jsonl"
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as file:
            file.write(encode_line(line) + b"\n")
    return collection
