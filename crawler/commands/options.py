"""Options and exit codes that the commands share."""

import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console

from crawler.collection import Collection
from crawler.errors import UsageError
from crawler.reading.portals import Portal

DONE, FAILED, USAGE, FINDINGS, LOCKED, INTERRUPTED = 0, 1, 2, 3, 75, 128

PortalOption = Annotated[str, typer.Option("--portal", help="A portal's name, or its TOML file.")]
DataOption = Annotated[Path, typer.Option("--data", help="The folder that holds the collections.")]
CollectionOption = Annotated[str, typer.Option("--collection", help="The collection  [default: the portal's name]")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

# Lines for programs are never folded.
PIPED_WIDTH = 200


def _console(stream: TextIO) -> Console:
    piped = not stream.isatty()
    return Console(file=stream, highlight=False, soft_wrap=piped, width=PIPED_WIDTH if piped else None)


out = _console(sys.stdout)
err = _console(sys.stderr)


def existing_collection(data: Path, name: str, portal: Portal) -> Collection:
    """Return a collection that has been crawled. Raises UsageError where there is none."""
    collection = Collection(data / "collections" / (name or portal.name))
    if not collection.state.exists():
        raise UsageError(f"{collection.folder}: no collection there; name its folder with --data, or crawl first")
    return collection
