"""The command that checks: WARC, ARC and WACZ files, and a whole collection with its indexes and lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from archive.__main__ import find_all
from archive.findings import Finding
from archive.pressmark import Pressmark
from archive.verify import CitedLine
from archive.verify import verify as verify_files
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
)
from crawler.folding.changes import decode_event
from crawler.lines import ArticleLine, decode_line
from crawler.reading.portals import find_portal
from crawler.rereading.replacing import kept_lines
from crawler.store.collection import Collection, LockedError


def verify(
    files: Annotated[
        list[Path] | None, typer.Argument(help="WARC, ARC or WACZ files of any tool; the whole collection by default.")
    ] = None,
    *,
    json: JsonOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Check every byte that another byte states something about; exit code 3 with findings.

    Members, digests, headers, references, revisits, indexes, packages, and that each article line's pressmark leads to
    its record.

    Example: pressmark verify --collection chinanews
    """
    if files:
        return _print(find_all(files), len(files), json=json)
    name = collection or find_portal(portal).name
    folder = Collection(data / "collections" / name)
    if not folder.archive.is_dir():
        raise no_collection(folder)
    at_work = _is_at_work(folder)
    if at_work:
        err.print(f"{folder.folder}: a run is at work; the file it writes is left out", markup=False, soft_wrap=True)
    warcs = sorted(path for path in folder.archive.iterdir() if _is_checked(path, with_open=not at_work))
    findings = verify_files(
        warcs,
        indexes=sorted(path for path in folder.indexes.glob("*.cdxj") if not path.name.startswith(".")),
        lines=cite_lines(folder, frozenset(path.name.removesuffix(".open") for path in warcs)),
        complete=not at_work,
        lines_complete=not kept_lines(folder),
        on_file=_show_progress if err.is_terminal and not json else None,
    )
    return _print(findings, len(warcs), json=json)


def cite_lines(collection: Collection, checked: frozenset[str]) -> Iterator[CitedLine | Finding]:
    """Yield the article lines of a collection with the pressmarks in them; a finding for each that cannot be read.

    Pressmarks in files that are there and not among those `checked` (a run writes them just now) are left out.
    """
    # Lines that were read anew have no conversion record; those that the crawl wrote have one, and were kept aside.
    paths = [
        *collection.articles.glob("*/*.jsonl"),
        *(path for kept in kept_lines(collection) for path in kept.glob("*/*.jsonl")),
    ]
    for path in sorted(paths):
        name, offset = str(path.relative_to(collection.folder)), 0
        with path.open("rb") as file:
            for text in file:
                yield _cite(text, name, offset, collection, checked)
                offset += len(text)
    yield from _cite_tidings(collection)


def _cite_tidings(collection: Collection) -> Iterator[CitedLine | Finding]:
    """Yield the withdrawals and returns of the ledger, each of which stands in a conversion record, too."""
    if not collection.changes.exists():
        return
    name, offset = collection.changes.name, 0
    with collection.changes.open("rb") as file:
        for text in file:
            try:
                event = decode_event(text)
            except msgspec.DecodeError as error:
                message = f"{error}; rebuild the ledger"
                yield Finding(file=name, offset=offset, record_id=None, rule="line", message=message)
            else:
                if event.type in {"withdrawn", "restored"}:
                    told = text.removesuffix(b"\n")
                    yield CitedLine(file=name, offset=offset, text=told, source=event.record_id, pressmarks=())
            offset += len(text)


def _cite(text: bytes, name: str, offset: int, collection: Collection, checked: frozenset[str]) -> CitedLine | Finding:
    try:
        line = decode_line(text)
    except msgspec.DecodeError as error:
        return Finding(file=name, offset=offset, record_id=None, rule="line", message=f"{error}; rebuild the lines")
    if line.pressmark is None:
        message = "a line of a collection without a pressmark; rebuild the lines"
        return Finding(file=name, offset=offset, record_id=None, rule="line-pressmark", message=message)
    marks = (line.pressmark, *_other_marks(line))
    known = tuple(mark for mark in marks if mark.file in checked or not _is_there(collection, mark.file))
    source = line.pressmark.record_id
    return CitedLine(file=name, offset=offset, text=text.removesuffix(b"\n"), source=source, pressmarks=known)


def _other_marks(line: ArticleLine) -> list[Pressmark]:
    marks = [page.pressmark for page in line.pages] + [image.pressmark for image in line.images]
    return [mark for mark in marks if mark]


def _is_there(collection: Collection, file: str) -> bool:
    return any((collection.archive / name).exists() for name in (file, f"{file}.open"))


def _is_checked(path: Path, *, with_open: bool) -> bool:
    name = path.name.removesuffix(".open") if with_open else path.name
    return path.is_file() and name.endswith((".warc.gz", ".warc", ".arc.gz", ".arc"))


def _is_at_work(collection: Collection) -> bool:
    """Tell whether a run holds the collection; where no lock can be taken at all, none can write either."""
    try:
        collection.lock().close()
    except LockedError:
        return True
    except OSError:
        return False
    return False


def _print(findings: Iterator[Finding], files: int, *, json: bool) -> int:
    count = 0
    for count, finding in enumerate(findings, start=1):  # noqa: B007 - the last number is the count
        if json:
            out.print(msgspec.json.encode(finding).decode(), markup=False, soft_wrap=True)
        else:
            out.print(finding.describe(), markup=False, soft_wrap=True)
    if not json:
        out.print(f"{files} {'file' if files == 1 else 'files'}, {count or 'no'} findings")
    return FINDINGS if count else DONE


def _show_progress(path: Path) -> None:
    err.print(path.name, markup=False, soft_wrap=True)
