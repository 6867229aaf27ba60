"""Measure re-extraction: pages per second and core against reading the file alone and trafilatura, and its memory.

Run as `python -m bench.rereading [PAGES [LARGER [BYTES]]]` (600 and 2,400 pages by default). Both sides read the same
WARC file, made of the sample portal's articles, each with a picture of so many bytes behind it (none by default): with
`1000 10000 1000000` the files have 1 and 10 GB. Reading alone is fastwarc's iteration without a look at the pages.
Memory is the peak of all processes together at both sizes.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time

from fastwarc.warc import ArchiveIterator, WarcRecordType
from trafilatura import bare_extraction

from archive.capture import Capture
from archive.writer import WarcOptions, WarcWriter
from bench.machine import machine

SAMPLE = Path(__file__).parent.parent / "tests" / "fixtures" / "portal"
PAGES, LARGER = 600, 2_400


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:3]] or [PAGES, LARGER]
    picture = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [make_file(folder / str(pages), pages, picture) for pages in sizes]
        pages, path = sizes[0], files[0]
        alone = pages / cpu_seconds(iterate, path)
        peer = pages / cpu_seconds(extract_with_trafilatura, path)
        one, two = (run(path, processes) for processes in (1, 2))
        each = pages / one["cpu"]
        print(f"{pages} pages in {path.stat().st_size / 1e6:.1f} MB; with the start of the program:")
        print(f"reextract: {each:.0f} pages/s and core; {each / alone:.4f} times reading alone ({alone:.0f} pages/s)")
        print(f"reextract: {each / peer:.1f} times trafilatura ({peer:.1f} pages/s)")
        print(
            f"two processes: {one['wall'] / two['wall']:.2f} times as fast as one ({pages / two['wall']:.0f} pages/s)"
        )
        for count, larger in zip(sizes, files, strict=True):
            peak = run(larger, 2)["peak"]
            print(f"memory at {count} pages ({larger.stat().st_size / 1e6:.1f} MB): {peak / 1e6:.0f} MB at most")


def make_file(folder: Path, pages: int, picture: int) -> Path:
    folder.mkdir()
    options = WarcOptions(max_bytes=2**40)
    writer = WarcWriter(folder, prefix="bench", software=(), options=options, now=lambda: datetime.now(UTC))
    for number, html in enumerate(islice(cycle(article_pages()), pages)):
        url = f"http://www.js.sample.test/news/2026/1120/{300000 + number}.html"
        writer.write_capture(capture_of(url, "text/html", html), ())
        if picture:
            writer.write_capture(capture_of(f"{url}.jpg", "image/jpeg", os.urandom(picture)), ())
    writer.close()
    return next(folder.glob("*.warc.gz"))


def capture_of(url: str, media_type: str, body: bytes) -> Capture:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return Capture(
        url=url, started_at=datetime(2026, 11, 20, tzinfo=UTC), seconds=0.1, request=b"", response=head + body
    )


def article_pages() -> list[bytes]:
    found = [path.read_bytes() for path in sorted(SAMPLE.rglob("*.html")) if path.stem.isdigit()]
    assert found, f"no pages in {SAMPLE}"
    return found


def iterate(path: Path) -> None:
    with path.open("rb") as file:
        for _ in ArchiveIterator(file, record_types=WarcRecordType.response):
            pass


def extract_with_trafilatura(path: Path) -> None:
    for body in bodies(path):
        bare_extraction(body)


def bodies(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response):
            if record.http_headers.get("Content-Type") == "text/html":
                yield record.reader.read()


def cpu_seconds(work: object, path: Path) -> float:
    assert callable(work)
    begin = process_time()
    work(path)
    return process_time() - begin


def run(path: Path, processes: int) -> dict[str, float]:
    """Return the seconds of the clock, the CPU seconds and the peak of memory of a run of the command."""
    words = ["reextract", str(path), "--processes", str(processes), "--out", f"{path}.jsonl"]
    program = f"import sys; sys.argv = ['pressmark', *{words!r}]; from crawler.cli import main; main()"
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=Path(__file__).parent.parent, stdout=subprocess.DEVNULL
    ) as command:
        peak = 0
        while command.poll() is None:
            peak = max(peak, memory_of(command.pid))
            try:
                command.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
    wall, after = perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert command.returncode == 0
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, "peak": float(peak)}


def memory_of(pid: int) -> int:
    """Return the bytes that a process and its children hold; what they share is counted once for each (Linux)."""
    total = 0
    try:
        total = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * resource.getpagesize()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return total
    return total + sum(memory_of(int(child)) for child in children)


if __name__ == "__main__":
    main()
