"""What is known of a portal's URLs, captures and articles: a SQLite view of the WARC files.

Everything here can be made again by feeding the records through the fold (`crawler/ledger.py`), so a lost or damaged
file costs time and nothing else. One writer at a time; readers open the same file read-only.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archive.pressmark import Pressmark
from crawler.errors import CrawlerError

Kind = Literal["robots", "listing", "article", "page", "picture", "requisite"]
# done: settled in this run; idle: a list that an earlier run has read; excluded: robots.txt forbids it.
Condition = Literal["pending", "leased", "done", "idle", "failed", "excluded"]

SCHEMA_VERSION = 2

# What is asked first at a host: an open article is finished before the next is begun, and articles come before lists.
# Requisites come last: style sheets and logos stay for years, so a run that is cut short should have kept the articles.
RANKS: dict[Kind, int] = {"robots": 0, "page": 1, "picture": 2, "article": 3, "listing": 4, "requisite": 5}

TABLES = """
CREATE TABLE visits (
    url TEXT PRIMARY KEY, host TEXT NOT NULL, kind TEXT NOT NULL, rank INTEGER NOT NULL, day TEXT,
    via TEXT, hops TEXT NOT NULL, condition TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    status INTEGER, fetched_at TEXT, location TEXT
);
CREATE INDEX visits_by_turn ON visits (host, rank) WHERE condition = 'pending';
CREATE TABLE captures (
    url TEXT PRIMARY KEY, captured_at TEXT NOT NULL, file TEXT NOT NULL, offset INTEGER NOT NULL,
    length INTEGER NOT NULL, record_id TEXT NOT NULL, payload_digest TEXT,
    revisit_file TEXT, revisit_offset INTEGER, revisit_length INTEGER, revisit_record_id TEXT
) WITHOUT ROWID;
CREATE TABLE drafts (article TEXT PRIMARY KEY, pages TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE needs (url TEXT NOT NULL, article TEXT NOT NULL, PRIMARY KEY (url, article)) WITHOUT ROWID;
CREATE INDEX needs_by_article ON needs (article);
CREATE TABLE versions (
    id TEXT PRIMARY KEY, branch TEXT, url TEXT NOT NULL, canonical_url TEXT NOT NULL, version INTEGER NOT NULL,
    text_digest TEXT NOT NULL, first_seen_at TEXT NOT NULL, captured_at TEXT NOT NULL, published_at TEXT,
    line_record_id TEXT NOT NULL, line_file TEXT NOT NULL, line_offset INTEGER NOT NULL, line_length INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX versions_by_url ON versions (canonical_url);
CREATE TABLE outputs (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE position (file TEXT NOT NULL, offset INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One URL of the frontier. `hops` is the path from the seed: L link, E embedded, R redirect, P prerequisite.

    `status` is the last answer's, None where the URL has not been asked for as what it is now.
    """

    url: str
    kind: Kind
    via: str | None
    hops: str
    attempts: int = 0
    status: int | None = None

    @property
    def depth(self) -> int:
        """The number of steps from the seed."""
        return len(self.hops)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A URL found, with the day that it names, if any."""

    url: str
    host: str
    kind: Kind
    via: str | None
    hops: str
    day: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What became of one request.

    `capture` marks the record that holds the payload where a whole 200 response came, `revisit` the revisit record
    where that is another one.
    """

    url: str
    host: str
    kind: Kind
    via: str | None
    hops: str
    condition: Condition
    attempts: int
    status: int | None
    fetched_at: str
    location: str | None = None
    capture: Pressmark | None = None
    revisit: Pressmark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCapture:
    """The last good capture of a URL; `revisit` is set where it was a revisit of what `pressmark` marks."""

    captured_at: str
    pressmark: Pressmark
    revisit: Pressmark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The newest version of an article, and where its line's conversion record lies."""

    id: str
    branch: str | None
    url: str
    canonical_url: str
    version: int
    text_digest: str
    first_seen_at: str
    captured_at: str
    published_at: str | None
    line: Pressmark


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far into the WARC files the state has been fed: a file's final name and the offset after its last record."""

    file: str
    offset: int


class State:
    """The tables behind frontier and ledger. Changes stay in one transaction until `commit`."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """Open or make the database; None keeps it in memory. A reader sees the last commit, also during a crawl."""
        try:
            self._db = _open_to_read(path) if read_only and path else _open_to_write(path)
        except sqlite3.DatabaseError as error:
            raise CrawlerError(
                f"{path}: cannot be used as a collection's state ({error}); if it is damaged or of another version,"
                " move it away: the next crawl makes it again from the WARC files"
            ) from error

    # The frontier

    def add(self, link: Link) -> bool:
        """Make a row for a URL that is not known yet, or ask a list again if the link says so; True if asked anew."""
        added = self._db.execute(
            "INSERT OR IGNORE INTO visits (url, host, kind, rank, day, via, hops, condition)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'pending')",
            (link.url, link.host, link.kind, RANKS[link.kind], link.day, link.via, link.hops),
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
            (link.kind, RANKS[link.kind], link.day, link.hops, link.via, link.url, link.kind),
        ).rowcount

    def lease(self, host: str, *, kinds: Iterable[Kind], since: str | None = None) -> Row | None:
        """Take the next pending row of a host, None if there is none; articles before the day `since` are left."""
        wanted = tuple(kinds)
        found = self._db.execute(
            "SELECT rowid, url, kind, via, hops, attempts, status FROM visits"  # noqa: S608 - only question marks are put in
            f" WHERE condition = 'pending' AND host = ? AND kind IN ({','.join('?' * len(wanted))})"
            " AND (kind != 'article' OR day IS NULL OR ? IS NULL OR day >= ?) ORDER BY rank, rowid LIMIT 1",
            (host, *wanted, since, since),
        ).fetchone()
        if not found:
            return None
        self._db.execute("UPDATE visits SET condition = 'leased' WHERE rowid = ?", (found[0],))
        return Row(url=found[1], kind=found[2], via=found[3], hops=found[4], attempts=found[5], status=found[6])

    def close(self, url: str, condition: Condition) -> None:
        """Set a row's condition without a visit: given back, or never asked for."""
        self._db.execute("UPDATE visits SET condition = ? WHERE url = ?", (condition, url))

    def begin_run(self) -> None:
        """Give back what a crash left leased, and what a later run may find changed: failures, exclusions, lists."""
        self._db.execute("UPDATE visits SET condition = 'idle' WHERE kind = 'listing' AND condition = 'done'")
        self._db.execute(
            "UPDATE visits SET condition = 'pending', attempts = 0 WHERE condition IN ('leased', 'failed', 'excluded')"
        )

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
        found = self._db.execute("SELECT url, kind, via, hops, attempts FROM visits WHERE url = ?", (url,)).fetchone()
        return Row(url=found[0], kind=found[1], via=found[2], hops=found[3], attempts=found[4]) if found else None

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

    def needed_by(self, url: str) -> tuple[str, ...]:
        """Return the open articles that wait for a URL."""
        return tuple(a for (a,) in self._db.execute("SELECT article FROM needs WHERE url = ? ORDER BY article", (url,)))

    def needs(self, article: str) -> frozenset[str]:
        """Return the URLs that an open article waits for."""
        return frozenset(u for (u,) in self._db.execute("SELECT url FROM needs WHERE article = ?", (article,)))

    def draft(self, article: str) -> tuple[str, ...] | None:
        """Return the addresses of an open article's pages, the first one first; None if the article is not open."""
        found = self._db.execute("SELECT pages FROM drafts WHERE article = ?", (article,)).fetchone()
        return tuple(json.loads(found[0])) if found else None

    def drafts(self) -> list[str]:
        """Return the open articles."""
        return [article for (article,) in self._db.execute("SELECT article FROM drafts ORDER BY article")]

    def version(self, article_id: str) -> Version | None:
        """Return the newest version of an article."""
        return self._version("id = ?", article_id)

    def version_at(self, canonical_url: str) -> Version | None:
        """Return the newest version of the article with this canonical URL."""
        return self._version("canonical_url = ?", canonical_url)

    def newest_version(self) -> Version | None:
        """Return the article with the newest time of publication, None where there are no articles."""
        found = self._db.execute(
            "SELECT id FROM versions ORDER BY published_at DESC, captured_at DESC LIMIT 1"
        ).fetchone()
        return self.version(found[0]) if found else None

    def _version(self, condition: str, value: str) -> Version | None:
        found = self._db.execute(
            "SELECT id, branch, url, canonical_url, version, text_digest, first_seen_at, captured_at, published_at,"  # noqa: S608 - the condition is ours
            f" line_file, line_offset, line_length, line_record_id FROM versions WHERE {condition}",
            (value,),
        ).fetchone()
        if not found:
            return None
        return Version(
            id=found[0],
            branch=found[1],
            url=found[2],
            canonical_url=found[3],
            version=found[4],
            text_digest=found[5],
            first_seen_at=found[6],
            captured_at=found[7],
            published_at=found[8],
            line=_pressmark((*found[9:], None)),
        )

    def articles_by_branch(self) -> dict[str | None, tuple[int, str | None]]:
        """Return for each branch the number of its articles and the newest time of publication."""
        rows = self._db.execute(
            "SELECT branch, count(*), max(published_at) FROM versions GROUP BY branch ORDER BY branch"
        )
        return {branch: (count, newest) for branch, count, newest in rows}

    # What the fold changes

    def put_visit(self, visit: Visit) -> None:
        """Store what became of a request, and the capture where there is a good one."""
        self._db.execute(
            "INSERT INTO visits (url, host, kind, rank, via, hops, condition, attempts, status, fetched_at, location)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (url) DO UPDATE SET condition = excluded.condition,"
            " attempts = excluded.attempts, status = excluded.status, fetched_at = excluded.fetched_at,"
            " location = excluded.location",
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
                visit.location,
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

    def put_draft(self, article: str, pages: tuple[str, ...]) -> None:
        """Open an article, or give an open one further pages."""
        self._db.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?)", (article, json.dumps(pages)))

    def drop_draft(self, article: str) -> None:
        """Close an article."""
        self._db.execute("DELETE FROM drafts WHERE article = ?", (article,))
        self._db.execute("DELETE FROM needs WHERE article = ?", (article,))

    def put_need(self, article: str, url: str) -> None:
        """Let an article wait for a URL."""
        self._db.execute("INSERT OR IGNORE INTO needs VALUES (?, ?)", (url, article))

    def meet_need(self, article: str, url: str) -> None:
        """Let an article wait for a URL no longer."""
        self._db.execute("DELETE FROM needs WHERE url = ? AND article = ?", (url, article))

    def put_version(self, version: Version) -> None:
        """Store the newest version of an article."""
        line = version.line
        self._db.execute(
            "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                version.id,
                version.branch,
                version.url,
                version.canonical_url,
                version.version,
                version.text_digest,
                version.first_seen_at,
                version.captured_at,
                version.published_at,
                line.record_id,
                line.file,
                line.offset,
                line.length,
            ),
        )

    def portal(self) -> str | None:
        """Return the name of the portal whose articles are held, None while there are none."""
        found = self._db.execute("SELECT id FROM versions LIMIT 1").fetchone()
        return str(found[0]).partition(":")[0] if found else None

    # Positions

    def position(self) -> Position | None:
        """Return how far the state has been fed, None for a new one."""
        found = self._db.execute("SELECT file, offset FROM position").fetchone()
        return Position(file=found[0], offset=found[1]) if found else None

    def outputs(self) -> dict[str, int]:
        """Return the length in bytes of each line file, by its path inside the collection."""
        return dict(self._db.execute("SELECT path, bytes FROM outputs").fetchall())

    def commit(self, position: Position | None = None, outputs: dict[str, int] | None = None) -> None:
        """Make all changes since the last commit lasting, at once."""
        if position:
            self._db.execute("DELETE FROM position")
            self._db.execute("INSERT INTO position VALUES (?, ?)", (position.file, position.offset))
        self._db.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?)", (outputs or {}).items())
        self._db.execute("COMMIT")
        self._db.execute("BEGIN IMMEDIATE")

    def shut(self) -> None:
        """Close the database; what was not committed is dropped."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._db.close()


def _open_to_write(path: Path | None) -> sqlite3.Connection:
    db = sqlite3.connect(path or ":memory:", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    # The WARC files are synced first and the state can be made again from them: NORMAL loses nothing.
    db.execute("PRAGMA synchronous=NORMAL")
    if not _version_of(db):
        db.executescript(f"BEGIN; {TABLES} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
    db.execute("BEGIN IMMEDIATE")
    return db


def _open_to_read(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    db = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        _version_of(db)
    except sqlite3.OperationalError:
        # In a folder that we may not write, SQLite cannot make its side files; nobody else writes there either.
        db = sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
        _version_of(db)
    return db


def _version_of(db: sqlite3.Connection) -> int:
    (found,) = db.execute("PRAGMA user_version").fetchone()
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found not in {0, SCHEMA_VERSION}:
        raise sqlite3.DatabaseError(f"schema version {found} is not {SCHEMA_VERSION}")
    return int(found)


def _pressmark(columns: tuple[str, int, int, str, str | None]) -> Pressmark:
    file, offset, length, record_id, payload_digest = columns
    return Pressmark(file=file, offset=offset, length=length, record_id=record_id, payload_digest=payload_digest)
