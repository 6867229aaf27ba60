"""Options and exit codes that the commands share."""

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, TextIO

import msgspec
import typer
from rich.console import Console

from crawler.configuration import DEFAULT_FILE, collection_fault, find_configuration
from crawler.errors import UsageError
from crawler.reading.portals import Portal
from crawler.store.collection import Collection

DONE, FAILED, USAGE, FINDINGS, LOCKED, INTERRUPTED = 0, 1, 2, 3, 75, 128

# Where a collection lies, and what bounds a crawl: keys of the configuration.
PLACES = frozenset({"data", "collection", "portal"})
CRAWL_ALONE = frozenset({"branches", "since", "limit", "max_requests", "max_minutes"})


def _check_collection(name: str) -> str:
    if name and (fault := collection_fault(name)):
        raise UsageError(f"--collection {name}: must be {fault}")
    return name


PortalOption = Annotated[str, typer.Option("--portal", help="A portal's name, or its TOML file.")]
DataOption = Annotated[Path, typer.Option("--data", help="The folder that holds the collections.")]
CollectionOption = Annotated[
    str,
    typer.Option("--collection", callback=_check_collection, help="The collection  [default: the portal's name]"),
]
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
RequisitesOption = Annotated[
    bool,
    typer.Option(
        "--requisites/--no-requisites", help="Capture the style sheets, scripts and pictures that pages show."
    ),
]
KeepOpenOption = Annotated[
    str, typer.Option(metavar="run|day", help="A WARC file ends with the run, or (for cron) with its UTC day.")
]
DigestOption = Annotated[str, typer.Option(metavar="sha1|sha256", help="The digests in WARC files and lines.")]
PayloadDigestOption = Annotated[
    str,
    typer.Option(
        metavar="always|omit-when-chunked",
        help="Leave the header WARC-Payload-Digest out where warcio and fastwarc take it for wrong.",
    ),
]
MaxRequestsOption = Annotated[int | None, typer.Option(min=0, help="At most so many requests.")]
MaxMinutesOption = Annotated[
    float | None, typer.Option(min=0, help="Ask for nothing more after so many minutes; the rest waits.")
]
MetricsPortOption = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Serve metrics on this port of 127.0.0.1 during the run.")
]
LogFormatOption = Annotated[str, typer.Option(metavar="human|json", help="How log lines look.")]
LogLevelOption = Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")]


# More than any collection has.
MOST_SHOWN = 1_000_000_000

# Lines for programs are never folded or cut, rows of tables neither: wider than any path or text.
PIPED_WIDTH = 1_000_000


def _console(stream: TextIO) -> Console:
    piped = not stream.isatty()
    # A portal's text may hold what rich takes for the code of an emoji, such as :car:.
    return Console(file=stream, highlight=False, emoji=False, soft_wrap=piped, width=PIPED_WIDTH if piped else None)


out = _console(sys.stdout)
err = _console(sys.stderr)


def configured(command: Callable[..., int]) -> Callable[..., int]:
    """Return a command with the option `--config`, by which one file holds for all commands.

    The command line gives it to every command that takes one of DataOption, CollectionOption and PortalOption. The file
    named, else ./pressmark.toml, then stands in for the options that are not given, by name: a command gets the file's
    `data` by having a parameter `data`. What bounds one crawl (CRAWL_ALONE) is for `crawl` alone: elsewhere these names
    have meanings of their own. Tables beside `[crawl]` are in `context.find_object(Configuration)`. Raises UsageError
    where the file is wrong.
    """
    signature = inspect.signature(command)
    if PLACES.isdisjoint(signature.parameters):
        return command

    @wraps(command)
    def run(*arguments: object, config: Path | None = None, **options: object) -> int:  # noqa: ARG001 - its callback has read the file
        return command(*arguments, **options)

    option = inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ConfigOption)
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), option]
    )
    run.__annotations__ = {**command.__annotations__, "config": ConfigOption}
    return run


def _use_configuration(context: typer.Context, file: Path | None) -> Path | None:
    """Let the file's values stand in for the options that are not on the command line."""
    configuration = find_configuration(file)
    context.obj = configuration
    values = {**configuration.crawl, "metrics_port": configuration.metrics.port}
    kept_out = set() if context.info_name == "crawl" else CRAWL_ALONE
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


def existing_collection(data: Path, name: str, portal: Portal) -> Collection:
    """Return a collection that has been crawled. Raises UsageError where there is none."""
    collection = Collection(data / "collections" / (name or portal.name))
    if not collection.state.exists():
        raise no_collection(collection)
    return collection


def no_collection(collection: Collection) -> UsageError:
    """Return the error of a collection that is not there, which names those that are."""
    found = sorted(path.parent.name for path in collection.folder.parent.glob("*/archive"))
    others = [name for name in found if name != collection.folder.name]
    there = f"name one of those there with --collection ({', '.join(others[:5])})" if others else "crawl first"
    return UsageError(
        f"{collection.folder}: no collection there; {there}, or name another folder with --data or --config"
    )


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=1)
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.buffer.flush()
