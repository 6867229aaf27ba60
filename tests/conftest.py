"""A crawl of the sample portal, made once for all tests that look at its results."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.portal.server import PortalServer

FIXTURES = Path(__file__).parent / "fixtures"
SAMPLE = FIXTURES / "portal"
SAMPLE_TOML = SAMPLE / "sample.toml"
PRESSMARK = Path(sys.executable).with_name("pressmark")

Run = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Crawled:
    """A collection of the sample portal, and what its server saw in each of two runs."""

    folder: Path
    first: Run
    second: Run
    first_requests: list[str]
    second_requests: list[str]

    def lines(self) -> list[dict[str, object]]:
        """Return the article lines."""
        return [json.loads(text) for text in self.line_texts()]

    def line_texts(self) -> list[bytes]:
        """Return the article lines as they stand in the files."""
        files = sorted((self.folder / "articles").glob("*/*.jsonl"))
        return [line for path in files for line in path.read_bytes().splitlines()]

    def warcs(self) -> list[Path]:
        """Return the WARC files."""
        return sorted((self.folder / "archive").glob("*.warc.gz"))


def run_pressmark(*words: str, cwd: Path, timeout: float = 110, stdin: bytes | None = None) -> Run:
    """Run the command as a user would, and return how it ended."""
    env = {**os.environ, "COLUMNS": "120", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [str(PRESSMARK), *words], cwd=cwd, env=env, capture_output=True, timeout=timeout, input=stdin, check=False
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


def sample_words(server: PortalServer, *words: str) -> list[str]:
    """Return the words of a command on the sample portal served here."""
    return [*words, "--portal", str(SAMPLE_TOML), "--connect-to", f"*.sample.test:{server.address}"]


def seen_urls(server: PortalServer) -> list[str]:
    """Return the URLs that a server was asked for."""
    return [f"http://{request.host}{request.target}" for request in server.requests]


@pytest.fixture(scope="session")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """The sample portal, crawled twice into one collection."""
    cwd = tmp_path_factory.mktemp("crawled")
    with PortalServer(SAMPLE) as server:
        words = sample_words(server, "crawl", "--all")
        first = run_pressmark(*words, cwd=cwd)
        first_requests = seen_urls(server)
        second = run_pressmark(*words, "--now", cwd=cwd)
        second_requests = seen_urls(server)[len(first_requests) :]
    return Crawled(
        folder=cwd / "data" / "collections" / "sample",
        first=first,
        second=second,
        first_requests=first_requests,
        second_requests=second_requests,
    )


@pytest.fixture
def sample_server() -> Iterator[PortalServer]:
    """The sample portal on loopback."""
    with PortalServer(SAMPLE) as server:
        yield server


@pytest.fixture
def pressmark(tmp_path: Path) -> Callable[..., Run]:
    """The command, run in a folder of its own."""

    def run(*words: str, **options: object) -> Run:
        return run_pressmark(*words, cwd=tmp_path, **options)  # type: ignore[arg-type]

    return run
