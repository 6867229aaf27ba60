"""What a present reading changes against the lines that are there: field by field, what was gained, lost, altered."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from crawler.article import line_files, read_located
from crawler.folding.line_files import own_record_id
from crawler.lines import ArticleLine, decode_line

# What is on the page; the rest of a line says where the page came from.
FIELDS = (
    *("canonical_url", "sections", "content_type", "language", "headline", "kicker", "subheadline", "published_at"),
    *(
        "published_precision",
        "published_raw",
        "modified_at",
        "source",
        "byline",
        "editors",
        "dateline",
        "body",
        "blocks",
    ),
    *("images", "end_mark", "keywords", "links", "pages", "encoding"),
)
EXAMPLES = 3
TABLES = """
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
CREATE TABLE lines (
    id TEXT NOT NULL, record_id TEXT NOT NULL, version INTEGER, path TEXT NOT NULL, offset INTEGER NOT NULL,
    length INTEGER NOT NULL, wanted INTEGER NOT NULL, met INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX lines_by_record ON lines (id, record_id);
"""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One change: the article, the value before and after."""

    id: str
    before: Any
    after: Any


@dataclass(slots=True)
class FieldChange:
    """How often a field was gained (it was empty), lost (it is empty now) or altered, with some examples of each."""

    gained: int = 0
    lost: int = 0
    altered: int = 0
    examples: dict[str, list[Example]] = field(default_factory=dict)


@dataclass(slots=True)
class Changes:
    """All changes by field; `equal` lines say the same, `gained` and `lost` lines have none on the other side."""

    equal: int = 0
    changed: int = 0
    gained: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    fields: dict[str, FieldChange] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Tell whether anything has changed."""
        return bool(self.changed or self.gained or self.lost)


class FieldChanges:
    """The lines that are there, in a temporary table by the record that they were read from."""

    def __init__(self, articles: Path, wanted: Callable[[ArticleLine], bool]) -> None:
        """Note the lines of a folder; of each pair that which was there tells whether it is wanted.

        Raises CrawlerError for one that is no article line.
        """
        self.found = Changes()
        self._wanted = wanted
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(TABLES)
        self._db.execute("BEGIN")
        for path in line_files(articles):
            start = 0
            for end, line in read_located(path):
                row = (line.id, own_record_id(line), line.version, str(path), start, end - start, wanted(line))
                self._db.execute("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, 0)", row)
                start = end

    def add(self, after: ArticleLine) -> None:
        """Compare a line with the one that was read from the same record."""
        row = self._db.execute(
            "SELECT rowid, path, offset, length, wanted FROM lines WHERE id = ? AND record_id = ? AND NOT met LIMIT 1",
            (after.id, own_record_id(after)),
        ).fetchone()
        if row is None:
            if self._wanted(after):
                self.found.gained.append(_name(after.id, after.version))
            return
        self._db.execute("UPDATE lines SET met = 1 WHERE rowid = ?", (row[0],))
        if not row[4]:
            return
        with Path(row[1]).open("rb") as file:
            file.seek(row[2])
            before = decode_line(file.read(row[3]))
        self._compare(before, after)

    def finish(self) -> Changes:
        """Return all changes; wanted lines that were not met are lost."""
        left = "SELECT id, version FROM lines WHERE wanted AND NOT met ORDER BY id, version"
        self.found.lost += [_name(id_, version) for id_, version in self._db.execute(left)]
        self._db.close()
        return self.found

    def _compare(self, before: ArticleLine, after: ArticleLine) -> None:
        changed = False
        for name, old, new in _values(before, after):
            if old == new:
                continue
            changed = True
            change = self.found.fields.setdefault(name, FieldChange())
            kind = "gained" if not old else "altered" if new else "lost"
            setattr(change, kind, getattr(change, kind) + 1)
            examples = change.examples.setdefault(kind, [])
            if len(examples) < EXAMPLES:
                examples.append(Example(id=after.id, before=old, after=new))
        self.found.changed += changed
        self.found.equal += not changed


def _values(before: ArticleLine, after: ArticleLine) -> Iterator[tuple[str, Any, Any]]:
    for name in FIELDS:
        yield name, msgspec.to_builtins(getattr(before, name)), msgspec.to_builtins(getattr(after, name))
    yield "extractor.layout", before.extractor.layout, after.extractor.layout
    yield "extractor.warnings", list(before.extractor.warnings), list(after.extractor.warnings)


def _name(id_: str, version: int | None) -> str:
    return f"{id_} version {version}" if version else id_
