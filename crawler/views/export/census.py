"""What is counted while a data set is written: for the manifest, the cards and the datasheet."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from crawler.folding.changes import Event
from crawler.lines import ArticleLine
from crawler.views.export.plan import OTHER


@dataclass(slots=True)
class Range:
    """The first and the last of some times, as text; None before there is one."""

    first: str | None = None
    last: str | None = None

    def see(self, text: str | None) -> None:
        """Take a time in."""
        if text is not None:
            self.first = min(self.first or text, text)
            self.last = max(self.last or text, text)


# What a reader looks for in a line, and how it is told to be there.
FIELDS: dict[str, Callable[[ArticleLine], bool]] = {
    "headline": lambda line: bool(line.headline),
    "kicker": lambda line: bool(line.kicker),
    "subheadline": lambda line: bool(line.subheadline),
    "published_at": lambda line: bool(line.published_at),
    "modified_at": lambda line: bool(line.modified_at),
    "source": lambda line: bool(line.source),
    "byline": lambda line: bool(line.byline),
    "editors": lambda line: bool(line.editors),
    "dateline": lambda line: bool(line.dateline),
    "body": lambda line: bool(line.body),
    "sections": lambda line: bool(line.sections),
    "keywords": lambda line: bool(line.keywords),
    "images": lambda line: bool(line.images),
    "end_mark": lambda line: line.end_mark,
}


@dataclass(slots=True)
class Census:
    """The counts. `days` counts articles by branch and day of publication, `""` for no day; all else counts lines.

    `filled` counts by field and branch, `sure` by field and confidence. `withdrawn` holds for each article that is
    withdrawn now the event that told so.
    """

    lines: Counter[str] = field(default_factory=Counter)
    articles: Counter[str] = field(default_factory=Counter)
    days: Counter[tuple[str, str]] = field(default_factory=Counter)
    filled: Counter[tuple[str, str]] = field(default_factory=Counter)
    sure: Counter[tuple[str, str]] = field(default_factory=Counter)
    extractors: Counter[str] = field(default_factory=Counter)
    layouts: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    warcs: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    pictures: int = 0
    captured_pictures: int = 0
    characters: int = 0
    published: Range = field(default_factory=Range)
    captured: Range = field(default_factory=Range)
    withdrawn: dict[str, Event] = field(default_factory=dict)

    def see(self, line: ArticleLine, *, newest: bool) -> None:
        """Count a line; `newest` tells whether it is its article's newest version."""
        branch = line.branch or OTHER
        self.lines[branch] += 1
        if newest:
            self.articles[branch] += 1
            self.days[branch, (line.published_at or "")[:10]] += 1
        for name, is_filled in FIELDS.items():
            if is_filled(line):
                self.filled[name, branch] += 1
        self.sure.update(line.extractor.confidence.items())
        self.extractors[line.extractor.version] += 1
        self.layouts[line.extractor.layout] += 1
        self.warnings.update(line.extractor.warnings)
        self.warcs.update(set(_files(line)))
        self.pictures += len(line.images)
        self.captured_pictures += sum(image.pressmark is not None for image in line.images)
        self.characters += len(line.body)
        self.published.see(line.published_at)
        self.captured.see(line.captured_at)

    def see_event(self, event: Event) -> None:
        """Count an event of the ledger, the oldest first."""
        self.events[event.type] += 1
        if event.type == "withdrawn":
            self.withdrawn[event.id] = event
        elif event.type == "restored":
            self.withdrawn.pop(event.id, None)


def _files(line: ArticleLine) -> Iterator[str]:
    marks = (line.pressmark, *(page.pressmark for page in line.pages), *(image.pressmark for image in line.images))
    return (mark.file for mark in marks if mark)
