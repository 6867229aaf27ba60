"""Groups of articles that share a text, made of neighbours, and `reprints.jsonl`.

A group is a star: the article that was published first, and those of its neighbours that no earlier article has taken.
So every article of a group shares its text with the original itself. Taking neighbours of neighbours as well would
chain unrelated texts together, by a roundup or by boilerplate in the middle; asking that all be neighbours of all
would part two copies that were cut at different ends.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from crawler.views.reprint import Reprint

GROUP_TABLES = """
CREATE TABLE members (
    article INTEGER PRIMARY KEY, original INTEGER NOT NULL, shared INTEGER NOT NULL, distance INTEGER NOT NULL
);
CREATE INDEX members_by_original ON members (original);
CREATE TABLE written (bytes INTEGER NOT NULL);
"""


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
