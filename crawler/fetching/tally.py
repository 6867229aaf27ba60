"""Count what a run does, for its table and its summary."""

from collections import Counter
from dataclasses import dataclass, field

from archive.reader import Exchange
from crawler.folding.changes import EventType
from crawler.health.drift import Shape
from crawler.lines import ArticleLine
from crawler.store.rows import Visit


@dataclass(slots=True)
class BranchTally:
    """The articles that a run wrote for one branch, and its events by their type."""

    articles: int = 0
    with_headline: int = 0
    with_time: int = 0
    with_byline: int = 0
    pictures: int = 0
    pictures_kept: int = 0
    events: dict[EventType, int] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """The counts of one run; `failures` and `faults` are (URL, reason) pairs.

    `certificates` says what is wrong with the certificates of the hosts that were asked all the same.
    """

    branches: dict[str, BranchTally] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    lists_failed: int = 0
    last_article: str | None = None
    bytes_received: int = 0
    requisites_kept: int = 0
    files: set[str] = field(default_factory=set)
    faults: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    not_articles: list[tuple[str, str]] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    stopped: dict[str, str] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """The number of exchanges."""
        return sum(self.statuses.values())

    @property
    def lines(self) -> int:
        """The number of article lines."""
        return sum(branch.articles for branch in self.branches.values())

    @property
    def events(self) -> dict[EventType, int]:
        """The number of events by their type."""
        total: Counter[EventType] = Counter()
        for branch in self.branches.values():
            total.update(branch.events)
        return dict(total)

    def add_exchange(self, exchange: Exchange, visit: Visit) -> None:
        """Count one exchange."""
        capture = exchange.capture
        self.statuses[str(visit.status) if visit.status else "none"] += 1
        self.kinds[visit.kind] += 1
        self.hosts[visit.host] += 1
        self.bytes_received += len(capture.response)
        if capture.certificate and capture.certificate.fault and capture.response:
            self.certificates[visit.host] = capture.certificate.fault
        self.requisites_kept += visit.kind == "requisite" and visit.capture is not None
        self.lists_failed += visit.kind == "listing" and visit.condition == "failed"
        if visit.condition == "failed" or (capture.truncated and visit.condition == "done"):
            self.failures.append((visit.url, capture.failure or f"status {visit.status}"))

    def add_line(self, line: ArticleLine) -> None:
        """Count one article line."""
        branch = self._branch(line.branch)
        branch.articles += 1
        self.shape.add_line(line)
        self.last_article = line.id
        branch.with_headline += line.headline is not None
        branch.with_time += line.published_precision in {"second", "minute"}
        branch.with_byline += bool(line.byline)
        branch.pictures += len(line.images)
        branch.pictures_kept += sum(image.pressmark is not None for image in line.images)

    def add_event(self, event_type: EventType, code: str | None) -> None:
        """Count one event of a branch, None for none that is known."""
        events = self._branch(code).events
        events[event_type] = events.get(event_type, 0) + 1

    def _branch(self, code: str | None) -> BranchTally:
        return self.branches.setdefault(code or "other", BranchTally())
