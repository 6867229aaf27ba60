"""The command that makes a collection's views again from its WARC files."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from crawler.commands import terminal
from crawler.commands.options import (
    DONE,
    FINDINGS,
    CollectionOption,
    DataOption,
    JsonOption,
    PortalOption,
    no_collection,
    out,
)
from crawler.commands.reading_progress import print_faults, print_missing, reading_progress
from crawler.commands.remaking import remake_views
from crawler.configuration import Configuration
from crawler.reading.portals import find_portal
from crawler.rereading.rebuilding import Rebuilt
from crawler.rereading.rebuilding import rebuild as rebuild_views
from crawler.store.collection import Collection


def rebuild(
    context: typer.Context,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what was there, in a folder before-rebuild of the collection.")
    ] = False,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Make articles, changes, indexes, digests and state again from the WARC files alone.

    The lines are copied from their conversion records, so they are what the crawl wrote, whatever the present Pressmark
    would read; `reextract` reads anew. Everything is made beside what is there and takes its place at the end. Damaged
    records are passed over and named; exit code 3. Where lines name WARC files that are not there, what was there is
    kept as with --keep, for the lines of these files cannot be made again; exit code 3, too.

    Example: pressmark rebuild --collection chinanews
    """
    configuration = context.find_object(Configuration) or Configuration()
    described = find_portal(portal)
    found = Collection(data / "collections" / (collection or described.name))
    if not found.archive.is_dir():
        raise no_collection(found)
    warcs = [path for path in found.archive.iterdir() if ".warc.gz" in path.name]
    with closing(found.lock()), reading_progress("Rebuilding", warcs) as tell:
        rebuilt = rebuild_views(found, described, configuration.schedule, on_progress=tell, keep=keep)
        remake_views(found)
    _print(rebuilt, json=json)
    return FINDINGS if rebuilt.faults or rebuilt.missing else DONE


def _print(rebuilt: Rebuilt, *, json: bool) -> None:
    missing = sorted(rebuilt.missing)
    if json:
        told = {
            "files": rebuilt.files,
            "lines": rebuilt.lines,
            "events": rebuilt.events,
            "damaged": rebuilt.faults,
            "missing": missing,
            "kept": str(rebuilt.kept) if rebuilt.kept else None,
        }
        out.print(msgspec.json.encode(told).decode(), markup=False, soft_wrap=True)
        return
    print_faults(rebuilt.faults)
    print_missing(missing)
    kept = f"; what was there lies in {rebuilt.kept}" if rebuilt.kept else ""
    out.print(
        f"{terminal.counted(rebuilt.lines, 'line')} and {terminal.counted(rebuilt.events, 'event')}"
        f" from {terminal.counted(rebuilt.files, 'WARC file')},"
        f" {len(rebuilt.faults) or 'no'} damaged places{kept}",
        markup=False,
        soft_wrap=True,
    )
