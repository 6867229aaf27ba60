"""How the search for reprints behaves on a large collection: rate, memory, size, and what it finds.

Run with `python -m bench.reprinting [ARTICLES]`; 20,000 by default, of which one in five is a copy: whole, lightly
edited, or cut to two thirds.
"""

import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.machine import machine
from bench.newspapers import COPIES, write_collection
from crawler.views.reprints import update_reprints

ARTICLES = 20_000


def main(articles: int) -> None:
    print(machine())
    with TemporaryDirectory(prefix="bench-") as folder:
        collection = write_collection(Path(folder), articles)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        start = perf_counter()
        update_reprints(collection)
        seconds = perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        size = collection.reprints_state.stat().st_size
        with collection.reprints.open("rb") as file:
            grouped = sum(1 for _ in file)
        start = perf_counter()
        update_reprints(collection)
        again = perf_counter() - start
    print(
        f"{articles:,} articles: {seconds:.0f} s ({articles / seconds:,.0f} articles/s), {memory} MB of memory at"
        f" the most, {before} MB before"
    )
    print(f"{size / 1e6:.0f} MB of state ({size / articles:,.0f} bytes an article); nothing new: {1000 * again:.0f} ms")
    print(f"{grouped:,} articles in groups; {articles // COPIES:,} copies were made")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ARTICLES)
