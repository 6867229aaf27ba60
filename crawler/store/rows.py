"""What is kept of URLs and hosts, as plain values: rows of the frontier, links, visits, captures and tracks."""

from dataclasses import dataclass, field
from typing import Literal

from archive.pressmark import Pressmark

Kind = Literal["robots", "listing", "article", "page", "picture", "requisite"]
# done: settled in this run; idle: a list that an earlier run has read, or an article that has its line under another
# address; excluded: robots.txt forbids it.
Condition = Literal["pending", "leased", "done", "idle", "failed", "excluded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One URL of the frontier. `hops` is the path from the seed: L link, E embedded, R redirect, P prerequisite.

    `status` is that of the last answer, None where there is none for what the URL is now.
    """

    url: str
    kind: Kind
    via: str | None
    hops: str
    attempts: int = 0
    status: int | None = None

    @property
    def depth(self) -> int:
        """The number of steps from the seed."""
        return len(self.hops)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A URL found, with the day that it names, if any."""

    url: str
    host: str
    kind: Kind
    via: str | None
    hops: str
    day: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What a URL's next fetch depends on. Times are RFC 3339 in UTC.

    `changed_at` is an article's last change (the time of publication until an edit is seen), or when a list last
    brought a new link; `interval_seconds` is a list's present interval, `failures` the number of failed visits in a
    row, `gone_at` when an article was first found gone, `withdrawn_at` when that was confirmed, `due_at` when the URL
    is due, None for never.
    """

    changed_at: str | None = None
    interval_seconds: float | None = None
    failures: int = 0
    gone_at: str | None = None
    withdrawn_at: str | None = None
    due_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTrack:
    """How often a host has failed in a row, and until when it is left in peace."""

    host: str
    failures: int = 0
    paused_until: str | None = None


@dataclass(frozen=True, slots=True)
class FailingUrl:
    """A URL whose last visit failed: with what status, how often in a row, and when it is tried again."""

    url: str
    kind: Kind
    status: int | None
    failures: int
    fetched_at: str | None
    due_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What became of one request.

    `capture` marks the record that holds the payload where a whole 200 response came, `revisit` the revisit record
    where that is another one.
    """

    url: str
    host: str
    kind: Kind
    via: str | None
    hops: str
    condition: Condition
    attempts: int
    status: int | None
    fetched_at: str
    location: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    capture: Pressmark | None = None
    revisit: Pressmark | None = None
    track: Track = field(default_factory=Track)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCapture:
    """The last good capture of a URL; `revisit` is set where it was a revisit of what `pressmark` marks."""

    captured_at: str
    pressmark: Pressmark
    revisit: Pressmark | None = None
