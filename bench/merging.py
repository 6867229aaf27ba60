"""Measure merging: `archive.cdxj.merge_indexes` on so many tails that groups of groups are merged first.

Run as `python -m bench.merging [TAILS]`; 4,160 tails are more than 64 times 64. The result is compared with what was
written, and the peak of memory with that of a merge of ten tails.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from archive.cdxj import MERGED, MERGED_AT_ONCE, merge_indexes
from bench.machine import machine
from bench.packing import peak_mb

TAILS = MERGED_AT_ONCE * MERGED_AT_ONCE + MERGED_AT_ONCE
LINES_OF_TAIL = 100


def main() -> None:
    if len(sys.argv) == 3:
        measure(Path(sys.argv[2]))
        return
    print(machine())
    for tails in (10, int(sys.argv[1]) if len(sys.argv) > 1 else TAILS):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(tails):
                (Path(folder) / f"{number:06}.cdxj").write_bytes(b"".join(lines(number)))
            subprocess.run([sys.executable, "-m", "bench.merging", "measure", folder], check=True)
            check(Path(folder), tails)


def measure(folder: Path) -> None:
    tails = len(list(folder.glob("*.cdxj")))
    start = perf_counter()
    merge_indexes(folder)
    seconds = perf_counter() - start
    print(f"{tails:,} tails: {tails * LINES_OF_TAIL / seconds:,.0f} lines/s, peak {peak_mb():.0f} MB")


def check(folder: Path, tails: int) -> None:
    """Stop where the merged index is not all lines, sorted, or where another file is left."""
    expected = sorted(line for number in range(tails) for line in lines(number))
    with (folder / MERGED).open("rb") as file:
        whole = file.readlines() == expected
    if not whole or len(list(folder.iterdir())) != 1:
        raise SystemExit(f"the merged index of {tails} tails is not whole")


def lines(number: int) -> Iterator[bytes]:
    """Yield the lines of one tail: sorted, and between those of all other tails."""
    for place in range(LINES_OF_TAIL):
        fields = (
            f'{{"url": "http://www.js.sample.test/{place:03}/{number:06}.html", "mime": "text/html", "status": "200"}}'
        )
        yield f"test,sample,js)/{place:03}/{number:06}.html 20250227101500 {fields}\n".encode()


if __name__ == "__main__":
    main()
