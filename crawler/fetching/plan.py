"""What one run is to do: the operator's choice of branches and bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from crawler.errors import UsageError
from crawler.reading.portals import Branch, Portal, nearest_branches

# Found through any branch, so asked in every run; its own lists are read only when it is named.
NATIONAL = "national"
# Larger than any style sheet or font in use; whoever embeds more means no furniture.
REQUISITE_MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run's branches and bounds; None is no bound. `delay_seconds` is the least that the operator wants.

    What is due within the first half of `slot` is asked for; `now` asks for all lists, and for what failed, whether
    they are due or not. `max_minutes` ends the run so long after its start. `requisites` tells whether what pages need
    for their looks is captured too, each up to `requisite_max_bytes`. `since` and `until` bound the days of articles; a
    `backfill` leaves what is due to the daily crawls, and asks for the portal's archive of each of these days.
    """

    branches: tuple[Branch, ...]
    since: date | None = None
    until: date | None = None
    backfill: bool = False
    limit: int | None = None
    max_requests: int | None = None
    max_minutes: float | None = None
    now: bool = False
    slot: timedelta = timedelta(minutes=10)
    delay_seconds: float | None = None
    requisites: bool = True
    requisite_max_bytes: int = REQUISITE_MAX_BYTES
    default_delay_seconds: float = 1.0
    per_host: int = 1

    @property
    def list_hosts(self) -> frozenset[str]:
        """The hosts whose lists are read."""
        return frozenset(host for branch in self.branches for host in branch.every_host)

    def left_some(self, requests: int) -> bool:
        """Tell whether a run of so many requests may have left articles of its branches alone."""
        spent = self.max_requests is not None and requests >= self.max_requests
        return spent or self.since is not None or self.limit is not None

    def delay(self, robots_delay: float | None) -> float:
        """Return the seconds between two requests to a host whose robots.txt asks for `robots_delay`."""
        asked = robots_delay or self.default_delay_seconds
        if self.delay_seconds is None:
            return asked
        return max(self.delay_seconds, robots_delay or 0.0)


def choose_branches(portal: Portal, codes: tuple[str, ...]) -> tuple[Branch, ...]:
    """Return the branches of these codes, all for none; UsageError with the nearest names for an unknown one."""
    if not codes:
        return portal.branches
    known = {branch.code: branch for branch in portal.branches}
    for code in codes:
        if code not in known:
            near = nearest_branches(portal, code)
            remedy = f"did you mean {' or '.join(near)}?" if near else "see `pressmark branches`"
            raise UsageError(f"branch {code!r}: not known to the portal {portal.name}; {remedy}")
    return tuple(known[code] for code in dict.fromkeys(codes))


def day_archives(branch: Branch, plan: Plan) -> Iterator[tuple[date, str]]:
    """Yield the days of a backfill, the newest first, with the path of the branch's list of that day."""
    if not (plan.backfill and plan.since and plan.until and branch.day_archive):
        return
    for number in range((plan.until - plan.since).days + 1):
        day = plan.until - timedelta(days=number)
        yield day, day.strftime(branch.day_archive)
