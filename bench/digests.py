"""Measure the table of payload digests: rows fed and looked up per second, and bytes on disk for each.

Run as `python -m bench.digests [ROWS]`; the full measure is of 5,000,000 rows. Half of the look-ups find a row, and all
of them go to rows far apart, as the pages of a crawl do; the yardstick is a bare table of the same digests.
"""

import hashlib
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import UUID

from archive.digests import Digests
from archive.labels import encode_sha1
from archive.pressmark import Original, Pressmark
from bench.machine import machine

ROWS = 500_000
LOOKUPS = 100_000
ROWS_OF_FILE = 50_000
STARTED_AT = datetime(2025, 2, 27, 10, 15, tzinfo=UTC)
MARK = Pressmark(file="", offset=0, length=8_123, record_id="", payload_digest=None)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        path, bare = Path(folder) / "digests.sqlite", Path(folder) / "bare.sqlite"
        feeding = seconds(lambda: fill(path, rows))
        bare_feeding = seconds(lambda: fill_bare(bare, rows))
        finding = seconds(lambda: look_up(path, rows))
        bare_finding = seconds(lambda: look_up_bare(bare, rows))
        print(f"{rows:,} rows: {path.stat().st_size / 1e6:,.0f} MB, {path.stat().st_size / rows:.0f} bytes a row")
        print(f"fed: {rows / feeding:,.0f} rows/s, {bare_feeding / feeding:.2f} times the speed of the bare table")
    print(f"looked up: {LOOKUPS / finding:,.0f} /s, {bare_finding / finding:.2f} times the speed of the bare table")


def fill(path: Path, rows: int) -> None:
    digests = Digests(path, path.parent)
    for number in range(rows):
        digests.add(f"sha1:{encode_sha1(digest(number))}", original(number))
        if number % ROWS_OF_FILE == 0:
            digests.commit()
    digests.commit()
    digests.shut()


def look_up(path: Path, rows: int) -> None:
    digests = Digests(path, path.parent)
    found = sum(digests.find(f"sha1:{encode_sha1(key)}") is not None for key in wanted(rows))
    digests.shut()
    if found != LOOKUPS // 2:
        raise SystemExit(f"{found} of {LOOKUPS} digests were found; half of them are there")


def fill_bare(path: Path, rows: int) -> None:
    table = sqlite3.connect(path)
    table.execute("CREATE TABLE digests (digest BLOB PRIMARY KEY) WITHOUT ROWID")
    table.executemany("INSERT INTO digests VALUES (?)", ((digest(number),) for number in range(rows)))
    table.commit()
    table.close()


def look_up_bare(path: Path, rows: int) -> None:
    table = sqlite3.connect(path)
    for key in wanted(rows):
        table.execute("SELECT 1 FROM digests WHERE digest = ?", (key,)).fetchone()
    table.close()


def original(number: int) -> Original:
    mark = replace(
        MARK,
        file=f"chinanews-20250227101500000-{number // ROWS_OF_FILE:05}-bench.warc.gz",
        offset=number % ROWS_OF_FILE * 8_500,
        record_id=f"urn:uuid:{UUID(bytes=digest(-number)[:16])}",
    )
    return Original(pressmark=mark, url=f"http://www.js.sample.test/news/2025/0227/{number}.html", date=STARTED_AT)


def wanted(rows: int) -> Iterator[bytes]:
    """Yield digests that are there and digests that are not, by turns."""
    for number in range(LOOKUPS // 2):
        yield digest(number * 7_919 % rows)
        yield digest(rows + number)


def digest(number: int) -> bytes:
    return hashlib.sha1(str(number).encode(), usedforsecurity=False).digest()


def seconds(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


if __name__ == "__main__":
    main()
