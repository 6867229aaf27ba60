"""The line files of a collection: article lines by branch and month, and the ledger; appended to, and cut back."""

import logging
import os
import re
from pathlib import Path

from archive.errors import ArchiveError
from archive.files import sync_folder
from archive.pressmark import Pressmark
from archive.reader import read_record
from crawler.errors import CrawlerError
from crawler.folding.changes import Event, encode_event
from crawler.lines import ArticleLine, decode_line
from crawler.store.collection import Collection
from crawler.store.repair import free_name

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
        self._grown: dict[str, int] = {}
        if lengths:
            _cut_back(collection, lengths)
        else:
            _put_aside(collection)

    def place(self, line: ArticleLine, text: bytes) -> Pressmark:
        """Return where a line will lie if it is added next, under the id of the record that its page came from."""
        path = self._path(line)
        waiting = sum(len(one) + 1 for one in self._waiting.get(path, ()))
        name = str(path.relative_to(self._collection.folder))
        return Pressmark(
            file=name,
            offset=self._lengths.get(name, 0) + waiting,
            length=len(text),
            record_id=own_record_id(line),
            payload_digest=None,
        )

    def add(self, line: ArticleLine, text: bytes) -> None:
        """Take an article line."""
        self._waiting.setdefault(self._path(line), []).append(text)

    def add_event(self, event: Event) -> None:
        """Take a line of the ledger."""
        self._waiting.setdefault(self._collection.changes, []).append(encode_event(event))

    def flush(self) -> None:
        """Append what waits, and sync it."""
        while self._waiting:
            path, lines = next(iter(self._waiting.items()))
            name = str(path.relative_to(self._collection.folder))
            self._lengths[name] = self._grown[name] = _append(path, lines, self._lengths.get(name, 0))
            self.written.add(path)
            del self._waiting[path]

    def take_grown(self) -> dict[str, int]:
        """Return the length of each file that has grown since the last call."""
        grown, self._grown = self._grown, {}
        return grown

    def _path(self, line: ArticleLine) -> Path:
        return self._collection.articles / (line.branch or "other") / f"{line.captured_at[:7]}.jsonl"


def own_record_id(line: ArticleLine) -> str:
    """Return the id of the record by which the page of a line was last seen: a revisit, else its response."""
    if line.revisit:
        return line.revisit.record_id
    return line.pressmark.record_id if line.pressmark else ""


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
    # What comes from the records was written by a crawl.
    collection.reextracted.unlink(missing_ok=True)
