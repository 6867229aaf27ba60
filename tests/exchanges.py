"""Exchanges as a portal would send them, for the tests of the archive."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import UUID

from archive.capture import Capture
from archive.writer import WarcWriter

NOW = datetime(2025, 2, 27, 10, 15, 0, 123456, tzinfo=UTC)
PAGE = "<html><body><h1>苏州园区举办龙舟邀请赛</h1><p>中新网苏州2月27日电</p></body></html>".encode("gb18030")
REQUEST = b"GET /news/2025/0227/230110.html HTTP/1.1\r\nHost: www.js.sample.test\r\nAccept-Encoding: gzip\r\n\r\n"
WHOLE = Capture(
    url="http://www.js.sample.test/news/2025/0227/230110.html",
    started_at=NOW,
    seconds=0.337,
    request=REQUEST,
    response=b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gb2312\r\nContent-Length: %d\r\n\r\n%b"
    % (len(PAGE), PAGE),
    ip="127.0.0.1",
)
NOTES = (("via", "http://www.js.sample.test/"), ("hopsFromSeed", "LL"), ("kind", "article"))


def answered(response: bytes, *, request: bytes = REQUEST, url: str = WHOLE.url) -> Capture:
    """Return an exchange with this response."""
    return replace(WHOLE, response=response, request=request, url=url)


def chunked(body: bytes, *, size: int = 7) -> bytes:
    """Return a body in chunks with an extension on each, and a trailer."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%X;n=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-Checksum: 1\r\n\r\n"


def numbered_ids() -> Callable[[], UUID]:
    """Return a maker of ids that are the same on every run."""
    numbers = count(1)
    return lambda: UUID(int=next(numbers))


def open_writer(folder: Path, **settings: object) -> WarcWriter:
    """Return a writer whose clock stands still and whose ids count up."""
    given = {
        "prefix": "sample",
        "software": (("software", "pressmark/0.1.0"), ("robots", "obey")),
        "now": lambda: NOW,
        "new_id": numbered_ids(),
        "host": "press.example",
    }
    return WarcWriter(folder, **(given | settings))  # type: ignore[arg-type]


def write_file(folder: Path, *captures: Capture) -> Path:
    """Write captures into one finished file and return its path."""
    closed: list[Path] = []
    writer = open_writer(folder, on_close=closed.append)
    for capture in captures:
        writer.write_capture(capture, NOTES)
    writer.close()
    return closed[0]
