"""A writer goes on with a file of the same UTC day, and with no other."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from archive.reader import Exchange, read_exchanges, read_records
from archive.recovery import mend
from archive.writer import WarcOptions, WarcWriter
from tests.exchanges import NOTES, NOW, WHOLE, open_writer

DAY = WarcOptions(keep_open="day")


def leave(folder: Path) -> Path:
    """Write an exchange, end the run, and return the file that it left."""
    writer = open_writer(folder, options=DAY)
    writer.write_capture(WHOLE, NOTES)
    writer.close()
    (path,) = folder.iterdir()
    mend(path)
    return path


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def test_the_second_run_appends_to_the_file_of_the_first(tmp_path: Path) -> None:
    path = leave(tmp_path)
    before = path.read_bytes()
    writer = open_writer(tmp_path, options=DAY)
    assert writer.resume(path)
    assert writer.end == (path.name.removesuffix(".open"), len(before))
    recorded = writer.write_capture(WHOLE, NOTES)
    writer.close()
    assert [left.name for left in tmp_path.iterdir()] == [path.name]
    content = path.read_bytes()
    assert (content[: len(before)], recorded.end) == (before, len(content))
    exchanges = [exchange for exchange in read_exchanges(path) if isinstance(exchange, Exchange)]
    assert exchanges[1].pressmark == recorded.response


def test_records_of_both_runs_name_the_one_warcinfo_record(tmp_path: Path) -> None:
    path = leave(tmp_path)
    writer = open_writer(tmp_path, options=DAY)
    writer.resume(path)
    writer.write_capture(WHOLE, NOTES)
    writer.close()
    warcinfo, *others = read_records(path)
    assert [record.type for record in others].count("warcinfo") == 0
    assert {record.value("WARC-Warcinfo-ID") for record in others} == {f"<{warcinfo.record_id}>"}


REFUSING: dict[str, dict[str, object]] = {
    "files end with the run": {"options": WarcOptions()},
    "the day is over": {"now": at(NOW + timedelta(days=1))},
    "the file is full": {"options": WarcOptions(keep_open="day", max_bytes=100)},
    "other software": {"software": (("software", "pressmark/0.2.0"),)},
    "another portal": {"prefix": "samp"},
}


@pytest.mark.parametrize("settings", REFUSING.values(), ids=REFUSING.keys())
def test_a_file_is_not_gone_on_with_where(tmp_path: Path, settings: dict[str, object]) -> None:
    path = leave(tmp_path)
    writer: WarcWriter = open_writer(tmp_path, **({"options": DAY} | settings))
    assert not writer.resume(path)


def test_a_file_ends_with_its_utc_day_in_the_midst_of_a_run(tmp_path: Path) -> None:
    closed: list[Path] = []
    # The clock is asked once for the file's name, once for its warcinfo record, then before each exchange.
    clock = iter([NOW, NOW, NOW, *[NOW + timedelta(days=1)] * 5])
    writer = open_writer(tmp_path, options=DAY, now=lambda: next(clock), on_close=closed.append)
    files = [writer.write_capture(WHOLE).file for _ in range(3)]
    writer.close()
    assert files[0] == files[1] != files[2]
    assert [path.name for path in closed] == [files[0]]
    assert sorted(path.name for path in tmp_path.iterdir()) == [files[0], f"{files[2]}.open"]


def test_a_full_file_is_finished_at_the_end_of_a_run(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, options=WarcOptions(keep_open="day", max_bytes=100))
    recorded = writer.write_capture(WHOLE)
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == [recorded.file]
