"""Measure WARC writing: exchanges per second of CPU time against warcio's stock writer, as ratios.

Run as `python -m bench.warc_writing`. Both sides write request, response and metadata of the same exchanges; the
stock side also parses HTTP heads and compresses at level 9, as warcio does when it is used as documented.
"""

import random
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from time import process_time

from warcio.warcwriter import WARCWriter

from archive.capture import Capture
from archive.reader import read_exchanges
from archive.writer import WarcWriter
from bench.machine import machine

EXCHANGES = 400
ROUNDS = 5
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
            ours = best(lambda: write_ours(Path(folder), captures))  # noqa: B023 - called at once
            stock = best(lambda: write_stock(Path(folder) / "stock.warc.gz", captures))  # noqa: B023
            path = next(Path(folder).glob("bench-*.warc.gz"))
            size = path.stat().st_size / (Path(folder) / "stock.warc.gz").stat().st_size
            reading = best(lambda: sum(1 for _ in read_exchanges(path)))  # noqa: B023
        print(f"{name}: {EXCHANGES / ours:,.0f} exchanges/s, {stock / ours:.1f} times the stock writer's")
        print(f"{name}: {size:.3f} of the stock writer's size; read back at {EXCHANGES / reading:,.0f} exchanges/s")


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


def best(run: Callable[[], object]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        start = process_time()
        run()
        seconds.append(process_time() - start)
    return min(seconds)


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
