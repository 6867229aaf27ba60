"""Run a crawl of the raw server in a process of its own, and read back what it stored."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.capture import Capture
from archive.reader import Exchange, read_exchanges
from tests.certificates import Issued, certificate_pem

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class WireRun:
    """What a crawl told and stored, by the keys of its orders."""

    captures: dict[str, list[Capture]]
    results: dict[str, dict[str, Any]]
    stats: dict[str, Any]
    log: str

    def capture(self, key: str) -> Capture:
        """Return the one capture of a request."""
        (capture,) = self.captures[key]
        return capture


def order(key: str, url: str, **fields: Any) -> dict[str, Any]:
    """Return what a crawl is to ask."""
    return {"key": key, "url": url, **fields}


def run_wire(  # one parameter for each part of the crawl
    folder: Path,
    orders: list[dict[str, Any]],
    pairs: list[str],
    *,
    trusted: Issued | None = None,
    insecure: bool = False,
    sink: bool = True,
    handler: str = "MeddlingHandler",
) -> WireRun:
    """Crawl; what is stored goes into a folder, certificates are trusted where `trusted` has signed them."""
    told = {
        "orders": orders,
        "settings": {"CONNECT_TO": pairs, "DOWNLOAD_VERIFY_CERTIFICATES": not insecure},
        "sink": sink,
        "handler": handler,
        "folder": str(folder),
    }
    roots = folder / "roots.pem"
    roots.write_bytes(certificate_pem(trusted.certificate) if trusted else b"")
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.wire_crawl"],
        input=json.dumps(told).encode(),
        env=env | {"SSL_CERT_FILE": str(roots), "SSL_CERT_DIR": str(folder / "none")},
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=True,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return WireRun(
        captures=read_captures(folder),
        results={event["key"]: event for event in events if event["event"] in {"response", "error"}},
        stats=next(event for event in events if event["event"] == "stats"),
        log=done.stderr.decode(),
    )


def read_captures(folder: Path) -> dict[str, list[Capture]]:
    """Return the captures of all WARC files by the keys that stand beside them."""
    captures: dict[str, list[Capture]] = {}
    for path in sorted(folder.glob("*.warc.gz")):
        for exchange in read_exchanges(path):
            assert isinstance(exchange, Exchange)
            captures.setdefault(dict(exchange.notes)["key"], []).append(exchange.capture)
    return captures
