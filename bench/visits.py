"""How the state of a large collection behaves: size on disk, memory, and the time from opening to the first row.

Run with `python -m bench.visits [URLS]`; two millions by default, of which one in twenty is due.
"""

import resource
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.machine import machine
from crawler.lines import utc_text
from crawler.store.rows import Link, Track
from crawler.store.state import State

URLS = 2_000_000
BATCH = 20_000
HOSTS = 31
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def main(urls: int) -> None:
    print(machine())
    with TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "state.sqlite"
        fill(path, urls)
        size = path.stat().st_size
        start = perf_counter()
        state = State(path)
        state.queue.begin_run(utc_text(NOW))
        due = perf_counter() - start
        row = state.queue.lease("www.b3.bench.test", kinds=("article", "listing"))
        first = perf_counter() - start
        assert row is not None
        start = perf_counter()
        state.queue.counts()
        state.visits.due_counts(utc_text(NOW))
        counted = perf_counter() - start
        state.shut()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{urls:,} URLs: {size / 1e6:.0f} MB on disk ({size / urls:.0f} bytes each), {memory} MB of memory at the most"
    )
    print(f"begin of a run with {urls // 20:,} due: {due:.2f} s; first row after {first:.2f} s; counts {counted:.2f} s")


def fill(path: Path, urls: int) -> None:
    """Make a state of so many articles that have been captured, one in twenty of them due."""
    state = State(path)
    for number in range(urls):
        host = f"www.b{number % HOSTS}.bench.test"
        day = (NOW - timedelta(days=number % 700)).date()
        url = f"http://{host}/news/{day:%Y/%m%d}/{number}.html"
        link = Link(url=url, host=host, kind="article", via=None, hops="L", day=day.isoformat())
        state.queue.add(link, utc_text(NOW - timedelta(days=1)))
        due = NOW + timedelta(hours=-1 if number % 20 == 0 else 5 + number % 900)
        state.visits.put_track(url, Track(changed_at=utc_text(NOW - timedelta(days=3)), due_at=utc_text(due)))
        state.queue.close(url, "done")
        if number % BATCH == 0:
            state.commit()
    state.commit()
    state.shut()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else URLS)
