"""How search behaves on a large collection: build time, size, latency of queries, against a scan of all texts.

Run with `python -m bench.searching [ARTICLES]`; 20,000 by default. The scan is LIKE over a table of the same texts, all
in memory, in SQLite too. The lines stand in the memory of the system when the index is built, as after a crawl.
"""

import sqlite3
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.machine import machine
from bench.newspapers import KNOWN, write_collection
from crawler.article import read_articles
from crawler.store.collection import Collection
from crawler.views.grams import fold
from crawler.views.search import Query, search, update_search

ARTICLES = 20_000
QUERIES = 200
SCANS = 5


def main(articles: int) -> None:
    print(machine())
    with TemporaryDirectory(prefix="bench-") as folder:
        collection = write_collection(Path(folder), articles)
        lines = sum(path.stat().st_size for path in collection.articles.rglob("*.jsonl"))
        start = perf_counter()
        update_search(collection)
        seconds = perf_counter() - start
        size = collection.search.stat().st_size
        print(
            f"{articles:,} articles, {lines / 1e6:.0f} MB of lines: built in {seconds:.0f} s ({articles / seconds:,.0f}"
            f" articles/s), {size / 1e6:.0f} MB of index ({size / articles:,.0f} bytes an article,"
            f" {size / lines:.2f} of the lines)"
        )
        start = perf_counter()
        update_search(collection)
        print(f"an update with nothing new: {1000 * (perf_counter() - start):.0f} ms")
        measure_queries(collection)


def measure_queries(collection: Collection) -> None:
    """Print latencies of queries, and how they compare with a scan."""
    scanned = texts_in_memory(collection)
    random = Random(2)
    bodies = [text for (text,) in scanned.execute("SELECT body FROM texts ORDER BY random() LIMIT ?", (QUERIES,))]
    pairs = [found for text in bodies if (found := a_pair(text, random))]
    medians = {}
    for name, queries in {
        "two characters, of any text": pairs,
        "two characters, frequent": list(KNOWN[:1] + KNOWN[2:]),
        "one character": [pair[0] for pair in pairs[:50]],
        "two words of two characters": [" ".join(two) for two in zip(pairs[::2], pairs[1::2], strict=False)],
    }.items():
        taken = [timed(lambda query=query: search(collection, Query(words=query))) for query in queries]
        medians[name] = statistics.median(taken)
        hits = statistics.median(search(collection, Query(words=query)).total for query in queries)
        print(f"{name:28} {told(taken)}, {hits:,.0f} hits at the median")
    ranked = [timed(lambda query=query: search(collection, Query(words=query, order="relevance"))) for query in pairs]
    print(f"{'the same, by relevance':28} {told(ranked)}")
    scans = [
        timed(
            lambda pair=pair: scanned.execute("SELECT count(*) FROM texts WHERE body LIKE ?", (f"%{pair}%",)).fetchone()
        )
        for pair in pairs[:SCANS]
    ]
    ratio = statistics.median(scans) / medians["two characters, of any text"]
    print(f"{'a scan':28} {told(scans)}: {ratio:,.0f} times as long")


def texts_in_memory(collection: Collection) -> sqlite3.Connection:
    """Return a database in memory with all texts."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE texts (body TEXT)")
    lines = read_articles(collection.articles)
    db.executemany("INSERT INTO texts VALUES (?)", ((fold(f"{line.headline}\n{line.body}"),) for line in lines))
    return db


def a_pair(text: str, random: Random) -> str | None:
    """Return two neighbouring characters of a text, None where there is a mark between them."""
    place = random.randrange(40, len(text) - 2)
    pair = text[place : place + 2]
    return pair if all("\u4e00" <= character <= "\u9fff" for character in pair) else None


def timed(act: Callable[[], object]) -> float:
    """Return how many seconds an act takes."""
    start = perf_counter()
    act()
    return perf_counter() - start


def told(seconds: list[float]) -> str:
    """Return the median and the 95th percentile, in milliseconds."""
    high = sorted(seconds)[int(0.95 * (len(seconds) - 1))]
    return f"median {1000 * statistics.median(seconds):8.1f} ms, p95 {1000 * high:8.1f} ms"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ARTICLES)
