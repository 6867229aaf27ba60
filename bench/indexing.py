"""Measure indexing: CPU time of `archive index` against cdxj-indexer on the same file, as a ratio.

Run as `python -m bench.indexing [FILE]`; without a file one of 2,000 exchanges of 20 KB HTML is made. cdxj-indexer
stands in an environment of its own, which is made each time: it is no dependency of Pressmark. Both read and sort; the
digests that they take over are in the records already.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.machine import machine
from bench.verifying import cpu_seconds, make_file

ROUNDS = 3
INDEXER = "cdxj-indexer==1.5.0"


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else make_file(folder)
        sides = {
            "archive index": [sys.executable, "-m", "archive", "index", str(path), "-o", str(folder / "ours.cdxj")],
            "cdxj-indexer": [install(folder), "--sort", str(path), "-o", str(folder / "theirs.cdxj")],
        }
        rounds = [{side: cpu_seconds(words) for side, words in sides.items()} for _ in range(ROUNDS)]
        counts = {len((folder / made).read_bytes().splitlines()) for made in ("ours.cdxj", "theirs.cdxj")}
    seconds = {side: min(spent[side] for spent in rounds) for side in sides}
    print(f"{path.name}: {' and '.join(map(str, sorted(counts)))} lines, best of {ROUNDS} rounds, CPU time")
    ratio = seconds["cdxj-indexer"] / seconds["archive index"]
    print(f"archive index: {seconds['archive index']:.2f} s, {ratio:.1f} times the speed of cdxj-indexer")


def install(folder: Path) -> str:
    """Return the path of cdxj-indexer, installed beside Pressmark and not into it."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "indexer")], check=True)
    pip = [str(folder / "indexer/bin/python"), "-m", "pip", "install", "--quiet", INDEXER]
    subprocess.run(pip, check=True, capture_output=True)
    return str(folder / "indexer/bin/cdxj-indexer")


if __name__ == "__main__":
    main()
