"""Measure packing: peak memory and speed of `archive.wacz.pack` on synthetic WARC files.

Run as `python -m bench.packing [MEGABYTES]`; the full measure is of 2,000. Each kind of packing runs in a
process of its own.
"""

import hashlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from archive.capture import Capture
from archive.manifest import Description
from archive.selection import Selection
from archive.wacz import PackedPage, pack
from archive.writer import WarcOptions, WarcWriter

MEGABYTES = 300
BODY_BYTES = 20_000
# One large body among the small ones: it must not come into memory either.
LARGE_BYTES = 60_000_000
MAX_WARC_BYTES = 100_000_000
STARTED_AT = datetime(2025, 2, 27, 10, 15, tzinfo=UTC)
TEXT = "中新网江苏新闻2月27日电 苏州工业园区今天公布了新一年的建设计划。" * 40
LIMIT_MB = 200


def main() -> None:
    if len(sys.argv) == 4:
        measure(Path(sys.argv[2]), whole=sys.argv[3] == "whole")
        return
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), megabytes * 1_000_000)
        size = sum(path.stat().st_size for path in Path(folder).glob("*.warc.gz"))
        print(f"{size / 1e6:,.0f} MB of WARC files")
        for kind in ("whole", "selection"):
            subprocess.run([sys.executable, "-m", "bench.packing", "measure", folder, kind], check=True)
        print(f"plain copy with sha256: {size / 1e6 / copy(Path(folder)):,.0f} MB/s")


def write(folder: Path, size: int) -> None:
    chance = random.Random(7)
    writer = WarcWriter(
        folder,
        prefix="bench",
        software=(("software", "bench"),),
        now=lambda: STARTED_AT,
        options=WarcOptions(max_bytes=MAX_WARC_BYTES),
    )
    written = number = 0
    with (folder / "pages").open("w") as pages:
        while written < size:
            length = LARGE_BYTES if number == 1000 else BODY_BYTES
            recorded = writer.write_capture(capture(number, chance.randbytes(length)), (("kind", "article"),))
            pages.write(f"{recorded.response.record_id if recorded.response else ''}\n")
            written += length
            number += 1
    writer.close()


def capture(number: int, body: bytes) -> Capture:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    return Capture(
        url=address(number),
        started_at=STARTED_AT + timedelta(seconds=number),
        seconds=0.125,
        request=b"GET / HTTP/1.1\r\nHost: www.js.sample.test\r\n\r\n",
        response=head.encode() + body,
    )


def address(number: int) -> str:
    return f"http://www.js.sample.test/news/2025/0227/{number}.html"


def measure(folder: Path, *, whole: bool) -> None:
    warcs = sorted(folder.glob("*.warc.gz"))
    before = peak_mb()
    start = perf_counter()
    done = pack(
        folder / "out.wacz",
        warcs,
        description=Description(title="bench", software="bench", created=STARTED_AT),
        pages=pages(folder) if whole else (),
        selection=None if whole else Selection(chooses=lambda record: not record.url.endswith("7.html")),
    )
    seconds = perf_counter() - start
    size = sum(warc.stat().st_size for warc in warcs) / 1e6
    print(
        f"{'whole' if whole else 'selection'}: {done.records:,} records, {size / seconds:,.0f} MB/s,"
        f" peak {peak_mb():.0f} MB (limit {LIMIT_MB}; {before:.0f} before)"
    )


def pages(folder: Path) -> Iterator[PackedPage]:
    """Yield a page for each response."""
    with (folder / "pages").open() as file:
        for number, record_id in enumerate(file):
            yield PackedPage(
                url=address(number),
                captured_at=STARTED_AT + timedelta(seconds=number),
                record_id=record_id.strip(),
                title="苏州工业园区公布建设计划",
                text=TEXT,
            )


def copy(folder: Path) -> float:
    """Return the seconds that bare copying and hashing takes: what no packing can do without."""
    start = perf_counter()
    digest = hashlib.sha256()
    with (folder / "copy").open("wb") as target:
        for path in folder.glob("*.warc.gz"):
            with path.open("rb") as source:
                while piece := source.read(1 << 20):
                    digest.update(piece)
                    target.write(piece)
    return perf_counter() - start


def peak_mb() -> float:
    # Not getrusage: its peak counts the parent's memory at the fork.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    main()
