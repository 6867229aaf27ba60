"""What is known of every URL and host: what became of the last request, the last good capture, when it is due again.

One of the views behind `crawler/store/state.py`; fed by the fold, made again from the WARC files. The table `visits`
holds the rows of the queue as well (`crawler/store/queue.py`): kind, rank, day, via, hops, condition and attempts are
set there.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter

from archive.pressmark import Pressmark
from crawler.store.queue import COLUMNS, row_of
from crawler.store.rows import FailingUrl, HostTrack, Row, StoredCapture, Track, Visit

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
CREATE TABLE hosts (host TEXT PRIMARY KEY, failures INTEGER NOT NULL, paused_until TEXT) WITHOUT ROWID;
CREATE TABLE captures (
    url TEXT PRIMARY KEY, captured_at TEXT NOT NULL, file TEXT NOT NULL, offset INTEGER NOT NULL,
    length INTEGER NOT NULL, record_id TEXT NOT NULL, payload_digest TEXT,
    revisit_file TEXT, revisit_offset INTEGER, revisit_length INTEGER, revisit_record_id TEXT
) WITHOUT ROWID;
"""
# For the counts; over all rows, a scan of the table takes seconds.
INDEXES = """
CREATE INDEX IF NOT EXISTS visits_by_kind ON visits (kind, condition);
DROP INDEX IF EXISTS visits_of_lists;
"""

_TRACK = tuple(field.name for field in fields(Track))
_SET_TRACK = ", ".join(f"{name} = ?" for name in _TRACK)
_track_values = attrgetter(*_TRACK)


class Visits:
    """The tables of URLs, captures and hosts, inside the transaction of the state."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

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
            "SELECT day, count(*), sum(condition = 'done' AND status IN (200, 304)),"
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

    # What the fold asks

    def row(self, url: str) -> Row | None:
        """Return the row of a URL."""
        found = self._db.execute(f"SELECT {COLUMNS} FROM visits WHERE url = ?", (url,)).fetchone()
        return row_of(found) if found else None

    def track(self, url: str) -> Track:
        """Return what a URL's next fetch depends on; empty for one that is not known."""
        query = f"SELECT {', '.join(_TRACK)} FROM visits WHERE url = ?"
        found = self._db.execute(query, (url,)).fetchone()
        return Track(**dict(zip(_TRACK, found, strict=True))) if found else Track()

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
        """Store what became of the request for a URL that the queue has, and the capture where there is a good one."""
        self._db.execute(
            "UPDATE visits SET status = ?, first_seen_at = coalesce(first_seen_at, ?), fetched_at = ?, etag = ?,"
            f" last_modified = ?, location = ?, {_SET_TRACK} WHERE url = ?",
            (
                *(visit.status, visit.fetched_at, visit.fetched_at, visit.etag, visit.last_modified, visit.location),
                *_track_values(visit.track),
                visit.url,
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
        self._db.execute(f"UPDATE visits SET {_SET_TRACK} WHERE url = ?", (*_track_values(track), url))

    def put_host(self, track: HostTrack) -> None:
        """Store what is remembered of a host."""
        self._db.execute(
            "INSERT OR REPLACE INTO hosts VALUES (?, ?, ?)", (track.host, track.failures, track.paused_until)
        )


def _pressmark(columns: tuple[str, int, int, str, str | None]) -> Pressmark:
    file, offset, length, record_id, payload_digest = columns
    return Pressmark(file=file, offset=offset, length=length, record_id=record_id, payload_digest=payload_digest)
