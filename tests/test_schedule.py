"""When a list, an article, one that is gone and one that fails is due again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.folding.schedule import DAY, HOUR, MINUTE, Schedule, Step, due_until

LATE = datetime(2100, 1, 1, tzinfo=UTC).replace(tzinfo=None)
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
PLAIN = Schedule(jitter=0.0)
URL = "https://www.js.chinanews.com.cn/news/2026/1120/236221.html"


def test_a_list_that_brings_news_is_asked_more_often_and_a_silent_one_less() -> None:
    news, silence = timedelta(0), 30 * DAY
    first = PLAIN.list_interval(None, news)
    assert first == 10 * MINUTE
    assert PLAIN.list_interval(HOUR, news) == 48 * MINUTE
    assert PLAIN.list_interval(HOUR, silence) == 90 * MINUTE
    assert PLAIN.list_interval(first, news) == 10 * MINUTE
    assert PLAIN.list_interval(20 * HOUR, silence) == DAY


def test_a_list_with_an_article_a_day_is_not_left_alone_for_a_day() -> None:
    assert PLAIN.list_interval(20 * HOUR, 4 * HOUR) == 30 * MINUTE
    assert PLAIN.list_interval(20 * HOUR, DAY) == 3 * HOUR
    assert PLAIN.list_interval(HOUR, MINUTE) == 10 * MINUTE


def test_a_list_is_due_after_its_interval() -> None:
    assert PLAIN.list_due(URL, NOON, HOUR) == NOON + HOUR


@pytest.mark.parametrize(
    ("age", "every"),
    [
        (timedelta(0), 30 * MINUTE),
        (3 * HOUR, HOUR),
        (DAY, 3 * HOUR),
        (7 * DAY, 3 * DAY),
        (30 * DAY, 30 * DAY),
        (180 * DAY, None),
    ],
)
def test_an_article_climbs_the_ladder_by_the_time_since_its_last_change(
    age: timedelta, every: timedelta | None
) -> None:
    assert PLAIN.article_due(URL, NOON, NOON - age) == (NOON + every if every else None)


def test_one_that_is_gone_is_looked_at_a_second_time_and_then_less_and_less() -> None:
    assert PLAIN.second_look_due(URL, NOON) == NOON + HOUR
    assert PLAIN.withdrawn_due(URL, NOON, NOON - DAY) == NOON + DAY
    assert PLAIN.withdrawn_due(URL, NOON, NOON - 8 * DAY) == NOON + 10 * DAY
    assert PLAIN.withdrawn_due(URL, NOON, NOON - 60 * DAY) is None


def test_a_failing_url_is_tried_less_and_less() -> None:
    waits = [PLAIN.retry_due(URL, NOON, failures) - NOON for failures in (1, 2, 3, 8, 9, 500)]
    assert waits == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 1280 * MINUTE, DAY, DAY]


def test_an_operator_may_set_a_ladder_of_his_own() -> None:
    often = Schedule(ladder=(Step(under=DAY, every=5 * MINUTE),), jitter=0.0)
    assert often.article_due(URL, NOON, NOON) == NOON + 5 * MINUTE
    assert often.article_due(URL, NOON, NOON - DAY) is None


def test_what_falls_into_the_first_half_of_the_slot_counts_as_due() -> None:
    assert due_until(NOON, 10 * MINUTE) == NOON + 5 * MINUTE


@given(st.text(max_size=60), st.datetimes(timezones=st.just(UTC), max_value=LATE))
def test_the_jitter_stays_within_its_share_and_is_the_same_for_the_same_fetch(url: str, fetched_at: datetime) -> None:
    due = Schedule().list_due(url, fetched_at, HOUR)
    assert due == Schedule().list_due(url, fetched_at, HOUR)
    assert 54 * MINUTE <= due - fetched_at <= 66 * MINUTE


def test_what_was_found_together_is_not_asked_for_together() -> None:
    dues = {Schedule().article_due(f"{URL}?{number}", NOON, NOON) for number in range(50)}
    assert len(dues) == 50
