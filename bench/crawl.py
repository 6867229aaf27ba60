"""Measure a whole crawl: pages per second and memory of Pressmark against stock Scrapy, on loopback and without delays.

`python -m bench.crawl [--articles N] [--repeat N] [--only bare,feed,pressmark]`; the best of the repeats counts.
The time of a process includes its start; what a crawl of one article takes is taken off, for each contestant its own.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.machine import machine
from bench.portal import article_page, portal_toml

# {toml}, {address} and {data} are filled in.
PRESSMARK = (
    str(Path(sys.executable).with_name("pressmark")),
    *("crawl", "--all", "--portal", "{toml}", "--connect-to", "*.bench.test:{address}"),
    *("--data", "{data}", "--delay", "0"),
)
SCRAPY = (sys.executable, "-m", "bench.spiders", "{kind}", "{address}", "{articles}", "{data}/feed.jsonl")
CONTESTANTS = {"bare": "Scrapy, fetches only", "feed": "Scrapy, same selectors, JSON Lines", "pressmark": "Pressmark"}
RATIOS = (("pressmark", "feed", 0.8), ("pressmark", "bare", 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One crawl of a process: wall and CPU time in seconds, the most memory in MB."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


@contextmanager
def served() -> Iterator[str]:
    """Serve the synthetic portal in a process of its own, and give its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.portal"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        assert server.stdin
        yield server.stdout.readline().strip()
        server.stdin.close()


def measure(kind: str, address: str, articles: int) -> Measured:
    """Run one crawl in a process of its own."""
    with TemporaryDirectory(prefix="bench-") as folder:
        toml = Path(folder) / "bench.toml"
        toml.write_text(portal_toml(articles), "utf-8")
        values = {"kind": kind, "toml": toml, "address": address, "data": folder, "articles": articles}
        words = [word.format(**values) for word in (PRESSMARK if kind == "pressmark" else SCRAPY)]
        output = Path(folder) / "output.txt"
        started = perf_counter()
        with output.open("wb") as out:
            process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        lines = count_lines(Path(folder))
        if process.returncode or lines != (0 if kind == "bare" else articles):
            sys.exit(
                f"{kind}: exit code {process.returncode}, {lines} lines of {articles}\n{output.read_text('utf-8')}"
            )
        return Measured(seconds=seconds, cpu_seconds=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss / 1024)


def count_lines(folder: Path) -> int:
    """Return the number of article lines below a folder, the ledger's events left out."""
    files = [path for path in folder.rglob("*.jsonl") if path.name != "changes.jsonl"]
    return sum(path.read_bytes().count(b"\n") for path in files)


def best(runs: list[Measured]) -> Measured:
    return min(runs, key=lambda run: run.seconds)


def print_table(results: dict[str, tuple[Measured, Measured]], articles: int) -> dict[str, tuple[float, float]]:
    """Print a row for each contestant (its start and its crawl), and return their pages per second and CPU second."""
    speeds = {}
    print(f"{'':36}{'pages/s':>9}{'pages/CPU s':>13}{'start s':>9}{'crawl s':>9}{'peak MB':>9}{'(one page)':>12}")
    for kind, (start, crawl) in results.items():
        per_second = (articles - 1) / max(crawl.seconds - start.seconds, 1e-9)
        per_cpu = (articles - 1) / max(crawl.cpu_seconds - start.cpu_seconds, 1e-9)
        speeds[kind] = per_second, per_cpu
        print(
            f"{CONTESTANTS[kind]:36}{per_second:9.0f}{per_cpu:13.0f}{start.seconds:9.2f}"
            f"{crawl.seconds - start.seconds:9.2f}{crawl.peak_mb:9.0f}{start.peak_mb:12.0f}"
        )
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.crawl", description=__doc__)
    parser.add_argument("--articles", type=int, default=2000, help="2,000; 20,000 shows whether memory stays flat")
    parser.add_argument("--repeat", type=int, default=2, help="the best counts")
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="some of: %(default)s")
    options = parser.parse_args()
    kinds = [kind for kind in CONTESTANTS if kind in options.only.split(",")]
    print(machine())
    print(f"{options.articles} articles of {len(article_page(0)) / 1000:.1f} KB, best of {options.repeat}", flush=True)
    crawls: dict[str, list[Measured]] = {kind: [] for kind in kinds}
    with served() as address:
        starts = {kind: best([measure(kind, address, 1) for _ in range(2)]) for kind in kinds}
        # In turns, so that a slow minute of the machine falls on all.
        for _ in range(options.repeat):
            for kind in kinds:
                crawls[kind].append(measure(kind, address, options.articles))
    speeds = print_table({kind: (starts[kind], best(crawls[kind])) for kind in kinds}, options.articles)
    for ours, theirs, aim in RATIOS:
        if ours in speeds and theirs in speeds:
            wall, cpu = (mine / other for mine, other in zip(speeds[ours], speeds[theirs], strict=True))
            print(f"{CONTESTANTS[ours]} / {CONTESTANTS[theirs]}: {wall:.2f}, by CPU time {cpu:.2f} (aim: {aim})")


if __name__ == "__main__":
    main()
