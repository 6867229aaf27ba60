"""The summaries of runs: past months are packed, and read as if they were not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.health.runs import RunSummary, pack_months, read_history, read_summaries, write_summary

START = datetime(2026, 9, 29, 23, tzinfo=UTC)


def run(number: int) -> RunSummary:
    return RunSummary(
        pressmark="0.1.0",
        portal="sample",
        asked_branches=("js",),
        started_at=f"{START + timedelta(hours=12 * number):%Y-%m-%dT%H:%M:%S}.000Z",
        seconds=1.0,
        ended="finished",
        exit_code=0,
        requests=number,
        statuses={},
        kinds={},
        bytes_received=0,
        articles=0,
        branches={},
        files=(),
        findings=(),
    )


def write(folder: Path, numbers: range) -> list[RunSummary]:
    runs = [run(number) for number in numbers]
    for one in runs:
        write_summary(folder, datetime.fromisoformat(one.started_at), one)
    return runs


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_summaries_of_past_months_are_one_file_a_month(tmp_path: Path) -> None:
    runs = write(tmp_path, range(70))
    months = [name for name in names(tmp_path) if name.endswith(".jsonl")]
    assert months == ["2026-09.jsonl", "2026-10.jsonl"]
    assert len(names(tmp_path)) == 2 + sum(one.started_at >= "2026-11" for one in runs)
    assert [len((tmp_path / month).read_bytes().splitlines()) for month in months] == [3, 62]


@pytest.mark.parametrize("last", [1, 5, 6, 67, 70, 100])
def test_the_last_summaries_are_read_over_the_months(tmp_path: Path, last: int) -> None:
    runs = write(tmp_path, range(70))
    assert read_summaries(tmp_path, last) == runs[-last:]
    assert [past.requests for past in read_history(tmp_path)] == list(range(70))


def test_summaries_that_a_crash_left_in_both_places_are_told_once(tmp_path: Path) -> None:
    runs = write(tmp_path, range(3))
    kept = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    pack_months(tmp_path, before="202610")
    for name, text in kept.items():
        (tmp_path / name).write_bytes(text)
    pack_months(tmp_path, before="202611")
    assert names(tmp_path) == ["2026-09.jsonl"]
    assert read_summaries(tmp_path, 10) == runs


def test_other_files_are_left_alone_and_a_line_that_is_cut_is_passed_over(tmp_path: Path) -> None:
    runs = write(tmp_path, range(2))
    (tmp_path / "1.json").write_text("{}")
    (tmp_path / "20260930T000000000Z.json").write_text('{"started_at"')
    pack_months(tmp_path, before="202610")
    assert names(tmp_path) == ["1.json", "2026-09.jsonl"]
    assert read_summaries(tmp_path, 10) == runs


def test_a_summary_that_a_crash_has_left_empty_leaves_no_line(tmp_path: Path) -> None:
    runs = write(tmp_path, range(2))
    (tmp_path / "20260930T000000000Z.json").touch()
    pack_months(tmp_path, before="202610")
    assert len((tmp_path / "2026-09.jsonl").read_bytes().splitlines()) == len(runs)
