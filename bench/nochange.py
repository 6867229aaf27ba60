"""Measure what a crawl costs on which nothing has changed, against the first crawl of the same articles, on loopback.

`python -m bench.nochange [ARTICLES]`; 2,000 by default. The portal sends ETags; where a branch sends none, its pages
come whole again.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.crawl import PRESSMARK, served
from bench.machine import machine
from bench.portal import portal_toml
from crawler.health.runs import RunSummary, read_summaries

ARTICLES = 2000
# All are due again a minute after the first crawl, and by the usual schedule after the second.
AT_ONCE = """
[schedule]
ladder = [["4000d", "1m"]]
jitter = 0.0
"""
RUNS = {
    "first crawl": ("--config", "{data}/at-once.toml"),
    "every article looked at again": ("--now",),
    "lists only, ten minutes later": ("--now",),
    "nothing due": (),
}


def main(articles: int) -> None:
    print(machine())
    with TemporaryDirectory(prefix="bench-") as folder, served() as address:
        data = Path(folder)
        (data / "at-once.toml").write_text(AT_ONCE, "utf-8")
        (data / "bench.toml").write_text(portal_toml(articles), "utf-8")
        collection = data / "collections" / "bench"
        sizes = []
        for words in RUNS.values():
            called = [
                word.format(toml=data / "bench.toml", address=address, data=data) for word in (*PRESSMARK, *words)
            ]
            subprocess.run(called, cwd=data, check=True, stdout=subprocess.DEVNULL)
            sizes.append(sum(path.stat().st_size for path in (collection / "archive").iterdir()))
        summaries = read_summaries(collection / "runs", len(RUNS))
    print_table(dict(zip(RUNS, summaries, strict=True)), [b - a for a, b in zip([0, *sizes], sizes, strict=False)])


def print_table(runs: dict[str, RunSummary], added: list[int]) -> None:
    """Print a row for each run: its numbers, and the share of the first run's that they are."""
    first, first_added = next(iter(runs.values())), added[0]
    print(f"{first.articles} articles")
    print(f"{'':32}{'requests':>10}{'received kB':>13}{'WARC kB':>9}{'seconds':>9}   share of the first")
    for (name, run), kept in zip(runs.items(), added, strict=True):
        shares = (
            run.requests / first.requests,
            run.bytes_received / first.bytes_received,
            kept / first_added,
            run.seconds / first.seconds,
        )
        print(
            f"{name:32}{run.requests:10}{run.bytes_received / 1000:13.0f}{kept / 1000:9.0f}{run.seconds:9.1f}   "
            + " ".join(f"{share:.2%}" for share in shares)
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ARTICLES)
