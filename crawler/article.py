"""Article lines as typed values, for those who work with the data.

from crawler.article import read_articles

for article in read_articles("data/collections/chinanews"):
print(article.published_at, article.headline)
"""

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from crawler.errors import CrawlerError
from crawler.lines import ArticleLine, decode_line

__all__ = ["ArticleLine", "line_files", "read_articles", "read_located", "read_numbered"]

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")


def read_articles(*places: Path | str) -> Iterator[ArticleLine]:
    """Yield the article lines of files (JSON Lines, plain, gzip or zstd) and folders, in the order of their names.

    A folder is a collection, its `articles/`, or a data set written by `pressmark export`. Lines of an earlier schema
    version are lifted to the present one. Raises CrawlerError for what is no article line, naming file and line; a
    last line without its newline is still being written, and is left out.
    """
    for place in places:
        for path in line_files(Path(place)):
            for _, line in read_located(path):
                yield line


def read_located(path: Path, start: int = 0) -> Iterator[tuple[int, ArticleLine]]:
    """Yield the article lines of one file from a byte offset on, each with the offset behind its newline.

    Offsets count the bytes of the text, decompressed. Raises CrawlerError as `read_articles`.
    """
    with _opened(path) as file:
        if start:
            file.seek(start)
        end = start
        for text in file:
            if not text.endswith(b"\n"):
                return
            begin, end = end, end + len(text)
            try:
                line = decode_line(text)
            except (msgspec.MsgspecError, ValueError) as error:
                raise CrawlerError(f"{path}: byte {begin}: no article line ({error})") from error
            yield end, line


def read_numbered(path: Path, number: int) -> ArticleLine:
    """Return one line of a file, the first being 1. Raises CrawlerError where it is no article line, or not there."""
    text = b""
    if 0 < number <= sys.maxsize:
        with _opened(path) as file:
            text = next(islice(file, number - 1, None), b"")
    if not text:
        raise CrawlerError(f"{path}:{number}: the file has no such line")
    try:
        return decode_line(text)
    except (msgspec.MsgspecError, ValueError) as error:
        raise CrawlerError(f"{path}:{number}: no article line ({error})") from error


def line_files(place: Path) -> list[Path]:
    """Return the line files of a folder in the order of their names; a file stands for itself.

    Raises CrawlerError where there is none.
    """
    if place.is_file():
        return [place]
    folder = place / "articles" if (place / "articles").is_dir() else place
    found = sorted(path for path in folder.rglob("*.jsonl*") if path.name.endswith(SUFFIXES) and path.is_file())
    if not found:
        raise CrawlerError(
            f"{place}: no article lines there; name a .jsonl file, a collection, or an exported data set"
        )
    return found


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if path.name.endswith(".gz"):
            with gzip.open(file) as text:
                yield text  # type: ignore[misc]
        elif path.name.endswith(".zst"):
            import pyarrow  # noqa: PLC0415 - half a second that only those pay who read zstd

            with pyarrow.CompressedInputStream(file, "zstd") as text:
                yield io.BufferedReader(text)
        else:
            yield file
