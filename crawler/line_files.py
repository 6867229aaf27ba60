"""The line files of a collection: article lines by branch and month, and the ledger; appended to, and cut back."""

import logging
import os
import re
from pathlib import Path

from archive.errors import ArchiveError
from archive.files import sync_folder
from archive.pressmark import Pressmark
from archive.reader import read_record
from crawler.changes import Event, encode_event
from crawler.collection import Collection
from crawler.errors import CrawlerError
from crawler.lines import ArticleLine, decode_line
from crawler.repair import free_name

MONTH = re.compile(r"\d{4}-\d\d")

logger = logging.getLogger(__name__)


class LineFiles:
    """Lines wait in memory until `flush` appends them; `written` are the files that were appended to."""

    def __init__(self, collection: Collection, lengths: dict[str, int]) -> None:
        """`lengths` are those that a state vouches for, by path inside the collection; what goes beyond is cut off.

        Without any, the line files that are there are put aside. Raises CrawlerError for one that is too short.
        """
        self.written: set[Path] = set()
        self._collection = collection
        self._waiting: dict[Path, list[bytes]] = {}
        self._lengths = dict(lengths)
        if lengths:
            _cut_back(collection, lengths)
        else:
            _put_aside(collection)

    def add(self, line: ArticleLine, text: bytes) -> Pressmark:
        """Take an article line, and return where it will lie, under the id of the record that its page came from."""
        path = self._collection.articles / (line.branch or "other") / f"{line.captured_at[:7]}.jsonl"
        offset = self._add(path, text)
        own = line.revisit.record_id if line.revisit else line.pressmark.record_id if line.pressmark else ""
        name = str(path.relative_to(self._collection.folder))
        return Pressmark(file=name, offset=offset, length=len(text), record_id=own, payload_digest=None)

    def add_event(self, event: Event) -> None:
        """Take a line of the ledger."""
        self._add(self._collection.changes, encode_event(event))

    def flush(self) -> dict[str, int]:
        """Append what waits, sync it, and return the new length of each file that has grown."""
        grown = {}
        while self._waiting:
            path, lines = next(iter(self._waiting.items()))
            name = str(path.relative_to(self._collection.folder))
            self._lengths[name] = grown[name] = _append(path, lines, self._lengths.get(name, 0))
            self.written.add(path)
            del self._waiting[path]
        return grown

    def _add(self, path: Path, text: bytes) -> int:
        lines = self._waiting.setdefault(path, [])
        length = self._lengths.get(str(path.relative_to(self._collection.folder)), 0)
        offset = length + sum(len(line) + 1 for line in lines)
        lines.append(text)
        return offset


def read_line(collection: Collection, mark: Pressmark) -> ArticleLine:
    """Return the line of a version: from its conversion record, or from the line file that holds what was read anew.

    Raises ArchiveError where it cannot be read.
    """
    if not mark.file.endswith(".jsonl"):
        return decode_line(read_record(collection.archive, mark).block)
    path = collection.folder / mark.file
    try:
        with path.open("rb") as file:
            file.seek(mark.offset)
            return decode_line(file.read(mark.length))
    except (OSError, ValueError) as error:
        raise ArchiveError(
            f"{path}: no article line at offset {mark.offset} ({error}); `pressmark rebuild` makes the lines again"
        ) from error


def _append(path: Path, lines: list[bytes], length: int) -> int:
    """Append to a file of a known length and return the new one; after an error the file is as it was."""
    text = b"".join(line + b"\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.truncate(path, length)
            raise
    if not length:
        sync_folder(path.parent)
    return length + len(text)


def line_files(collection: Collection) -> list[Path]:
    """Return the line files that Pressmark wrote, and no other that may lie beside them."""
    found = [path for path in collection.articles.glob("*/*.jsonl") if MONTH.fullmatch(path.stem)]
    return [path for path in (*found, collection.changes) if path.exists()]


def _cut_back(collection: Collection, lengths: dict[str, int]) -> None:
    """Cut lines that were appended after the last commit: they come again from their records."""
    for path in line_files(collection):
        size, length = path.stat().st_size, lengths.get(str(path.relative_to(collection.folder)), 0)
        if size < length:
            raise CrawlerError(
                f"{path}: {size} bytes long, and the state knows of {length}; move {collection.state.name} away:"
                " the next crawl makes state and lines again from the WARC files"
            )
        if size > length:
            os.truncate(path, length)


def _put_aside(collection: Collection) -> None:
    """Without a state all lines come again from the records; those that are there are kept under another name."""
    for path in line_files(collection):
        aside = path.rename(free_name(path))
        logger.warning("%s: no state vouches for it; kept as %s, and made again from the WARC files", path, aside.name)
