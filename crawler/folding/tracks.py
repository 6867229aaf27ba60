"""What a visit means for the next one: when the URL is due, whether an article is gone, how long a host is left alone.

Pure: all times come from the records, so a state made anew has the same tracks.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from archive.capture import Capture
from crawler.folding.schedule import DAY, Schedule
from crawler.lines import utc_text
from crawler.store.rows import HostTrack, Track, Visit

# Two looks that tell of a withdrawal lie at least so far apart; a page that is being moved is gone for a moment.
_BETWEEN_LOOKS = 0.5
# A page that never was an article is asked for again so many times; lists name some before they are published.
_MOST_FAILURES = 5
# So many failures in a row are forgiven before a host is left in peace for a while.
_FORGIVEN = 2

Found = Literal["article", "gone", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen at a visit.

    `is_front` tells a list that is asked for on its own from the further pages, which are asked for where the page
    before shows something new; `brought_new` whether a list named articles that were not known. For articles and their
    pages: what was `found`, whether there `is_version` of it already, and since when the page has stood as it is, as
    far as it says (`since`).
    """

    is_front: bool = False
    brought_new: bool = False
    found: Found = "other"
    is_version: bool = False
    since: datetime | None = None


def next_track(before: Track, visit: Visit, sight: Sight, schedule: Schedule) -> Track:
    """Return the track of a URL after a visit."""
    at = moment(visit.fetched_at)
    if visit.condition == "pending":
        return before
    if visit.condition == "failed":
        failures = before.failures + 1
        return replace(before, failures=failures, due_at=utc_text(schedule.retry_due(visit.url, at, failures)))
    if visit.kind == "listing":
        return _track_list(before, visit, sight, schedule)
    if visit.kind in {"article", "page"}:
        return _track_article(before, visit, sight, schedule)
    return Track()


def is_withdrawal(before: Track, after: Track) -> bool:
    """Tell whether a visit has confirmed that an article is gone."""
    return after.withdrawn_at is not None and before.withdrawn_at is None


def is_return(before: Track, after: Track) -> bool:
    """Tell whether a visit has found an article again that was withdrawn."""
    return before.withdrawn_at is not None and after.withdrawn_at is None


def withdrawn(track: Track, url: str, at: datetime, schedule: Schedule) -> Track:
    """Return the track of an article whose withdrawal was confirmed at this time."""
    due = schedule.withdrawn_due(url, at, at)
    known = replace(track, failures=0, gone_at=track.gone_at or utc_text(at), withdrawn_at=utc_text(at))
    return replace(known, due_at=utc_text(due) if due else None)


def returned(track: Track) -> Track:
    """Return the track of an article that is back."""
    return replace(track, gone_at=None, withdrawn_at=None)


def changed(track: Track, url: str, fetched_at: datetime, schedule: Schedule) -> Track:
    """Return the track of an article whose text was found edited at this fetch."""
    due = schedule.article_due(url, fetched_at, fetched_at)
    return replace(track, changed_at=utc_text(fetched_at), due_at=utc_text(due) if due else None)


def next_host_track(before: HostTrack, visit: Visit, capture: Capture, schedule: Schedule) -> HostTrack:
    """Return what is to be remembered of a host after a visit.

    Its robots.txt tells whether it is up: some failures are forgiven, after more it is asked less and less. What it
    asks for by Retry-After holds in later runs too, for a day at most.
    """
    at = moment(visit.fetched_at)
    head = capture.head()
    asked = retry_after_seconds(capture, at) if head and head.status in {429, 503} else None
    failures = before.failures
    paused_until = moment(before.paused_until) if before.paused_until else None
    if visit.kind == "robots":
        up = head is not None and capture.failure is None and head.status < 500 and head.status != 429
        failures = 0 if up else failures + 1
        over = failures - _FORGIVEN
        paused_until = schedule.retry_due(visit.host, at, over) if over > 0 else None
    if asked:
        wanted = at + min(timedelta(seconds=asked), DAY)
        paused_until = max(wanted, paused_until) if paused_until else wanted
    return HostTrack(host=visit.host, failures=failures, paused_until=utc_text(paused_until) if paused_until else None)


def retry_after_seconds(capture: Capture, now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait (RFC 9110, 10.2.3), None if it does not."""
    head = capture.head()
    value = head.value("retry-after") if head else None
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdecimal():
        return min(float(value), DAY.total_seconds() * 365)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def moment(text: str) -> datetime:
    """Return the aware datetime of a time as the state keeps it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _track_list(before: Track, visit: Visit, sight: Sight, schedule: Schedule) -> Track:
    if not sight.is_front:
        return Track()
    known = timedelta(seconds=before.interval_seconds) if before.interval_seconds else None
    at = moment(visit.fetched_at)
    since = moment(before.changed_at) if before.changed_at and not sight.brought_new else at
    interval = schedule.list_interval(known, at - since)
    due = schedule.list_due(visit.url, at, interval)
    return Track(changed_at=utc_text(since), interval_seconds=interval.total_seconds(), due_at=utc_text(due))


def _track_article(before: Track, visit: Visit, sight: Sight, schedule: Schedule) -> Track:
    at = moment(visit.fetched_at)
    if sight.found == "gone" and sight.is_version:
        return _track_gone(before, visit, schedule)
    if sight.found != "article" and not sight.is_version:
        failures = before.failures + 1
        due = schedule.retry_due(visit.url, at, failures) if failures < _MOST_FAILURES else None
        return Track(failures=failures, due_at=utc_text(due) if due else None)
    since = moment(before.changed_at) if before.changed_at else min(sight.since or at, at)
    due = schedule.article_due(visit.url, at, since)
    if sight.found == "other":
        # Neither here nor gone, as far as can be told.
        return replace(before, failures=0, due_at=utc_text(due) if due else None)
    return Track(changed_at=utc_text(since), due_at=utc_text(due) if due else None)


def _track_gone(before: Track, visit: Visit, schedule: Schedule) -> Track:
    """Return the track of an article that is gone: for the first time, for the second, or still."""
    at = moment(visit.fetched_at)
    gone = moment(before.gone_at) if before.gone_at else at
    withdrawn = moment(before.withdrawn_at) if before.withdrawn_at else None
    if withdrawn is None and at - gone >= schedule.second_look * _BETWEEN_LOOKS:
        withdrawn = at
    due = schedule.withdrawn_due(visit.url, at, withdrawn) if withdrawn else schedule.second_look_due(visit.url, at)
    return replace(
        before,
        failures=0,
        gone_at=utc_text(gone),
        withdrawn_at=utc_text(withdrawn) if withdrawn else None,
        due_at=utc_text(due) if due else None,
    )
