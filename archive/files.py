"""Files that are only appended to, and the syncs by which they outlive a crash."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

OPEN_SUFFIX = ".open"


class AppendFile(Protocol):
    """A file open for appending; all methods raise OSError."""

    def write(self, content: memoryview) -> int:
        """Append bytes and return how many were taken; fewer than given are no error."""

    def cut(self, size: int) -> None:
        """Drop what lies behind the first `size` bytes."""

    def sync(self) -> None:
        """Return when everything written is on disk."""

    def close(self) -> None:
        """Close the file."""


# Opens a path; True makes the file, and raises FileExistsError if it is there.
Opener = Callable[[Path, bool], AppendFile]


class DiskFile:
    """A file of the operating system."""

    def __init__(self, path: Path, new: bool) -> None:
        """Open a path to append to it; never in a mode that cuts it."""
        flags = os.O_APPEND | os.O_WRONLY | (os.O_CREAT | os.O_EXCL if new else 0)
        self._fd = os.open(path, flags, 0o644)
        sync_folder(path.parent)

    def write(self, content: memoryview) -> int:
        """Append in one call of the system."""
        return os.write(self._fd, content)

    def cut(self, size: int) -> None:
        """Drop what lies behind the first `size` bytes."""
        os.ftruncate(self._fd, size)

    def sync(self) -> None:
        """Wait for the disk."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)


def open_on_disk(path: Path, new: bool) -> AppendFile:
    """Open a file of the operating system."""
    return DiskFile(path, new)


def sync_folder(folder: Path) -> None:
    """Make sure that files made or renamed in a folder are found there after a crash."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
