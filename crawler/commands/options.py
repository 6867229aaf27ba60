"""Options and exit codes that the commands share."""

from pathlib import Path
from typing import Annotated

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

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def existing_collection(data: Path, name: str, portal: Portal) -> Collection:
    """Return a collection that has been crawled. Raises UsageError where there is none."""
    collection = Collection(data / "collections" / (name or portal.name))
    if not collection.state.exists():
        raise UsageError(f"{collection.folder}: no collection there; name its folder with --data, or crawl first")
    return collection
