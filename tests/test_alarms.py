"""Alarms about the running of a crawl: raised, told once when they are new, and once when they clear."""

import json
import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from crawler.commands.telling import tell_all
from crawler.configuration import AlarmSettings
from crawler.health.alarms import OpenAlarm, Turns, compare, read_alarms, write_alarms
from crawler.health.drift import Alarm
from crawler.health.runs import Finding, RunRecord
from crawler.health.troubles import Bounds, find_clock_trouble, find_troubles, is_judged
from tests.test_trouble import Odd, odd

__all__ = ["odd"]

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
ROOM = 10**12
BOUNDS = Bounds(disk_free=10**9, error_share=0.2)
DISK = Alarm(kind="disk", where="disk", why="0.10 GB are free")


def run(day: float, requests: int = 100, *, failed: int = 0, stopped: Sequence[str] = ()) -> RunRecord:
    return RunRecord(
        started_at=START + timedelta(days=day),
        asked_branches=("js",),
        ended="finished",
        requests=requests,
        statuses={"200": requests - failed, "503": failed},
        findings=tuple(Finding(kind="stopped", where=host, why="no answer") for host in stopped),
    )


def kinds(now: RunRecord, history: Sequence[RunRecord] = (), free_bytes: int = ROOM) -> list[str]:
    return [alarm.kind for alarm in find_troubles(now, history, BOUNDS, free_bytes=free_bytes)]


DAILY = [run(day, requests) for day, requests in enumerate((90, 130, 100, 160, 80, 120))]


@pytest.mark.parametrize(("requests", "told"), [(5, ["small-run"]), (0, ["small-run"]), (45, []), (100, [])])
def test_a_run_much_smaller_than_usual_is_alarming(requests: int, told: list[str]) -> None:
    assert kinds(run(6, requests), DAILY) == told


def test_a_small_run_at_an_hour_that_is_always_quiet_is_not_alarming() -> None:
    quiet = [run(day + 0.5, 3) for day in range(6)]
    both = sorted([*DAILY, *quiet], key=lambda past: past.started_at)
    assert kinds(run(6.5, 2), both) == []
    assert kinds(run(7, 2), both) == ["small-run"]


def test_a_run_soon_after_another_may_be_small() -> None:
    assert kinds(run(5.01, 0), DAILY) == []


def test_a_run_that_was_bounded_may_be_small() -> None:
    assert find_troubles(run(6, 2), DAILY, BOUNDS, free_bytes=ROOM, may_be_small=True) == []


@pytest.mark.parametrize(("failed", "told"), [(10, []), (30, ["errors"])])
def test_a_high_share_of_errors_is_alarming(failed: int, told: list[str]) -> None:
    assert kinds(run(0, 100, failed=failed)) == told


def test_a_host_that_fails_three_runs_in_a_row_is_alarming() -> None:
    runs = [run(0), run(1, stopped=["a.test"]), run(2, stopped=["a.test", "b.test"]), run(3, stopped=["a.test"])]
    assert [kinds(now, runs[:number]) for number, now in enumerate(runs)] == [[], [], [], ["failing-host"]]


def test_a_disk_with_little_room_is_alarming() -> None:
    assert kinds(run(0), free_bytes=10**8) == ["disk"]


def test_a_clock_behind_the_newest_run_is_alarming_and_one_that_was_set_is_not() -> None:
    assert find_clock_trouble(START, START + timedelta(seconds=90)) is None
    found = find_clock_trouble(START, START + timedelta(days=2))
    assert found is not None
    assert "2026-05-03 08:00" in found.why


def test_an_alarm_is_new_once_lasts_and_clears_once(tmp_path: Path) -> None:
    path = tmp_path / "alarms.json"
    seen = []
    for found in ([], [DISK], [DISK], [], []):
        turns = compare(read_alarms(path), found, lambda _: True, "2026-05-01T00:00:00.000Z")
        write_alarms(path, turns.still)
        seen.append((len(turns.new), len(turns.cleared), len(turns.still)))
    assert seen == [(0, 0, 0), (1, 0, 1), (0, 0, 1), (0, 1, 0), (0, 0, 0)]
    assert [one.name for one in tmp_path.iterdir()] == ["alarms.json"]


def test_an_alarm_lasts_where_a_run_could_not_judge_it() -> None:
    other = RunRecord(started_at=START, asked_branches=("zj",))
    alarms = [
        Alarm(kind="fallen-headline", where="js", why=""),
        Alarm(kind="fallen-byline", where="js/js-2018", why=""),
        Alarm(kind="empty-list", where="http://js.test/", why=""),
        Alarm(kind="silent-branch", where="js", why=""),
        Alarm(kind="small-run", where="js", why=""),
        Alarm(kind="errors", where="requests", why=""),
        Alarm(kind="failing-host", where="js.test", why=""),
    ]
    assert [alarm.kind for alarm in alarms if is_judged(alarm, other, [], frozenset({"js.test"}))] == []
    assert is_judged(DISK, other, [], frozenset())


def test_a_backfill_clears_no_alarm_about_crawls() -> None:
    backfill = msgspec.structs.replace(run(6), command="backfill")
    small, errors = (
        Alarm(kind=kind, where=where, why="") for kind, where in (("small-run", "js"), ("errors", "requests"))
    )
    assert [is_judged(alarm, run(6), DAILY, frozenset()) for alarm in (small, errors, DISK)] == [True, True, True]
    assert [is_judged(alarm, backfill, DAILY, frozenset()) for alarm in (small, errors, DISK)] == [False, False, True]


def test_a_file_of_alarms_that_is_damaged_is_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "alarms.json"
    path.write_bytes(b'{"alarms": [')
    assert read_alarms(path) == ()
    assert "told again" in caplog.text


def new(why: str = "x") -> Turns:
    alarm = OpenAlarm(kind="disk", where="disk", why=why, since="2026-05-01T00:00:00.000Z")
    return Turns(new=(alarm,), cleared=(), still=(alarm,))


def test_a_command_that_hangs_fails_or_is_missing_is_told_and_ends() -> None:
    def troubles(*words: str) -> list[str]:
        return list(tell_all(new(), "c", AlarmSettings(command=words, timeout=timedelta(seconds=1))))

    began = time.monotonic()
    (slow,) = troubles("sh", "-c", "sleep 60 & sleep 60")
    assert time.monotonic() - began < 10
    assert "took longer than 1 s" in slow
    assert "ended with code 7" in troubles("sh", "-c", "exit 7")[0]
    assert "cannot be run" in troubles("/nowhere/at/all")[0]
    assert troubles("sh", "-c", "exec 0<&-; exit 0") == []


@pytest.mark.parametrize(("status", "troubles"), [(204, 0), (500, 1)])
def test_a_webhook_gets_the_alarm_as_json(status: int, troubles: int) -> None:
    got = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        settings = AlarmSettings(webhook=f"http://127.0.0.1:{server.server_port}/hook")
        assert len(list(tell_all(new("满了"), "data/collections/odd", settings))) == troubles
        thread.join()
    assert (got[0]["state"], got[0]["why"], got[0]["collection"]) == ("new", "满了", "data/collections/odd")


def test_a_crawl_tells_its_alarm_once_and_that_it_has_cleared(odd: Odd) -> None:
    told = odd.folder / "told.jsonl"
    script = f"import sys; open({str(told)!r}, 'a').write(sys.stdin.read() + chr(10)); sys.exit(4)"
    toml = odd.folder / "pressmark.toml"
    command = json.dumps([sys.executable, "-c", script])
    codes = []
    for least in ("999999 TB", "999999 TB", "1 kB", "1 kB"):
        toml.write_text(f"[alarms]\ncommand = {command}\ndisk_free = '{least}'\n", "utf-8")
        done = odd.crawl()
        codes.append((done.returncode, "ended with code 4" in done.stderr))
    assert codes == [(3, True), (3, False), (0, True), (0, False)]
    states = [(one["state"], one["kind"]) for one in map(json.loads, told.read_text("utf-8").splitlines())]
    assert states == [("new", "disk"), ("cleared", "disk")]
    assert json.loads((odd.folder / "data/collections/odd/alarms.json").read_bytes())["alarms"] == []


def test_a_clock_that_went_back_is_told_and_nothing_is_lost(odd: Odd) -> None:
    odd.crawl()
    folder = odd.folder / "data/collections/odd"
    (first,) = (folder / "archive").glob("*.warc.gz")
    later = f"{datetime.now(UTC) + timedelta(days=400):%Y%m%d}"
    # As if the first run had been made by a clock that was a year ahead.
    renamed = re.sub(r"-\d{8}", f"-{later}", first.name, count=1)
    first.rename(first.with_name(renamed))
    for view in ("state.sqlite", "digests.sqlite"):
        (folder / view).unlink()
    index = folder / "indexes/index.cdxj"
    index.write_text(index.read_text("utf-8").replace(first.name, renamed), "utf-8")
    done = odd.crawl()
    assert done.returncode == 3, done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("pressmark: clock: ")]) == 1
    names = sorted(path.name for path in (folder / "archive").iterdir())
    assert len(names) == 2
    assert names[0] == renamed
    (folder / "state.sqlite").unlink()
    before = [line["id"] for line in odd.lines()]
    assert odd.crawl().returncode == 3
    assert [line["id"] for line in odd.lines()] == before == ["odd:odd:101"]
