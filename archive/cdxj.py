"""CDXJ indexes: one line for each response, sorted by bytes, so that a reader finds an address by binary search.

A line is `key timestamp {json}`; key as in surt.py, timestamp of 14 digits in UTC, JSON values all strings, as pywb's
own indexer writes them (mime without parameters, `unk` where there is none, `warc/revisit` for a revisit; digest
without its `sha1:` label).
"""

import heapq
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import BinaryIO

from archive.capture import Capture, Head, is_not_modified
from archive.errors import ArchiveError
from archive.files import sync_folder
from archive.pressmark import Pressmark
from archive.reader import Exchange, read_exchanges
from archive.surt import surt

MERGED = "index.cdxj"
# Open files are few (1024 by default), and so stays the memory.
MERGED_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLine:
    """One line: what `look_up` finds. `status` and `digest` are None where the line has none."""

    key: str
    timestamp: str
    url: str
    mime: str
    status: str | None
    digest: str | None
    length: int
    offset: int
    file: str


def index_capture(capture: Capture, pressmark: Pressmark) -> str:
    """Return the index line of a capture whose response lies at a pressmark, without a line end."""
    head = capture.head()
    content_type = head.value("content-type") if head else None
    mime = (content_type or "").split(";")[0].split()
    return _format(capture, pressmark, mime=mime[0] if mime else "unk", head=head)


def _format(capture: Capture, pressmark: Pressmark, *, mime: str, head: Head | None) -> str:
    fields = {"url": capture.url, "mime": mime}
    if head:
        fields["status"] = str(head.status)
    if pressmark.payload_digest:
        fields["digest"] = pressmark.payload_digest.removeprefix("sha1:")
    fields |= {"length": str(pressmark.length), "offset": str(pressmark.offset), "filename": pressmark.file}
    return f"{surt(capture.url)} {capture.started_at.astimezone(UTC):%Y%m%d%H%M%S} {json.dumps(fields)}"


def index_exchange(exchange: Exchange) -> str | None:
    """Return the index line of an exchange as it was recorded, None where it holds no response."""
    if not exchange.pressmark:
        return None
    if exchange.refers_to:
        # The block of a 304 is empty, so an indexer sees no status in it.
        head = None if is_not_modified(exchange.capture) else exchange.capture.head()
        return _format(exchange.capture, exchange.pressmark, mime="warc/revisit", head=head)
    return index_capture(exchange.capture, exchange.pressmark)


def index_records(path: Path) -> Iterator[str]:
    """Yield an index line for each response of a WARC file, in the order of the file."""
    for record in read_exchanges(path):
        if isinstance(record, Exchange) and (line := index_exchange(record)):
            yield line


def write_index(path: Path, lines: Iterable[str]) -> None:
    """Write lines as an index: sorted by bytes, repeats dropped, renamed into place once they are on disk."""
    _write(path, (line + b"\n" for line in sorted({line.encode() for line in lines})))


def merge_indexes(folder: Path) -> None:
    """Merge the index of a folder and its tails (all other `.cdxj` files) into a new index, and remove the tails.

    One line of each of at most MERGED_AT_ONCE files is in memory. A crash in between leaves lines twice, which the
    next merge drops.
    """
    merged = folder / MERGED
    tails = sorted(path for path in folder.glob("*.cdxj") if path != merged and not path.name.startswith("."))
    # Many tails become few, so that the big index is written only once.
    while len(tails) > MERGED_AT_ONCE:
        tails = [_join(tails[at : at + MERGED_AT_ONCE]) for at in range(0, len(tails), MERGED_AT_ONCE)]
    if not tails:
        return
    _merge(merged, [path for path in (merged, *tails) if path.exists()])
    for tail in tails:
        tail.unlink()
    sync_folder(folder)


def _join(tails: list[Path]) -> Path:
    """Merge tails into the first of them, and remove the others."""
    first, *others = tails
    _merge(first, tails)
    for other in others:
        other.unlink()
    return first


def _merge(target: Path, paths: list[Path]) -> None:
    with ExitStack() as stack:
        sources = [stack.enter_context(path.open("rb")) for path in paths]
        _write(target, _distinct(heapq.merge(*map(_whole_lines, sources))))


def look_up(path: Path, url: str) -> Iterator[IndexLine]:
    """Yield the lines of an address in an index, oldest first, by binary search.

    Raises ArchiveError at a line that is not CDXJ.
    """
    wanted = f"{surt(url)} ".encode()
    with path.open("rb") as file:
        _seek_first(file, wanted)
        for line in file:
            if not line.startswith(wanted):
                return
            yield _parse(line, path)


def _seek_first(file: BinaryIO, wanted: bytes) -> None:
    """Stand at the first line that is not smaller than `wanted`."""
    low, high = 0, file.seek(0, os.SEEK_END)
    # `low` always begins a line that may be the one; lines that begin at `high` or behind it are not smaller.
    while low < high:
        middle = (low + high) // 2
        file.seek(middle)
        if middle:
            file.seek(middle - 1)
            file.readline()
        start = file.tell()
        line = file.readline()
        if start >= high or line >= wanted:
            high = middle
        else:
            low = start + len(line)
    file.seek(low)


def _parse(line: bytes, path: Path) -> IndexLine:
    try:
        key, timestamp, text = line.decode().split(" ", 2)
        fields = json.loads(text)
        return IndexLine(
            key=key,
            timestamp=timestamp,
            url=fields["url"],
            mime=fields.get("mime", "unk"),
            status=fields.get("status"),
            digest=fields.get("digest"),
            length=int(fields["length"]),
            offset=int(fields["offset"]),
            file=fields["filename"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveError(f"{path}: {line[:120]!r} is no index line ({error}); write the index anew") from error


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    return (line if line.endswith(b"\n") else line + b"\n" for line in file)


def _distinct(lines: Iterable[bytes]) -> Iterator[bytes]:
    before = b""
    for line in lines:
        if line != before:
            yield line
        before = line


def _write(path: Path, lines: Iterable[bytes]) -> None:
    # pywb reads every *.cdxj in the folder: the unfinished file must not be called so.
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)
