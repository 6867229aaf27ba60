"""`pressmark export`: make a data set of a collection, or of a part of it."""

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args

import typer

from crawler.commands import terminal
from crawler.commands.options import (
    DONE,
    FINDINGS,
    CollectionOption,
    DataOption,
    JsonOption,
    PortalOption,
    err,
    no_collection,
    out,
    print_json,
)
from crawler.errors import UsageError
from crawler.fetching.plan import choose_branches
from crawler.reading.portals import Portal, find_portal
from crawler.store.collection import Collection
from crawler.views.export.choice import SUFFIXES, Choice, Compression, Format, Part
from crawler.withholding import find_withheld

_SHOWN_FAULTS = 5


def export(
    place: Annotated[
        Path, typer.Argument(metavar="OUT", help="The folder to write; one that an export made is replaced.")
    ],
    *,
    branch: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this branch. May be repeated.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was published on this day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was published on this day or before.")
    ] = None,
    latest: Annotated[
        bool, typer.Option("--latest/--versions", help="One line per article, its newest version, or one per version.")
    ] = True,
    text_only: Annotated[
        bool, typer.Option("--text-only", help="Only the texts, with what is needed to cite them.")
    ] = False,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="No texts: only metadata, counts, digests and pressmarks.")
    ] = False,
    with_images: Annotated[
        bool, typer.Option("--with-images", help="Copy the captured pictures out of the WARC files, too.")
    ] = False,
    compression: Annotated[str, typer.Option(metavar="gzip|zstd", help="How JSON Lines are compressed.")] = "gzip",
    format_: Annotated[
        str, typer.Option("--format", metavar="jsonl,parquet", help="The formats of the tables.")
    ] = "jsonl,parquet",
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Make a data set: JSON Lines and Parquet with schema, manifest, datasheet, checksums. Same lines, same bytes.

    Days are days of publication as the pages print them. Articles in the collection's takedowns.txt are withheld.

    Example: pressmark export js-2025 --branch js --since 2025-01-01 --until 2025-12-31
    """
    described = find_portal(portal)
    choice = Choice(
        branches=tuple(one.code for one in choose_branches(described, tuple(branch))) if branch else (),
        since=since.date() if since else None,
        until=until.date() if until else None,
        latest=latest,
        part=_part(text_only=text_only, no_text=no_text),
        pictures=with_images,
        compression=_compression(compression),
        formats=_formats(format_),
    )
    _check(choice)
    found = _collection(data, collection or described.name)
    if place.resolve().is_relative_to(found.folder.resolve()):
        raise UsageError(f"{place}: lies inside the collection; name a folder outside of {found.folder}")
    return _export(found, place, described, choice, json=json)


def _export(collection: Collection, place: Path, portal: Portal, choice: Choice, *, json: bool) -> int:
    # Arrow takes half a second, which --help and a wrong option need not pay.
    from crawler.views.export.writing import export as write  # noqa: PLC0415

    with _Progress(shown=err.is_terminal and not json) as progress:
        done = write(collection, place.resolve(), portal, choice, progress.tell)
    made = done.made
    told = {
        "folder": str(done.place),
        "digest": made.digest,
        "articles": made.counts.articles,
        "lines": made.counts.lines,
        "withheld": made.counts.withheld,
        "unknown_takedowns": find_withheld(collection).unknown if collection.state.exists() else (),
        "undated_left_out": made.counts.undated if choice.is_dated else 0,
        "files": done.files,
        "bytes": done.bytes,
        "missing_warcs": done.missing_warcs,
        "broken_pictures": done.broken_pictures,
    }
    if json:
        print_json(told)
    else:
        _print(place, told, made.title)
    return FINDINGS if done.missing_warcs or done.broken_pictures else DONE


def _print(place: Path, told: dict[str, object], title: str) -> None:
    size = terminal.human_bytes(int(str(told["bytes"])))
    left_out = [f"{told[key]:,} {what}" for key, what in _LEFT_OUT.items() if told[key]]
    counts = ", ".join(terminal.counted(int(str(told[f"{noun}s"])), noun) for noun in ("article", "line", "file"))
    also = f"; left out: {', '.join(left_out)}" if left_out else ""
    out.print(
        f"{place}: {title}; {counts}, {size}{also}",
        markup=False,
        soft_wrap=True,
    )
    for key, what in _TOLD.items():
        faults = told[key]
        assert isinstance(faults, tuple)
        if faults:
            out.print(f"{what}: {len(faults)}", style="yellow")
        for fault in faults[:_SHOWN_FAULTS]:
            out.print(f"  {fault}", markup=False, soft_wrap=True)
        if len(faults) > _SHOWN_FAULTS:
            out.print(f"  and {len(faults) - _SHOWN_FAULTS} more; --json names them all")


_LEFT_OUT = {"withheld": "withheld", "undated_left_out": "without a day of publication"}
_TOLD = {
    "unknown_takedowns": "Names in takedowns.txt of which the collection knows no article",
    "missing_warcs": "WARC files that lines point to and that are not there",
    "broken_pictures": "Pictures that could not be copied",
}


def _part(*, text_only: bool, no_text: bool) -> Part:
    if text_only and no_text:
        raise UsageError("--text-only and --no-text: leave nothing; choose one")
    return "text" if text_only else "bare" if no_text else "full"


def _compression(name: str) -> Compression:
    if name not in SUFFIXES:
        raise UsageError(f"--compression {name}: not known; take {' or '.join(SUFFIXES)}")
    return "zstd" if name == "zstd" else "gzip"


def _formats(text: str) -> tuple[Format, ...]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in get_args(Format):
            raise UsageError(
                f"--format {text}: {name or 'nothing'!r} is no format; take jsonl, parquet, or both with a comma"
            )
    return tuple(known for known in get_args(Format) if known in names)


def _check(choice: Choice) -> None:
    if choice.since and choice.until and choice.since > choice.until:
        raise UsageError(f"--since {choice.since}: is after --until {choice.until}; exchange the two")


def _collection(data: Path, name: str) -> Collection:
    collection = Collection(data / "collections" / name)
    if not collection.articles.is_dir():
        raise no_collection(collection)
    return collection


class _Progress:
    """One line on the terminal that is written over; nothing where there is none."""

    def __init__(self, *, shown: bool) -> None:
        self._status = err.status("Reading lines") if shown else None
        self._next = 0.0

    def __enter__(self) -> "_Progress":
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def tell(self, what: str, done: int, whole: int) -> None:
        """Show how far the work is, a few times a second."""
        if self._status and time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.2
            self._status.update(f"{what}: {100 * done // max(whole, 1)} %")
