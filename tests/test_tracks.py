"""What a visit means for the next one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from archive.capture import Capture
from crawler.folding.schedule import DAY, HOUR, MINUTE, Schedule
from crawler.folding.tracks import Found, Sight, changed, is_return, is_withdrawal, moment, next_host_track, next_track
from crawler.lines import utc_text
from crawler.store.rows import Condition, HostTrack, Kind, Track, Visit

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
PLAIN = Schedule(jitter=0.0)
URL = "https://www.js.chinanews.com.cn/news/2026/1120/236221.html"


def visit(at: datetime, *, kind: Kind = "article", condition: Condition = "done", status: int | None = 200) -> Visit:
    return Visit(
        url=URL, host="www.js.chinanews.com.cn", kind=kind, via=None, hops="L", condition=condition, attempts=0,
        status=status, fetched_at=utc_text(at),
    )  # fmt: skip


def look(before: Track, at: datetime, found: Found, *, is_version: bool = True) -> Track:
    return next_track(before, visit(at), Sight(found=found, is_version=is_version, since=NOON - HOUR), PLAIN)


def due(track: Track) -> datetime:
    assert track.due_at is not None
    return moment(track.due_at)


def test_an_article_is_due_by_the_time_since_it_was_published() -> None:
    first = look(Track(), NOON, "article", is_version=False)
    assert (first.changed_at, due(first)) == (utc_text(NOON - HOUR), NOON + 30 * MINUTE)
    later = look(first, NOON + DAY, "article")
    assert (later.changed_at, due(later)) == (utc_text(NOON - HOUR), NOON + DAY + 3 * HOUR)


def test_an_edit_puts_an_article_back_on_the_lowest_step() -> None:
    after = changed(Track(changed_at=utc_text(NOON - 20 * DAY)), URL, NOON, PLAIN)
    assert (after.changed_at, due(after)) == (utc_text(NOON), NOON + 30 * MINUTE)


def test_a_withdrawal_is_told_at_the_second_look_only_and_a_return_at_once() -> None:
    here = look(Track(), NOON, "article")
    gone = look(here, NOON + HOUR, "gone")
    assert not is_withdrawal(here, gone)
    assert due(gone) == NOON + 2 * HOUR
    too_soon = look(gone, NOON + HOUR + 5 * MINUTE, "gone")
    assert not is_withdrawal(gone, too_soon)
    confirmed = look(too_soon, NOON + 2 * HOUR, "gone")
    assert is_withdrawal(too_soon, confirmed)
    still = look(confirmed, NOON + 2 * DAY, "gone")
    assert not is_withdrawal(confirmed, still)
    assert still.withdrawn_at == confirmed.withdrawn_at
    back = look(still, NOON + 3 * DAY, "article")
    assert is_return(still, back)
    assert (back.gone_at, back.withdrawn_at) == (None, None)


def test_one_that_comes_back_before_the_second_look_was_never_withdrawn() -> None:
    gone = look(look(Track(), NOON, "article"), NOON + HOUR, "gone")
    back = look(gone, NOON + 2 * HOUR, "article")
    assert not is_return(gone, back)
    assert back.gone_at is None


def test_a_page_that_cannot_be_read_is_neither_gone_nor_back() -> None:
    gone = look(look(Track(), NOON, "article"), NOON + HOUR, "gone")
    withdrawn = look(gone, NOON + 2 * HOUR, "gone")
    assert is_withdrawal(gone, withdrawn)
    assert not is_return(withdrawn, look(withdrawn, NOON + DAY, "other"))
    here = look(Track(), NOON, "article")
    assert not is_withdrawal(here, look(here, NOON + HOUR, "other"))


def test_an_address_that_never_held_an_article_is_given_up() -> None:
    track, at, waits = Track(), NOON, []
    while True:
        track = look(track, at, "gone", is_version=False)
        if track.due_at is None:
            break
        waits.append(due(track) - at)
        at = due(track)
    assert waits == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 80 * MINUTE]


def test_a_failure_leaves_everything_as_it_was_and_is_tried_less_and_less() -> None:
    here = look(Track(), NOON, "article")
    failed = next_track(here, visit(NOON + HOUR, condition="failed", status=None), Sight(), PLAIN)
    again = next_track(failed, visit(NOON + 2 * HOUR, condition="failed", status=None), Sight(), PLAIN)
    assert replace(again, failures=0, due_at=here.due_at) == here
    assert (due(failed), due(again)) == (NOON + HOUR + 10 * MINUTE, NOON + 2 * HOUR + 20 * MINUTE)


def test_only_the_front_of_a_list_is_due_on_its_own() -> None:
    front = next_track(Track(), visit(NOON, kind="listing"), Sight(is_front=True, brought_new=True), PLAIN)
    assert due(front) == NOON + 10 * MINUTE
    assert next_track(Track(), visit(NOON, kind="listing"), Sight(brought_new=True), PLAIN) == Track()
    silent = next_track(front, visit(NOON + DAY, kind="listing"), Sight(is_front=True), PLAIN)
    assert (silent.changed_at, due(silent)) == (utc_text(NOON), NOON + DAY + 15 * MINUTE)


def answer(response: bytes, failure: str | None = None) -> Capture:
    return Capture(url=URL, started_at=NOON, seconds=0.1, request=b"", response=response, failure=failure)


@pytest.mark.parametrize(
    ("response", "until"),
    [
        (b"HTTP/1.1 429 Too Many\r\nRetry-After: 1800\r\n\r\n", NOON + 30 * MINUTE),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 20 Nov 2026 05:00:00 GMT\r\n\r\n", NOON + HOUR),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 99999999\r\n\r\n", NOON + DAY),
        (b"HTTP/1.1 200 OK\r\nRetry-After: 1800\r\n\r\n", None),
        (b"HTTP/1.1 503 Busy\r\n\r\n", None),
    ],
)
def test_what_a_host_asks_for_holds_in_later_runs(response: bytes, until: datetime | None) -> None:
    after = next_host_track(HostTrack(host="h"), visit(NOON, status=503), answer(response), PLAIN)
    assert after.paused_until == (utc_text(until) if until else None)


def test_a_host_that_keeps_failing_is_left_in_peace_for_longer_and_longer() -> None:
    track, pauses = HostTrack(host="h"), []
    for number in range(6):
        at = NOON + timedelta(hours=number)
        track = next_host_track(track, visit(at, kind="robots", status=None), answer(b"", "no route"), PLAIN)
        pauses.append(moment(track.paused_until) - at if track.paused_until else None)
    assert pauses == [None, None, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 80 * MINUTE]
    up = next_host_track(track, visit(NOON, kind="robots"), answer(b"HTTP/1.1 404 Not Found\r\n\r\n"), PLAIN)
    assert (up.failures, up.paused_until) == (0, None)
