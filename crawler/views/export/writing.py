"""Write a data set: lines and tables in one pass over the plan, then what tells of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from crawler.errors import UsageError
from crawler.folding.changes import read_events
from crawler.lines import ArticleLine
from crawler.reading.portal import Portal
from crawler.store.collection import Collection
from crawler.takedowns import read_takedowns
from crawler.views.export.articles import write_articles
from crawler.views.export.census import Census
from crawler.views.export.choice import Choice
from crawler.views.export.dataset import DataSet, WarcFile, slug
from crawler.views.export.describing import describe
from crawler.views.export.folder import list_files, new_folder
from crawler.views.export.manifest import describe_warc, is_missing
from crawler.views.export.pictures import Pictures
from crawler.views.export.plan import Plan
from crawler.views.export.rows import ChangeRow, PictureRow, ReprintRow, change_row
from crawler.views.export.tables import write_table
from crawler.views.reprint import Reprint, read_reprints

# Told of what is done, and how much of how much: ("Reading lines", 1000, 50000).
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A data set that is in its place, and what was found wrong on the way."""

    made: DataSet
    place: Path
    bytes: int
    files: int
    missing_warcs: tuple[str, ...]
    broken_pictures: tuple[str, ...]


def export(collection: Collection, place: Path, portal: Portal, choice: Choice, tell: Tell) -> Exported:
    """Write the data set of a choice to a place, where it stands whole or not at all.

    Raises UsageError where nothing is chosen or the place is taken, CrawlerError for lines, events or groups that
    cannot be read.
    """
    paths = _line_files(collection, choice)
    takedowns = read_takedowns(collection.takedowns)
    with new_folder(place) as folder:
        work = folder / ".work"
        work.mkdir()
        with ExitStack() as stack:
            plan = stack.enter_context(closing(Plan(work / "plan.sqlite", paths, choice)))
            plan.fill(takedowns, lambda done, whole: tell("Reading lines", done, whole))
            _check(plan, portal, choice, collection)
            pictures = (
                stack.enter_context(closing(Pictures(work / "pictures.sqlite", takedowns))) if choice.pictures else None
            )
            job = _Job((collection, folder), plan, choice, pictures, tell)
            made = job.write(portal)
        for path in work.iterdir():
            path.unlink()
        work.rmdir()
        describe(folder, made)
        names = list_files(folder)
        size = sum((folder / name).stat().st_size for name in names)
    return Exported(
        made=made,
        place=place,
        bytes=size,
        files=len(names),
        missing_warcs=tuple(warc.file for warc in made.warcs if is_missing(collection.archive, warc.file)),
        broken_pictures=tuple(job.broken),
    )


class _Job:
    """One data set while it is written; `broken` are the pictures that could not be copied."""

    def __init__(
        self, where: tuple[Collection, Path], plan: Plan, choice: Choice, pictures: Pictures | None, tell: Tell
    ) -> None:
        """`where` are the collection and the folder to write into."""
        self._collection, self._folder = where
        self._plan = plan
        self._choice = choice
        self._pictures = pictures
        self._tell = tell
        self._census = Census()
        self._written = 0
        self.broken: list[str] = []

    def write(self, portal: Portal) -> DataSet:
        """Write the tables and return what is to be told of them."""
        tables = [write_articles(self._folder, self._plan, self._choice, self._see)]
        about = "What became of the articles: new, edited, withdrawn, restored, the oldest event first."
        tables.append(write_table(self._folder, self._choice, ("changes", about), ChangeRow, self._events()))
        if self._collection.reprints.exists():
            about = "Groups of articles that share a text, and which of them is likely the original."
            tables.append(write_table(self._folder, self._choice, ("reprints", about), ReprintRow, self._reprints()))
        if self._pictures:
            self._copy(self._pictures)
            about = "The pictures of each article, and the files that hold them."
            tables.append(write_table(self._folder, self._choice, ("images", about), PictureRow, self._pictures.rows()))
        return DataSet(
            name=slug(self._collection.folder.name),
            portal=portal,
            choice=self._choice,
            counts=self._plan.counts,
            census=self._census,
            schemas=self._plan.schemas(),
            tables=tuple(tables),
            warcs=tuple(self._warcs()),
            pressmark=version("pressmark"),
        )

    def _see(self, line: ArticleLine, newest: bool) -> None:
        self._census.see(line, newest=newest)
        if self._pictures:
            self._pictures.note(line)
        self._written += 1
        if self._written % 1000 == 0:
            self._tell("Writing lines", self._written, self._plan.counts.lines)

    def _events(self) -> Iterator[ChangeRow]:
        for event, _ in read_events(self._collection):
            if self._plan.holds(event.id):
                self._census.see_event(event)
                yield change_row(event)

    def _reprints(self) -> Iterator[ReprintRow]:
        # A group bears the id of one of its articles. Where that is withheld, another has to lend its own.
        renamed: dict[str, str] = {}
        for row in self._held_reprints():
            if self._plan.withholds(row.group):
                renamed[row.group] = min(renamed.get(row.group, row.article), row.article)
        for row in self._held_reprints():
            yield ReprintRow(
                article=row.article,
                version=row.version,
                group=renamed.get(row.group, row.group),
                original=None if self._plan.withholds(row.original) else row.original,
                share=row.share,
                distance=row.distance,
            )

    def _held_reprints(self) -> Iterator[Reprint]:
        for row in read_reprints(self._collection.reprints):
            if self._plan.holds(row.article, row.version):
                yield row

    def _copy(self, pictures: Pictures) -> None:
        whole = pictures.count()
        for number, fault in enumerate(pictures.copy(self._collection.archive, self._folder), 1):
            if fault:
                self.broken.append(fault)
            self._tell("Copying pictures", number, whole)

    def _warcs(self) -> Iterator[WarcFile]:
        counted = sorted(self._census.warcs.items())
        for number, (name, lines) in enumerate(counted, 1):
            yield describe_warc(self._collection.archive, name, lines)
            self._tell("Reading WARC files", number, len(counted))


def _line_files(collection: Collection, choice: Choice) -> list[Path]:
    found = sorted(collection.articles.glob("*/*.jsonl"))
    return [path for path in found if not choice.branches or path.parent.name in choice.branches]


def _check(plan: Plan, portal: Portal, choice: Choice, collection: Collection) -> None:
    """Raise UsageError where the lines are of another portal, or none are chosen."""
    strangers = [name for name in plan.portals() if name != portal.name]
    if strangers:
        raise UsageError(
            f"--portal {portal.name}: {collection.folder} holds articles of {strangers[0]}; name that portal, or its"
            " TOML file, with --portal"
        )
    if plan.counts.lines:
        return
    held = sorted(path.name for path in collection.articles.glob("*") if any(path.glob("*.jsonl")))
    if not held:
        raise UsageError(f"{collection.folder}: no article lines there; crawl first, or name another --collection")
    if choice.branches and not set(held) & set(choice.branches):
        raise UsageError(
            f"--branch {' --branch '.join(choice.branches)}: no articles of it in {collection.folder}, which holds"
            f" {', '.join(held)}"
        )
    counts = plan.counts
    why = f"; {counts.undated} have no day of publication" if counts.undated and choice.is_dated else ""
    why += f"; {counts.withheld} are withheld" if counts.withheld else ""
    raise UsageError(f"{collection.folder}: no article was published within these days{why}; choose others")
