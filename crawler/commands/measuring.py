"""Metrics of a run: over HTTP while it lasts, as a textfile at its end."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from crawler.commands.options import err
from crawler.errors import CrawlerError, UsageError
from crawler.fetching.recorder import Recorder
from crawler.health.alarms import read_alarms
from crawler.health.metrics import Measures, render, write_textfile
from crawler.health.runs import RunSummary
from crawler.store.state import State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@contextmanager
def serve_metrics(recorder: Recorder, port: int | None) -> Iterator[None]:
    """Answer on 127.0.0.1 while the block runs; nothing for no port. Raises UsageError where the port is taken."""
    if port is None:
        yield
        return
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(lambda: render(_present(recorder))))
    except OSError as error:
        raise UsageError(f"--metrics-port {port}: cannot be used ({error.strerror}); choose another") from error
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def keep_metrics(recorder: Recorder, summary: RunSummary, path: Path) -> None:
    """Write the textfile; where that fails it is said, and nothing else changes."""
    measures = Measures(
        collection=recorder.collection.folder.name,
        started_at=recorder.started_at,
        seconds=summary.seconds,
        received_bytes=summary.bytes_received,
        disk_free_bytes=shutil.disk_usage(recorder.collection.folder).free,
        exit_code=summary.exit_code,
        requests=summary.statuses,
        host_requests=recorder.tally.hosts,
        articles=_articles(summary.asked_branches, {code: part.articles for code, part in summary.branches.items()}),
        alarms=Counter(alarm.kind for alarm in read_alarms(recorder.collection.alarms)),
        host_failures=recorder.failing_hosts,
        newest=_newest(recorder),
    )
    try:
        write_textfile(path, render(measures))
    except OSError as error:
        err.print(f"pressmark: {path}: {error.strerror}; the metrics are not kept", markup=False, soft_wrap=True)


def _present(recorder: Recorder) -> Measures:
    """Return how far the run has come; called by a thread of its own, so it takes copies."""
    tally = recorder.tally
    return Measures(
        collection=recorder.collection.folder.name,
        started_at=recorder.started_at,
        seconds=(datetime.now(UTC) - recorder.started_at).total_seconds(),
        received_bytes=tally.bytes_received,
        disk_free_bytes=shutil.disk_usage(recorder.collection.folder).free,
        requests=dict(tally.statuses),
        host_requests=dict(tally.hosts),
        articles={code: part.articles for code, part in dict(tally.branches).items()},
    )


def _articles(asked: tuple[str, ...], written: dict[str, int]) -> dict[str, int]:
    """Return the articles of each branch that was asked or has some: none is a number, too."""
    return {**dict.fromkeys(asked, 0), **written}


def _newest(recorder: Recorder) -> dict[str, datetime]:
    try:
        state = State(recorder.collection.state, read_only=True)
    except CrawlerError:
        return {}
    try:
        newest = {branch: time for branch, (_, time) in state.versions.by_branch().items() if branch and time}
    finally:
        state.shut()
    return {branch: datetime.fromisoformat(time) for branch, time in newest.items()}


def _handler(read: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers /metrics, and nothing else."""

        def do_GET(self) -> None:
            """Send the metrics."""
            found = self.path.partition("?")[0] == "/metrics"
            text = (read() if found else "the metrics are at /metrics\n").encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the same
            """Log nothing."""

    return Handler
