"""Which articles share a text: found by samples of their shingles, settled by the shingles themselves.

A view of the line files. Two articles are neighbours by their two texts, and by which shingles are common; so the order
in which lines come, and in how many portions, changes nothing: what a new line, or a shingle that becomes common, can
alter is compared anew (`_compare`). Groups are made of neighbours by `crawler/views/groups.py`.
"""

import sqlite3
from array import array
from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from crawler.article import read_located
from crawler.lines import ArticleLine
from crawler.store.collection import Collection
from crawler.views.groups import GROUP_TABLES, write_groups
from crawler.views.shingles import bound, distance, rarity, sample, shingles, simhash
from crawler.views.store import ReplacedError, Shape, Source, line_paths, new_sources, put_source, update

VERSION = 1
# `moment` is the second of publication, of the epoch; `own` tells that the source is the agency of the dateline.
TABLES = f"""
CREATE TABLE articles (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, size INTEGER NOT NULL,
    simhash BLOB NOT NULL, sample BLOB NOT NULL, moment INTEGER, own INTEGER NOT NULL,
    source INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL
);
CREATE TABLE samples (hash INTEGER, article INTEGER, PRIMARY KEY (hash, article)) WITHOUT ROWID;
CREATE TABLE common (hash INTEGER PRIMARY KEY);
CREATE TABLE neighbours (a INTEGER, b INTEGER, shared INTEGER, distance INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
{GROUP_TABLES}
"""
BATCH = 1_000
# A shingle that more articles hold is a phrase, not a text, and finds no candidates.
COMMON = 200
# Shingles of a text of 80 characters: a shorter one must be the same nearly throughout. One below 24 is no text.
SHORT, LEAST = 77, 21
# Facts: reprints differ by 1 to 3 bits, unrelated texts by 19 or more; a copy cut to two thirds only shares shingles.
MOST_BITS, LEAST_SHARE, LEAST_SHORT_SHARE = 6, 0.7, 0.9
# Less than a copy cut to half: a roundup of the day holds many texts, and is a reprint of none.
LEAST_LENGTH_SHARE = 0.4
# Of a sample; well below what neighbours share, so that hardly one is missed.
LEAST_SAMPLE_SHARE = 0.3
TEXTS_KEPT = 500


@dataclass(frozen=True, slots=True)
class _Text:
    """An article as it is compared: the number of its shingles, simhash, the sample, and where its line stands."""

    size: int
    simhash: int
    sample: "array[int]"
    path: str
    offset: int
    length: int


class _Body(msgspec.Struct):
    """What of a line is compared."""

    body: str


def shape(collection: Collection) -> Shape:
    """Return what tells the file from others."""
    return Shape(path=collection.reprints_state, tables=TABLES, version=VERSION)


def update_reprints(collection: Collection, *, anew: bool = False) -> None:
    """Read the lines that are new, and write `reprints.jsonl` where something has changed or it is missing.

    Raises ViewError where that cannot be done, CrawlerError for a line that is none.
    """
    update(shape(collection), lambda db: _feed(db, collection), anew=anew)


def _feed(db: sqlite3.Connection, collection: Collection) -> None:
    finder = _Finder(db, collection)
    db.execute("BEGIN IMMEDIATE")
    for source in new_sources(db, collection, line_paths(collection)):
        end = source.bytes
        lines = read_located(source.path, end)
        while batch := list(islice(lines, BATCH)):
            finder.feed(source.number, end, batch)
            end = batch[-1][0]
            put_source(db, Source(source.number, source.path, end))
            db.execute("DELETE FROM written")
            db.execute("COMMIT")
            db.execute("BEGIN IMMEDIATE")
    write_groups(db, collection.reprints)
    db.execute("COMMIT")


class _Finder:
    """Keeps the neighbours of all articles right, batch by batch."""

    def __init__(self, db: sqlite3.Connection, collection: Collection) -> None:
        self._db = db
        self._collection = collection
        self._common = {found for (found,) in db.execute("SELECT hash FROM common")}
        self._kept: OrderedDict[int, frozenset[int]] = OrderedDict()

    def feed(self, source: int, begin: int, batch: Iterable[tuple[int, ArticleLine]]) -> None:
        """Take in the newest version of each article of a batch that begins at an offset of a file."""
        newest: dict[str, tuple[int, int, ArticleLine]] = {}
        for end, line in batch:
            if line.id not in newest or (line.version or 0) >= (newest[line.id][2].version or 0):
                newest[line.id] = begin, end, line
            begin = end
        touched: set[int] = set()
        fresh = {number for found in newest.values() if (number := self._put(source, *found, touched))}
        self._compare(fresh | self._note_common(touched))

    def _put(self, source: int, begin: int, end: int, line: ArticleLine, touched: set[int]) -> int | None:
        """Store an article in the place of its earlier version; return its number, None where a later one is held."""
        held = self._db.execute("SELECT number, version, sample FROM articles WHERE id = ?", (line.id,)).fetchone()
        if held and held[1] > (line.version or 0):
            return None
        hashes = shingles(line.body)
        chosen = sample(hashes, rarity(len(hashes))) if len(hashes) >= LEAST else []
        number = held[0] if held else None
        text = (len(hashes), simhash(hashes).to_bytes(8), array("I", chosen).tobytes())
        row = (
            number,
            line.id,
            line.version or 0,
            *text,
            _moment(line),
            _names_itself(line),
            source,
            begin,
            end - begin,
        )
        if held:
            gone = array("I", held[2])
            self._db.executemany("DELETE FROM samples WHERE hash = ? AND article = ?", [(h, number) for h in gone])
            touched.update(gone)
        put = self._db.execute("INSERT OR REPLACE INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        number = int(put.lastrowid or 0)
        self._db.executemany("INSERT INTO samples VALUES (?, ?)", [(one, number) for one in chosen])
        touched.update(chosen)
        self._keep(number, hashes)
        return number

    def _note_common(self, touched: set[int]) -> set[int]:
        """Keep which shingles are common; return the articles of those that have become so, or are so no longer."""
        concerned: set[int] = set()
        for one in sorted(touched):
            (count,) = self._db.execute(
                "SELECT count(*) FROM (SELECT 1 FROM samples WHERE hash = ? LIMIT ?)", (one, COMMON + 1)
            ).fetchone()
            if (count > COMMON) == (one in self._common):
                continue
            if count > COMMON:
                self._common.add(one)
                self._db.execute("INSERT INTO common VALUES (?)", (one,))
            else:
                self._common.remove(one)
                self._db.execute("DELETE FROM common WHERE hash = ?", (one,))
            concerned.update(a for (a,) in self._db.execute("SELECT article FROM samples WHERE hash = ?", (one,)))
        return concerned

    def _compare(self, numbers: set[int]) -> None:
        """Find the neighbours of these articles anew."""
        for number in sorted(numbers):
            gone = self._db.execute("SELECT b FROM neighbours WHERE a = ?", (number,)).fetchall()
            self._db.executemany("DELETE FROM neighbours WHERE a = ? AND b = ?", [(b, number) for (b,) in gone])
            self._db.execute("DELETE FROM neighbours WHERE a = ?", (number,))
        for number in sorted(numbers):
            for other, shared, bits in self._neighbours(number):
                pairs = [(number, other, shared, bits), (other, number, shared, bits)]
                self._db.executemany("INSERT OR REPLACE INTO neighbours VALUES (?, ?, ?, ?)", pairs)

    def _neighbours(self, number: int) -> Iterator[tuple[int, int, int]]:
        """Yield the neighbours of an article, the number of shingles that they share, and the bits that differ."""
        text = self._text(number)
        shared = Counter[int]()
        for one in set(text.sample) - self._common:
            shared.update(a for (a,) in self._db.execute("SELECT article FROM samples WHERE hash = ?", (one,)))
        del shared[number]
        for other, count in shared.items():
            if count > 1 and (found := self._settle(number, text, other, count)):
                yield other, *found

    def _settle(self, number: int, text: _Text, other: int, count: int) -> tuple[int, int] | None:
        """Tell whether two articles that share so many shingles of their samples are neighbours, and by how much."""
        candidate = self._text(other)
        least, most = sorted((text.size, candidate.size))
        if least < LEAST_LENGTH_SHARE * most:
            return None
        # Both samples as the longer text's is chosen.
        below = bound(rarity(most))
        if count < LEAST_SAMPLE_SHARE * min(bisect_left(text.sample, below), bisect_left(candidate.sample, below)):
            return None
        shared = len(self._shingles(number, text) & self._shingles(other, candidate))
        bits = distance(text.simhash, candidate.simhash)
        if least < SHORT:
            return (shared, bits) if shared >= LEAST_SHORT_SHARE * most else None
        return (shared, bits) if bits <= MOST_BITS or shared >= LEAST_SHARE * least else None

    def _text(self, number: int) -> _Text:
        size, bits, chosen, path, offset, length = self._db.execute(
            "SELECT size, simhash, sample, path, offset, length FROM articles JOIN sources ON sources.number = source"
            " WHERE articles.number = ?",
            (number,),
        ).fetchone()
        return _Text(size, int.from_bytes(bits), array("I", chosen), path, offset, length)

    def _shingles(self, number: int, text: _Text) -> frozenset[int]:
        """Return the shingles of an article, read from its line if they are not at hand."""
        hashes = self._kept.get(number)
        if hashes is None:
            with (self._collection.folder / text.path).open("rb") as file:
                file.seek(text.offset)
                try:
                    hashes = shingles(msgspec.json.decode(file.read(text.length), type=_Body).body)
                except msgspec.MsgspecError as error:
                    raise ReplacedError(text.path) from error
            if len(hashes) != text.size:
                raise ReplacedError(text.path)
        self._keep(number, hashes)
        return hashes

    def _keep(self, number: int, hashes: frozenset[int]) -> None:
        self._kept[number] = hashes
        self._kept.move_to_end(number)
        if len(self._kept) > TEXTS_KEPT:
            self._kept.popitem(last=False)


def _moment(line: ArticleLine) -> int | None:
    """Return when an article was published at the latest: the end of its minute, or of its day, where no more is told.

    So an article that names the day alone is not taken for the first one of that day.
    """
    if not line.published_at:
        return None
    open_ended = {"minute": timedelta(seconds=59), "day": timedelta(days=1, seconds=-1)}
    told = datetime.fromisoformat(line.published_at) + open_ended.get(line.published_precision or "", timedelta())
    return int(told.timestamp())


def _names_itself(line: ArticleLine) -> bool:
    """Tell whether the source that an article names is the agency of its own dateline: 中新网 in 中新网江苏."""
    agency = line.dateline.agency if line.dateline else None
    return bool(agency and line.source and agency in line.source.name)
