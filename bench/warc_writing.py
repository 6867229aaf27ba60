"""Measure WARC writing: exchanges per second of CPU time against warcio's stock writer, as ratios.

Run as `python -m bench.warc_writing`. Both sides write request, response and metadata of the same exchanges; the
stock side also parses HTTP heads and compresses at level 9, as warcio does when it is used as documented. The limit is
what hashing, compressing and writing alone would reach: the same members, without the making of records.
"""

import hashlib
import os
import random
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from time import process_time

from warcio.warcwriter import WARCWriter

from archive.capture import Capture
from archive.compression import compress_member, store_member
from archive.reader import read_exchanges, read_members
from archive.writer import WarcWriter
from bench.machine import machine

EXCHANGES = 1000
ROUNDS = 9
BODY_BYTES = 20_000
REQUEST = (
    b"GET /news/2025/0227/230110.html HTTP/1.1\r\nAccept-Encoding: gzip\r\nUser-Agent: Pressmark/0.1 (+https://example.org/)\r\n"
    b"Host: www.js.sample.test\r\n\r\n"
)


def main() -> None:
    print(machine())
    print(f"{EXCHANGES} exchanges of {BODY_BYTES} bytes, best of {ROUNDS} rounds")
    for name, content_type, body in (("HTML", "text/html", html()), ("JPEG", "image/jpeg", jpeg())):
        with tempfile.TemporaryDirectory() as folder:
            captures = [capture(content_type, body, number) for number in range(EXCHANGES)]
            seconds = measure(Path(folder), captures, packed=name == "JPEG")
            path, stock_path = next(Path(folder).glob("bench-*.warc.gz")), Path(folder) / "stock.warc.gz"
            size = path.stat().st_size / stock_path.stat().st_size
        ratios = {side: seconds["stock"] / spent for side, spent in seconds.items()}
        print(
            f"{name}: {EXCHANGES / seconds['ours']:,.0f} exchanges/s, {ratios['ours']:.1f} times the stock writer's"
            f" (the limit is {ratios['limit']:.1f} times)"
        )
        reading = EXCHANGES / seconds["reading"]
        print(f"{name}: {size:.3f} of the stock writer's size; read back at {reading:,.0f} exchanges/s")


def measure(folder: Path, captures: list[Capture], *, packed: bool) -> dict[str, float]:
    """Return the least CPU seconds of each side; they take turns, for the machine is not equally fast all the time."""
    write_ours(folder, captures)
    path = next(folder.glob("bench-*.warc.gz"))
    with path.open("rb") as file:
        records = [content for _, _, content in read_members(file)]
    sides: dict[str, Callable[[], object]] = {
        "ours": lambda: write_ours(folder, captures),
        "stock": lambda: write_stock(folder / "stock.warc.gz", captures),
        "limit": lambda: write_limit(folder / "limit.warc.gz", records, packed=packed),
        "reading": lambda: sum(1 for _ in read_exchanges(next(folder.glob("bench-*.warc.gz")))),
    }
    rounds = [{side: cpu_seconds(run) for side, run in sides.items()} for _ in range(ROUNDS)]
    return {side: min(spent[side] for spent in rounds) for side in sides}


def write_ours(folder: Path, captures: list[Capture]) -> None:
    for path in folder.glob("bench-*"):
        path.unlink()
    writer = WarcWriter(folder, prefix="bench", software=(("software", "bench"),), now=lambda: datetime.now(UTC))
    for one in captures:
        writer.write_capture(one, (("via", "http://www.js.sample.test/"), ("hopsFromSeed", "L")))
    writer.close()


def write_stock(path: Path, captures: list[Capture]) -> None:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="1.1")
        for one in captures:
            response = writer.create_warc_record(
                one.url, "response", payload=BytesIO(one.response), length=len(one.response)
            )
            request = writer.create_warc_record(
                one.url, "request", payload=BytesIO(one.request), length=len(one.request)
            )
            fields = b"fetchTimeMs: 125\r\nvia: http://www.js.sample.test/\r\nhopsFromSeed: L\r\n"
            metadata = writer.create_warc_record(one.url, "metadata", payload=BytesIO(fields), length=len(fields))
            writer.write_request_response_pair(request, response)
            writer.write_record(metadata)


def write_limit(path: Path, records: list[bytes], *, packed: bool) -> None:
    with path.open("wb", buffering=0) as file:
        for record in records:
            response = len(record) > BODY_BYTES
            # Block and payload of a response begin at different bytes: two digests.
            for _ in range(2 if response else 1):
                hashlib.sha1(record, usedforsecurity=False).digest()
            file.write(store_member(record) if packed and response else compress_member(record))
        os.fsync(file.fileno())


def cpu_seconds(run: Callable[[], object]) -> float:
    start = process_time()
    run()
    return process_time() - start


def capture(content_type: str, body: bytes, number: int) -> Capture:
    head = f"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return Capture(
        url=f"http://www.js.sample.test/news/2025/0227/{number}.html",
        started_at=datetime(2025, 2, 27, 10, 15, tzinfo=UTC),
        seconds=0.125,
        request=REQUEST,
        response=head.encode() + body,
        ip="127.0.0.1",
    )


def html() -> bytes:
    """Return markup and GBK text that packs to about 40 %, as a portal's article pages do."""
    chance = random.Random(20)
    words = [bytes(chance.choices(range(0xB0, 0xD7), k=2 * chance.randint(1, 3))) for _ in range(900)]
    tags = [
        b'<p class="content">',
        b"</p>\r\n",
        b'<a href="/news/2025/0227/230110.html">',
        b"</a>",
        b"<br />",
        b'<td width="50%">',
    ]
    pieces = [chance.choice(tags) if chance.random() < 0.18 else chance.choice(words) for _ in range(8_000)]
    return b"".join(pieces)[:BODY_BYTES]


def jpeg() -> bytes:
    return b"\xff\xd8\xff\xe0" + random.Random(21).randbytes(BODY_BYTES - 4)


if __name__ == "__main__":
    main()
