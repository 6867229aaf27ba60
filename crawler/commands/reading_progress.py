"""How far the WARC files have been read, on a terminal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from archive.files import OPEN_SUFFIX
from archive.iteration import Fault
from crawler.commands.options import err

_SHOWN = 20


@contextmanager
def reading_progress(title: str, paths: Sequence[Path]) -> Iterator[Callable[[str, int], None]]:
    """Give a function that is told of the file and of the offset up to which it was read; silent in a pipe."""
    if not err.is_terminal:
        yield _say_nothing
        return
    sizes = {path.name.removesuffix(OPEN_SUFFIX): path.stat().st_size for path in paths}
    read: dict[str, int] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=sum(sizes.values()))

        def tell(name: str, offset: int) -> None:
            bar.advance(task, offset - read.get(name, 0))
            read[name] = offset

        yield tell


def _say_nothing(name: str, offset: int) -> None:
    pass


def print_missing(names: Iterable[str]) -> None:
    """Name the WARC files that lines name and that are not there."""
    for name in sorted(names):
        err.print(f"{name}: no such WARC file, and lines name it; bring it back", markup=False, soft_wrap=True)


def print_faults(faults: Sequence[Fault]) -> None:
    """Name the places that could not be read, the first of them in full."""
    for fault in faults[:_SHOWN]:
        err.print(fault.describe(), markup=False, soft_wrap=True)
    if len(faults) > _SHOWN:
        err.print(f"and {len(faults) - _SHOWN} more damaged places; `pressmark verify` names them all")
