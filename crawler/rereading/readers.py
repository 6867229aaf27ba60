"""Read pages in many processes: records come back in their order, each page with what it says.

The calling process reads the files; pages go to the others in batches. What waits is bounded by bytes, so the memory
does not depend on the size of the files.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from multiprocessing import connection, forkserver, resource_tracker
from pathlib import Path
from typing import Any

from archive.reader import Conversion, Exchange
from crawler.errors import CrawlerError
from crawler.folding.composing import read_capture
from crawler.folding.outcome import CapturedPage
from crawler.reading.portals import Portal

BATCH_PAGES = 16
# Records between the one that is read from the file and the one that is handed on.
WAITING_BYTES = 16 * 1024 * 1024
WAITING_RECORDS = 1_000

# A record, and the file that it lies in.
Located = tuple[Path, Exchange | Conversion]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """What reading a page has come to; `fault` says what went wrong. The capture is cut down to its head."""

    page: CapturedPage | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How files are read: for which portal, by how many processes, and who is told of the place reached in a file."""

    portal: Portal
    processes: int = 1
    on_progress: Callable[[str, int], None]


def read_one(exchange: Exchange, portal: Portal) -> ReadPage:
    """Read a page here and now."""
    try:
        page = read_capture(exchange, portal)
    except Exception as error:  # noqa: BLE001 - a page that cannot be read is counted, and the next one is read
        return ReadPage(fault=f"{type(error).__name__}: {error}")
    if page is None:
        return ReadPage()
    head = replace(page.captured, request=b"", response=page.captured.head_block(), revisited=None)
    return ReadPage(page=replace(page, captured=head))


def read_ahead(
    records: Iterable[Located], wanted: Callable[[Exchange], bool], means: Means
) -> Iterator[tuple[Located, ReadPage | None]]:
    """Yield all records in their order, the exchanges that are `wanted` with what their pages say.

    Raises CrawlerError where a process has been killed.
    """
    portal, processes = means.portal, means.processes
    if processes < 2:
        for located in records:
            record = located[1]
            yield located, read_one(record, portal) if isinstance(record, Exchange) and wanted(record) else None
        return
    # A fork of a process with threads may hang; the server that forks has none.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    _start_server()
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(portal,)) as pool:
        try:
            yield from _Window(pool, wanted, processes).run(records)
        except BrokenProcessPool as error:
            raise CrawlerError("a reading process was killed, for want of memory perhaps; try --processes 1") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _start_server() -> None:
    """Start the server that forks the reading processes, which all leave Ctrl-C to this process: it ends them."""
    # It lets signals through again when it starts, so it comes first.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _submit(pool: ProcessPoolExecutor, *call: Any) -> Future[Any]:
    """Submit a call; it may start a process, and a signal in the middle would leave one that nobody knows of."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        return pool.submit(*call)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(slots=True)
class _Batch:
    exchanges: list[Exchange] = field(default_factory=list)
    future: "Future[list[ReadPage]] | None" = None


class _Window:
    """The records that wait for their pages."""

    def __init__(self, pool: ProcessPoolExecutor, wanted: Callable[[Exchange], bool], processes: int) -> None:
        self._pool = pool
        self._wanted = wanted
        self._most_batches = 3 * processes
        self._batch = _Batch()
        self._waiting: deque[tuple[Located, int, _Batch | None, int]] = deque()
        self._bytes = self._batches = 0

    def run(self, records: Iterable[Located]) -> Iterator[tuple[Located, ReadPage | None]]:
        for located in records:
            self._take(located)
            while self._is_full():
                yield self._next()
        while self._waiting:
            yield self._next()

    def _take(self, located: Located) -> None:
        record = located[1]
        size = len(record.capture.response) if isinstance(record, Exchange) else len(record.block)
        self._bytes += size
        if not isinstance(record, Exchange) or not self._wanted(record):
            self._waiting.append((located, size, None, 0))
            return
        self._waiting.append((located, size, self._batch, len(self._batch.exchanges)))
        self._batch.exchanges.append(record)
        if len(self._batch.exchanges) == BATCH_PAGES:
            self._send()

    def _send(self) -> None:
        self._batch.future = _submit(self._pool, _read_batch, self._batch.exchanges)
        self._batch.exchanges = []
        self._batch = _Batch()
        self._batches += 1

    def _is_full(self) -> bool:
        most = (WAITING_BYTES, WAITING_RECORDS, self._most_batches)
        return any(
            now > bound for now, bound in zip((self._bytes, len(self._waiting), self._batches), most, strict=True)
        )

    def _next(self) -> tuple[Located, ReadPage | None]:
        located, size, batch, number = self._waiting.popleft()
        self._bytes -= size
        if batch is None:
            return located, None
        if batch.future is None:
            self._send()
        assert batch.future
        pages = batch.future.result()
        if number == len(pages) - 1:
            self._batches -= 1
        return located, pages[number]


_portal: Portal


def _begin(portal: Portal) -> None:
    """Keep the portal in a reading process: it is large, and the same for all pages.

    The process ends with the one that it reads for, however that ends.
    """
    global _portal  # noqa: PLW0603 - a pool hands its processes nothing else
    _portal = portal
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    connection.wait([parent.sentinel])
    os._exit(1)


def _read_batch(exchanges: list[Exchange]) -> list[ReadPage]:
    return [read_one(exchange, _portal) for exchange in exchanges]
