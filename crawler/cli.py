"""The `pressmark` command: its parts, and how it ends."""

import signal
import sqlite3
import sys
from collections.abc import Mapping
from importlib import import_module

import typer

from archive.errors import ArchiveError
from crawler.commands.options import DONE, FAILED, INTERRUPTED, LOCKED, USAGE, configured, err
from crawler.errors import CrawlerError, UsageError
from crawler.store.collection import LockedError

# Each command by its name, with the module that holds a function of that name, or an app of its own. Only the module of
# the command that is called is loaded: a crawl loads Scrapy, which takes a second, the others do not.
COMMANDS: Mapping[str, str] = {
    "crawl": "crawl",
    "backfill": "backfill",
    "probe": "probe",
    "extract": "look",
    "show": "look",
    "diff": "history",
    "search": "search",
    "reprints": "reprints",
    "changes": "history",
    "trace": "trace",
    "branches": "branches",
    "status": "status",
    "runs": "status",
    "verify": "verify",
    "rebuild": "rebuild",
    "reextract": "reextract",
    "pack": "pack",
    "export": "export",
    "replay": "replay",
    "fixture": "fixture",
    "config": "configuring",
}


def _exit(code: int) -> None:
    raise typer.Exit(code)


def make_app(called: str | None) -> typer.Typer:
    """Return the command with the part that is called, with all parts where that is none of them."""
    app = typer.Typer(
        name="pressmark",
        help="Archive news portals: every exchange in WARC files, every article as a JSON line that names its bytes.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        result_callback=_exit,
    )
    # Without it typer takes a lone command for the whole.
    app.callback()(lambda: None)
    for name in (called,) if called and called in COMMANDS else COMMANDS:
        module = import_module(f"crawler.commands.{COMMANDS[name]}")
        if hasattr(module, name):
            app.command(name)(configured(getattr(module, name)))
        else:
            app.add_typer(module.app, name=name, result_callback=_exit)
    return app


def main() -> None:
    """Run the command and exit with a code of the README's table; wrong options end in typer, with 2."""
    signal.signal(signal.SIGTERM, _stop)
    code = DONE
    try:
        make_app(sys.argv[1] if len(sys.argv) > 1 else None)()
    except (UsageError, LockedError, CrawlerError, ArchiveError) as error:
        code = _say(str(error), _code_of(error))
    except KeyboardInterrupt:
        # Before typer has begun, or after its end.
        code = INTERRUPTED + signal.SIGINT
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does.
        code = INTERRUPTED + signal.SIGPIPE
    except sqlite3.Error as error:
        code = _say(f"a database of the collection fails ({error}); `pressmark rebuild` makes them again", FAILED)
    except OSError as error:
        code = _say(f"{error.filename or 'input'}: {error.strerror or error}", FAILED)
    sys.exit(code)


def _stop(number: int, _frame: object) -> None:
    """End as on Ctrl-C, so that everything is closed and what was half done goes; a crawl has its own way to stop."""
    sys.exit(INTERRUPTED + number)


def _code_of(error: Exception) -> int:
    if isinstance(error, UsageError):
        return USAGE
    return LOCKED if isinstance(error, LockedError) else FAILED


def _say(message: str, code: int) -> int:
    err.print(f"pressmark: {message}", markup=False, soft_wrap=True)
    return code
