"""What is known of every URL: the frontier's rows, what became of each request, and when it is due again.

One of the views behind `crawler/state.py`; fed by the fold, made again from the WARC files.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from archive.pressmark import Pressmark
from crawler.rows import Condition, FailingUrl, HostTrack, Kind, Link, Row, StoredCapture, Track, Visit

# What is asked first at a host: an open article is finished before the next is begun. The fronts of the lists come
# before the articles, of which the newest comes first, so that what is new never waits for what is old; the further
# pages of the lists come after them, and what is only looked at again after these. Requisites come last: style sheets
# and logos stay for years, so a run that is cut short should have kept the articles.
RANKS: dict[Kind, int] = {"robots": 0, "page": 1, "picture": 2, "article": 4, "listing": 5, "requisite": 7}
FRONT, AGAIN = 3, 6
# More pages than an article has.
_MOST_PAGES = 200

TABLES = """
CREATE TABLE visits (
    url TEXT PRIMARY KEY, host TEXT NOT NULL, kind TEXT NOT NULL, rank INTEGER NOT NULL, day TEXT,
    via TEXT, hops TEXT NOT NULL, condition TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    status INTEGER, first_seen_at TEXT, fetched_at TEXT, etag TEXT, last_modified TEXT, location TEXT,
    changed_at TEXT, interval_seconds REAL, failures INTEGER NOT NULL DEFAULT 0,
    gone_at TEXT, withdrawn_at TEXT, due_at TEXT
);
CREATE INDEX visits_by_turn ON visits (host, rank, day DESC) WHERE condition = 'pending';
CREATE INDEX visits_by_due ON visits (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX visits_unsettled ON visits (condition) WHERE condition IN ('leased', 'failed');
CREATE INDEX visits_excluded ON visits (host) WHERE condition = 'excluded';
CREATE INDEX visits_of_lists ON visits (condition) WHERE kind = 'listing';
CREATE TABLE hosts (host TEXT PRIMARY KEY, failures INTEGER NOT NULL, paused_until TEXT) WITHOUT ROWID;
CREATE TABLE captures (
    url TEXT PRIMARY KEY, captured_at TEXT NOT NULL, file TEXT NOT NULL, offset INTEGER NOT NULL,
    length INTEGER NOT NULL, record_id TEXT NOT NULL, payload_digest TEXT,
    revisit_file TEXT, revisit_offset INTEGER, revisit_length INTEGER, revisit_record_id TEXT
) WITHOUT ROWID;
"""


class Visits:
    """The tables of URLs, captures and hosts, inside the transaction of the state."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    # The frontier

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
                return _row(found[1:])
        return None

    def _next(self, host: str, rank: int, since: str | None, until: str | None) -> tuple[Any, ...] | None:
        """Return the newest pending row of a rank within the days, else one without a day."""
        query = (
            "SELECT rowid, url, kind, via, hops, attempts, status FROM visits"
            " WHERE condition = 'pending' AND host = ? AND rank = ?"
        )
        days = (since or "", until or "9999")
        found = self._db.execute(
            f"{query} AND day BETWEEN ? AND ? ORDER BY day DESC, rowid LIMIT 1", (host, rank, *days)
        ).fetchone()
        if found is None:
            undated = f"{query} AND day IS NULL ORDER BY rowid LIMIT 1"
            found = self._db.execute(undated, (host, rank)).fetchone()
        return tuple(found) if found else None

    def close(self, url: str, condition: Condition) -> None:
        """Set a row's condition without a visit: given back, or never asked for."""
        self._db.execute("UPDATE visits SET condition = ? WHERE url = ?", (condition, url))

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

    def reopen_excluded(self, host: str) -> None:
        """Give back what robots.txt forbade: a later one may allow it."""
        self._db.execute(
            "UPDATE visits SET condition = 'pending', attempts = 0 WHERE condition = 'excluded' AND host = ?", (host,)
        )

    def next_due(self, after: str = "") -> str | None:
        """Return the earliest time (after another one) at which something is due, None if nothing ever is."""
        (found,) = self._db.execute("SELECT min(due_at) FROM visits WHERE due_at > ?", (after,)).fetchone()
        return str(found) if found else None

    def due_counts(self, until: str) -> dict[str, int]:
        """Return how many URLs of each kind are due by a time."""
        rows = self._db.execute(
            "SELECT kind, count(*) FROM visits WHERE due_at IS NOT NULL AND due_at <= ? GROUP BY kind", (until,)
        )
        return dict(rows.fetchall())

    def host(self, name: str) -> HostTrack:
        """Return what is remembered of a host's failures."""
        found = self._db.execute("SELECT failures, paused_until FROM hosts WHERE host = ?", (name,)).fetchone()
        return HostTrack(host=name, failures=found[0], paused_until=found[1]) if found else HostTrack(host=name)

    def failing_hosts(self, now: str) -> list[HostTrack]:
        """Return the hosts that failed when they were last asked, or are left in peace at this time."""
        rows = self._db.execute(
            "SELECT host, failures, paused_until FROM hosts WHERE failures OR paused_until > ? ORDER BY host", (now,)
        )
        return [HostTrack(host=host, failures=failures, paused_until=until) for host, failures, until in rows]

    def days(self, hosts: Iterable[str], since: str, until: str) -> list[tuple[str, int, int, int]]:
        """Return for each day with articles on these hosts: the day, and how many are known, captured and waiting."""
        names = tuple(hosts)
        return self._db.execute(
            "SELECT day, count(*), sum(condition = 'done' AND status IN (200, 304)),"  # noqa: S608 - only question marks are put in
            f" sum(condition IN ('pending', 'leased')) FROM visits WHERE kind = 'article' AND condition != 'idle'"
            f" AND host IN ({','.join('?' * len(names))}) AND day BETWEEN ? AND ? GROUP BY day ORDER BY day",
            (*names, since, until),
        ).fetchall()

    def failing_urls(self) -> list[FailingUrl]:
        """Return the URLs whose last visit failed, those that failed most often first."""
        rows = self._db.execute(
            # Both terms: by the first, the index of unsettled rows is found.
            "SELECT url, kind, status, failures, fetched_at, due_at FROM visits"
            " WHERE condition IN ('leased', 'failed') AND condition = 'failed' ORDER BY failures DESC, url"
        )
        return [FailingUrl(*row) for row in rows]

    def pending_hosts(self) -> list[str]:
        """Return the hosts that have pending rows."""
        return [host for (host,) in self._db.execute("SELECT DISTINCT host FROM visits WHERE condition = 'pending'")]

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the number of rows by kind and condition."""
        rows = self._db.execute("SELECT kind, condition, count(*) FROM visits GROUP BY kind, condition")
        return {(kind, condition): count for kind, condition, count in rows}

    # What the fold asks

    def row(self, url: str) -> Row | None:
        """Return the row of a URL."""
        found = self._db.execute(
            "SELECT url, kind, via, hops, attempts, status FROM visits WHERE url = ?", (url,)
        ).fetchone()
        return _row(found) if found else None

    def track(self, url: str) -> Track:
        """Return what a URL's next fetch depends on; empty for one that is not known."""
        found = self._db.execute(
            "SELECT changed_at, interval_seconds, failures, gone_at, withdrawn_at, due_at FROM visits WHERE url = ?",
            (url,),
        ).fetchone()
        if not found:
            return Track()
        return Track(
            changed_at=found[0],
            interval_seconds=found[1],
            failures=found[2],
            gone_at=found[3],
            withdrawn_at=found[4],
            due_at=found[5],
        )

    def article_of(self, url: str) -> str | None:
        """Return the first page of the article that a further page belongs to, by the way on which it was found."""
        for _ in range(_MOST_PAGES):
            row = self.row(url)
            if row is None or row.via is None:
                return None
            if row.kind == "article":
                return url
            url = row.via
        return None

    def is_settled(self, url: str) -> bool:
        """Tell whether a URL has been asked for and needs no further request, a requisite only if it was kept."""
        found = self._db.execute(
            "SELECT 1 FROM visits WHERE url = ? AND condition IN ('done', 'failed', 'excluded')"
            " AND (kind != 'requisite' OR EXISTS (SELECT 1 FROM captures WHERE captures.url = visits.url))",
            (url,),
        ).fetchone()
        return found is not None

    def location(self, url: str) -> str | None:
        """Return where a URL redirects to."""
        found = self._db.execute("SELECT location FROM visits WHERE url = ?", (url,)).fetchone()
        return found[0] if found else None

    def capture(self, url: str) -> StoredCapture | None:
        """Return the last good capture of a URL."""
        found = self._db.execute(
            "SELECT captured_at, file, offset, length, record_id, payload_digest, revisit_file, revisit_offset,"
            " revisit_length, revisit_record_id FROM captures WHERE url = ?",
            (url,),
        ).fetchone()
        if not found:
            return None
        mark = _pressmark(found[1:6])
        revisit = _pressmark((*found[6:], mark.payload_digest)) if found[6] else None
        return StoredCapture(captured_at=found[0], pressmark=mark, revisit=revisit)

    # What the fold changes

    def put_visit(self, visit: Visit) -> None:
        """Store what became of a request, and the capture where there is a good one."""
        track = visit.track
        self._db.execute(
            "INSERT INTO visits (url, host, kind, rank, via, hops, condition, attempts, status, first_seen_at,"
            " fetched_at, etag, last_modified, location, changed_at, interval_seconds, failures, gone_at, withdrawn_at,"
            " due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (url) DO UPDATE SET condition = excluded.condition, attempts = excluded.attempts,"
            " status = excluded.status, first_seen_at = coalesce(first_seen_at, excluded.first_seen_at),"
            " fetched_at = excluded.fetched_at, etag = excluded.etag, last_modified = excluded.last_modified,"
            " location = excluded.location, changed_at = excluded.changed_at,"
            " interval_seconds = excluded.interval_seconds, failures = excluded.failures, gone_at = excluded.gone_at,"
            " withdrawn_at = excluded.withdrawn_at, due_at = excluded.due_at",
            (
                visit.url,
                visit.host,
                visit.kind,
                RANKS[visit.kind],
                visit.via,
                visit.hops,
                visit.condition,
                visit.attempts,
                visit.status,
                visit.fetched_at,
                visit.fetched_at,
                visit.etag,
                visit.last_modified,
                visit.location,
                track.changed_at,
                track.interval_seconds,
                track.failures,
                track.gone_at,
                track.withdrawn_at,
                track.due_at,
            ),
        )
        if visit.capture:
            mark, own = visit.capture, visit.revisit
            self._db.execute(
                "INSERT OR REPLACE INTO captures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    visit.url,
                    visit.fetched_at,
                    *(mark.file, mark.offset, mark.length, mark.record_id, mark.payload_digest),
                    *((own.file, own.offset, own.length, own.record_id) if own else (None,) * 4),
                ),
            )

    def put_track(self, url: str, track: Track) -> None:
        """Store what a URL's next fetch depends on, without a visit."""
        self._db.execute(
            "UPDATE visits SET changed_at = ?, interval_seconds = ?, failures = ?, gone_at = ?, withdrawn_at = ?,"
            " due_at = ? WHERE url = ?",
            (
                track.changed_at,
                track.interval_seconds,
                track.failures,
                track.gone_at,
                track.withdrawn_at,
                track.due_at,
                url,
            ),
        )

    def put_host(self, track: HostTrack) -> None:
        """Store what is remembered of a host."""
        self._db.execute(
            "INSERT OR REPLACE INTO hosts VALUES (?, ?, ?)", (track.host, track.failures, track.paused_until)
        )


def _rank(link: Link) -> int:
    return FRONT if link.kind == "listing" and not link.hops else RANKS[link.kind]


def _ranks(kind: Kind) -> tuple[int, ...]:
    """Return the ranks that rows of a kind may have."""
    again = {"listing": (FRONT,), "article": (AGAIN,), "page": (AGAIN,)}.get(kind, ())
    return (RANKS[kind], *again)


def _row(found: tuple[str, Kind, str | None, str, int, int | None]) -> Row:
    url, kind, via, hops, attempts, status = found
    return Row(url=url, kind=kind, via=via, hops=hops, attempts=attempts, status=status)


def _pressmark(columns: tuple[str, int, int, str, str | None]) -> Pressmark:
    file, offset, length, record_id, payload_digest = columns
    return Pressmark(file=file, offset=offset, length=length, record_id=record_id, payload_digest=payload_digest)
