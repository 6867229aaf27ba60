"""A collection is made again from its WARC files alone, equal to what the crawl wrote."""

import json
import os
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from archive.writer import WarcOptions
from crawler.fetching.recorder import Recorder
from crawler.folding import composing
from crawler.folding.schedule import Schedule
from crawler.reading.extract.pages import read_page
from crawler.reading.extract.reading import PageReading
from crawler.reading.page import Page
from crawler.reading.portals import Branch
from crawler.rereading import rebuilding
from crawler.rereading.rebuilding import Rebuilt, rebuild
from crawler.store import swapping
from crawler.store.collection import Collection
from tests import warcs
from tests.conftest import SAMPLE_TOML, Crawled, Run, run_pressmark, sample_words, seen_urls
from tests.portal.server import PortalServer
from tests.simulated_collection import PORTAL, crawl, dump, make_world, written

DAYS = 10


@dataclass
class Kept:
    """A simulated collection as the crawl left it: its folder, its lines, ledger and index, and its databases."""

    folder: Path
    files: dict[str, bytes]
    rows: dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    collection, _ = crawl(make_world(DAYS), tmp_path_factory.mktemp("kept") / "sample", range(DAYS))
    return Kept(collection.folder, written(collection), dump(collection))


def stripped(kept: Kept, folder: Path) -> Collection:
    """Return a copy of the collection that has its WARC files alone."""
    shutil.copytree(kept.folder / "archive", folder / "archive")
    return Collection(folder)


def remade(collection: Collection) -> Rebuilt:
    return rebuild(collection, PORTAL, Schedule(), on_progress=lambda name, offset: None)


def test_the_simulated_portal_has_all_kinds_of_events(kept: Kept) -> None:
    types = {json.loads(line)["type"] for line in kept.files["changes.jsonl"].splitlines()}
    assert types == {"new", "edited", "withdrawn", "restored"}


def test_lines_ledger_and_index_come_again_to_the_byte(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    found = remade(collection)
    assert (found.faults, found.missing, found.files) == ([], set(), DAYS)
    assert written(collection) == kept.files


def test_the_databases_come_again_row_by_row(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    remade(collection)
    rows = dump(collection)
    assert {name: set(rows[name]) ^ set(kept.rows[name]) for name in rows} == {name: set() for name in kept.rows}


def read_otherwise(page: Page, branch: Branch | None) -> PageReading:
    """Read as an extractor with other headlines and no dates, which takes a third of the pages for errors."""
    reading = read_page(page, branch)
    if reading.article is None:
        return reading
    if int(page.url.rpartition("/")[2][:6]) % 3 == 0:
        return replace(reading, article=None, reason="soft_404")
    return replace(reading, article=replace(reading.article, headline="别的标题", published_at=None))


@pytest.fixture
def other_extractor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "read_page", read_otherwise)
    monkeypatch.setattr(composing, "EXTRACTOR_VERSION", "9.0.0")


@pytest.mark.usefixtures("other_extractor")
def test_lines_and_ledger_are_what_the_crawl_wrote_though_the_extractor_has_changed(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    remade(collection)
    assert written(collection) == kept.files
    rows = dump(collection)
    for name in ("versions", "outputs", "position", "digests", "captures", "drafts", "needs"):
        assert rows[name] == kept.rows[name], name


@pytest.mark.usefixtures("other_extractor")
def test_the_crawl_after_a_changed_extractor_tells_no_false_edits(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    remade(collection)
    recorder = Recorder(collection, PORTAL, options=WarcOptions(), software=())
    recorder.close()
    assert written(collection)["changes.jsonl"] == kept.files["changes.jsonl"]


def test_the_next_crawl_asks_for_what_it_would_have_asked_for(kept: Kept, tmp_path: Path) -> None:
    shutil.copytree(kept.folder, tmp_path / "one" / "sample")
    rebuilt = stripped(kept, tmp_path / "other" / "sample")
    remade(rebuilt)
    folders, days = (tmp_path / "one" / "sample", rebuilt.folder), range(DAYS, DAYS + 1)
    asked = [crawl(make_world(DAYS), folder, days)[1] for folder in folders]
    assert asked[0] == asked[1]
    assert len(asked[0]) > 10


def test_a_damaged_record_is_named_and_the_rest_is_read(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    path = sorted(collection.archive.iterdir())[2]
    mark = json.loads(kept.files["articles/js/2026-09.jsonl"].splitlines()[0])["pressmark"]
    path = collection.archive / mark["file"]
    content = bytearray(path.read_bytes())
    content[mark["offset"] + mark["length"] // 2] ^= 0xFF
    path.write_bytes(content)
    found = remade(collection)
    assert [(fault.file, fault.offset) for fault in found.faults] == [(mark["file"], mark["offset"])]
    # The line has a record of its own.
    assert written(collection)["articles/js/2026-09.jsonl"] == kept.files["articles/js/2026-09.jsonl"]


def test_a_missing_file_is_named_by_the_lines_that_need_it(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    lines = [json.loads(line) for line in kept.files["articles/js/2026-09.jsonl"].splitlines()]
    first = sorted(collection.archive.iterdir())[0].name
    assert any(line["pressmark"]["file"] == first for line in lines)
    (collection.archive / first).unlink()
    found = remade(collection)
    assert found.faults == []
    assert found.files == DAYS - 1
    left = [json.loads(line) for line in written(collection)["articles/js/2026-09.jsonl"].splitlines()]
    assert found.missing == {line["pressmark"]["file"] for line in left} & {first}


def test_an_open_file_is_read_to_its_last_whole_exchange(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    last = sorted(collection.archive.iterdir())[-1]
    torn = last.rename(last.with_name(f"{last.name}.open"))
    with torn.open("ab") as file:
        file.write(b"\x1f\x8b\x08\x00torn")
    assert remade(collection).faults == []
    files = written(collection)
    assert files["changes.jsonl"] == kept.files["changes.jsonl"]
    assert last.name.encode() not in files["indexes/index.cdxj"]
    assert dump(collection)["position"] == kept.rows["position"]


@pytest.mark.parametrize("moves", range(8))
def test_a_crash_in_the_swap_is_finished_by_whoever_takes_the_lock(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    collection = stripped(kept, tmp_path / "sample")
    remade(collection)
    (collection.changes).write_bytes(b"old\n")
    rename, left = Path.rename, iter(range(moves))

    def rename_or_die(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_or_die)
    with pytest.raises(KeyboardInterrupt):
        remade(collection)
    monkeypatch.undo()
    collection.lock().close()
    assert written(collection) == kept.files
    assert not (collection.folder / swapping.JOURNAL).exists()
    assert not (collection.folder / rebuilding.FRESH).exists()


def test_a_crash_before_the_swap_leaves_the_old(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collection = stripped(kept, tmp_path / "sample")
    remade(collection)
    before = dump(collection)
    monkeypatch.setattr(rebuilding, "merge_indexes", lambda folder: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        remade(collection)
    monkeypatch.undo()
    assert (written(collection), dump(collection)) == (kept.files, before)


def test_a_lost_conversion_record_is_written_anew_by_the_next_crawl(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    once = [
        id_ for id_, version, *_ in kept.rows["versions"] if [row[0] for row in kept.rows["versions"]].count(id_) == 1
    ]
    file, offset = next(row[10:12] for row in kept.rows["versions"] if row[0] == once[0])
    path = collection.archive / str(file)
    content = bytearray(path.read_bytes())
    content[int(str(offset)) + 40] ^= 0xFF
    path.write_bytes(content)
    found = remade(collection)
    assert [(fault.file, fault.offset) for fault in found.faults] == [(file, offset)]
    recorder = Recorder(collection, PORTAL, options=WarcOptions(), software=())
    recorder.close()
    told = {json.loads(line)["id"] for line in written(collection)["articles/js/2026-09.jsonl"].splitlines()}
    assert told == {row[0] for row in kept.rows["versions"]}


def test_what_others_put_beside_is_indexed_and_kept(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    (collection.archive / "other.warc.gz").write_bytes(warcs.members(warcs.warcinfo(), warcs.response()))
    (collection.articles / "js").mkdir(parents=True)
    (collection.articles / "js" / "notes.txt").write_text("x")
    found = remade(collection)
    assert found.kept
    assert (found.kept / "articles" / "js" / "notes.txt").exists()
    assert b'"filename": "other.warc.gz"' in written(collection)["indexes/index.cdxj"]


# The sample portal, by the command


@pytest.fixture
def sample(crawled: Crawled, tmp_path: Path) -> Path:
    """A copy of the crawled collection; the folder is the one in which `data` lies."""
    shutil.copytree(crawled.folder, tmp_path / "data" / "collections" / "sample")
    return tmp_path


def remake(cwd: Path, *words: str) -> Run:
    return run_pressmark("rebuild", "--portal", str(SAMPLE_TOML), *words, cwd=cwd)


def test_the_command_makes_all_views_again(sample: Path) -> None:
    collection = Collection(sample / "data" / "collections" / "sample")
    before, rows = written(collection), dump(collection, "conditions")
    for path in collection.folder.iterdir():
        if path.name != "archive":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = remake(sample)
    assert (done.returncode, done.stderr) == (0, "")
    assert f" {before['changes.jsonl'].count(bytes([10]))} events from 2 WARC files, no damaged places" in done.stdout
    assert written(collection) == before
    after = dump(collection, "conditions")
    assert {name: set(after[name]) ^ set(rows[name]) for name in rows} == {name: set() for name in rows}
    assert run_pressmark("verify", "--portal", str(SAMPLE_TOML), cwd=sample).returncode == 0


def test_what_was_there_is_kept_if_asked_for(sample: Path) -> None:
    done = remake(sample, "--keep", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["damaged"], told["missing"]) == (0, [], [])
    assert (sample / told["kept"] / "changes.jsonl").exists()
    assert not (sample / "data" / "collections" / "sample" / ".replaced").exists()


def test_the_crawl_after_it_asks_for_no_more_than_without_it(sample: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    shutil.copytree(sample / "data", twin / "data")
    assert remake(sample).returncode == 0
    rebuilt, other = (asked_by_a_crawl(folder) for folder in (sample, twin))
    # Some of it may have come due since the collection was crawled, in both alike.
    assert {url for url in rebuilt if not url.endswith("/robots.txt")} <= other


def asked_by_a_crawl(folder: Path) -> set[str]:
    with PortalServer(SAMPLE_TOML.parent) as server:
        again = run_pressmark(*sample_words(server, "crawl", "--all"), cwd=folder)
        assert again.returncode == 0, again.stderr
        return set(seen_urls(server))


def test_another_run_holds_the_collection(sample: Path) -> None:
    lock = Collection(sample / "data" / "collections" / "sample").lock()
    done = remake(sample)
    lock.close()
    assert done.returncode == 75
    assert "another run is at work" in done.stderr


def test_a_folder_without_warc_files_is_named(tmp_path: Path) -> None:
    assert remake(tmp_path).returncode == 2
    (tmp_path / "data" / "collections" / "sample" / "archive").mkdir(parents=True)
    done = remake(tmp_path)
    assert done.returncode == 2
    assert "no WARC files of the portal sample" in done.stderr


def test_the_lines_of_a_warc_file_that_is_not_there_are_kept(kept: Kept, tmp_path: Path) -> None:
    collection = Collection(Path(shutil.copytree(kept.folder, tmp_path / "sample")))
    gone = min(collection.archive.iterdir())
    gone.unlink()
    found = remade(collection)
    assert (found.missing, found.kept) == ({gone.name}, collection.folder / "before-rebuild")
    assert {path: (found.kept / path).read_bytes() for path in kept.files} == kept.files


def test_an_empty_state_hinders_no_rebuild(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    collection.state.touch()
    remade(collection)
    assert written(collection) == kept.files


def test_what_tells_of_lines_that_were_read_anew_goes_with_them(kept: Kept, tmp_path: Path) -> None:
    collection = stripped(kept, tmp_path / "sample")
    manifest = collection.folder / "reextracted.json"
    manifest.write_text("{}")
    remade(collection)
    assert not manifest.exists()


@pytest.mark.parametrize("command", [["status"], ["show", "sample:js:1"], ["pack"]])
def test_an_empty_state_is_told_in_one_line(kept: Kept, tmp_path: Path, command: list[str]) -> None:
    folder = tmp_path / "data" / "collections" / "sample"
    stripped(kept, folder).state.touch()
    done = run_pressmark(*command, "--portal", str(SAMPLE_TOML), cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n"), "it holds nothing" in done.stderr) == (1, 1, True)
