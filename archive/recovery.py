"""Mend a file that a crash left unfinished: cut it at its last whole group, keep the torn tail beside it."""

import os
import shutil
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from archive.errors import ArchiveError
from archive.files import OPEN_SUFFIX, sync_folder
from archive.lengths import read_length

INPUT_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
GZIP_WBITS = 31
# A request or response is whole only with the metadata record that our writer puts behind it in the same write.
GROUP_ENDS = frozenset({b"warcinfo", b"metadata", b"conversion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of a file: `path` is its final name, None where nothing whole was in it; `torn` holds the tail."""

    opened: Path
    path: Path | None
    torn: Path | None
    records: int
    kept_bytes: int
    torn_bytes: int

    def describe(self) -> str:
        """Return one line for a log."""
        tail = f", torn tail of {self.torn_bytes} bytes kept as {self.torn.name}" if self.torn else ""
        if not self.kept_bytes:
            return f"{self.opened.name}: left unfinished, no whole record in it, removed{tail}"
        return f"{self.opened.name}: left unfinished, {self.records} records in {self.kept_bytes} bytes kept{tail}"


def recover(path: Path) -> Recovered:
    """Finish an `.open` file that no writer holds any more, and take `.open` off its name.

    A second call, also after a crash in the first, comes to the same end. Raises ArchiveError if `path` is no
    `.open` file or if its final name is taken.
    """
    final = _final_path(path)
    if not path.exists():
        kept = final.stat().st_size if final.exists() else 0
        return Recovered(opened=path, path=final if kept else None, torn=None, records=0, kept_bytes=kept, torn_bytes=0)
    return finish(mend(path))


def mend(path: Path) -> Recovered:
    """Cut an `.open` file that no writer holds any more at its last whole group, for a writer to go on with.

    Raises ArchiveError if its final name is taken.
    """
    final = _final_path(path)
    if final.exists():
        raise ArchiveError(f"{path}: {final.name} is there too; compare the two and move one of them away")
    records, end = _scan(path)
    torn_bytes = path.stat().st_size - end
    torn = _keep_tail(path, final, end) if torn_bytes else None
    _cut(path, end)
    return Recovered(opened=path, path=path, torn=torn, records=records, kept_bytes=end, torn_bytes=torn_bytes)


def finish(mended: Recovered) -> Recovered:
    """Take `.open` off the name of a mended file; one that holds nothing is removed."""
    path = mended.opened
    final = _final_path(path)
    if mended.kept_bytes:
        path.rename(final)
    else:
        path.unlink()
    sync_folder(path.parent)
    return replace(mended, path=final if mended.kept_bytes else None)


def _final_path(path: Path) -> Path:
    if not path.name.endswith(OPEN_SUFFIX):
        raise ArchiveError(f"{path}: not an unfinished file; its name would end in {OPEN_SUFFIX}")
    return path.with_name(path.name.removesuffix(OPEN_SUFFIX))


def _scan(path: Path) -> tuple[int, int]:
    """Return the number of whole records, and the offset after the last whole group."""
    seen = records = end = offset = 0
    size = path.stat().st_size
    with path.open("rb") as file:
        while offset < size:
            member = _read_member(file.fileno(), offset)
            if member is None:
                break
            record_type, offset = member
            seen += 1
            if record_type in GROUP_ENDS:
                records, end = seen, offset
    return records, end


def _read_member(fd: int, offset: int) -> tuple[bytes, int] | None:
    """Return the type of the record at an offset and the offset after it, None if no whole record is there."""
    member = zlib.decompressobj(GZIP_WBITS)
    check = _RecordCheck()
    position = offset
    try:
        while not member.eof:
            read = os.pread(fd, INPUT_BYTES, position)
            if not read:
                return None
            position += len(read)
            while read and not member.eof:
                check.feed(member.decompress(read, INPUT_BYTES))
                read = member.unconsumed_tail
    except zlib.error:
        return None
    end = position - len(member.unused_data)
    return (check.type, end) if check.whole() else None


class _RecordCheck:
    """Counts a record's bytes as they are unpacked, so that its block need not fit into memory."""

    def __init__(self) -> None:
        self.type = b""
        self._head = b""
        self._missing: int | None = None
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        if self._missing is None:
            self._head += piece
            head, separator, piece = self._head.partition(b"\r\n\r\n")
            if not separator:
                if len(self._head) > HEAD_BYTES:
                    raise zlib.error("no record head")
                return
            self._read_head(head)
        assert self._missing is not None
        self._missing -= len(piece)
        self._tail = (self._tail + piece)[-4:]

    def whole(self) -> bool:
        return self._missing == -4 and self._tail == b"\r\n\r\n"

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = read_length(fields.get(b"content-length", b"").decode("latin-1"))
        if not first.startswith(b"WARC/") or length is None:
            raise zlib.error("no record head")
        self.type = fields.get(b"warc-type", b"")
        self._missing = length


def _keep_tail(path: Path, final: Path, end: int) -> Path:
    """Copy what lies behind `end` into a file of its own."""
    torn = final.with_name(f"{final.name}.torn-{end}")
    partial = torn.with_name(f".{torn.name}.partial")
    partial.unlink(missing_ok=True)
    with path.open("rb") as source, partial.open("xb") as target:
        source.seek(end)
        shutil.copyfileobj(source, target, INPUT_BYTES)
        target.flush()
        os.fsync(target.fileno())
    partial.replace(torn)
    sync_folder(torn.parent)
    return torn


def _cut(path: Path, end: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.ftruncate(fd, end)
        os.fsync(fd)
    finally:
        os.close(fd)
