"""Which lines are exported, and in which order: a first pass over the line files, kept in a SQLite file.

A million keys lie there and not in memory; the second pass reads each line once, by its place, in the order of the
data set: branch, month and time of publication, id, version.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from crawler.errors import CrawlerError
from crawler.lines import ArticleLine, decode_line
from crawler.takedowns import Takedowns
from crawler.views.export.choice import Choice

# The month of an article whose time of publication is not known; it sorts behind all months.
UNDATED = "undated"
# Where lines of no branch lie, as in the collection.
OTHER = "other"

_TABLES = """
CREATE TABLE found (
    id TEXT NOT NULL, version INTEGER, captured_at TEXT NOT NULL, record_id TEXT, branch TEXT NOT NULL, portal TEXT,
    published_at TEXT, schema TEXT NOT NULL, withheld INTEGER NOT NULL,
    file INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL
);
"""
# The newest version tells whether an article is chosen; a takedown of one version's address withholds them all.
_ARTICLES = """
CREATE TABLE articles AS
    SELECT id, branch, published_at, max(withheld) OVER (PARTITION BY id) AS withheld, file, start,
        row_number() OVER (PARTITION BY id ORDER BY version DESC, captured_at DESC, record_id DESC) AS rank
    FROM found;
DELETE FROM articles WHERE rank > 1;
"""
_CHOSEN = """
CREATE TABLE chosen AS
    SELECT found.id, found.version, found.branch, found.schema, found.file, found.start, found.length,
        coalesce(substr(found.published_at, 1, 7), 'undated') AS month,
        found.file = articles.file AND found.start = articles.start AS newest
    FROM found JOIN articles USING (id)
    WHERE NOT articles.withheld {dated} {latest}
    ORDER BY found.branch, month, found.published_at, found.id, found.version, found.captured_at, found.record_id;
CREATE INDEX chosen_by_id ON chosen (id);
"""
_OPEN_FILES = 64


class PlannedMark(msgspec.Struct, frozen=True):
    """What the plan needs of a pressmark."""

    record_id: str


class PlannedPage(msgspec.Struct, frozen=True):
    """What the plan needs of a further page."""

    url: str


class PlannedLine(msgspec.Struct, frozen=True):
    """What the plan needs of an article line, of whatever schema version."""

    schema: str
    id: str
    version: int | None
    url: str
    canonical_url: str
    portal: str | None
    branch: str | None
    published_at: str | None
    captured_at: str
    pressmark: PlannedMark | None
    pages: tuple[PlannedPage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The lines of one branch and month: rows `first` to `last` of the plan."""

    branch: str
    month: str
    first: int
    last: int

    @property
    def lines(self) -> int:
        """How many lines it holds."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was found and chosen; `withheld` and `undated` are articles that the bounds would have let in, or may."""

    lines: int
    articles: int
    withheld: int
    undated: int


class Plan:
    """The lines of some files, chosen and put in order."""

    def __init__(self, path: Path, files: list[Path], choice: Choice) -> None:
        """Make the plan's database; `files` are plain JSON Lines."""
        self._db = sqlite3.connect(path, isolation_level=None)
        # It is thrown away at the end, whatever happens.
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE; {_TABLES}")
        self._db.execute("BEGIN")
        self._files = files
        self._choice = choice
        self._opened: OrderedDict[int, BinaryIO] = OrderedDict()

    def fill(self, takedowns: Takedowns, tell: Callable[[int, int], None]) -> None:
        """Look through the files and put the chosen lines in order; `tell` is told the bytes read, and of how many.

        Raises CrawlerError for what is no article line, and for a version that stands there twice.
        """
        decoder = msgspec.json.Decoder(PlannedLine)
        sizes = [path.stat().st_size for path in self._files]
        for number, path in enumerate(self._files):
            self._db.executemany(
                "INSERT INTO found VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _rows(path, number, decoder, takedowns),
            )
            tell(sum(sizes[: number + 1]), sum(sizes))
        self._settle()

    def _settle(self) -> None:
        twice = self._db.execute(
            "SELECT id, version FROM found WHERE version IS NOT NULL GROUP BY id, version HAVING count(*) > 1 LIMIT 1"
        ).fetchone()
        if twice:
            raise CrawlerError(
                f"{twice[0]}: version {twice[1]} stands twice among the lines; run `pressmark rebuild`, then export"
            )
        since, until = self._choice.since, self._choice.until
        dated = f"AND substr(articles.published_at, 1, 10) >= '{since}'" if since else ""
        dated += f" AND substr(articles.published_at, 1, 10) <= '{until}'" if until else ""
        latest = "AND newest" if self._choice.latest else ""
        self._db.executescript(_ARTICLES + _CHOSEN.format(dated=dated, latest=latest))
        self._db.execute("CREATE TABLE withheld AS SELECT id FROM articles WHERE withheld")
        self._db.execute("CREATE INDEX withheld_by_id ON withheld (id)")
        self._counts = Counts(
            lines=self._count("SELECT count(*) FROM chosen"),
            articles=self._count("SELECT count(*) FROM chosen WHERE newest"),
            withheld=self._count(f"SELECT count(*) FROM articles WHERE withheld {dated}"),  # noqa: S608 - dates
            undated=self._count("SELECT count(*) FROM articles WHERE published_at IS NULL AND NOT withheld"),
        )
        self._db.execute("DROP TABLE articles")

    @property
    def counts(self) -> Counts:
        """What was chosen."""
        return self._counts

    def portals(self) -> list[str]:
        """Return the portals of all lines that were found."""
        return [name for (name,) in self._db.execute("SELECT DISTINCT portal FROM found WHERE portal IS NOT NULL")]

    def branches(self) -> list[str]:
        """Return the branches of all lines that were found."""
        return [name for (name,) in self._db.execute("SELECT DISTINCT branch FROM found ORDER BY branch")]

    def schemas(self) -> dict[str, int]:
        """Return the schema versions that the chosen lines were written with, with their numbers."""
        return dict(self._db.execute("SELECT schema, count(*) FROM chosen GROUP BY schema ORDER BY schema").fetchall())

    def shards(self) -> list[Shard]:
        """Return the shards in the order of the data set."""
        rows = self._db.execute(
            "SELECT branch, month, min(rowid), max(rowid) FROM chosen GROUP BY branch, month ORDER BY 3"
        )
        return [Shard(branch=row[0], month=row[1], first=row[2], last=row[3]) for row in rows]

    def lines(self, shard: Shard) -> Iterator[tuple[ArticleLine, bool]]:
        """Yield the lines of a shard in their order, each with whether it is the article's newest version.

        Raises CrawlerError for what is no article line, naming file and byte.
        """
        rows = self._db.execute(
            "SELECT file, start, length, newest FROM chosen WHERE rowid BETWEEN ? AND ? ORDER BY rowid",
            (shard.first, shard.last),
        )
        for number, start, length, newest in rows:
            file = self._open(number)
            file.seek(start)
            try:
                yield decode_line(file.read(length)), bool(newest)
            except (msgspec.MsgspecError, ValueError) as error:
                raise _no_line(self._files[number], start, error) from error

    def holds(self, article: str, version: int | None = None) -> bool:
        """Tell whether an article is exported; where a version is named, that one."""
        found = self._db.execute(
            "SELECT 1 FROM chosen WHERE id = ? AND (? IS NULL OR version = ?) LIMIT 1", (article, version, version)
        )
        return found.fetchone() is not None

    def withholds(self, article: str) -> bool:
        """Tell whether an article is withheld."""
        return self._db.execute("SELECT 1 FROM withheld WHERE id = ?", (article,)).fetchone() is not None

    def close(self) -> None:
        """Close all files."""
        for file in self._opened.values():
            file.close()
        self._opened.clear()
        self._db.close()

    def _open(self, number: int) -> BinaryIO:
        file = self._opened.pop(number, None) or self._files[number].open("rb")
        self._opened[number] = file
        if len(self._opened) > _OPEN_FILES:
            self._opened.popitem(last=False)[1].close()
        return file

    def _count(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def _rows(
    path: Path, number: int, decoder: "msgspec.json.Decoder[PlannedLine]", takedowns: Takedowns
) -> Iterator[tuple[object, ...]]:
    end = 0
    with path.open("rb") as file:
        for text in file:
            # A crawl may be writing its last line just now.
            if not text.endswith(b"\n"):
                return
            start, end = end, end + len(text)
            try:
                line = decoder.decode(text)
            except msgspec.MsgspecError as error:
                raise _no_line(path, start, error) from error
            yield (
                line.id,
                line.version,
                line.captured_at,
                line.pressmark.record_id if line.pressmark else None,
                line.branch or OTHER,
                line.portal,
                line.published_at,
                line.schema,
                takedowns.covers(line.id, line.url, line.canonical_url, *(page.url for page in line.pages)),
                number,
                start,
                len(text),
            )


def _no_line(path: Path, start: int, error: Exception) -> CrawlerError:
    return CrawlerError(f"{path}: byte {start}: no article line ({error}); run `pressmark rebuild`, then export")
