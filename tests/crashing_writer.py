"""`python -m tests.crashing_writer FOLDER SEED`: append exchanges until killed, and report each on standard output.

`A number file` follows each append that returned, `S file` each sync; `F file length` each fsync of the system's.
"""

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from archive.files import DiskFile
from archive.writer import WarcOptions, WarcWriter
from tests.exchanges import NOTES, WHOLE

MAX_BYTES = 40_000
URL = "http://www.js.sample.test/news/2025/0227/{}.html"


class ReportingFile(DiskFile):
    """A file that reports how much of it is on disk."""

    def __init__(self, path: Path, new: bool) -> None:
        super().__init__(path, new)
        self._path = path

    def sync(self) -> None:
        length = self._path.stat().st_size
        super().sync()
        tell(f"F {self._path.name.removesuffix('.open')} {length}")


def main(folder: Path, seed: int) -> None:
    """Write without an end."""
    chance = Random(seed)
    writer = WarcWriter(
        folder,
        prefix="sample",
        software=(),
        now=lambda: datetime.now(UTC),
        options=WarcOptions(max_bytes=MAX_BYTES),
        host="press.example",
        opener=ReportingFile,
    )
    number = 0
    while True:
        body = chance.randbytes(chance.choice((10, 700, 9_000)))
        response = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + body
        recorded = writer.write_capture(replace(WHOLE, url=URL.format(number), response=response), NOTES)
        tell(f"A {number} {recorded.file}")
        if chance.random() < 0.3:
            writer.sync()
            tell(f"S {recorded.file}")
        number += 1


def tell(line: str) -> None:
    """Report a line in one write."""
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
