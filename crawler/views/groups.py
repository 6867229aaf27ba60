"""Groups of articles that share a text, made of neighbours, and `reprints.jsonl`.

A group is a star: the article that was published first, and those of its neighbours that no earlier article has taken.
So every article of a group shares its text with the original itself. Taking neighbours of neighbours as well would
chain unrelated texts together, by a roundup or by boilerplate in the middle; asking that all be neighbours of all
would part two copies that were cut at different ends.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import msgspec

from crawler.lines import ArticleLine
from crawler.store.collection import Collection
from crawler.views.reprint import Reprint
from crawler.views.store import DamagedError, Place, read_place

GROUP_TABLES = """
CREATE TABLE members (
    article INTEGER PRIMARY KEY, original INTEGER NOT NULL, shared INTEGER NOT NULL, distance INTEGER NOT NULL
);
CREATE INDEX members_by_original ON members (original);
CREATE TABLE written (bytes INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An article of a group: the part of its text that the original has too, and the bits of simhash that differ."""

    line: ArticleLine
    share: float
    distance: int


@dataclass(frozen=True, slots=True)
class Group:
    """The likely original and the articles that share their text with it, the earliest first."""

    original: Member
    others: tuple[Member, ...]


def write_groups(db: sqlite3.Connection, path: Path) -> None:
    """Make the groups and write their file, unless it is there as it was written for these neighbours."""
    written = db.execute("SELECT bytes FROM written").fetchone()
    if written and path.exists() and path.stat().st_size == written[0]:
        return
    _choose_members(db)
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("wb") as file:
        file.writelines(msgspec.json.encode(line) + b"\n" for line in _lines(db))
    unfinished.replace(path)
    db.execute("DELETE FROM written")
    db.execute("INSERT INTO written VALUES (?)", (path.stat().st_size,))


def read_groups(db: sqlite3.Connection, collection: Collection, article: str | None = None) -> Iterator[Group]:
    """Yield the groups, that of the newest original first; of one article alone its group, if it is in one.

    Raises DamagedError where a line does not stand where it should.
    """
    chosen = "WHERE m.original = (SELECT original FROM members JOIN articles ON number = article WHERE id = ?)"
    rows = db.execute(
        "SELECT m.original, a.id, m.shared * 1.0 / a.size, m.distance, path, a.offset, a.length"  # noqa: S608 - both are ours
        " FROM members m JOIN articles a ON a.number = m.article JOIN articles o ON o.number = m.original"
        f" JOIN sources ON sources.number = a.source {chosen if article else ''}"
        " ORDER BY o.moment DESC, o.id, m.article <> m.original, a.moment IS NULL, a.moment, a.id",
        (article,) if article else (),
    )
    for _, grouped in groupby(rows, key=itemgetter(0)):
        members = [
            Member(
                line=_line(collection, found, Place(file=path, offset=offset, length=length)),
                share=share,
                distance=bits,
            )
            for _, found, share, bits, path, offset, length in grouped
        ]
        yield Group(members[0], tuple(members[1:]))


def _line(collection: Collection, article: str, place: Place) -> ArticleLine:
    line = read_place(collection, place)
    if line is None or line.id != article:
        raise DamagedError(f"{collection.reprints_state}: {place.file} at byte {place.offset} is not {article}")
    return line


def _choose_members(db: sqlite3.Connection) -> None:
    """Let each article, the likely originals first, take those of its neighbours that are not taken."""
    db.execute("DELETE FROM members")
    (last,) = db.execute("SELECT max(number) FROM articles").fetchone()
    taken = bytearray((last or 0) + 1)
    in_order = db.execute(
        "SELECT number FROM articles WHERE number IN (SELECT a FROM neighbours)"
        " ORDER BY moment IS NULL, moment, NOT own, id"
    )
    for (original,) in in_order:
        if taken[original]:
            continue
        found = db.execute("SELECT b, shared, distance FROM neighbours WHERE a = ?", (original,)).fetchall()
        members = [(number, original, shared, bits) for number, shared, bits in found if not taken[number]]
        if not members:
            continue
        for number, *_ in members:
            taken[number] = True
        taken[original] = True
        db.executemany("INSERT INTO members VALUES (?, ?, ?, ?)", members)
        db.execute("INSERT INTO members SELECT number, number, size, 0 FROM articles WHERE number = ?", (original,))


def _lines(db: sqlite3.Connection) -> Iterator[Reprint]:
    """Yield the line of each member, by group and article."""
    rows = db.execute(
        "SELECT a.id, a.version, min(a.id) OVER (PARTITION BY m.original) AS grouped, o.id, m.shared, a.size,"
        " m.distance FROM members m JOIN articles a ON a.number = m.article JOIN articles o ON o.number = m.original"
        " ORDER BY grouped, a.id"
    )
    for article, version, group, original, shared, size, bits in rows:
        yield Reprint(
            article=article,
            version=version,
            group=group,
            original=original,
            share=round(shared / size, 3),
            distance=bits,
        )
