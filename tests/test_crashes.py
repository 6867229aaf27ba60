"""Kill -9, power loss and a full disk lose nothing that was reported as kept: a process that reports is the oracle."""

import errno
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from archive.cdxj import index_records
from archive.files import AppendFile, DiskFile
from archive.reader import Exchange, read_exchanges
from archive.recovery import recover
from archive.writer import WarcWriter
from crawler.folding.register import Register
from crawler.folding.schedule import Schedule
from crawler.health.runs import read_summaries
from crawler.lines import decode_line
from crawler.reading.portals import Portal, find_portal
from crawler.store.collection import Collection
from tests.conftest import PRESSMARK, SAMPLE, SAMPLE_TOML, run_pressmark, sample_words
from tests.crashing_writer import URL
from tests.exchanges import NOTES, WHOLE, open_writer
from tests.portal.server import PortalServer
from tests.test_trouble import ARTICLE, LIST, Odd, odd, page

__all__ = ["odd"]

ROOT = Path(__file__).parent.parent
MOMENTS = [*range(10), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(10, 200))]


@dataclass
class Report:
    """What a writer said before it was killed: exchanges appended and synced, how much of each file is on disk."""

    appended: list[str] = field(default_factory=list)
    synced: list[str] = field(default_factory=list)
    lengths: dict[str, int] = field(default_factory=dict)
    file: str = ""

    def read(self, lines: Iterable[str]) -> None:
        notes = {"A": self._append, "S": self._sync, "F": self._reach_disk}
        for line in lines:
            kind, *words = line.split()
            notes[kind](*words)

    def _append(self, number: str, file: str) -> None:
        # A new file is begun only when the one before is synced.
        self.synced = self.synced if file == self.file else list(self.appended)
        self.file = file
        self.appended.append(URL.format(number))

    def _sync(self, file: str) -> None:
        self.synced = list(self.appended)

    def _reach_disk(self, file: str, length: str) -> None:
        self.lengths[file] = int(length)


def write_and_kill(folder: Path, seed: int) -> Report:
    """Let a writer work, kill it at a moment that the seed chooses, and return what it had reported."""
    words = [sys.executable, "-m", "tests.crashing_writer", str(folder), str(seed)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        told = child.stdout.read(Random(seed).randrange(1, 20_000))
        child.kill()
        told += child.stdout.read()
    report = Report()
    report.read(line for line in told.decode().splitlines(keepends=True) if line.endswith("\n"))
    return report


def recovered_urls(folder: Path) -> list[str]:
    """Return the addresses of all exchanges, once the unfinished files are recovered."""
    for path in folder.glob("*.open"):
        recover(path)
    return [e.capture.url for path in sorted(folder.glob("*.warc.gz")) for e in read_exchanges(path)]  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", MOMENTS)
def test_what_a_killed_writer_reported_is_there_once(tmp_path: Path, seed: int) -> None:
    report = write_and_kill(tmp_path, seed)
    urls = recovered_urls(tmp_path)
    assert urls[: len(report.appended)] == report.appended
    # One more may have been written and not been reported.
    assert len(urls) - len(report.appended) in {0, 1}
    assert len(urls) == len(set(urls))


@pytest.mark.parametrize("zeros", [0, 1, 4096])
@pytest.mark.parametrize("seed", MOMENTS[::4])
def test_what_was_synced_outlives_a_loss_of_power(tmp_path: Path, seed: int, zeros: int) -> None:
    report = write_and_kill(tmp_path, seed)
    chance = Random(seed)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        synced = report.lengths.get(path.name.removesuffix(".open"), 0)
        # What came after the last sync may be there in part, and the place of the rest may hold zeros.
        kept = chance.randint(synced, len(content))
        path.write_bytes(content[:kept] + bytes(min(zeros, len(content) - kept)))
    urls = recovered_urls(tmp_path)
    assert urls[: len(report.synced)] == report.synced
    assert len(urls) == len(set(urls))


class SmallDisk:
    """A disk with room for so many bytes, on which files can be opened; `cuts` False lets cutting fail as well."""

    def __init__(self, *, cuts: bool = True) -> None:
        self.room = sys.maxsize
        self.cuts = cuts

    def open(self, path: Path, new: bool) -> AppendFile:
        return SmallDiskFile(self, DiskFile(path, new))


class SmallDiskFile:
    """A file on a small disk."""

    def __init__(self, disk: SmallDisk, file: DiskFile) -> None:
        self._disk, self._file = disk, file
        self.sync, self.close = file.sync, file.close

    def write(self, content: memoryview) -> int:
        self._refuse(self._disk.room == 0)
        taken = self._file.write(content[: self._disk.room])
        self._disk.room -= taken
        return taken

    def cut(self, size: int) -> None:
        self._refuse(not self._disk.cuts)
        self._file.cut(size)

    def _refuse(self, full: bool) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")


def fill_at(folder: Path, disk: SmallDisk, room: int) -> WarcWriter:
    """Write an exchange, then another with room for so many bytes only."""
    folder.mkdir()
    writer = open_writer(folder, opener=disk.open)
    writer.write_capture(WHOLE, NOTES)
    disk.room = room
    with pytest.raises(OSError, match="No space"):
        writer.write_capture(WHOLE, NOTES)
    disk.room = sys.maxsize
    return writer


def exchange_bytes(folder: Path) -> int:
    """Return how long one exchange is on disk."""
    folder.mkdir()
    writer = open_writer(folder)
    first, second = (writer.write_capture(WHOLE, NOTES).end for _ in range(2))
    writer.close()
    return second - first


def test_a_disk_full_at_any_byte_of_an_exchange_loses_nothing(tmp_path: Path) -> None:
    for room in range(exchange_bytes(tmp_path / "whole")):
        folder = tmp_path / str(room)
        writer = fill_at(folder, SmallDisk(), room)
        writer.write_capture(WHOLE, NOTES)
        writer.close()
        (path,) = folder.iterdir()
        assert [exchange.capture for exchange in read_exchanges(path)] == [WHOLE, WHOLE]  # type: ignore[union-attr]
        shutil.rmtree(folder)


def test_a_disk_full_at_any_byte_that_cannot_be_undone_is_recovered(tmp_path: Path) -> None:
    for room in range(1, exchange_bytes(tmp_path / "whole"), 7):
        folder = tmp_path / str(room)
        fill_at(folder, SmallDisk(cuts=False), room).close()
        (path,) = folder.iterdir()
        done = recover(path)
        assert (done.torn_bytes, done.path is not None) == (room, True)
        assert [exchange.capture for exchange in read_exchanges(done.path)] == [WHOLE]  # type: ignore[arg-type,union-attr]
        shutil.rmtree(folder)


def kill_crawl(words: list[str], cwd: Path, server: PortalServer, *, requests: int) -> None:
    """Start a crawl, and kill it when the server has seen so many further requests."""
    wanted = len(server.requests) + requests
    with subprocess.Popen(
        [str(PRESSMARK), *words], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        server.wait_for_request(count=wanted, timeout_seconds=60)
        run.kill()


def replayed(
    collection: Collection, folder: Path, portal: Portal | None = None, schedule: Schedule | None = None
) -> Collection:
    """Return a collection made again from the WARC files of another, of the sample portal unless another is named."""
    again = Collection(folder)
    again.make_folders()
    for path in collection.archive.glob("*.warc.gz*"):
        (again.archive / path.name).symlink_to(path)
    register = Register(again, portal or find_portal(str(SAMPLE_TOML)), schedule)
    for _ in register.replay():
        pass
    # As a crawl does: an article that was looked at again and had not changed is closed without a record of its own.
    assert {register.compose(article) for article in register.settled()} <= {None}
    register.commit(None)
    register.shut()
    return again


def line_files(collection: Collection) -> dict[str, bytes]:
    """Return articles and ledger by their place in the collection."""
    paths = [*collection.articles.glob("*/*.jsonl"), collection.changes]
    return {str(path.relative_to(collection.folder)): path.read_bytes() for path in paths}


def good_fetches(collection: Collection) -> Counter[str]:
    """Return how often each article, page and picture was answered with 200 and kept whole."""
    exchanges = [e for path in collection.archive.glob("*.warc.gz") for e in read_exchanges(path)]
    return Counter(
        e.capture.url
        for e in exchanges
        if isinstance(e, Exchange)
        and dict(e.notes)["kind"] in {"article", "page", "picture"}
        and b" 200 " in e.capture.response[:20]
        and not e.capture.truncated
    )


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_a_crawl_killed_again_and_again_ends_as_if_nothing_had_been(tmp_path: Path, kills: int) -> None:
    chance = Random(kills)
    collection = Collection(tmp_path / "data" / "collections" / "sample")
    with PortalServer(SAMPLE) as server:
        words = sample_words(server, "crawl", "--all", "--delay", "0")
        for _ in range(kills):
            kill_crawl(words, tmp_path, server, requests=chance.randint(3, 14))
        last = run_pressmark(*words, cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    assert not list(collection.archive.glob("*.open"))
    fetches = good_fetches(collection)
    assert set(fetches.values()) == {1}
    lines = [line for path in collection.articles.glob("*/*.jsonl") for line in path.read_bytes().splitlines()]
    ids = [decode_line(line).id for line in lines]
    assert len(ids) == len(set(ids)) >= 60
    assert line_files(replayed(collection, tmp_path / "again")) == line_files(collection)
    indexed = sorted(line.encode() for path in collection.archive.glob("*.warc.gz") for line in index_records(path))
    assert (collection.indexes / "index.cdxj").read_bytes().splitlines() == indexed


def restored(collection: Collection, kept: Path) -> None:
    """Bring a collection to where a crash leaves it: records are on disk, nothing was made of them, no summary."""
    for name in ("state.sqlite", "digests.sqlite"):
        shutil.copy(kept / name, collection.folder / name)
    max(collection.runs.glob("*.json")).unlink()


def test_what_is_fed_again_after_a_crash_is_counted_and_what_is_made_anew_is_not(odd: Odd) -> None:
    collection = Collection(odd.folder / "data/collections/odd")
    assert odd.crawl().returncode == 0
    kept = shutil.copytree(collection.folder, odd.folder / "kept")
    second = ARTICLE.replace("101", "102")
    odd.server.override(second, body=page("<p>　　第二天起了风，船没有出湖。</p>"))
    odd.server.override(LIST, body=f'<html><body><a href="{second}">银鱼开捕第二日</a></body></html>'.encode())
    assert odd.crawl().returncode == 0
    assert [run.events for run in read_summaries(collection.runs, 9)] == [{"new": 1}, {"new": 1}]
    restored(collection, kept)
    odd.crawl()
    assert [(run.events, run.articles) for run in read_summaries(collection.runs, 9)] == [({"new": 1}, 1)] * 2
    assert len(odd.lines()) == 2
    collection.state.unlink()
    odd.crawl()
    assert read_summaries(collection.runs, 1)[0].events == {}
    assert len(odd.lines()) == 2
