"""A server of single files on loopback that answers ranges, as readers of packages ask for them."""

import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wacz": "application/wacz+zip"}


class RangeServer:
    """Serves files by their paths on a free port, while it is used as a context manager."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, *, with_body: bool) -> None:
                path = files.get(self.path.partition("?")[0])
                if path is None:
                    self.send_response(404)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                body = path.read_bytes()
                part = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
                start, end = _bounds(part, len(body)) if part else (0, len(body))
                self.send_response(206 if part else 200)
                if part:
                    self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(body)}")
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Type", TYPES[path.suffix])
                self.send_header("Content-Length", str(end - start))
                self.end_headers()
                if with_body:
                    self.wfile.write(body[start:end])

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def root(self) -> str:
        """Its address, e.g. `http://127.0.0.1:40123`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


def _bounds(part: re.Match[str], length: int) -> tuple[int, int]:
    """Return start and end of a range (RFC 9110, 14.1.2); `-500` asks for the last 500 bytes."""
    if not part[1]:
        return max(0, length - int(part[2])), length
    return int(part[1]), min(length, int(part[2]) + 1) if part[2] else length
