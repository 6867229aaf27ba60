"""Read articles out of the WARC files of any crawler: each captured page that is an article gives a line.

What was captured lies in a temporary table on disk meanwhile, so that pictures and further pages are found wherever in
the files they are, and the memory does not depend on their number.
"""

import pickle
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from archive.errors import ArchiveError
from archive.iteration import Fault
from archive.pressmark import Pressmark
from archive.reader import Exchange, read_exchange
from archive.salvage import salvage_exchanges
from crawler.folding.asking import asked_url
from crawler.folding.composing import describe_http, describe_revisit
from crawler.folding.outcome import CapturedPage
from crawler.lines import ArticleLine, LinePage, Provenance, make_line, utc_text
from crawler.reading.extract.pages import EXTRACTOR_VERSION, join
from crawler.reading.portals import Portal, article_id, find_branch, told_canonical_url
from crawler.rereading.readers import Located, Means, ReadPage, read_ahead

TABLES = """
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
PRAGMA cache_size=-16000;
CREATE TABLE captures (
    number INTEGER PRIMARY KEY, url TEXT NOT NULL, at TEXT NOT NULL, path TEXT NOT NULL, mark BLOB NOT NULL,
    record_id TEXT NOT NULL, digest TEXT
);
CREATE INDEX captures_by_url ON captures (url, at);
CREATE INDEX captures_by_id ON captures (record_id);
CREATE INDEX captures_by_digest ON captures (digest);
CREATE TABLE revisits (number INTEGER PRIMARY KEY, path TEXT NOT NULL, mark BLOB NOT NULL);
CREATE INDEX revisits_by_mark ON revisits (mark);
CREATE TABLE pages (number INTEGER PRIMARY KEY, url TEXT NOT NULL, at TEXT NOT NULL, page BLOB NOT NULL);
CREATE INDEX pages_by_url ON pages (url, at);
CREATE TABLE further (url TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (url, owner)) WITHOUT ROWID;
"""
HTML = ("text/html", "application/xhtml+xml")
# The pages of one article.
MOST_PAGES = 200


@dataclass(slots=True, kw_only=True)
class Gleaned:
    """What was found; `faults` are damaged places, `unread` pages that could not be read, with the reason."""

    records: int = 0
    pages: int = 0
    faults: list[Fault] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    unresolved: int = 0


def glean(
    paths: Sequence[Path], means: Means, found: Gleaned, wanted: Callable[[Exchange], bool]
) -> Iterator[ArticleLine]:
    """Yield the lines of all pages that are articles, in the order of the files and of their records.

    `wanted` chooses pages to read; pictures and further pages are taken from all captures. Lines have no version.
    """
    captures = _Captures()
    try:
        records = _records(paths, found, means.on_progress)
        for (path, record), page in read_ahead(records, lambda one: _is_page(one) and wanted(one), means):
            assert isinstance(record, Exchange)
            captures.add(path, record)
            _keep(captures, found, (captures.number, record.capture.url), page)
        for (path, record), page in read_ahead(captures.seen_again(found, wanted), lambda _: True, means):
            assert isinstance(record, Exchange)
            assert record.pressmark
            _keep(captures, found, (captures.number_of(path, record.pressmark), record.capture.url), page)
        for first in captures.articles():
            yield _line(first, captures, means.portal)
    finally:
        captures.close()


def _records(paths: Sequence[Path], found: Gleaned, on_progress: Callable[[str, int], None]) -> Iterator[Located]:
    for path in paths:
        for record in salvage_exchanges(path, found.faults.append):
            if isinstance(record, Exchange) and record.pressmark:
                found.records += 1
                on_progress(record.pressmark.file, record.end)
                yield path, record


def _is_page(exchange: Exchange) -> bool:
    head = exchange.capture.head()
    if exchange.refers_to or head is None or head.status != 200 or exchange.capture.truncated:
        return False
    return (head.value("content-type") or HTML[0]).partition(";")[0].strip().lower() in HTML


def _keep(captures: "_Captures", found: Gleaned, exchange: tuple[int, str], page: ReadPage | None) -> None:
    if page is None:
        return
    found.pages += 1
    if page.fault:
        found.unread.append((exchange[1], page.fault))
    elif page.page and page.page.reading.article:
        captures.add_page(exchange[0], page.page)


def _line(first: CapturedPage, captures: "_Captures", portal: Portal) -> ArticleLine:
    pages, whole = captures.pages_of(first)
    joined = join([page.reading for page in pages])
    branch = find_branch(portal, first.url)
    at = utc_text(first.captured.started_at)
    origin = Provenance(
        id=article_id(first.url, portal),
        url=first.url,
        canonical_url=told_canonical_url(first.url, first.reading.canonical, portal),
        portal=branch.portal if branch else None,
        branch=branch.code if branch else None,
        region=branch.region if branch else None,
        captured_at=first.captured.started_at,
        encoding=first.reading.encoding,
        extractor_version=EXTRACTOR_VERSION,
        pressmark=first.pressmark,
        revisit=describe_revisit(first),
        http=describe_http(first.captured),
        pages=tuple(LinePage(url=page.url, pressmark=page.pressmark) for page in pages) if len(pages) > 1 else (),
        pictures=tuple(captures.nearest(asked_url(image.url), at) for image in joined.images),
        warnings=() if whole else ("pages_missing",),
    )
    return make_line(joined, origin)


class _Captures:
    """What the files hold: good captures by their address, and the pages that read as articles."""

    def __init__(self) -> None:
        # A nameless file, which SQLite removes, also after a crash.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(TABLES)
        self._db.execute("BEGIN")
        self.number = 0

    def add(self, path: Path, exchange: Exchange) -> None:
        """Take the next exchange."""
        self.number += 1
        mark, head = exchange.pressmark, exchange.capture.head()
        assert mark
        packed = msgspec.json.encode(mark)
        if exchange.refers_to:
            self._db.execute("INSERT INTO revisits VALUES (?, ?, ?)", (self.number, str(path), packed))
        elif head and head.status == 200 and not exchange.capture.truncated:
            at = utc_text(exchange.capture.started_at)
            row = (self.number, asked_url(exchange.capture.url), at, str(path), packed, mark.record_id)
            self._db.execute("INSERT INTO captures VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, mark.payload_digest))

    def add_page(self, number: int, page: CapturedPage) -> None:
        """Keep a page that is an article under the number of its exchange."""
        url = asked_url(page.url)
        row = (number, url, utc_text(page.captured.started_at), pickle.dumps(page))
        self._db.execute("INSERT INTO pages VALUES (?, ?, ?, ?)", row)
        further = {one for one in map(asked_url, page.reading.next_pages) if one != url}
        self._db.executemany("INSERT OR IGNORE INTO further VALUES (?, ?)", ((one, url) for one in further))

    def number_of(self, path: Path, revisit: Pressmark) -> int:
        """Return the number of an exchange that was a revisit; files of one name may lie in several folders."""
        (number,) = self._db.execute(
            "SELECT number FROM revisits WHERE mark = ? AND path = ?", (msgspec.json.encode(revisit), str(path))
        ).fetchone()
        return int(number)

    def seen_again(self, found: Gleaned, wanted: Callable[[Exchange], bool]) -> Iterator[Located]:
        """Yield the revisits of pages with the answers that they refer to; what is not in the files is counted."""
        for path, packed in self._db.execute("SELECT path, mark FROM revisits ORDER BY number"):
            mark = msgspec.json.decode(packed, type=Pressmark)
            exchange = read_exchange(Path(path).parent, mark)
            place = self._original(exchange)
            if place is None:
                found.unresolved += 1
                continue
            try:
                original = read_exchange(Path(place[0]).parent, place[1])
            except ArchiveError:
                found.unresolved += 1
                continue
            if _is_page(original) and wanted(exchange):
                capture = replace(original.capture, url=exchange.capture.url, started_at=exchange.capture.started_at)
                yield Path(path), replace(exchange, capture=capture, original=place[1])

    def _original(self, exchange: Exchange) -> tuple[str, Pressmark] | None:
        """Return where the payload of a revisit lies: by id, by address and date, by digest."""
        reference = exchange.refers_to
        assert reference
        assert exchange.pressmark
        at = utc_text(reference.date) if reference.date else None
        url = asked_url(reference.url or exchange.capture.url)
        for condition, values in (
            ("record_id = ?", (reference.record_id,)),
            ("url = ? AND at = ?", (url, at)),
            ("digest = ?", (exchange.pressmark.payload_digest,)),
        ):
            row = self._db.execute(
                f"SELECT path, mark FROM captures WHERE {condition} ORDER BY number LIMIT 1",  # noqa: S608 - constants
                values,
            ).fetchone()
            if row:
                return row[0], msgspec.json.decode(row[1], type=Pressmark)
        return None

    def articles(self) -> Iterator[CapturedPage]:
        """Yield the first pages of all articles in the order of the files."""
        for url, page in self._db.execute("SELECT url, page FROM pages ORDER BY number"):
            if not self._is_further(url):
                yield _unpack(page)

    def _is_further(self, url: str) -> bool:
        """Tell whether a page belongs to an article that begins elsewhere; of two that name each other one is first."""
        for (owner,) in self._db.execute("SELECT owner FROM further WHERE url = ?", (url,)):
            back = self._db.execute("SELECT 1 FROM further WHERE url = ? AND owner = ?", (owner, url)).fetchone()
            if not back or (len(owner), owner) < (len(url), url):
                return True
        return False

    def pages_of(self, first: CapturedPage) -> tuple[list[CapturedPage], bool]:
        """Return the pages of an article as they were captured next to its first, and whether these are all."""
        at = utc_text(first.captured.started_at)
        addresses = list(dict.fromkeys(map(asked_url, (first.url, *first.reading.next_pages))))
        pages, number = [first], 1
        while number < min(len(addresses), MOST_PAGES):
            if page := self._nearest_page(addresses[number], at):
                pages.append(page)
                addresses += [one for one in map(asked_url, page.reading.next_pages) if one not in addresses]
            number += 1
        return pages, len(pages) == len(addresses)

    def _nearest_page(self, url: str, at: str) -> CapturedPage | None:
        row = self._nearest("page", "pages", url, at)
        return _unpack(row) if row else None

    def nearest(self, url: str, at: str) -> Pressmark | None:
        """Return the first capture of an address from a moment on, else the last before it."""
        row = self._nearest("mark", "captures", url, at)
        return msgspec.json.decode(row, type=Pressmark) if row else None

    def _nearest(self, column: str, table: str, url: str, at: str) -> bytes | None:
        for order in ("at >= ? ORDER BY at, number", "at < ? ORDER BY at DESC, number DESC"):
            query = f"SELECT {column} FROM {table} WHERE url = ? AND {order} LIMIT 1"  # noqa: S608 - constants
            row = self._db.execute(query, (url, at)).fetchone()
            if row:
                return bytes(row[0])
        return None

    def close(self) -> None:
        """Drop the tables."""
        self._db.close()


def _unpack(page: bytes) -> CapturedPage:
    unpacked: CapturedPage = pickle.loads(page)  # noqa: S301 - our own, out of a nameless file
    return unpacked
