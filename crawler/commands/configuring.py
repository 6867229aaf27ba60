"""The option `--config`, and `pressmark config`: what the file sets, and what is in force."""

import inspect
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from crawler.commands.crawl import crawl
from crawler.commands.options import DONE, out
from crawler.configuration import DEFAULT_FILE, Configuration, crawl_keys, duration_text, find_configuration, size_text

FileArgument = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help=f"The file  [default: ./{DEFAULT_FILE}]", show_default=False)
]

app = typer.Typer(help="Check the configuration, or show what is in force.", no_args_is_help=True)


@app.command()
def check(file: FileArgument = None) -> int:
    """Check a configuration, and tell what it sets; exit code 2 for a wrong key or value.

    Example: pressmark config check /etc/pressmark/pressmark.toml
    """
    path = file or DEFAULT_FILE
    configuration = find_configuration(path)
    out.print(f"{path}: fine; sets {', '.join(configuration.keys) or 'nothing'}", markup=False, soft_wrap=True)
    return DONE


@app.command()
def show(file: FileArgument = None) -> int:
    """Print the values in force as TOML: those of the file, and the defaults of all else.

    Example: pressmark config show
    """
    configuration = find_configuration(file)
    out.print(f"# {configuration.path or 'no file: the defaults'}", markup=False, soft_wrap=True)
    last = ""
    for table, key, value in _values(configuration):
        if table != last:
            out.print(f"\n[{table}]", markup=False)
            last = table
        if value is None or value in ("", ()):
            text = f"# {key} is not set"
        else:
            text = f"{key} = {_toml(key, value)}{'' if f'{table}.{key}' in configuration.keys else '  # default'}"
        out.print(text, markup=False, soft_wrap=True)
    return DONE


def _values(configuration: Configuration) -> Iterator[tuple[str, str, Any]]:
    """Yield table, key and the value in force."""
    parameters = inspect.signature(crawl).parameters
    for key in crawl_keys():
        yield "crawl", key, configuration.crawl.get(key, parameters[key].default)
    for table, part in (
        ("schedule", configuration.schedule),
        ("alarms", configuration.alarms),
        ("metrics", configuration.metrics),
    ):
        for one in fields(part):
            yield table, one.name, getattr(part, one.name)


def _toml(key: str, value: Any) -> str:
    """Return a value as TOML, which is JSON for texts, numbers and lists."""
    plain = size_text(value) if key == "disk_free" else _plain(value)
    return msgspec.json.encode(plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if hasattr(value, "under"):
        return [duration_text(value.under), duration_text(value.every)]
    return value
