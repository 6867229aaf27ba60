"""Index lines (CDXJ) for the records of any WARC or ARC file, sorted in bounded memory."""

import heapq
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from archive.capture import Capture, Head
from archive.integrity import digest_payload
from archive.iteration import Fault, StoredRecord, iterate
from archive.surt import surt

INDEXED = frozenset({"response", "revisit", "resource"})
STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)")
HEAD_BYTES = 1024 * 1024
# How many lines are sorted in memory at a time.
LINES = 200_000


def list_records(path: Path) -> Iterator[str | Fault]:
    """Yield an index line for each response, revisit and resource of a file in its order, and the faults between them.

    The fault `one-member` is followed by no more lines: the file's records have no offsets. Raises OSError.
    """
    for found in iterate(path):
        if isinstance(found, Fault):
            yield found
            if found.rule == "one-member":
                return
        elif found.fields.get("warc-type", "").lower() in INDEXED and found.fields.get("warc-target-uri"):
            yield _make_line(found)


def sort_lines(lines: Iterable[str], *, max_lines: int = LINES) -> Iterator[bytes]:
    """Yield lines sorted by bytes, each with its end and repeats dropped; more than `max_lines` go through files."""
    with ExitStack() as stack:
        parts: list[Iterable[bytes]] = []
        held: set[bytes] = set()
        for line in lines:
            held.add(line.encode() + b"\n")
            if len(held) >= max_lines:
                parts.append(stack.enter_context(_spill(held)))
                held = set()
        before = b""
        for whole in heapq.merge(*parts, sorted(held)):
            if whole != before:
                yield whole
            before = whole


def _make_line(record: StoredRecord) -> str | Fault:
    fields = record.fields
    stamp = STAMP.match(fields.get("warc-date", ""))
    if stamp is None:
        reason = f"a record whose WARC-Date {fields.get('warc-date')!r} is no time"
        return Fault(file=record.file, offset=record.offset, rule="field-value", reason=reason)
    url, head = fields["warc-target-uri"].strip("<>"), _read_head(record)
    entry = {"url": url, "mime": _mime(record, head)}
    if head:
        entry["status"] = str(head.status)
    elif fields["warc-type"].lower() == "resource":
        # As pywb's indexer has it: a resource is an answer that went well.
        entry["status"] = "200"
    digest = fields.get("warc-payload-digest") or digest_payload(record)
    if digest:
        entry["digest"] = digest.removeprefix("sha1:")
    entry |= {"length": str(record.length), "offset": str(record.offset), "filename": record.file}
    return f"{surt(url)} {''.join(stamp.groups())} {json.dumps(entry)}"


def _read_head(record: StoredRecord) -> Head | None:
    if not record.fields.get("content-type", "").startswith("application/http"):
        return None
    begin = bytes(record.block[:HEAD_BYTES])
    return Capture(url="", started_at=datetime.now(UTC), seconds=0, request=b"", response=begin).head()


def _mime(record: StoredRecord, head: Head | None) -> str:
    if record.fields["warc-type"].lower() == "revisit":
        return "warc/revisit"
    stated = (head.value("content-type") if head else record.fields.get("content-type")) or ""
    mime = stated.split(";")[0].split()
    return mime[0] if mime else "unk"


def _spill(lines: set[bytes]) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.writelines(sorted(lines))
    file.seek(0)
    return file
