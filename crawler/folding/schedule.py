"""When a URL is due again: a list by how often it brings new links, an article by the time since its last change.

Pure, and blind to the wall clock: all times come from records, and the jitter is a function of the URL and of its last
fetch, so that a state made anew from the WARC files has the same times. The ladder is the one that works for news:
most corrections come within hours, few after a month.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a ladder: as long as the last change is younger than `under`, look again after `every`."""

    under: timedelta
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The operator's choice of intervals.

    A list's interval is multiplied by `list_faster` when it brought new links, by `list_slower` when it did not, and
    stays between `list_shortest` and `list_longest`; nor is it longer than the list's silence divided by
    `list_patience`, else a list with one article a day would soon be read but once a day, and miss what is corrected
    or taken down within hours. Articles climb the `ladder` by the time since their last change;
    behind its last step they are not looked at again. One that is gone is looked at a second time after `second_look`,
    and then climbs `withdrawn`, counted from the day on which it went. `jitter` is the share by which an interval is
    shortened or lengthened, so that what was found together is not asked for together.
    """

    list_shortest: timedelta = 10 * MINUTE
    list_longest: timedelta = DAY
    list_faster: float = 0.8
    list_slower: float = 1.5
    list_patience: float = 8.0
    ladder: tuple[Step, ...] = (
        Step(under=3 * HOUR, every=30 * MINUTE),
        Step(under=DAY, every=HOUR),
        Step(under=7 * DAY, every=3 * HOUR),
        Step(under=30 * DAY, every=3 * DAY),
        Step(under=180 * DAY, every=30 * DAY),
    )
    withdrawn: tuple[Step, ...] = (
        Step(under=7 * DAY, every=DAY),
        Step(under=60 * DAY, every=10 * DAY),
    )
    second_look: timedelta = HOUR
    retry_shortest: timedelta = 10 * MINUTE
    retry_longest: timedelta = DAY
    jitter: float = 0.1

    def list_interval(self, before: timedelta | None, silence: timedelta) -> timedelta:
        """Return a list's next interval.

        `before` is the last one, None for a list that was never read; `silence` the time since it brought a new link,
        zero where it has just brought one.
        """
        if before is None:
            return self.list_shortest
        interval = before * (self.list_slower if silence else self.list_faster)
        if silence:
            interval = min(interval, silence / self.list_patience)
        return min(max(interval, self.list_shortest), self.list_longest)

    def list_due(self, url: str, fetched_at: datetime, interval: timedelta) -> datetime:
        """Return when a list is due after a fetch, by its present interval."""
        return fetched_at + self._spread(interval, url, fetched_at)

    def article_due(self, url: str, fetched_at: datetime, changed_at: datetime) -> datetime | None:
        """Return when an article is due after a fetch, None if never again."""
        return self._climb(self.ladder, url, fetched_at, changed_at)

    def second_look_due(self, url: str, fetched_at: datetime) -> datetime:
        """Return when an article that seems to be gone is looked at once more, before that is said of it."""
        return fetched_at + self._spread(self.second_look, url, fetched_at)

    def withdrawn_due(self, url: str, fetched_at: datetime, withdrawn_at: datetime) -> datetime | None:
        """Return when an article that was taken down is looked at again, None if never."""
        return self._climb(self.withdrawn, url, fetched_at, withdrawn_at)

    def retry_due(self, url: str, fetched_at: datetime, failures: int) -> datetime:
        """Return when a URL that has failed `failures` times in a row is tried again: less and less often."""
        doubled = self.retry_shortest * 2 ** min(max(failures - 1, 0), 20)
        return fetched_at + self._spread(min(doubled, self.retry_longest), url, fetched_at)

    def _climb(self, ladder: tuple[Step, ...], url: str, fetched_at: datetime, since: datetime) -> datetime | None:
        age = fetched_at - since
        for step in ladder:
            if age < step.under:
                return fetched_at + self._spread(step.every, url, fetched_at)
        return None

    def _spread(self, interval: timedelta, url: str, fetched_at: datetime) -> timedelta:
        seed = hashlib.blake2b(f"{url} {fetched_at.isoformat()}".encode(), digest_size=4).digest()
        share = int.from_bytes(seed) / 0xFFFFFFFF * 2 - 1
        return interval * (1 + self.jitter * share)


def due_until(now: datetime, slot: timedelta) -> datetime:
    """Return the time up to which a run takes what is due: the first half of its slot is not put off."""
    return now + slot / 2
