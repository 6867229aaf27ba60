"""What runs find on a portal's pages, counted for each branch and layout, and the alarms when it falls off.

A share is held against those of earlier runs. It raises an alarm when it has fallen by more than chance explains:

- at least `ENOUGH` lines now and in the history (few lines now: those of the runs before are added to them);
- at least `FALL` below the median of the last `RUNS` runs, each run weighing as much as it has lines;
- lower than in each of these runs that has `ENOUGH` lines, for the lines of one run are much alike;
- so unlikely under the same share in both (Fisher's exact test, one-sided) that hundreds of shares may be looked at
  in every run: below `CHANCE`.

Without such a history absolute floors stand in. What has changed for good is usual after some runs.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import comb, log2
from statistics import median
from typing import Literal

import msgspec

from crawler.lines import ArticleLine

RUNS = 10
ENOUGH = 10
FALL = 0.25
MOST_LINES = 1000
CHANCE = 1e-4
# Of a first run's articles at least half have these.
FLOOR = 0.5
FLOOR_FIELDS = ("headline", "published", "body")
# A list is missed where half of the runs before found so many articles on it.
LINKS_OF_A_FRONT = 5
# A branch is silent after four times the longest pause between runs that brought something, and after a week-end.
RUNS_WITH_LINES = 5
PAUSES = 4
LEAST_SILENCE = timedelta(days=3)
GENERIC = "generic"

Command = Literal["crawl", "backfill"]

_FIELDS: Mapping[str, Callable[[ArticleLine], bool]] = {
    "headline": lambda line: bool(line.headline),
    "published": lambda line: line.published_precision in {"second", "minute"},
    "source": lambda line: line.source is not None,
    "byline": lambda line: bool(line.byline),
    "editors": lambda line: bool(line.editors),
    # A gallery or a video may do without.
    "body": lambda line: bool(line.body) or line.content_type != "article",
    "captions": lambda line: any(image.caption for image in line.images),
    "sections": lambda line: bool(line.sections),
}


class LayoutCounts(msgspec.Struct, kw_only=True):
    """The lines of one branch and layout: how many have each field, and how long their bodies are.

    `body_lengths` counts the bodies of 2**(n/2) characters or more, below those of n + 1, under n.
    """

    lines: int = 0
    fields: dict[str, int] = msgspec.field(default_factory=dict)
    body_lengths: dict[int, int] = msgspec.field(default_factory=dict)


class Shape(msgspec.Struct, kw_only=True):
    """What one run found: `layouts` by branch and layout, `fronts` the links to articles on each section's front."""

    layouts: dict[str, dict[str, LayoutCounts]] = msgspec.field(default_factory=dict)
    fronts: dict[str, int] = msgspec.field(default_factory=dict)

    def add_line(self, line: ArticleLine) -> None:
        """Count one article line."""
        layouts = self.layouts.setdefault(line.branch or "other", {})
        counts = layouts.setdefault(line.extractor.layout, LayoutCounts())
        counts.lines += 1
        for name, is_there in _FIELDS.items():
            counts.fields[name] = counts.fields.get(name, 0) + is_there(line)
        if line.body:
            step = int(2 * log2(len(line.body)))
            counts.body_lengths[step] = counts.body_lengths.get(step, 0) + 1

    def add_front(self, url: str, links: int) -> None:
        """Count the links to articles on the front of a section."""
        self.fronts[url] = links

    def lines_of(self, branch: str) -> int:
        """Return the number of a branch's lines."""
        return sum(counts.lines for counts in self.layouts.get(branch, {}).values())


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as alarms see it: the part of its summary that they need.

    A `command` is judged by its own kind alone: a backfill sees old pages, and as many as there are.
    """

    started_at: datetime
    command: Command = "crawl"
    asked_branches: tuple[str, ...] = ()
    shape: Shape = msgspec.field(default_factory=Shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something has changed at `where`: a branch, a branch and its layout, or the front of a section.

    `kind` and `where` stay the same from run to run as long as the trouble lasts; `why` tells it in words.
    """

    kind: str
    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """Of `lines` lines of one run, or of several, `having` have something."""

    lines: int
    having: int

    @property
    def share(self) -> float:
        return self.having / self.lines


def find_alarms(run: PastRun, history: Sequence[PastRun], *, may_be_silent: bool = False) -> list[Alarm]:
    """Return what a run's operator should look at, given the runs before it, the oldest first.

    `may_be_silent` where the run was cut short or bounded: then it is no wonder that a branch brought nothing.
    """
    alarms: list[Alarm] = []
    for branch, layouts in sorted(run.shape.layouts.items()):
        runs = [_merged(past.shape.layouts.get(branch, {})) for past in history]
        alarms += _field_alarms(branch, [*runs, _merged(layouts)])
        known = [_known_layouts(past.shape.layouts.get(branch, {})) for past in (*history, run)]
        alarms += _fallen(branch, "a known layout", known, kind="layout")
        for layout, counts in sorted(layouts.items()):
            same = [past.shape.layouts.get(branch, {}).get(layout, LayoutCounts()) for past in history]
            if len(layouts) > 1 or sum(past.lines for past in same) < sum(past.lines for past in runs):
                named = {alarm.why.partition(" on ")[0] for alarm in alarms if alarm.where == branch}
                found = _field_alarms(f"{branch}/{layout}", [*same, counts], floors=False)
                alarms += [alarm for alarm in found if alarm.why.partition(" on ")[0] not in named]
    alarms += _empty_fronts(run, history)
    if not may_be_silent:
        alarms += _silences(run, history)
    return alarms


def _field_alarms(where: str, runs: Sequence[LayoutCounts], *, floors: bool = True) -> Iterator[Alarm]:
    """Yield the fields that have fallen in the last of the runs, and its body length."""
    for name in _FIELDS:
        samples = [_Sample(lines=counts.lines, having=counts.fields.get(name, 0)) for counts in runs]
        yield from _fallen(where, name, samples, floor=FLOOR if floors and name in FLOOR_FIELDS else 0.0)
    lengths = _usual_lengths(runs[:-1])
    if lengths is not None:
        samples = [_Sample(lines=sum(c.body_lengths.values()), having=_as_long(c, lengths)) for c in runs]
        yield from _fallen(where, f"a body of {round(2 ** (lengths / 2))} characters", samples, kind="body-length")


def _fallen(
    where: str, what: str, samples: Sequence[_Sample], *, kind: str = "", floor: float = 0.0
) -> Iterator[Alarm]:
    """Yield an alarm where the share of the last sample is lower than chance explains; samples are in time's order."""
    if not samples[-1].lines:
        return
    recent, history = _split(samples)
    kind = f"fallen-{kind or what}"
    told = f"{what} on {recent.having} of {recent.lines} lines"
    if sum(past.lines for past in history) < ENOUGH:
        if recent.lines >= ENOUGH and recent.share < floor:
            yield Alarm(
                kind=kind, where=where, why=f"{told}; there is no history yet, and at least half should have it"
            )
        return
    usual = _weighted_median(history)
    lowest = min((past.share for past in history if past.lines >= ENOUGH), default=1.0)
    if recent.lines >= ENOUGH and recent.share <= usual - FALL and recent.share < lowest:
        pooled = _Sample(lines=sum(p.lines for p in history), having=sum(p.having for p in history))
        if _chance(recent, pooled) < CHANCE:
            yield Alarm(kind=kind, where=where, why=f"{told}; usually on {usual:.0%}")


def _split(samples: Sequence[_Sample]) -> tuple[_Sample, list[_Sample]]:
    """Return the last sample, with as many before it as it takes to have enough lines, and the history before these."""
    rest = [sample for sample in samples if sample.lines]
    lines = having = taken = 0
    while rest and lines < ENOUGH and taken < RUNS:
        last = rest.pop()
        lines, having, taken = lines + last.lines, having + last.having, taken + 1
    return _Sample(lines=lines, having=having), rest[-RUNS:]


def _weighted_median(samples: Sequence[_Sample]) -> float:
    half = sum(sample.lines for sample in samples) / 2
    for sample in sorted(samples, key=lambda sample: sample.share):
        half -= sample.lines
        if half <= 0:
            return sample.share
    return 0.0


def _chance(recent: _Sample, past: _Sample) -> float:
    """Return how likely so few or fewer are, if recent and past lines are alike (Fisher's exact test, one-sided)."""
    recent, past = _scaled(recent), _scaled(past)
    having = recent.having + past.having
    fewest = max(0, having - past.lines)
    ways = sum(comb(recent.lines, k) * comb(past.lines, having - k) for k in range(fewest, recent.having + 1))
    return ways / comb(recent.lines + past.lines, having)


def _scaled(sample: _Sample) -> _Sample:
    """Return a sample of no more lines than it takes to be sure, with about the same share."""
    if sample.lines <= MOST_LINES:
        return sample
    return _Sample(lines=MOST_LINES, having=round(sample.share * MOST_LINES))


def _merged(layouts: Mapping[str, LayoutCounts]) -> LayoutCounts:
    """Return the counts of a branch over all its layouts."""
    fields: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    for counts in layouts.values():
        fields.update(counts.fields)
        lengths.update(counts.body_lengths)
    return LayoutCounts(lines=sum(c.lines for c in layouts.values()), fields=fields, body_lengths=lengths)


def _known_layouts(layouts: Mapping[str, LayoutCounts]) -> _Sample:
    lines = sum(counts.lines for counts in layouts.values())
    return _Sample(lines=lines, having=lines - layouts.get(GENERIC, LayoutCounts()).lines)


def _usual_lengths(runs: Sequence[LayoutCounts]) -> int | None:
    """Return the step of half the median body length of the last runs, None without bodies."""
    lengths: Counter[int] = Counter()
    for counts in [counts for counts in runs if counts.body_lengths][-RUNS:]:
        lengths.update(counts.body_lengths)
    half = lengths.total() / 2
    for step in sorted(lengths):
        half -= lengths[step]
        if half <= 0:
            return step - 2
    return None


def _as_long(counts: LayoutCounts, step: int) -> int:
    return sum(number for other, number in counts.body_lengths.items() if other >= step)


def _empty_fronts(run: PastRun, history: Sequence[PastRun]) -> Iterator[Alarm]:
    for url, links in sorted(run.shape.fronts.items()):
        before = [past.shape.fronts[url] for past in history if url in past.shape.fronts][-RUNS:]
        if not links and before and median(before) >= LINKS_OF_A_FRONT:
            yield Alarm(
                kind="empty-list", where=url, why=f"the list is empty; it usually has {median(before):.0f} articles"
            )


def _silences(run: PastRun, history: Sequence[PastRun]) -> Iterator[Alarm]:
    for branch in run.asked_branches:
        if run.shape.lines_of(branch):
            continue
        brought = [past.started_at for past in history if past.shape.lines_of(branch)][-RUNS:]
        if len(brought) < RUNS_WITH_LINES:
            continue
        pause = max(later - earlier for earlier, later in pairwise(brought))
        silence = run.started_at - brought[-1]
        if silence > max(PAUSES * pause, LEAST_SILENCE):
            why = f"nothing new for {silence.days} days; before it was {_told(pause)} at most"
            yield Alarm(kind="silent-branch", where=branch, why=why)


def _told(pause: timedelta) -> str:
    return f"{pause.days} days" if pause.days > 1 else f"{pause.total_seconds() / 3600:.0f} hours"
