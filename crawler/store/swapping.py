"""Let files and folders that were made beside take the place of old ones, all or none, also through a crash.

The names are journalled before the first is moved; whoever takes the collection's lock next finishes what a crash has
cut short.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from archive.files import sync_folder

JOURNAL = ".swap.json"
# SQLite's side files belong to the database that goes.
SIDES = ("-wal", "-shm")


class _Journal(msgspec.Struct, frozen=True, kw_only=True):
    """Folders and names inside a collection; the old is thrown away at the end unless `keep`; `gone` has no new one."""

    fresh: str
    aside: str
    names: tuple[str, ...]
    keep: bool
    gone: tuple[str, ...] = ()


def swap(  # noqa: PLR0913 - three folders, and what is done with which names
    folder: Path, fresh: Path, names: Sequence[str], aside: Path, *, keep: bool, gone: Sequence[str] = ()
) -> None:
    """Move what bears these names from `fresh` into `folder`, and what was there into `aside`; `fresh` goes.

    What bears a name in `gone` is moved into `aside`, too, and nothing takes its place.

    All three folders lie on one disk, `fresh` and `aside` inside `folder`. Each name must be there in `fresh`, closed
    and whole.
    """
    for path in sorted(fresh.rglob("*")):
        _sync(path)
    _sync(fresh)
    if not keep and aside.exists():
        shutil.rmtree(aside)
    journal = _Journal(fresh=fresh.name, aside=aside.name, names=tuple(names), keep=keep, gone=tuple(gone))
    partial = folder / f"{JOURNAL}.partial"
    partial.write_bytes(msgspec.json.encode(journal))
    _sync(partial)
    partial.replace(folder / JOURNAL)
    sync_folder(folder)
    finish_swap(folder)


def finish_swap(folder: Path) -> None:
    """Finish a swap that a crash has cut short; where there is none, nothing is done. The lock must be held."""
    path = folder / JOURNAL
    if not path.exists():
        return
    journal = msgspec.json.decode(path.read_bytes(), type=_Journal)
    fresh, aside = folder / journal.fresh, folder / journal.aside
    aside.mkdir(exist_ok=True)
    for name in journal.names:
        if not (fresh / name).exists():
            # Moved before the crash.
            continue
        for old in (name, *(name + side for side in SIDES)):
            if (folder / old).exists():
                (folder / old).rename(aside / old)
        (fresh / name).rename(folder / name)
    for name in journal.gone:
        if (folder / name).exists():
            (folder / name).rename(aside / name)
    sync_folder(folder)
    shutil.rmtree(fresh, ignore_errors=True)
    if not journal.keep:
        shutil.rmtree(aside, ignore_errors=True)
    path.unlink()
    sync_folder(folder)


def free_folder(folder: Path, name: str) -> Path:
    """Return the first of `name`, `name-2`, `name-3` that is free in a folder."""
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}"
    return path


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
