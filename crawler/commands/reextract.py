"""The command that reads articles anew: out of WARC files of any crawler, or over a whole collection."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO

import msgspec
import typer

from archive.iteration import Fault
from archive.reader import Exchange
from crawler.commands import terminal
from crawler.commands.differences import print_changes
from crawler.commands.options import (
    DONE,
    FINDINGS,
    CollectionOption,
    DataOption,
    JsonOption,
    PortalOption,
    err,
    existing_collection,
    out,
    print_json,
)
from crawler.commands.reading_progress import print_faults, print_missing, reading_progress
from crawler.commands.remaking import remake_views
from crawler.configuration import Configuration
from crawler.errors import UsageError
from crawler.lines import ArticleLine, encode_line, utc_text
from crawler.reading.extract.pages import EXTRACTOR_VERSION
from crawler.reading.portals import Portal, find_branch, find_portal
from crawler.rereading.collection import Choice, Reread, reread
from crawler.rereading.field_changes import FieldChanges
from crawler.rereading.gleaning import Gleaned, glean
from crawler.rereading.missing import missing_files
from crawler.rereading.readers import Means
from crawler.rereading.replacing import (
    LineFilter,
    catch_up,
    check_portal,
    fresh_folder,
    keep_beside,
    put_in_place,
    refuse_foreign,
)
from crawler.store.collection import Collection
from crawler.store.swapping import free_folder

WARC_ENDS = (".warc.gz", ".warc", ".arc.gz", ".arc")
FRESH = ".rereading"


def reextract(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="WARC files of any crawler, or folders of them; the whole collection by default."),
    ] = None,
    *,
    output: Annotated[
        str,
        typer.Option(
            "--out",
            help="Of files: the file for the lines, - for standard output. Of a collection: the folder  [default: in"
            " the collection, reextracted-VERSION]",
        ),
    ] = "",
    swap: Annotated[
        bool, typer.Option("--swap", help="Let the new lines take the place of the old, which are kept aside.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Write nothing; show what differs from the lines that are there.")
    ] = False,
    branch: Annotated[list[str] | None, typer.Option(help="Only this branch. May be repeated.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only lines captured on this UTC day or later.")
    ] = None,
    layout: Annotated[str | None, typer.Option(help="Only lines of this layout, e.g. js-2018.")] = None,
    processes: Annotated[int, typer.Option(min=0, help="So many processes read pages; 0: one for each core.")] = 0,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Read all captured pages again with the present extractor, without network.

    The same records and the same extractor version give the same bytes. Files give one line for each capture that is an
    article; a whole collection goes through the fold, and its versions are numbered anew. What the crawl wrote stays in
    the WARC files: `rebuild` brings that back. Stopped, the command begins anew and leaves nothing half done. Exit code
    3 where records are damaged, or pages cannot be read; with --compare where something differs.

    Example: pressmark reextract CC-NEWS-*.warc.gz --out lines.jsonl
    """
    _check(files, swap=swap, compare=compare, filters=bool(branch or since or layout), output=output)
    described = find_portal(portal)
    wanted = LineFilter(since=since.date().isoformat() if since else None, layout=layout)
    branches = _checked_branches(branch or [], described)
    count = processes or len(os.sched_getaffinity(0))
    if files:
        paths = _warc_files(files)
        with reading_progress("Reading", paths) as tell:
            means = Means(portal=described, processes=count, on_progress=tell)
            return _read_files(paths, output or "-", means, branches, wanted, json=json)
    found = existing_collection(data, collection, described)
    check_portal(found, described)
    paths = [path for path in found.archive.iterdir() if ".warc.gz" in path.name]
    with reading_progress("Reading", paths) as tell:
        means = Means(portal=described, processes=count, on_progress=tell)
        if compare:
            return _compare(found, means, branches, wanted, json=json)
        if swap:
            schedule = (context.find_object(Configuration) or Configuration()).schedule
            with closing(found.lock()):
                catch_up(found, described, schedule)
                return _swap(found, means, json=json)
        target = Path(output) if output else found.folder / f"reextracted-{EXTRACTOR_VERSION}"
        return _keep(found, target, means, branches, wanted, json=json)


def _check(files: Sequence[Path] | None, *, swap: bool, compare: bool, filters: bool, output: str) -> None:
    if files and (swap or compare):
        raise UsageError("--swap and --compare: they concern a collection; leave the files out")
    if swap and compare:
        raise UsageError("--swap and --compare: take one of them; look first, then swap")
    if swap and (filters or output):
        raise UsageError("--swap: takes all lines of the collection; leave out --branch, --since, --layout and --out")
    if compare and output:
        raise UsageError("--compare: writes no lines; leave out --out")
    if not files and output == "-":
        raise UsageError("--out -: a collection's lines go into a folder; name one, or name WARC files to read")


def _checked_branches(codes: Sequence[str], portal: Portal) -> tuple[str, ...]:
    known = {branch.code for branch in portal.branches}
    for code in codes:
        if code not in known:
            raise UsageError(f"--branch {code}: {portal.name} has no such branch; `pressmark branches` lists them")
    return tuple(codes)


def _warc_files(places: Sequence[Path]) -> list[Path]:
    """Return the files that were named, and those of folders in the order of their names."""
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise UsageError(f"{place}: no such file or folder")
        inside = sorted(path for path in place.rglob("*") if path.is_file() and path.name.endswith(WARC_ENDS))
        if place.is_dir() and not inside:
            raise UsageError(f"{place}: no WARC files there; their names end in {', '.join(WARC_ENDS)}")
        found += inside if place.is_dir() else [place]
    return list(dict.fromkeys(found))


def _read_files(
    paths: Sequence[Path], output: str, means: Means, branches: tuple[str, ...], wanted: LineFilter, *, json: bool
) -> int:
    found, lines = Gleaned(), 0

    def is_wanted(exchange: Exchange) -> bool:
        capture = exchange.capture
        if wanted.since and utc_text(capture.started_at)[:10] < wanted.since:
            return False
        branch = find_branch(means.portal, capture.url) if branches else None
        return not branches or (branch is not None and branch.code in branches)

    with _opened(output) as file:
        for line in glean(paths, means, found, is_wanted):
            if wanted.takes(line):
                file.write(encode_line(line) + b"\n")
                lines += 1
    told = {
        "files": len(paths),
        "lines": lines,
        "pages": found.pages,
        "unresolved": found.unresolved,
        "unread": found.unread,
        "damaged": found.faults,
    }
    summary = (
        f"{terminal.counted(lines, 'line')} out of {terminal.counted(found.pages, 'page')}"
        f" in {terminal.counted(len(paths), 'file')}"
    )
    if found.unresolved:
        summary += f", {found.unresolved} revisits of what is not in these files"
    _tell(told, summary, found.faults, found.unread, json=json, to_err=output == "-")
    return FINDINGS if found.faults or found.unread else DONE


@contextmanager
def _opened(output: str) -> Iterator[BinaryIO]:
    """Open the file for the lines; it bears its name only when it is whole."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(output)
    if target.is_dir():
        raise UsageError(f"--out {output}: is a folder; name the file for the lines")
    if target.name.endswith(WARC_ENDS):
        raise UsageError(f"--out {output}: has the name of a WARC file; name the file for the lines, e.g. lines.jsonl")
    if not target.parent.is_dir():
        raise UsageError(f"--out {output}: there is no folder {target.parent}; make it first")
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _keep(
    found: Collection, target: Path, means: Means, branches: tuple[str, ...], wanted: LineFilter, *, json: bool
) -> int:
    refuse_foreign(target)
    with fresh_folder(target.absolute().with_name(f".{target.absolute().name}.partial")) as fresh:
        done = reread(found, fresh, means, Choice(branches=branches), lambda _: None)
        if kept := keep_beside(fresh, target, wanted):
            done.lines, done.events = kept
    return _tell_reread(done, f"in {target}", str(target), json=json)


def _swap(found: Collection, means: Means, *, json: bool) -> int:
    lost = missing_files(found)
    with fresh_folder(found.folder / FRESH) as fresh:
        done = reread(found, fresh, means, Choice(with_open=True), lambda _: None)
    aside = free_folder(found.folder, "before-reextract")
    put_in_place(found, fresh, aside)
    remake_views(found)
    return _tell_reread(done, f"are in place; the old lines lie in {aside}", str(aside), lost, json=json)


def _compare(found: Collection, means: Means, branches: tuple[str, ...], wanted: LineFilter, *, json: bool) -> int:
    def is_wanted(line: ArticleLine) -> bool:
        # A file that a run still writes is not read.
        is_read = line.pressmark is not None and (found.archive / line.pressmark.file).exists()
        return is_read and (not branches or line.branch in branches) and wanted.takes(line)

    changes = FieldChanges(found.articles, is_wanted)
    beside = found.folder if os.access(found.folder, os.W_OK) else None
    with TemporaryDirectory(prefix=".comparing-", dir=beside) as folder:
        done = reread(found, Path(folder) / "lines", means, Choice(branches=branches), changes.add)
    differences = changes.finish()
    if json:
        print_json({"extractor": EXTRACTOR_VERSION, "changes": differences, "damaged": done.faults})
    else:
        print_faults(done.faults)
        print_changes(differences)
    return FINDINGS if differences.differs or done.faults else DONE


def _tell_reread(done: Reread, where: str, folder: str, lost: Iterable[str] = (), *, json: bool) -> int:
    told = {
        "files": done.files,
        "lines": done.lines,
        "events": done.events,
        "extractor": EXTRACTOR_VERSION,
        "folder": folder,
        "unread": done.unread,
        "damaged": done.faults,
        "missing": sorted(lost),
    }
    if not json:
        print_missing(lost)
    summary = (
        f"{terminal.counted(done.lines, 'line')} and {terminal.counted(done.events, 'event')}"
        f" out of {terminal.counted(done.files, 'WARC file')} {where}"
    )
    _tell(told, summary, done.faults, done.unread, json=json)
    return FINDINGS if done.faults or done.unread or told["missing"] else DONE


def _tell(
    told: dict[str, object],
    summary: str,
    faults: Sequence[Fault],
    unread: Sequence[tuple[str, str]],
    *,
    json: bool,
    to_err: bool = False,
) -> None:
    console = err if to_err else out
    if json:
        console.print(msgspec.json.encode(told).decode(), markup=False, soft_wrap=True)
        return
    print_faults(faults)
    for url, why in unread[:5]:
        err.print(f"{url}: cannot be read ({why})", markup=False, soft_wrap=True)
    console.print(f"{summary}, {len(faults) or 'no'} damaged places, {len(unread) or 'no'} pages unread", markup=False)
