"""Read the plain bytes of an archive file, gzip member by gzip member or as they lie, with their offsets."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from isal import isal_zlib

# What is left of a piece is copied at the end of each member.
INPUT_BYTES = 32 * 1024
# One step of inflating: a member that inflates without end cannot fill the memory.
OUTPUT_BYTES = 1024 * 1024
GZIP_WBITS = 31
GZIP_MAGIC = b"\x1f\x8b\x08"
RECORD_STARTS = (b"WARC/", b"filedesc:")
# The stubs of isal give its error as a value and not as a class.
INFLATE_ERRORS: tuple[type[Exception], ...] = (isal_zlib.error, zlib.error)  # type: ignore[assignment]


class BrokenStreamError(Exception):
    """The bytes of a member end too early, or are no gzip; `rule` is `torn` or `gzip`."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


class Stream(Protocol):
    """The bytes of a file, cut into runs that begin at an offset of their own."""

    by_member: bool
    start: int

    def begin(self) -> bool:
        """Go to the next run, whose offset is then `start`; False at the end of the file."""

    def read(self) -> bytes:
        """Return the next piece of the run, b"" at its end. Raises BrokenStreamError."""

    def end(self) -> int:
        """Return the offset after the run, once it is read to its end."""

    def resume(self, offset: int) -> bool:
        """Go on at the first record that begins behind an offset; False if there is none."""


class MemberStream:
    """A gzip file: each member is a run."""

    by_member = True

    def __init__(self, file: BinaryIO) -> None:
        """Begin where the file stands."""
        self._file = file
        self._rest = b""
        self._fault: BrokenStreamError | None = None
        self._taken = self.start = file.tell()

    def begin(self) -> bool:
        """Open the next member."""
        if not self._rest:
            self._rest = self._fetch()
        if not self._rest:
            return False
        self.start = self._taken - len(self._rest)
        self._member = isal_zlib.decompressobj(GZIP_WBITS)
        self._fault = None
        return True

    def read(self) -> bytes:
        """Return inflated bytes; the member's checksum has been compared once b"" is returned."""
        if self._fault:
            # isal's decompressor neither fails nor goes on after its first fault.
            raise self._fault
        while not self._member.eof:
            given = self._rest or self._fetch()
            if not given:
                self._fault = BrokenStreamError("torn", "a gzip member that is cut off by the end of the file")
                raise self._fault
            try:
                piece = self._member.decompress(given, OUTPUT_BYTES)
            except INFLATE_ERRORS as error:
                self._fault = BrokenStreamError("gzip", f"no whole gzip member ({error})")
                raise self._fault from error
            self._rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                return bytes(piece)
        return b""

    def end(self) -> int:
        """Return the offset after the member."""
        return self._taken - len(self._rest)

    def resume(self, offset: int) -> bool:
        """Look for the next member that holds a record: what begins like a member may be chance."""
        for found in _find_all(self._file, GZIP_MAGIC, offset):
            self._file.seek(found)
            head = self._file.read(4096)
            try:
                plain = isal_zlib.decompressobj(GZIP_WBITS).decompress(head, 64)
            except INFLATE_ERRORS:
                continue
            if plain.startswith(RECORD_STARTS):
                self._file.seek(found)
                self._rest, self._taken = b"", found
                return True
        return False

    def _fetch(self) -> bytes:
        piece = self._file.read(INPUT_BYTES)
        self._taken += len(piece)
        return piece


class PlainStream:
    """A file that is not compressed: one run from the first byte to the last."""

    by_member = False

    def __init__(self, file: BinaryIO) -> None:
        """Begin where the file stands."""
        self._file = file
        self._taken = self.start = file.tell()
        self._begun = False

    def begin(self) -> bool:
        """Open the one run; True once, and once more after each `resume`."""
        fresh, self._begun = not self._begun, True
        return fresh

    def read(self) -> bytes:
        """Return bytes as they lie."""
        piece = self._file.read(OUTPUT_BYTES)
        self._taken += len(piece)
        return piece

    def end(self) -> int:
        """Return how far the file has been read."""
        return self._taken

    def resume(self, offset: int) -> bool:
        """Look for the line that begins the next record."""
        for found in _find_all(self._file, b"\r\n\r\nWARC/", offset):
            self.start = self._taken = found + 4
            self._file.seek(self.start)
            self._begun = False
            return True
        return False


def _find_all(file: BinaryIO, wanted: bytes, offset: int) -> Iterator[int]:
    """Yield the offsets of a run of bytes from an offset on; the caller may move the file in between."""
    position, kept = offset, b""
    while True:
        file.seek(position)
        piece = file.read(OUTPUT_BYTES)
        if not piece:
            return
        window, base = kept + piece, position - len(kept)
        found = window.find(wanted)
        while found >= 0:
            yield base + found
            found = window.find(wanted, found + 1)
        position += len(piece)
        kept = window[-(len(wanted) - 1) :]
