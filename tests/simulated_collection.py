"""A collection on disk of some days of the simulated portal: edits, withdrawals, returns and an outage are in it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from archive.capture import Capture
from archive.writer import WarcOptions
from crawler.fetching.recorder import Recorder
from crawler.folding.schedule import DAY, due_until
from crawler.lines import utc_text
from crawler.reading.portals import Portal, load_portal
from crawler.store.collection import Collection
from crawler.store.rows import Link
from tests.simulation import KINDS, LIST, SimulatedPortal, make_portal

PORTAL = load_portal(Path(__file__).parent / "fixtures" / "portal" / "sample.toml")
BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
SLOT = timedelta(hours=1)
HOST = urlsplit(LIST).hostname or ""
TABLES = {
    "visits": "url, host, kind, day, via, hops, attempts, status, first_seen_at, fetched_at, etag, last_modified,"
    " location, changed_at, interval_seconds, failures, gone_at, withdrawn_at, due_at",
    "captures": "url, captured_at, file, offset, length, record_id, payload_digest, revisit_file, revisit_offset",
    "hosts": "host, failures, paused_until",
    "drafts": "article, pages, open",
    "needs": "url, article",
    "versions": "id, version, branch, url, canonical_url, text_digest, first_seen_at, captured_at, published_at,"
    " line_record_id, line_file, line_offset, line_length",
    "outputs": "path, bytes",
    "position": "file, offset",
}


def make_world(days: int) -> SimulatedPortal:
    """Return a portal that is edited, goes down for a few hours and gets a new look."""
    world = make_portal(BEGIN, days, seed=20, a_day=3)
    world.outages = [(BEGIN + DAY * 3, BEGIN + DAY * 3 + timedelta(hours=5))]
    world.redesigned_at = BEGIN + DAY * (days - 3)
    return world


def crawl(world: SimulatedPortal, folder: Path, days: range, portal: Portal = PORTAL) -> tuple[Collection, list[str]]:
    """Crawl on those days, a WARC file a day, and return the collection with the addresses that were asked for."""
    collection = Collection(folder)
    asked: list[str] = []
    for day in days:
        recorder = Recorder(collection, portal, options=WarcOptions(), software=())
        for slot in range(DAY // SLOT):
            asked += _run_once(recorder, world, BEGIN + DAY * day + SLOT * slot)
        recorder.close()
        assert recorder.failure is None
    return collection, asked


def _run_once(recorder: Recorder, world: SimulatedPortal, now: datetime) -> list[str]:
    queue = recorder.register.state.queue
    queue.begin_run(utc_text(due_until(now, SLOT)))
    queue.add(Link(url=LIST, host=HOST, kind="listing", via=None, hops=""))
    asked: list[str] = []
    while row := queue.lease(HOST, kinds=KINDS):
        at = now + timedelta(seconds=len(asked))
        response = world.answer(row.url, at)
        recorder.record(
            Capture(
                url=row.url,
                started_at=at,
                seconds=0.1,
                request=b"GET / HTTP/1.1\r\n\r\n",
                response=response or b"",
                truncated=None if response else "disconnect",
                failure=None if response else "no answer",
            ),
            row,
        )
        asked.append(row.url)
    return asked


def written(collection: Collection) -> dict[str, bytes]:
    """Return lines, ledger and index by their place in the collection."""
    paths = [*collection.articles.glob("*/*.jsonl"), collection.changes, *collection.indexes.iterdir()]
    return {str(path.relative_to(collection.folder)): path.read_bytes() for path in paths}


def dump(collection: Collection, *leave_out: str) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of the state's tables, and of the payload digests."""
    with closing(sqlite3.connect(collection.state)) as db:
        tables = {
            name: db.execute(f"SELECT {columns} FROM {name} ORDER BY 1, 2").fetchall()
            for name, columns in TABLES.items()
        }
        tables["conditions"] = db.execute(
            # A list is idle from the next run's beginning on, which nothing in the records tells.
            "SELECT url, CASE condition WHEN 'idle' THEN 'done' ELSE condition END FROM visits ORDER BY 1"
        ).fetchall()
    with closing(sqlite3.connect(collection.digests)) as db:
        tables["digests"] = db.execute(
            "SELECT digest, record_id, url, date, name, offset, length FROM payloads"
            " JOIN files ON number = file ORDER BY digest"
        ).fetchall()
    return {name: rows for name, rows in tables.items() if name not in leave_out}
