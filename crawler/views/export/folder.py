"""The folder of a data set: made beside its place under a name of its own, and put there whole.

What Pressmark has not written is never touched: neither another folder of that name, nor a file that was put into one.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from crawler.errors import CrawlerError, UsageError
from crawler.store.collection import LockedError

SCHEMA = "pressmark.export/1.0.0"
MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"
_NAME = SCHEMA.partition("/")[0] + "/"


def check_place(place: Path) -> None:
    """Raise UsageError where a data set cannot be put there, or where something else lies there."""
    if not place.parent.is_dir():
        raise UsageError(f"{place}: there is no folder {place.parent}; make it first")
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not place.is_dir() or not _is_ours(place):
        raise UsageError(f"{place}: is there already, and is no data set of Pressmark; name another folder")
    if stranger := _find_stranger(place):
        raise UsageError(
            f"{place}: holds {stranger}, which Pressmark has not written; move it away, or name another folder"
        )


@contextmanager
def new_folder(place: Path) -> Iterator[Path]:
    """Give a new folder to write into; at the end it takes the place of what is there, after an error it goes.

    A folder that a killed run has left is thrown away. Raises LockedError while another run writes to the same place,
    UsageError for what may not be replaced.
    """
    _bring_back(place)
    check_place(place)
    folder = place.with_name(f".{place.name}.pressmark-part")
    if folder.exists() and any(folder.iterdir()) and not _is_ours(folder):
        raise UsageError(f"{folder}: is in the way, and not of Pressmark; move it away")
    try:
        folder.mkdir(exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise CrawlerError(f"{folder}: cannot be written ({error.strerror}); choose another place") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"{place}: another export is writing it; wait for its end") from None
        _empty(folder)
        (folder / MANIFEST).write_bytes(msgspec.json.encode({"schema": SCHEMA, "unfinished": True}))
        try:
            yield folder
            _put(folder, place)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    finally:
        os.close(handle)


def list_files(folder: Path) -> list[str]:
    """Return the paths of all files of a folder, sorted by their bytes."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(found, key=os.fsencode)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal; the file is read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put(folder: Path, place: Path) -> None:
    check_place(place)
    for name in list_files(folder):
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
    old = _old(place)
    if place.exists():
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
    folder.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _bring_back(place: Path) -> None:
    """Put back what a run had moved aside that was killed before its own folder was in place."""
    old = _old(place)
    if not place.exists() and old.is_dir() and _is_ours(old):
        old.rename(place)


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.pressmark-old")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _is_ours(folder: Path) -> bool:
    try:
        value = msgspec.json.decode((folder / MANIFEST).read_bytes())
    except (OSError, msgspec.MsgspecError):
        return False
    return isinstance(value, dict) and str(value.get("schema")).startswith(_NAME)


def _find_stranger(place: Path) -> str | None:
    """Return a file of a data set that its list of checksums does not name, None where there is none."""
    try:
        listed = (place / CHECKSUMS).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return f"no readable {CHECKSUMS}, so that it may hold anything"
    known = {line.partition("  ")[2] for line in listed} | {CHECKSUMS}
    return next((name for name in list_files(place) if name not in known), None)
