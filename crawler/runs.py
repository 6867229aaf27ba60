"""The summary of a run, kept as `runs/<start>.json`."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from archive.writer import newest_file_at
from crawler.drift import PastRun, Shape
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


def write_summary(folder: Path, started_at: datetime, summary: RunSummary) -> Path:
    """Write a summary under a temporary name, rename it, and return its path."""
    name = utc_text(started_at).replace(":", "").replace("-", "").replace(".", "")
    path = folder / f"{name}.json"
    text = msgspec.json.format(msgspec.json.encode(summary), indent=1)
    draft = path.with_suffix(".json.new")
    draft.write_bytes(text + b"\n")
    draft.rename(path)
    return path


def as_record(summary: RunSummary) -> RunRecord:
    """Return what alarms need of a summary."""
    return msgspec.json.decode(msgspec.json.encode(summary), type=RunRecord)


def read_history(folder: Path) -> list[RunRecord]:
    """Return what alarms need of the last runs, the oldest first; a summary that cannot be read is passed over."""
    return _read(folder, RUNS_OF_HISTORY, RunRecord)


def read_summaries(folder: Path, last: int) -> list[RunSummary]:
    """Return the last summaries of a folder, the oldest first; one that cannot be read is passed over."""
    return _read(folder, last, RunSummary)


def _read(folder: Path, last: int, kind: type[T]) -> list[T]:
    runs = []
    for path in sorted(folder.glob("*.json"))[-last:]:
        try:
            runs.append(msgspec.json.decode(path.read_bytes(), type=kind))
        except (OSError, msgspec.DecodeError) as error:
            logger.warning("%s: no summary of a run (%s); passed over", path, error)
    return runs


def newest_moment(archive: Path, history: Sequence[RunRecord]) -> datetime | None:
    """Return when the newest run ended or the newest WARC file was begun; None where there is neither."""
    ends = [run.started_at + timedelta(seconds=run.seconds) for run in history]
    begun = newest_file_at(archive)
    return max([*ends, *([begun] if begun else [])], default=None)
