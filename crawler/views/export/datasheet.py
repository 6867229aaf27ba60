"""`datasheet.md`: how far a data set covers its branches and days, how well its fields were read, what is not in it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from crawler.views.export.census import FIELDS
from crawler.views.export.dataset import DataSet, branch_name

# Longer tables are told by month, then by year; all days stand in coverage.csv.
_MOST_ROWS = 62
_MOST_COLUMNS = 12
_MOST_NAMED = 50
_MOST_GAPS = 20


def make_coverage(made: DataSet) -> str:
    """Return the articles by branch and day of publication as CSV; days without articles have no row."""
    rows = (f"{branch},{day},{count}\n" for (branch, day), count in sorted(made.census.days.items()))
    return "branch,published_on,articles\n" + "".join(rows)


def make_datasheet(made: DataSet) -> str:
    """Return the datasheet as Markdown."""
    sections = (
        _opening(made),
        _coverage(made),
        _gaps(made),
        _by_period(made),
        _extraction(made),
        _changes(made),
        _withheld(made),
        _notice(made),
    )
    return "\n\n".join(sections) + "\n"


def make_notice(made: DataSet) -> str:
    """Return what the portal says of copying, in its own words and in English."""
    notice = made.portal.notice
    if notice is None:
        return f"Nothing is noted here of what {made.portal.title} says of copying: ask there before you pass texts on."
    return f"{made.portal.title} says, {notice.place}:\n\n> {notice.text}\n>\n> {' '.join(notice.english.split())}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; all columns but the first are of numbers."""
    lines = [_row(head), "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join(lines + [_row(row) for row in rows])


def _row(cells: Sequence[object]) -> str:
    texts = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _opening(made: DataSet) -> str:
    counts, census = made.counts, made.census
    kept = "the newest version of each" if made.choice.latest else "all versions of each"
    captured = f"{(census.captured.first or '')[:10]} to {(census.captured.last or '')[:10]}"
    return (
        f"# Datasheet: {made.title}\n\n"
        f"{_plural(counts.articles, 'article')} in {_plural(counts.lines, 'line')} ({kept}),"
        f" {census.characters:,} characters of body"
        f" text, {census.captured_pictures:,} of {census.pictures:,} pictures captured. Captured {captured}"
        f" (UTC), out of"
        f" {_plural(len(made.warcs), 'WARC file')}, which `manifest.json` names with their digests."
    )


def _coverage(made: DataSet) -> str:
    rows = []
    for branch in made.branches:
        days = sorted(day for code, day in made.census.days if code == branch and day)
        span = (date.fromisoformat(days[-1]) - date.fromisoformat(days[0])).days + 1 if days else 0
        rows.append(
            (
                f"{branch_name(made.portal, branch)} `{branch}`",
                made.census.articles[branch],
                made.census.lines[branch],
                days[0] if days else "",
                days[-1] if days else "",
                f"{len(days):,} of {span:,}",
                made.census.days[branch, ""],
            )
        )
    head = ("branch", "articles", "lines", "first day", "last day", "days with articles", "without a day")
    return (
        "## Coverage\n\n![Articles by branch and time](coverage.svg)\n\n"
        f"{table(head, rows)}\n\n"
        "Days are days of publication as the pages print them (China Standard Time). Every day of every branch"
        " stands in"
        " `coverage.csv`. A day without articles is a day on which nothing appeared, or of which nothing was found and"
        " captured; the data set cannot tell which."
    )


def _gaps(made: DataSet) -> str:
    found = [
        (length, branch, first, last) for branch in made.branches for length, first, last in _gaps_of(made, branch)
    ]
    longest = sorted(found, key=lambda gap: (-gap[0], gap[1], gap[2]))
    if not longest:
        return "## Gaps\n\nNo branch has a day without articles between its first and its last."
    rows = [(f"`{branch}`", first, last, length) for length, branch, first, last in longest[:_MOST_GAPS]]
    more = f"\n\nThe longest {len(rows)} of {len(longest):,}." if len(longest) > len(rows) else ""
    return f"## Gaps\n\n{table(('branch', 'last day before', 'first day after', 'days without'), rows)}{more}"


def _gaps_of(made: DataSet, branch: str) -> list[tuple[int, str, str]]:
    days = sorted(day for code, day in made.census.days if code == branch and day)
    gaps = (
        ((date.fromisoformat(after) - date.fromisoformat(before)).days - 1, before, after)
        for before, after in pairwise(days)
    )
    return [gap for gap in gaps if gap[0]]


def _by_period(made: DataSet) -> str:
    for name, length in (("day", 10), ("month", 7), ("year", 4)):  # noqa: B007 - the last name is told
        counts: Counter[tuple[str, str]] = Counter()
        for (branch, day), count in made.census.days.items():
            counts[branch, day[:length]] += count
        periods = sorted({period for _, period in counts if period})
        if len(periods) <= _MOST_ROWS:
            break
    largest = sorted(made.branches, key=lambda branch: (-made.census.articles[branch], branch))[:_MOST_COLUMNS]
    shown = [branch for branch in made.branches if branch in largest]
    totals = {period: sum(counts[branch, period] for branch in made.branches) for period in periods}
    rows = [(period, *(counts[branch, period] for branch in shown), totals[period]) for period in periods]
    head = (name, *(f"`{branch}`" for branch in shown), "all branches")
    more = "\n\nOnly the largest branches have a column." if len(shown) < len(made.branches) else ""
    return f"## Articles by {name} of publication\n\n{table(head, rows)}{more}"


def _extraction(made: DataSet) -> str:
    census, lines = made.census, made.counts.lines
    rows = []
    for name in FIELDS:
        filled = sum(census.filled[name, branch] for branch in made.branches)
        sure = (_share(census.sure[name, level], filled) for level in ("high", "medium", "low"))
        rows.append((f"`{name}`", _share(filled, lines), *sure))
    by_branch = [
        (f"`{branch}`", *(_share(census.filled[name, branch], census.lines[branch], digits=0) for name in FIELDS))
        for branch in made.branches
    ]
    read = ", ".join(f"{version} ({count:,} lines)" for version, count in sorted(census.extractors.items()))
    parts = [
        f"## Extraction\n\nRead by extractor version {read}.",
        table(("field", "lines with it", "high", "medium", "low"), rows),
        "An empty field is one that the page does not have, or that was not found. High, medium and low are"
        " shares of the"
        " lines that have the field, by `extractor.confidence`. By branch, in per cent:",
        table(("branch", *(f"`{name}`" for name in FIELDS)), by_branch),
    ]
    if census.warnings:
        warned = [(f"`{name}`", count) for name, count in _by_count(census.warnings)]
        parts.append(table(("warning", "lines"), warned))
    return "\n\n".join(parts)


def _changes(made: DataSet) -> str:
    census = made.census
    if not census.events:
        return "## Changes\n\nNo events are recorded."
    told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(census.events.items()))
    rows = [
        (f"`{event.id}`", event.at[:16].replace("T", " "), event.reason or "")
        for event in sorted(census.withdrawn.values(), key=lambda event: (event.at, event.id))
    ]
    if not rows:
        return f"## Changes\n\nEvents: {told}. No article of this data set is withdrawn from the portal."
    shown = table(("withdrawn article", "told at (UTC)", "reason"), rows[:_MOST_NAMED])
    more = f"\n\nThe first {_MOST_NAMED} of {len(rows):,}; `changes` holds them all." if len(rows) > _MOST_NAMED else ""
    return (
        f"## Changes\n\nEvents: {told}. Withdrawn by the portal since they were captured, and here as they were:"
        f" {_plural(len(rows), 'article')}.\n\n{shown}{more}"
    )


def _withheld(made: DataSet) -> str:
    withheld = made.counts.withheld
    told = (
        f"Withheld by the operator's takedown list: {_plural(withheld, 'article')}"
        if withheld
        else "Nothing is withheld"
    )
    undated = ""
    if made.choice.is_dated and made.counts.undated:
        undated = (
            f" Without a day of publication, so that no bound can tell: {_plural(made.counts.undated, 'article')}."
        )
    return f"## Left out\n\n{told}.{undated}"


def _notice(made: DataSet) -> str:
    return f"## The portal's notice on copying\n\n{make_notice(made)}\n\nNo licence is given with this data set."


def _by_count(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _share(part: int, whole: int, *, digits: int = 1) -> str:
    return f"{100 * part / whole:.{digits}f}" + (" %" if digits else "") if whole else ""


def _plural(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
