"""The versions of each article, and the articles that wait for pictures or further pages.

One of the views behind `crawler/store/state.py`; fed by the fold, made again from the WARC files.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from archive.pressmark import Pressmark

TABLES = """
CREATE TABLE drafts (article TEXT PRIMARY KEY, pages TEXT NOT NULL, open INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX drafts_open ON drafts (article) WHERE open;
CREATE TABLE needs (url TEXT NOT NULL, article TEXT NOT NULL, PRIMARY KEY (url, article)) WITHOUT ROWID;
CREATE INDEX needs_by_article ON needs (article);
CREATE TABLE versions (
    id TEXT NOT NULL, version INTEGER NOT NULL, branch TEXT, url TEXT NOT NULL, canonical_url TEXT NOT NULL,
    text_digest TEXT NOT NULL, first_seen_at TEXT NOT NULL, captured_at TEXT NOT NULL, published_at TEXT,
    line_record_id TEXT NOT NULL, line_file TEXT NOT NULL, line_offset INTEGER NOT NULL, line_length INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE INDEX versions_by_url ON versions (canonical_url);
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS versions_by_branch ON versions (branch, published_at);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an article, and where its line's conversion record lies."""

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


class Versions:
    """The tables of drafts, needs and versions, inside the transaction of the state."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def needed_by(self, url: str) -> tuple[str, ...]:
        """Return the open articles that wait for a URL."""
        return tuple(a for (a,) in self._db.execute("SELECT article FROM needs WHERE url = ? ORDER BY article", (url,)))

    def needs(self, article: str) -> frozenset[str]:
        """Return the URLs that an open article waits for."""
        return frozenset(u for (u,) in self._db.execute("SELECT url FROM needs WHERE article = ?", (article,)))

    def draft(self, article: str) -> tuple[str, ...] | None:
        """Return the addresses of an open article's pages, the first one first; None if the article is not open."""
        return self._pages("SELECT pages FROM drafts WHERE article = ? AND open", article)

    def pages(self, article: str) -> tuple[str, ...] | None:
        """Return the addresses of the pages of an article that spans several, also when it is closed; else None."""
        return self._pages("SELECT pages FROM drafts WHERE article = ?", article)

    def _pages(self, query: str, article: str) -> tuple[str, ...] | None:
        found = self._db.execute(query, (article,)).fetchone()
        return tuple(json.loads(found[0])) if found else None

    def drafts(self) -> list[str]:
        """Return the open articles."""
        return [article for (article,) in self._db.execute("SELECT article FROM drafts WHERE open ORDER BY article")]

    def newest(self, article_id: str) -> Version | None:
        """Return the newest version of an article."""
        return self._version("id = ?", article_id)

    def newest_at(self, canonical_url: str) -> Version | None:
        """Return the newest version of the article with this canonical URL."""
        return self._version("canonical_url = ?", canonical_url)

    def numbered(self, article_id: str, version: int) -> Version | None:
        """Return one version of an article."""
        return self._version("id = ? AND version = ?", article_id, version)

    def ids_at(self, url: str) -> tuple[str, ...]:
        """Return the articles that were captured under an address, or have it as their canonical one."""
        rows = self._db.execute("SELECT DISTINCT id FROM versions WHERE url = ? OR canonical_url = ?", (url, url))
        return tuple(article for (article,) in rows)

    def addresses(self, article_id: str) -> tuple[str, ...]:
        """Return all addresses of an article over all of its versions, with those of its further pages."""
        rows = self._db.execute("SELECT DISTINCT url, canonical_url FROM versions WHERE id = ?", (article_id,))
        own = tuple(dict.fromkeys(url for row in rows for url in row))
        return tuple(dict.fromkeys((*own, *(page for url in own for page in self.pages(url) or ()))))

    def all_addresses(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield all addresses of articles and of their further pages, each with the ids of articles that have it."""
        for article, *addresses in self._db.execute("SELECT DISTINCT id, url, canonical_url FROM versions"):
            yield from ((url, (article,)) for url in addresses)
        for first, pages in self._db.execute("SELECT article, pages FROM drafts"):
            ids = self.ids_at(first)
            yield from ((url, ids) for url in json.loads(pages))

    def newest_of_all(self) -> Version | None:
        """Return the article with the newest time of publication, None where there are no articles."""
        found = self._db.execute(
            "SELECT id FROM versions ORDER BY published_at DESC, captured_at DESC LIMIT 1"
        ).fetchone()
        return self.newest(found[0]) if found else None

    def _version(self, condition: str, *values: str | int) -> Version | None:
        found = self._db.execute(
            "SELECT id, branch, url, canonical_url, version, text_digest, first_seen_at, captured_at, published_at,"  # noqa: S608 - the condition is ours
            f" line_file, line_offset, line_length, line_record_id FROM versions WHERE {condition}"
            " ORDER BY version DESC LIMIT 1",
            values,
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
            line=Pressmark(file=found[9], offset=found[10], length=found[11], record_id=found[12], payload_digest=None),
        )

    def by_branch(self) -> dict[str | None, tuple[int, str | None]]:
        """Return for each branch the number of its articles and the newest time of publication."""
        rows = self._db.execute(
            "SELECT branch, sum(version = 1), max(published_at) FROM versions GROUP BY branch ORDER BY branch"
        )
        return {branch: (count, newest) for branch, count, newest in rows}

    def put_draft(self, article: str, pages: tuple[str, ...]) -> None:
        """Open an article, or give an open one further pages."""
        self._db.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?, 1)", (article, json.dumps(pages)))

    def drop_draft(self, article: str) -> None:
        """Close an article; which pages it has stays known where it has several."""
        if len(self.pages(article) or ()) > 1:
            self._db.execute("UPDATE drafts SET open = 0 WHERE article = ?", (article,))
        else:
            self._db.execute("DELETE FROM drafts WHERE article = ?", (article,))
        self._db.execute("DELETE FROM needs WHERE article = ?", (article,))

    def put_need(self, article: str, url: str) -> None:
        """Let an article wait for a URL."""
        self._db.execute("INSERT OR IGNORE INTO needs VALUES (?, ?)", (url, article))

    def meet_need(self, article: str, url: str) -> None:
        """Let an article wait for a URL no longer."""
        self._db.execute("DELETE FROM needs WHERE url = ? AND article = ?", (url, article))

    def put_version(self, version: Version) -> None:
        """Store a version of an article."""
        line = version.line
        self._db.execute(
            "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                version.id,
                version.version,
                version.branch,
                version.url,
                version.canonical_url,
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
