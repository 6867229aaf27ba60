"""Options and exit codes that the commands share."""

import re
import sys
from pathlib import Path
from typing import Annotated, TextIO

import msgspec
import typer
from rich.console import Console

from crawler.collection import Collection
from crawler.configuration import DEFAULT_FILE, find_configuration
from crawler.errors import UsageError
from crawler.reading.portals import Portal

DONE, FAILED, USAGE, FINDINGS, LOCKED, INTERRUPTED = 0, 1, 2, 3, 75, 128

PortalOption = Annotated[str, typer.Option("--portal", help="A portal's name, or its TOML file.")]
DataOption = Annotated[Path, typer.Option("--data", help="The folder that holds the collections.")]
CollectionOption = Annotated[str, typer.Option("--collection", help="The collection  [default: the portal's name]")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DelayOption = Annotated[float | None, typer.Option(min=0, help="At least so many seconds between requests to a host.")]
ConnectToOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST:ADDRESS", help="Connect there for a host, e.g. '*.test:127.0.0.1:8000'. May be repeated."
    ),
]
InsecureTlsOption = Annotated[
    bool,
    typer.Option("--insecure-tls", help="Go on where a certificate is bad; what is wrong with it is told."),
]
ContactOption = Annotated[
    str,
    typer.Option(envvar="PRESSMARK_CONTACT", help="Your address or page, told to the portal in the User-Agent."),
]
ProxyOption = Annotated[
    str, typer.Option(metavar="URL", help="Send all requests through a proxy, e.g. http://proxy.example:3128.")
]
LogFormatOption = Annotated[str, typer.Option(metavar="human|json", help="How log lines look.")]
LogLevelOption = Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")]


def _use_configuration(context: typer.Context, file: Path | None) -> Path | None:
    """Let the file's values stand in for the options that are not on the command line."""
    configuration = find_configuration(file)
    context.obj = configuration
    values = {**configuration.crawl, "metrics_port": configuration.metrics.port}
    # A backfill has a budget of its own, and names its branches and days itself.
    kept_out = set() if context.info_name == "crawl" else {"branches", "since", "limit", "max_requests", "max_minutes"}
    context.default_map = {key: value for key, value in values.items() if key not in kept_out}
    return file


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        callback=_use_configuration,
        is_eager=True,
        help=f"The configuration; options win over it.  [default: ./{DEFAULT_FILE} if it is there]",
        show_default=False,
    ),
]

# Lines for programs are never folded.
PIPED_WIDTH = 200


def _console(stream: TextIO) -> Console:
    piped = not stream.isatty()
    # A portal's text may hold what rich takes for the code of an emoji, such as :car:.
    return Console(file=stream, highlight=False, emoji=False, soft_wrap=piped, width=PIPED_WIDTH if piped else None)


out = _console(sys.stdout)
err = _console(sys.stderr)


def existing_collection(data: Path, name: str, portal: Portal) -> Collection:
    """Return a collection that has been crawled. Raises UsageError where there is none."""
    collection = Collection(data / "collections" / (name or portal.name))
    if not collection.state.exists():
        raise UsageError(f"{collection.folder}: no collection there; name its folder with --data, or crawl first")
    return collection


def checked_level(name: str) -> str:
    """Return the level of --log-level in capitals. Raises UsageError for another word."""
    if name.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise UsageError(f"--log-level {name}: not a level; take DEBUG, INFO, WARNING or ERROR")
    return name.upper()


def checked_proxy(url: str) -> str:
    """Return the address of --proxy, "" for none. Raises UsageError where it is no address of a proxy."""
    if url and not re.fullmatch(r"http://(?:[^\s/@]+@)?[^\s/@]+/?", url):
        raise UsageError(
            f"--proxy {url}: no address of a proxy; write http://host:port or http://name:password@host:port"
        )
    return url


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=1)
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.buffer.flush()
