"""Revisits: what is kept of a capture whose payload an earlier record holds, and how the payload is found again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from archive.capture import Capture, is_not_modified
from archive.errors import ArchiveError
from archive.pressmark import Original, Pressmark
from archive.reader import Exchange, Reference, read_exchange, read_record
from archive.records import escape_url
from archive.writer import Recorded


def as_recorded(
    capture: Capture, notes: Sequence[tuple[str, str]], recorded: Recorded, original: Original | None
) -> Exchange:
    """Return an exchange just written as a reader will read it: of a revisit only the head is there."""
    if original and not is_not_modified(capture):
        capture = replace(capture, response=capture.head_block())
    return Exchange(
        capture=capture,
        pressmark=recorded.response,
        metadata=recorded.metadata,
        notes=tuple(notes),
        end=recorded.end,
        refers_to=_reference(original) if original else None,
    )


def read_original(folder: Path, pressmark: Pressmark) -> Original:
    """Return a response as the target of revisits, by what stands in its record.

    Raises ArchiveError if its file is missing, or if other bytes lie there.
    """
    record = read_record(folder, pressmark)
    url, date = record.value("WARC-Target-URI"), record.value("WARC-Date")
    if record.type != "response" or not url or not date:
        raise ArchiveError(f"{pressmark.file}: record {pressmark.record_id} is no response; no revisit can refer to it")
    return Original(pressmark=pressmark, url=url.strip("<>"), date=datetime.fromisoformat(date))


def resolve(folder: Path, exchange: Exchange, original: Pressmark) -> Exchange:
    """Return a revisit with the payload that it refers to, and the place where that lies; a 304 gets the place alone.

    Raises ArchiveError if the original is not the record that the revisit names, or cannot be read.
    """
    if not exchange.refers_to or exchange.refers_to.record_id != original.record_id:
        raise ArchiveError(f"{exchange.capture.url}: record {original.record_id} is not the one that its capture names")
    if is_not_modified(exchange.capture):
        return replace(exchange, original=original)
    payload = read_exchange(folder, original).capture.payload()
    return replace(exchange, original=original, capture=replace(exchange.capture, revisited=payload))


def _reference(original: Original) -> Reference:
    return Reference(record_id=original.pressmark.record_id, url=escape_url(original.url), date=original.date)
