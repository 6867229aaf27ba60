"""The search index: the newest version of each article by the bigrams and words of its headline, body and captions.

A view of the line files. It holds no text: a hit is read from its line. See `crawler/views/grams.py` for what is exact.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Literal

import msgspec

from crawler.article import read_located
from crawler.errors import CrawlerError
from crawler.folding.changes import Event
from crawler.lines import ArticleLine
from crawler.store.collection import Collection
from crawler.views.grams import match_expression, tokens
from crawler.views.store import (
    DamagedError,
    Place,
    ReplacedError,
    Shape,
    Source,
    line_paths,
    new_sources,
    opened_to_read,
    put_source,
    read_place,
    unread_bytes,
    update,
)

Order = Literal["newest", "relevance"]

VERSION = 1
# `day` is the day of publication as the page has it, as an ordinal; `moment` the second, of the epoch. The index has no
# copy of what it was made from (contentless), and takes a text out by being told it once more, which every SQLite can.
# The body comes first: an entry of the first column has no mark of its column, which makes the index a third smaller.
TABLES = """
CREATE TABLE articles (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, branch TEXT, day INTEGER,
    moment INTEGER, source INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL
);
CREATE TABLE withdrawn (id TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE grams USING fts5 (body, headline, captions, content = '', tokenize = 'ascii');
INSERT INTO grams (grams, rank) VALUES ('hashsize', 33554432);
"""
# Lines between two commits: 32 MB of index in memory, and a reader waits for none of it.
BATCH = 4_000
# After so many new lines at once the index is written anew, a quarter smaller.
MANY = 20_000
# bm25: a word in the headline tells more than one in the text.
WEIGHTS = "1.0, 4.0, 1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for. Days are those of publication; an article without one is in no range of days."""

    words: str
    branches: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    limit: int = 20
    order: Order = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One article that was found; `withdrawn_at` tells when the portal had taken it down, None where it stands."""

    line: ArticleLine
    place: Place
    withdrawn_at: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """The first hits of a query, how many there are in all, and how many bytes of lines the index has not read."""

    hits: tuple[Hit, ...]
    total: int
    unread: int


def shape(collection: Collection) -> Shape:
    """Return what tells the search index from other files."""
    return Shape(path=collection.search, tables=TABLES, version=VERSION)


def update_search(collection: Collection, *, anew: bool = False) -> None:
    """Read the lines and events that are new into the index; make it anew where it is missing, older or damaged.

    Raises ViewError where it cannot be written, CrawlerError for a line that is none.
    """
    update(shape(collection), lambda db: _feed(db, collection), anew=anew)


def search(collection: Collection, query: Query) -> Found:
    """Return what the index holds. Raises CrawlerError where there is none, DamagedError for one of no use."""
    with opened_to_read(shape(collection)) as db:
        numbers, total = _numbers(db, query)
        hits = tuple(_hit(db, collection, number) for number in numbers)
        return Found(hits, total, unread_bytes(db, collection, line_paths(collection)))


def _numbers(db: sqlite3.Connection, query: Query) -> tuple[list[int], int]:
    """Return the numbers of the first articles, and how many there are."""
    expression = match_expression(query.words)
    if expression is None:
        return [], 0
    conditions, values = ["grams MATCH ?"], [expression]
    if query.branches:
        conditions.append(f"branch IN ({', '.join('?' * len(query.branches))})")
        values += query.branches
    for day, condition in ((query.since, "day >= ?"), (query.until, "day <= ?")):
        if day:
            conditions.append(condition)
            values.append(str(day.toordinal()))
    rank = f"bm25(grams, {WEIGHTS})" if query.order == "relevance" else "0"
    rows = db.execute(
        f"SELECT number, count(*) OVER () FROM (SELECT number, moment, id, {rank} AS place FROM grams"  # noqa: S608 - values are bound
        f" JOIN articles ON number = grams.rowid WHERE {' AND '.join(conditions)})"
        " ORDER BY place, moment DESC, id LIMIT ?",
        (*values, query.limit),
    ).fetchall()
    return [number for number, _ in rows], rows[0][1] if rows else 0


def _hit(db: sqlite3.Connection, collection: Collection, number: int) -> Hit:
    path, offset, length, article, version, withdrawn_at = db.execute(
        "SELECT path, offset, length, articles.id, version, at FROM articles JOIN sources ON sources.number = source"
        " LEFT JOIN withdrawn ON withdrawn.id = articles.id WHERE articles.number = ?",
        (number,),
    ).fetchone()
    place = Place(file=path, offset=offset, length=length)
    line = read_place(collection, place)
    if line is None or (line.id, line.version or 0) != (article, version):
        raise DamagedError(f"{collection.search}: {path} at byte {offset} is not {article}, version {version}")
    return Hit(line=line, place=place, withdrawn_at=withdrawn_at)


def _feed(db: sqlite3.Connection, collection: Collection) -> None:
    db.execute("BEGIN IMMEDIATE")
    events = [collection.changes] if collection.changes.exists() else []
    lines = 0
    for source in new_sources(db, collection, [*line_paths(collection), *events]):
        if source.path == collection.changes:
            _feed_events(db, source)
        else:
            lines += _feed_lines(db, collection, source)
    db.execute("COMMIT")
    if lines >= MANY:
        db.execute("INSERT INTO grams (grams) VALUES ('optimize')")
        db.execute("VACUUM")


def _feed_lines(db: sqlite3.Connection, collection: Collection, source: Source) -> int:
    """Read what is new in a line file, and return how many lines that are."""
    end, count = source.bytes, 0
    lines = read_located(source.path, end)
    while batch := list(islice(lines, BATCH)):
        _put(db, collection, source.number, end, batch)
        end, count = batch[-1][0], count + len(batch)
        put_source(db, Source(source.number, source.path, end))
        db.execute("COMMIT")
        db.execute("BEGIN IMMEDIATE")
    return count


def _put(
    db: sqlite3.Connection, collection: Collection, source: int, begin: int, batch: Iterable[tuple[int, ArticleLine]]
) -> None:
    """Put the newest version of each article of a batch into the index, and take the earlier ones out."""
    newest: dict[str, tuple[int, int, ArticleLine]] = {}
    for end, line in batch:
        if line.id not in newest or (line.version or 0) >= (newest[line.id][2].version or 0):
            newest[line.id] = begin, end, line
        begin = end
    # The index works fastest where numbers only grow: first what goes, then what comes.
    earlier = sorted(_earlier(db, collection, newest))
    for number, line in earlier:
        db.execute(
            "INSERT INTO grams (grams, rowid, body, headline, captions) VALUES ('delete', ?, ?, ?, ?)",
            (number, *_texts(line)),
        )
        db.execute("DELETE FROM articles WHERE number = ?", (number,))
    (last,) = db.execute("SELECT max(number) FROM articles").fetchone()
    for number, (start, end, line) in enumerate(newest.values(), (last or 0) + 1):
        db.execute("INSERT INTO grams (rowid, body, headline, captions) VALUES (?, ?, ?, ?)", (number, *_texts(line)))
        db.execute(
            "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, line.id, line.version or 0, line.branch, *_when(line), source, start, end - start),
        )


def _earlier(
    db: sqlite3.Connection, collection: Collection, newest: dict[str, tuple[int, int, ArticleLine]]
) -> Iterator[tuple[int, ArticleLine]]:
    """Yield what the index holds of these articles; drop from them what the index holds a later version of."""
    for article, (_, _, line) in list(newest.items()):
        found = db.execute(
            "SELECT articles.number, version, path, offset, length FROM articles"
            " JOIN sources ON sources.number = source WHERE id = ?",
            (article,),
        ).fetchone()
        if not found:
            continue
        number, version, path, offset, length = found
        if version > (line.version or 0):
            del newest[article]
            continue
        earlier = read_place(collection, Place(file=path, offset=offset, length=length))
        if earlier is None or earlier.id != article:
            raise ReplacedError(path)
        yield number, earlier


def _feed_events(db: sqlite3.Connection, source: Source) -> None:
    """Keep which articles are withdrawn."""
    decoder = msgspec.json.Decoder(Event)
    end = source.bytes
    with source.path.open("rb") as file:
        file.seek(end)
        for text in file:
            if not text.endswith(b"\n"):
                break
            try:
                event = decoder.decode(text)
            except msgspec.MsgspecError as error:
                raise CrawlerError(f"{source.path}: byte {end}: no event ({error})") from error
            end += len(text)
            if event.type == "withdrawn":
                db.execute("INSERT OR REPLACE INTO withdrawn VALUES (?, ?)", (event.id, event.at))
            else:
                db.execute("DELETE FROM withdrawn WHERE id = ?", (event.id,))
    put_source(db, Source(source.number, source.path, end))


def _texts(line: ArticleLine) -> tuple[str, str, str]:
    """Return the tokens of body, headline and captions; fields do not run into each other."""
    captions = "\n".join(image.caption or "" for image in line.images)
    body, headline, captions = (" ".join(tokens(text)) for text in (line.body, line.headline or "", captions))
    return body, headline, captions


def _when(line: ArticleLine) -> tuple[int | None, int | None]:
    if not line.published_at:
        return None, None
    moment = datetime.fromisoformat(line.published_at)
    return moment.toordinal(), int(moment.timestamp())
