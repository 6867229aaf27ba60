"""A file left by a crash is cut at its last whole group; nothing is thrown away."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import ArchiveError
from archive.reader import read_exchanges, read_records
from archive.recovery import recover
from archive.writer import WarcWriter
from tests.exchanges import NOTES, WHOLE, open_writer


def crash(folder: Path, *, exchanges: int = 3) -> tuple[Path, list[int]]:
    """Leave a file as a writer that dies after a sync would; return its path and the end of each exchange."""
    writer: WarcWriter = open_writer(folder)
    ends = [writer.write_capture(WHOLE, NOTES).end for _ in range(exchanges)]
    writer.sync()
    content = {path.name: path.read_bytes() for path in folder.iterdir()}
    writer.close()
    for path in folder.iterdir():
        path.unlink()
    ((name, left),) = content.items()
    (folder / name).write_bytes(left)
    return folder / name, ends


def test_a_whole_file_is_only_renamed(tmp_path: Path) -> None:
    path, ends = crash(tmp_path)
    content = path.read_bytes()
    done = recover(path)
    assert done.path is not None
    assert (done.path.name + ".open", done.path.read_bytes(), list(tmp_path.iterdir())) == (
        path.name,
        content,
        [done.path],
    )
    assert (done.records, done.kept_bytes, done.torn_bytes, done.torn) == (10, ends[-1], 0, None)


def test_a_torn_tail_is_kept_beside_the_file(tmp_path: Path) -> None:
    path, ends = crash(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-7])
    done = recover(path)
    assert done.path is not None
    assert done.torn is not None
    assert (done.path.read_bytes(), done.torn.read_bytes()) == (content[: ends[1]], content[ends[1] : -7])
    assert done.torn.name == f"{done.path.name}.torn-{ends[1]}"
    assert len(list(read_exchanges(done.path))) == 2
    assert f"{done.torn_bytes} bytes" in done.describe()


def test_a_response_without_its_metadata_is_no_whole_group(tmp_path: Path) -> None:
    path, ends = crash(tmp_path)
    last = [record for record in read_records(path) if record.type == "response"][-1]
    path.write_bytes(path.read_bytes()[: last.end])
    assert recover(path).kept_bytes == ends[1]


@pytest.mark.parametrize("tail", [b"\x00" * 100_000, b"\x1f\x8b\x08\x00garbage", b"WARC/1.1\r\n\r\n"])
def test_bytes_that_are_no_record_are_cut_off(tmp_path: Path, tail: bytes) -> None:
    path, ends = crash(tmp_path)
    with path.open("ab") as file:
        file.write(tail)
    done = recover(path)
    assert (done.kept_bytes, done.torn_bytes) == (ends[-1], len(tail))


@settings(max_examples=60)
@given(cut=st.integers(min_value=0, max_value=6000))
def test_wherever_a_file_is_torn_the_groups_before_are_kept(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path, ends = crash(tmp_path_factory.mktemp("warc"))
    content = path.read_bytes()[:cut]
    path.write_bytes(content)
    done = recover(path)
    kept = list(read_exchanges(done.path)) if done.path else []
    assert len(kept) == sum(end <= cut for end in ends)
    assert sum(left.stat().st_size for left in path.parent.iterdir()) == len(content)


@pytest.mark.parametrize(("content", "left"), [(b"", 0), (b"\x00" * 50, 1), (b"\x1f\x8b\x08", 1)])
def test_a_file_without_a_whole_record_is_removed_and_reported(tmp_path: Path, content: bytes, left: int) -> None:
    path = tmp_path / "sample-20250227101500123-00000-press.example.warc.gz.open"
    path.write_bytes(content)
    done = recover(path)
    assert (done.path, done.torn_bytes, len(list(tmp_path.iterdir()))) == (None, len(content), left)
    assert "no whole record" in done.describe()


def test_recovery_comes_to_the_same_end_twice(tmp_path: Path) -> None:
    path, _ = crash(tmp_path)
    path.write_bytes(path.read_bytes()[:-7])
    first = recover(path)
    before = {left.name: left.read_bytes() for left in tmp_path.iterdir()}
    second = recover(path)
    assert {left.name: left.read_bytes() for left in tmp_path.iterdir()} == before
    assert (second.path, second.kept_bytes, second.torn_bytes) == (first.path, first.kept_bytes, 0)


def test_recovery_goes_on_after_a_crash_of_its_own(tmp_path: Path) -> None:
    path, ends = crash(tmp_path)
    content = path.read_bytes()[:-7]
    path.write_bytes(content)
    name = path.name.removesuffix(".open")
    (tmp_path / f"{name}.torn-{ends[1]}").write_bytes(content[ends[1] :])
    (tmp_path / f".{name}.torn-{ends[1]}.partial").write_bytes(b"half")
    done = recover(path)
    assert done.torn is not None
    assert {left.name for left in tmp_path.iterdir()} == {name, done.torn.name}


def test_a_taken_name_is_never_overwritten(tmp_path: Path) -> None:
    path, _ = crash(tmp_path)
    taken = path.with_name(path.name.removesuffix(".open"))
    taken.write_bytes(b"another file")
    with pytest.raises(ArchiveError, match="is there too"):
        recover(path)
    assert taken.read_bytes() == b"another file"


def test_a_finished_file_is_not_touched(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="not an unfinished file"):
        recover(tmp_path / "sample.warc.gz")
