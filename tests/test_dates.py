"""Times as Chinese pages print them."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.reading.extract.dates import BEIJING, read_moment, read_row_moment

# 18:15 in Beijing.
BASE = datetime(2025, 2, 27, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at", "precision", "raw"),
    [
        ("2025-02-27 18:03:52", "2025-02-27T18:03:52", "second", "2025-02-27 18:03:52"),
        ("2020年07月04日 12:10　来源：求是网", "2020-07-04T12:10:00", "minute", "2020年07月04日 12:10"),
        ("发布时间：2025-02-27 18:03", "2025-02-27T18:03:00", "minute", "2025-02-27 18:03"),
        ("时间：2025年02月27日 18时03分", "2025-02-27T18:03:00", "minute", "2025年02月27日 18时03分"),
        ("[2026.08.31 12:25]", "2026-08-31T12:25:00", "minute", "2026.08.31 12:25"),
        ("2025/2/7", "2025-02-07T00:00:00", "day", "2025/2/7"),
        ("2025 年 2 月 27 日 下午6:03", "2025-02-27T18:03:00", "minute", "2025 年 2 月 27 日 下午6:03"),
        ("2025年2月27日 上午10时", "2025-02-27T10:00:00", "minute", "2025年2月27日 上午10时"),
        ("２０２５年２月２７日　１８：０３", "2025-02-27T18:03:00", "minute", "２０２５年２月２７日　１８：０３"),
        ("2025年02月27日 星期四 18:03", "2025-02-27T18:03:00", "minute", "2025年02月27日 星期四 18:03"),
        ("2025-02-27T10:03:52Z", "2025-02-27T18:03:52", "second", "2025-02-27T10:03:52Z"),
        ("20250227180352", "2025-02-27T18:03:52", "second", "20250227180352"),
        ("Thu, 27 Feb 2025 18:03:00 +0800", "2025-02-27T18:03:00", "second", "Thu, 27 Feb 2025 18:03:00 +0800"),
        ("2025-02-30 11:11，应为2025-02-28", "2025-02-28T00:00:00", "day", "2025-02-28"),
        ("2小时前", "2025-02-27T16:15:00", "minute", "2小时前"),
        ("半小时前", "2025-02-27T17:45:00", "minute", "半小时前"),
        ("昨日 08:12", "2025-02-26T08:12:00", "minute", "昨日 08:12"),
        ("今天 08:12", "2025-02-27T08:12:00", "minute", "今天 08:12"),
        ("3天前", "2025-02-24T00:00:00", "day", "3天前"),
        ("一周前", "2025-02-20T00:00:00", "day", "一周前"),
        ("刚刚", "2025-02-27T18:15:00", "minute", "刚刚"),
    ],
)
def test_a_printed_time_is_read_with_its_precision(text: str, at: str, precision: str, raw: str) -> None:
    moment = read_moment(text, BASE)
    assert moment is not None
    assert moment.at == datetime.fromisoformat(at).replace(tzinfo=BEIJING)
    assert moment.at.utcoffset() == BEIJING.utcoffset(None)
    assert (moment.precision, moment.raw) == (precision, raw)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "无",
        "2025-13-01",
        "2025年",
        "1999",
        "02-27 18:03",
        "27日 18:03",
        "电话：025-88888888",
        "2025-02-30",
        "昨天的会议上，" * 10,
    ],
)
def test_what_names_no_day_gives_no_time(text: str) -> None:
    assert read_moment(text, BASE) is None


@pytest.mark.parametrize(
    ("text", "day", "at"),
    [
        ("9-11 23:32", date(2016, 9, 11), "2016-09-11T23:32:00"),
        ("02-27 18:03", None, "2025-02-27T18:03:00"),
        ("03-05 18:03", None, "2024-03-05T18:03:00"),
        ("02-28 09:00", None, "2025-02-28T09:00:00"),
        ("(02/26)", None, "2025-02-26T00:00:00"),
        ("2月27日 18:03", None, "2025-02-27T18:03:00"),
        ("21:27", date(2025, 2, 26), "2025-02-26T21:27:00"),
        ("2026-08-31 12:25", date(2016, 9, 11), "2026-08-31T12:25:00"),
    ],
)
def test_a_row_without_a_year_takes_it_from_the_link_or_the_capture(text: str, day: date | None, at: str) -> None:
    moment = read_row_moment(text, day, BASE)
    assert moment is not None
    assert moment.at == datetime.fromisoformat(at).replace(tzinfo=BEIJING)


@pytest.mark.parametrize("text", ["", "21:27", "13-41", "第3版", "2:1", "800-820-8820"])
def test_a_row_that_shows_no_day_gives_no_time(text: str) -> None:
    assert read_row_moment(text, None, BASE) is None


@given(st.text(max_size=60))
def test_any_text_can_be_asked_for_its_time(text: str) -> None:
    for moment in (read_moment(text, BASE), read_row_moment(text, date(2025, 2, 27), BASE)):
        assert moment is None or moment.at.tzinfo is not None


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2099, 12, 31)), st.times())
def test_every_minute_printed_in_the_usual_forms_is_read_back(day: date, clock: time) -> None:
    at = datetime.combine(day, clock.replace(second=0, microsecond=0))
    for form in ("%Y-%m-%d %H:%M", "%Y年%m月%d日 %H:%M", "%Y.%m.%d %H:%M", "%Y/%m/%d %H:%M"):
        moment = read_moment(f"{at.strftime(form)} 来源：新华社", BASE)
        assert moment is not None
        assert moment.at.replace(tzinfo=None) == at
