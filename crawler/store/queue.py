"""The queue of what is to be asked: each URL is pending, leased, or settled for now.

This is all that the crawl knows of its queue, so a distributed engine may take the place of the class here. It must
keep these promises:

- `add` makes a row for a URL once, whoever finds it and however often; `lease` gives a row to one asker, in the order
  of `RANKS` and the newest day first; `done` settles it by what became of its request, `close` without one, `requeue`
  gives it back.
- What is added, leased and settled becomes lasting together with what the fold knows of the same record, or not at all
  (`State.commit`): the links of a page are there before its row is settled, so a crash at any moment loses no URL.
- A lease outlives its asker by no more than a run: `begin_run` takes back what a crash left leased, and asks again for
  what is due.
- `counts` and `pending_hosts` tell how much waits, and where.

Here the rows are those of the table `visits` (`crawler/store/visits.py`), in the transaction of the state.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from crawler.store.rows import Condition, Kind, Link, Row, Visit

# What is asked first at a host: an open article is finished before the next is begun. The fronts of the lists come
# before the articles, of which the newest comes first, so that what is new never waits for what is old; the further
# pages of the lists come after them, and what is only looked at again after these. Requisites come last: style sheets
# and logos stay for years, so a run that is cut short should have kept the articles.
RANKS: dict[Kind, int] = {"robots": 0, "page": 1, "picture": 2, "article": 4, "listing": 5, "requisite": 7}
FRONT, AGAIN = 3, 6

COLUMNS = "url, kind, via, hops, attempts, status"


class Queue:
    """The rows of the frontier, inside the transaction of the state."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, link: Link, seen_at: str | None = None) -> bool:
        """Make a row for a URL that is not known yet, or ask a list again if the link says so; True if asked anew.

        `seen_at` is the time of the record that names it.
        """
        added = self._db.execute(
            "INSERT OR IGNORE INTO visits (url, host, kind, rank, day, via, hops, condition, first_seen_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
            (link.url, link.host, link.kind, _rank(link), link.day, link.via, link.hops, seen_at),
        ).rowcount
        if not added and link.kind != "requisite":
            added = self._raise_requisite(link)
        if not added and link.again:
            added = self._db.execute(
                "UPDATE visits SET condition = 'pending', attempts = 0 WHERE url = ? AND condition = 'idle'",
                (link.url,),
            ).rowcount
        return bool(added)

    def _raise_requisite(self, link: Link) -> int:
        """Let a URL that was a requisite so far take its turn as what it is now, and ask again what was not kept.

        A picture on a list may be an article's picture later on, which has no bound on its size.
        """
        return self._db.execute(
            "UPDATE visits SET kind = ?, rank = ?, day = ?, hops = ?, via = ?, attempts = 0, status = NULL,"
            " condition = CASE condition WHEN 'leased' THEN 'leased' ELSE 'pending' END"
            " WHERE url = ? AND kind = 'requisite'"
            " AND NOT (? = 'picture' AND EXISTS (SELECT 1 FROM captures WHERE captures.url = visits.url))",
            (link.kind, _rank(link), link.day, link.hops, link.via, link.url, link.kind),
        ).rowcount

    def lease(
        self, host: str, *, kinds: Iterable[Kind], since: str | None = None, until: str | None = None
    ) -> Row | None:
        """Take the next pending row of a host, None if there is none.

        Of articles and further pages of lists, those of days outside `since` and `until` are left; a page of a list has
        the day of the newest article on the page before, and is left only where that lies before `since`.
        """
        for rank in sorted(rank for kind in set(kinds) for rank in _ranks(kind)):
            found = self._next(host, rank, since, until if rank in _ranks("article") else None)
            if found:
                self._db.execute("UPDATE visits SET condition = 'leased' WHERE rowid = ?", (found[0],))
                return row_of(found[1:])
        return None

    def _next(self, host: str, rank: int, since: str | None, until: str | None) -> tuple[Any, ...] | None:
        """Return the newest pending row of a rank within the days, else one without a day."""
        query = f"SELECT rowid, {COLUMNS} FROM visits WHERE condition = 'pending' AND host = ? AND rank = ?"
        days = (since or "", until or "9999")
        found = self._db.execute(
            f"{query} AND day BETWEEN ? AND ? ORDER BY day DESC, rowid LIMIT 1", (host, rank, *days)
        ).fetchone()
        if found is None:
            undated = f"{query} AND day IS NULL ORDER BY rowid LIMIT 1"
            found = self._db.execute(undated, (host, rank)).fetchone()
        return tuple(found) if found else None

    def done(self, visit: Visit) -> None:
        """Set a row to the condition in which a request has left it; a URL that was never added gets its row."""
        self._db.execute(
            "INSERT INTO visits (url, host, kind, rank, via, hops, condition, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (url) DO UPDATE SET condition = excluded.condition, attempts = excluded.attempts",
            (
                *(visit.url, visit.host, visit.kind, RANKS[visit.kind], visit.via, visit.hops),
                *(visit.condition, visit.attempts),
            ),
        )

    def close(self, url: str, condition: Condition) -> None:
        """Settle a row without a visit: no exchange came of it, or it is never asked for."""
        self._db.execute("UPDATE visits SET condition = ? WHERE url = ?", (condition, url))

    def requeue(self, url: str) -> None:
        """Give a leased row back as it was."""
        self.close(url, "pending")

    def requeue_excluded(self, host: str) -> None:
        """Give back what robots.txt forbade: a later one may allow it."""
        self._db.execute(
            "UPDATE visits SET condition = 'pending', attempts = 0 WHERE condition = 'excluded' AND host = ?", (host,)
        )

    def begin_run(self, due_until: str, *, everything: bool = False) -> None:
        """Ask for what is due by then, and give back what a crash left leased.

        `everything` asks for all lists, and for what failed, whether they are due or not.
        """
        self._db.execute("UPDATE visits SET condition = 'idle' WHERE kind = 'listing' AND condition = 'done'")
        self._db.execute(
            "UPDATE visits SET condition = 'pending', attempts = 0"
            " WHERE condition IN ('leased', 'failed') AND (condition != 'failed' OR due_at IS NULL OR ?)",
            (everything,),
        )
        if everything:
            self._db.execute(
                "UPDATE visits SET condition = 'pending', attempts = 0"
                " WHERE kind = 'listing' AND condition = 'idle' AND due_at IS NOT NULL"
            )
        self._db.execute(
            "UPDATE visits SET condition = 'pending', attempts = 0,"
            " rank = CASE WHEN kind = 'listing' THEN ? WHEN condition = 'done' THEN ? ELSE rank END"
            " WHERE due_at IS NOT NULL AND due_at <= ? AND condition IN ('done', 'idle', 'failed')",
            (FRONT, AGAIN, due_until),
        )

    def pending_hosts(self) -> list[str]:
        """Return the hosts that have pending rows."""
        return [host for (host,) in self._db.execute("SELECT DISTINCT host FROM visits WHERE condition = 'pending'")]

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the number of rows by kind and condition."""
        rows = self._db.execute("SELECT kind, condition, count(*) FROM visits GROUP BY kind, condition")
        return {(kind, condition): count for kind, condition, count in rows}


def row_of(found: tuple[str, Kind, str | None, str, int, int | None]) -> Row:
    """Return the row with these `COLUMNS`."""
    url, kind, via, hops, attempts, status = found
    return Row(url=url, kind=kind, via=via, hops=hops, attempts=attempts, status=status)


def _rank(link: Link) -> int:
    return FRONT if link.kind == "listing" and not link.hops else RANKS[link.kind]


def _ranks(kind: Kind) -> tuple[int, ...]:
    """Return the ranks that rows of a kind may have."""
    again = {"listing": (FRONT,), "article": (AGAIN,), "page": (AGAIN,)}.get(kind, ())
    return (RANKS[kind], *again)
