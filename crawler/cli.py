"""The `pressmark` command: its parts, and how it ends."""

import signal
import sys

import typer

from archive.errors import ArchiveError
from crawler.collection import LockedError
from crawler.commands import configuring, history, look, status
from crawler.commands.backfill import backfill
from crawler.commands.branches import branches
from crawler.commands.crawl import crawl
from crawler.commands.fixture import fixture
from crawler.commands.options import DONE, FAILED, INTERRUPTED, LOCKED, USAGE, err
from crawler.commands.pack import pack
from crawler.commands.probe import probe
from crawler.commands.replay import replay
from crawler.commands.verify import verify
from crawler.errors import CrawlerError, UsageError


def _exit(code: int) -> None:
    raise typer.Exit(code)


app = typer.Typer(
    name="pressmark",
    help="Archive news portals: every exchange in WARC files, every article as a JSON line that names its bytes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    result_callback=_exit,
)
for command in (
    crawl,
    backfill,
    probe,
    look.extract,
    look.show,
    history.diff,
    history.changes,
    branches,
    status.status,
    status.runs,
    verify,
    pack,
    replay,
    fixture,
):
    app.command()(command)
app.add_typer(configuring.app, name="config", result_callback=_exit)


def main() -> None:
    """Run the command and exit with a code of the README's table; wrong options end in typer, with 2."""
    code = DONE
    try:
        app()
    except (UsageError, LockedError, CrawlerError, ArchiveError) as error:
        code = _say(str(error), _code_of(error))
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does.
        code = INTERRUPTED + signal.SIGPIPE
    except OSError as error:
        code = _say(f"{error.filename or 'input'}: {error.strerror or error}", FAILED)
    sys.exit(code)


def _code_of(error: Exception) -> int:
    if isinstance(error, UsageError):
        return USAGE
    return LOCKED if isinstance(error, LockedError) else FAILED


def _say(message: str, code: int) -> int:
    err.print(f"pressmark: {message}", markup=False, soft_wrap=True)
    return code
