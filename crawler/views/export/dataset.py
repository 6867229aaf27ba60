"""A data set that has been written: what manifest, cards and datasheet tell of it."""

import hashlib
import re
from dataclasses import dataclass

import msgspec

from crawler.reading.portal import Portal
from crawler.views.export.census import Census
from crawler.views.export.choice import Choice, Format
from crawler.views.export.plan import OTHER, Counts


class WrittenFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a table; `path` inside the folder, `sha256` in hexadecimal."""

    path: str
    format: Format
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTable:
    """A table, what it holds in one sentence, and its files in the order of their rows."""

    name: str
    about: str
    row_type: type[msgspec.Struct]
    rows: int
    files: tuple[WrittenFile, ...]

    def in_format(self, name: Format) -> tuple[WrittenFile, ...]:
        """Return the files of one format."""
        return tuple(file for file in self.files if file.format == name)


class WarcFile(msgspec.Struct, frozen=True, kw_only=True):
    """A WARC file that lines point to; size and SHA-256 are None where it is missing, or still being written."""

    file: str
    lines: int
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """Everything that is told of a data set. Nothing in it depends on when or where it was written."""

    name: str
    portal: Portal
    choice: Choice
    counts: Counts
    census: Census
    schemas: dict[str, int]
    tables: tuple[WrittenTable, ...]
    warcs: tuple[WarcFile, ...]
    pressmark: str

    @property
    def articles(self) -> WrittenTable:
        """The table of the articles."""
        return self.tables[0]

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches that have articles in it."""
        return tuple(sorted(self.census.articles))

    @property
    def title(self) -> str:
        """E.g. 中国新闻网: 江苏, 浙江, published 2025-02-01 to 2025-02-28."""
        names = [branch_name(self.portal, code) for code in self.branches]
        part = ", ".join(names) if len(names) <= 5 else f"{len(names)} branches"
        return f"{self.portal.title}: {part}, {self.period}"

    @property
    def period(self) -> str:
        """The days of publication from the first to the last."""
        published = self.census.published
        if published.first is None or published.last is None:
            return "no days of publication known"
        first, last = published.first[:10], published.last[:10]
        return f"published {first}" if first == last else f"published {first} to {last}"

    @property
    def digest(self) -> str:
        """The SHA-256 over the names and digests of the tables' files: by it a data set can be cited and told apart."""
        files = (f"{file.sha256}  {file.path}\n" for table in self.tables for file in table.files)
        return "sha256:" + hashlib.sha256("".join(files).encode()).hexdigest()

    @property
    def last_captured_day(self) -> str:
        """The day (UTC) of the newest capture: the date of the data set, whenever it was written."""
        return (self.census.captured.last or "")[:10]

    @property
    def citation(self) -> str:
        """How the data set is cited."""
        return (
            f"{self.title}. {self.counts.articles} articles, captured until {self.last_captured_day},"
            f" exported by Pressmark {self.pressmark}. {self.digest}"
        )


def branch_name(portal: Portal, code: str) -> str:
    """Return the name of a branch as the portal has it, the code where it has none."""
    return next((branch.name for branch in portal.branches if branch.code == code), code if code != OTHER else "other")


def slug(name: str) -> str:
    """Return a name that data packages allow: lower case, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "articles"
