"""What a data set holds: the operator's choice."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

Part = Literal["full", "text", "bare"]
Compression = Literal["gzip", "zstd"]
Format = Literal["jsonl", "parquet"]

# RFC 1952 and RFC 8878, by the name that readers know the files by.
SUFFIXES: dict[Compression, str] = {"gzip": ".gz", "zstd": ".zst"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which articles are exported, and what of them; no branches stand for all, None for no bound.

    `since` and `until` bound the day of publication as the page prints it; an article without one is then left out. An
    article is chosen by its newest version. `latest` keeps that version alone. `part` is the whole line, the texts
    alone, or what is there without the texts.
    """

    branches: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    latest: bool = True
    part: Part = "full"
    pictures: bool = False
    compression: Compression = "gzip"
    formats: tuple[Format, ...] = ("jsonl", "parquet")

    @property
    def is_dated(self) -> bool:
        """Whether a bound is given, so that an article without a time of publication cannot be chosen."""
        return self.since is not None or self.until is not None

    @property
    def suffix(self) -> str:
        """The end of the names of JSON Lines files."""
        return f".jsonl{SUFFIXES[self.compression]}"


class ToldChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The choice as the manifest tells it."""

    branches: tuple[str, ...]
    since: date | None
    until: date | None
    versions: Literal["latest", "all"]
    part: Part
    pictures: bool
    compression: Compression
    formats: tuple[Format, ...]


def told(choice: Choice) -> ToldChoice:
    """Return the choice as the manifest tells it."""
    return ToldChoice(
        branches=choice.branches,
        since=choice.since,
        until=choice.until,
        versions="latest" if choice.latest else "all",
        part=choice.part,
        pictures=choice.pictures,
        compression=choice.compression,
        formats=choice.formats,
    )
