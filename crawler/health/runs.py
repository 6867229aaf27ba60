"""The summary of a run, kept as `runs/<start>.json`; those of past months are packed into one `runs/<YYYY-MM>.jsonl`.

A crawl every ten minutes makes 52,560 summaries a year: so they are twelve files, and one for each run of this month.
"""

import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from archive.files import sync_folder
from archive.writer import newest_file_at
from crawler.health.drift import Command, PastRun, Shape
from crawler.lines import utc_text

SCHEMA = "pressmark.run/1.0.0"
# As far as alarms look back: three weeks of hourly runs.
RUNS_OF_HISTORY = 500

T = TypeVar("T")

logger = logging.getLogger(__name__)


class BranchPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a run wrote for one branch, and the number of its events by their type."""

    articles: int
    with_headline: int
    with_time: int
    with_byline: int
    pictures: int
    pictures_kept: int
    events: dict[str, int] = {}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an operator should look at: what kind, which URL or host, and why."""

    kind: str
    where: str
    why: str


class RunRecord(PastRun, frozen=True, kw_only=True):
    """A run as all alarms see it: the part of its summary that they need."""

    seconds: float = 0.0
    ended: str = ""
    requests: int = 0
    statuses: dict[str, int] = msgspec.field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One run from start to end."""

    schema: str = SCHEMA
    pressmark: str
    portal: str
    command: Command = "crawl"
    asked_branches: tuple[str, ...]
    started_at: str
    seconds: float
    ended: str
    exit_code: int
    requests: int
    statuses: dict[str, int]
    kinds: dict[str, int]
    bytes_received: int
    requisites_kept: int = 0
    articles: int
    events: dict[str, int] = {}
    branches: dict[str, BranchPart]
    shape: Shape = msgspec.field(default_factory=Shape)
    files: tuple[str, ...]
    findings: tuple[Finding, ...]


class _Start(msgspec.Struct, frozen=True):
    started_at: str


def write_summary(folder: Path, started_at: datetime, summary: RunSummary) -> Path:
    """Write a summary under a temporary name, rename it, and return its path; those of past months are packed."""
    name = utc_text(started_at).replace(":", "").replace("-", "").replace(".", "")
    path = folder / f"{name}.json"
    text = msgspec.json.format(msgspec.json.encode(summary), indent=1)
    draft = path.with_suffix(".json.new")
    draft.write_bytes(text + b"\n")
    draft.rename(path)
    pack_months(folder, before=name[:6])
    return path


def pack_months(folder: Path, *, before: str) -> None:
    """Put the summaries of each month before this one (YYYYMM) as lines, oldest first, into one file.

    They are removed once that is on the disk, and what a crash leaves in both places is packed once. Where that fails
    they stay as they are until the next run.
    """
    months: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*.json")):
        if path.name[:8].isdecimal() and path.name[:6] < before:
            months[path.name[:6]].append(path)
    for month, paths in months.items():
        packed = folder / f"{month[:4]}-{month[4:]}.jsonl"
        try:
            _pack(packed, paths)
        except OSError as error:
            logger.warning("%s: past summaries cannot be packed (%s)", packed, error)


def _pack(packed: Path, paths: Sequence[Path]) -> None:
    known = packed.read_bytes().splitlines() if packed.exists() else []
    lines = dict.fromkeys([*known, *(_one_line(path.read_bytes()) for path in paths)])
    # What a crash has left empty says nothing.
    lines.pop(b"", None)
    draft = packed.with_suffix(".jsonl.new")
    with draft.open("wb") as file:
        file.writelines(line + b"\n" for line in sorted(lines, key=_started_at))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(packed)
    sync_folder(packed.parent)
    for path in paths:
        path.unlink()


def as_record(summary: RunSummary) -> RunRecord:
    """Return what alarms need of a summary."""
    return msgspec.json.decode(msgspec.json.encode(summary), type=RunRecord)


def read_history(folder: Path, command: Command | None = None) -> list[RunRecord]:
    """Return what alarms need of the last runs, of one command alone where it is named, the oldest first.

    A summary that cannot be read is passed over.
    """
    return [run for run in _read(folder, RUNS_OF_HISTORY, RunRecord) if command in {None, run.command}]


def read_summaries(folder: Path, last: int) -> list[RunSummary]:
    """Return the last summaries of a folder, the oldest first; one that cannot be read is passed over."""
    return _read(folder, last, RunSummary)


def _read(folder: Path, last: int, kind: type[T]) -> list[T]:
    runs: list[T] = []
    for name, text in _newest_texts(folder):
        if len(runs) == last:
            break
        try:
            runs.append(msgspec.json.decode(text, type=kind))
        except msgspec.DecodeError as error:
            logger.warning("%s: no summary of a run (%s); passed over", name, error)
    return runs[::-1]


def _newest_texts(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the summaries with the file of each, the newest first; a month is read only when its turn comes."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        try:
            yield path, path.read_bytes()
        except OSError as error:
            logger.warning("%s: no summary of a run (%s); passed over", path, error)
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            logger.warning("%s: no summaries of runs (%s); passed over", path, error)
            continue
        yield from ((path, line) for line in reversed(lines))


def _one_line(text: bytes) -> bytes:
    """Return a summary as one line; one that is no JSON as it stands, without its line ends."""
    try:
        return msgspec.json.format(text, indent=-1)
    except msgspec.DecodeError:
        return b" ".join(text.split())


def _started_at(line: bytes) -> str:
    """Return the start of a run, "" where the line does not tell."""
    try:
        return msgspec.json.decode(line, type=_Start).started_at
    except msgspec.DecodeError:
        return ""


def newest_moment(archive: Path, history: Sequence[RunRecord]) -> datetime | None:
    """Return when the newest run ended or the newest WARC file was begun; None where there is neither."""
    ends = [run.started_at + timedelta(seconds=run.seconds) for run in history]
    begun = newest_file_at(archive)
    return max([*ends, *([begun] if begun else [])], default=None)
