"""What many runs in one process leave behind: no open file, no thread, no memory, and on disk what they must."""

import gc
import threading
import tracemalloc
from pathlib import Path

import pytest

from crawler.store.collection import Collection
from tests.test_deduplication import ADDRESS, NOT_MODIFIED, Archivist, ok

WARM_UP, RUNS = 10, 40


def held() -> tuple[int, int]:
    """Return the number of open files and of threads of this process."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux")
@pytest.mark.parametrize(("keep_open", "most_files"), [("day", 2), ("run", 1 + WARM_UP + RUNS)])
def test_many_runs_leave_nothing_open_and_no_more_files_than_they_must(
    tmp_path: Path, keep_open: str, most_files: int
) -> None:
    archivist = Archivist(Collection(tmp_path / "sample"), keep_open=keep_open)
    archivist.record((ADDRESS, ok(extra=b'ETag: "4f1c"\r\n')))
    for _ in range(WARM_UP):
        archivist.record((ADDRESS, NOT_MODIFIED))
    tracemalloc.start()
    before, bytes_before = held(), tracemalloc.get_traced_memory()[0]
    for _ in range(RUNS):
        archivist.record((ADDRESS, NOT_MODIFIED))
    after, bytes_after = held(), tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after == before
    # What Python caches by itself is some kilobytes, not some for each run.
    assert bytes_after - bytes_before < 1000 * RUNS
    collection = archivist.collection
    assert 1 <= len(list(collection.archive.iterdir())) <= most_files
    assert len(list(collection.indexes.iterdir())) <= 1
    assert list(collection.pending.iterdir()) == []
    assert len(archivist.lines()) == 1
