"""Read a time as a Chinese page prints it; zone +08:00 throughout.

A regular expression reads what pages print nearly always. dateparser, a hundred times slower and silently wrong on
some forms, is asked only for words that count back from the capture, and for the rest that names a year.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

from crawler.reading.article import Precision
from crawler.reading.extract.wording import narrow_digits

BEIJING = timezone(timedelta(hours=8), "+08:00")

_CLOCK = r"""(?P<half>凌晨|清晨|早上|上午|中午|下午|傍晚|晚上|晚间)?\s*
    (?P<hour>\d{1,2})\s*(?:[:：]|[时点])\s*(?:(?P<minute>\d{1,2})\s*分?(?:\s*[:：]?\s*(?P<second>\d{1,2})(?:\.\d+)?\s*秒?)?)?"""
# No digit stands before the year; looked for behind it, so that the search jumps from one 1 or 2 to the next.
_FULL = re.compile(
    r"(?P<year>(?:19|20)\d\d)(?<!\d{5})\s*(?P<mark>[-/.年－])\s*(?P<month>\d{1,2})\s*[-/.月－]\s*(?P<day>\d{1,2})(?:\s*日|(?!\d))"
    rf"(?:[T\s\u3000,，]*(?:[(（]?(?:星期|周)[一二三四五六日天][)）]?)?[\s\u3000]*{_CLOCK})?"
    r"(?P<zone>Z|\s?[+-]\d\d:?\d\d)?",
    re.VERBOSE,
)
_COMPACT = re.compile(
    r"(?P<year>20\d\d)(?P<month>\d\d)(?P<day>\d\d)(?:(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?)?"
)
_NO_YEAR = re.compile(
    rf"(?<![\d.:/-])(?P<month>\d{{1,2}})\s*[-/月]\s*(?P<day>\d{{1,2}})(?:\s*日|(?![\d-]))(?:[\s\u3000]*{_CLOCK})?",
    re.VERBOSE,
)
_HOUR_ALONE = re.compile(r"(?<![\d:])(?P<hour>[012]?\d)[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?(?![\d:])")
_LABEL = re.compile(r"^[\s\u3000]*(?:发布|发表|更新|出版|刊发|上传)?(?:日期|时间|于)?\s*[:：]?[\s\u3000]*")
_RELATIVE = re.compile(
    r"(?:\d+|半个?|[一二两三四五六七八九十几]+)个?\s*(?:秒钟?|分钟?|小时|天|日|周|星期|月|年)\s*(?:之?前|以前)"
    rf"|刚刚|刚才|(?:今天|今日|昨天|昨日|前天)(?:\s*{_CLOCK})?",
    re.VERBOSE,
)
_SYNONYMS = {"今日": "今天", "昨日": "昨天", "刚才": "刚刚", "之前": "前", "以前": "前"}
_DIGITS = str.maketrans("一二两三四五六七八九", "1223456789")
_WEEKS = re.compile(r"(\d+)\s*个?\s*(?:周|星期)前")
_LONGEST_LABEL = 60
# A day in words that may name one: two numbers, or a year and the name of a month.
_DAY_IN_WORDS = re.compile(r"\d\D+\d|[A-Za-z]{3}")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time of the page: `raw` is the text as printed, `precision` what it tells (a day stands at midnight)."""

    at: datetime
    precision: Precision
    raw: str


def read_moment(text: str, base: datetime) -> Moment | None:
    """Return the first time that the text prints, None if it prints none; `base` (aware) is the time of the capture."""
    return _read_full(text) or _read_relative(text, base) or _read_riddle(text, base)


def read_row_moment(text: str, day: date | None, base: datetime) -> Moment | None:
    """Return the time in a row of a list, which may lack the year or the day.

    `day` is the day that the row's link names. Without a year it is the link's year, else the capture's, and one
    year earlier if that lies more than a day after the capture. dateparser is asked for no row but one that counts
    back from the capture: a list may have ten thousand.
    """
    narrow = narrow_digits(text)
    full = _read_full(text)
    if full is not None:
        return full
    for match in _NO_YEAR.finditer(narrow):
        year = day.year if day else base.astimezone(BEIJING).year
        moment = _moment(match, text, year)
        if moment and not day and moment.at > base + timedelta(days=1):
            moment = _moment(match, text, year - 1)
        if moment:
            return moment
    clock = _HOUR_ALONE.search(narrow)
    if clock and day:
        return _on_day(clock, text, day)
    return _read_relative(text, base)


def day_moment(day: date) -> Moment:
    """Return a day that no text prints as a moment of precision day."""
    return Moment(at=datetime(day.year, day.month, day.day, tzinfo=BEIJING), precision="day", raw="")


def _read_full(text: str) -> Moment | None:
    narrow = narrow_digits(text)
    for match in _FULL.finditer(narrow):
        moment = _moment(match, text, int(match["year"]))
        if moment is not None:
            return moment
    compact = _COMPACT.fullmatch(narrow.strip())
    return _moment(compact, text.strip(), int(compact["year"])) if compact else None


def _moment(match: re.Match[str], printed: str, year: int) -> Moment | None:
    """Return the moment of a match, None if there is no such day or hour; `printed` has the match's positions."""
    parts = match.groupdict()
    hour, minute, second = parts.get("hour"), parts.get("minute"), parts.get("second")
    try:
        at = datetime(
            year, int(parts["month"]), int(parts["day"]), _on_24_hours(hour, parts.get("half")), int(minute or 0),
            int(second or 0), tzinfo=BEIJING,
        )  # fmt: skip
    except ValueError:
        return None
    zone = parts.get("zone")
    if zone and hour:
        at = at.replace(tzinfo=datetime.fromisoformat(f"2000-01-01T00:00:00{zone.strip()}").tzinfo).astimezone(BEIJING)
    precision: Precision = "second" if second else "minute" if hour else "day"
    raw = printed[match.start() : match.end()].strip()
    return Moment(at=at, precision=precision, raw=raw)


def _on_24_hours(hour: str | None, half: str | None) -> int:
    number = int(hour or 0)
    if half in {"下午", "傍晚", "晚上", "晚间"} and number < 12:
        return number + 12
    return number + 12 if half == "中午" and number < 3 else number


def _on_day(clock: re.Match[str], printed: str, day: date) -> Moment | None:
    parts = clock.groupdict()
    if int(parts["hour"]) > 23:
        return None
    at = datetime(day.year, day.month, day.day, int(parts["hour"]), int(parts["minute"]), tzinfo=BEIJING)
    if parts["second"]:
        at = at.replace(second=int(parts["second"]))
    precision: Precision = "second" if parts["second"] else "minute"
    return Moment(at=at, precision=precision, raw=printed[clock.start() : clock.end()])


def _read_relative(text: str, base: datetime) -> Moment | None:
    if len(text) > _LONGEST_LABEL:
        return None  # running text speaks of yesterday, too
    match = _RELATIVE.search(narrow_digits(text))
    if match is None:
        return None
    return _by_dateparser(match[0], text[match.start() : match.end()], base, _precision_of_words(match[0]))


def _read_riddle(text: str, base: datetime) -> Moment | None:
    """Return the day that a short text names in another form, with its year."""
    if len(text) > _LONGEST_LABEL or _RELATIVE.search(narrow_digits(text)):
        return None
    bare = _LABEL.sub("", text).strip()
    names_a_day = _YEAR.search(bare) and _DAY_IN_WORDS.search(bare)
    if not names_a_day or _FULL.search(narrow_digits(bare)):
        return None  # what looks like a full date and is none (2025-13-01) is no riddle for dateparser
    return _read_mail_date(bare) or _by_dateparser(bare, bare, base, "minute" if ":" in bare else "day")


def _read_mail_date(text: str) -> Moment | None:
    """Read the form of RFC 2822, which dateparser misses."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    at = at.replace(tzinfo=BEIJING) if at.tzinfo is None else at.astimezone(BEIJING)
    return Moment(at=at, precision="second", raw=text)


def _precision_of_words(words: str) -> Precision:
    return "minute" if re.search(r"秒|分|时|刚|\d[:：]\d", words) else "day"


# The rows of a list repeat the same few words.
@lru_cache(maxsize=1024)
def _by_dateparser(words: str, raw: str, base: datetime, precision: Precision) -> Moment | None:
    import dateparser  # noqa: PLC0415 - takes longer to import than most runs need it

    for synonym, word in _SYNONYMS.items():
        words = words.replace(synonym, word)
    words = _WEEKS.sub(lambda match: f"{int(match[1]) * 7}天前", words.translate(_DIGITS))
    try:
        at = dateparser.parse(
            words,
            languages=["zh", "en"],
            settings={
                "RELATIVE_BASE": base.astimezone(BEIJING).replace(tzinfo=None),
                "PREFER_DATES_FROM": "past",
                "DATE_ORDER": "YMD",
                "RETURN_AS_TIMEZONE_AWARE": False,
            },
        )
    except (ValueError, OverflowError):
        return None
    if at is None:
        return None
    year = _YEAR.search(words)
    at = at.replace(tzinfo=BEIJING, microsecond=0)
    if (year and int(year[0]) != at.year) or at > base + timedelta(days=1):
        return None
    if precision == "day":
        at = at.replace(hour=0, minute=0, second=0)
    return Moment(at=at, precision=precision, raw=raw)
