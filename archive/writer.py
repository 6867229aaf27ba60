"""Append captures and conversions to WARC files: one write for each exchange, `.open` on the name until the end."""

import os
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from archive.capture import Capture
from archive.errors import ArchiveError
from archive.pressmark import Pressmark
from archive.records import DigestName, Member, RecordMaker

OPEN_SUFFIX = ".open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where the records of one exchange lie; `end` is the offset after the last of them."""

    request: Pressmark | None
    response: Pressmark | None
    metadata: Pressmark
    file: str
    end: int


class WarcWriter:
    """Writes one WARC file after the other into a folder; a file is made at its first record.

    After an OSError the file ends with its last whole exchange, so that everything before stays
    readable and writing may go on. Not for two threads or processes at once.
    """

    def __init__(  # noqa: PLR0913 - settings with defaults
        self,
        folder: Path,
        *,
        prefix: str,
        software: tuple[tuple[str, str], ...],
        now: Callable[[], datetime],
        max_bytes: int = 1_000_000_000,
        digest: DigestName = "sha1",
        new_id: Callable[[], UUID] = uuid4,
        host: str | None = None,
        on_close: Callable[[Path], None] | None = None,
    ) -> None:
        """Set the writer up; nothing is opened yet.

        `software` holds the fields of the warcinfo record. A file that has reached `max_bytes`
        takes no further exchange. `on_close` gets the final path of each closed file.
        """
        self._folder = folder
        self._prefix = prefix
        self._software = software
        self._now = now
        self._max_bytes = max_bytes
        self._digest = digest
        self._new_id = new_id
        self._host = re.sub(r"[^A-Za-z0-9.]+", "-", host or socket.gethostname())
        self._on_close = on_close
        self._serial = 0
        self._file: _OpenFile | None = None
        self._maker: RecordMaker | None = None
        self._warcinfo = b""
        self._end: tuple[str, int] | None = None

    @property
    def end(self) -> tuple[str, int] | None:
        """The file last written to and the offset after its last record, None before the first record."""
        return self._end

    def write_capture(self, capture: Capture, notes: Sequence[tuple[str, str]] = ()) -> Recorded:
        """Append an exchange: request and response where they have bytes, then metadata with the notes in order.

        The bytes may be lost in a crash until `sync`. Raises OSError if they cannot be written.
        """
        marks = self._append(self._ready().exchange(capture, notes))
        file, end = self._end or ("", 0)
        return Recorded(
            request=marks.get("request"),
            response=marks.get("response"),
            metadata=marks["metadata"],
            file=file,
            end=end,
        )

    def write_conversion(
        self, block: bytes, *, content_type: str, url: str, date: datetime, refers_to: Pressmark
    ) -> Pressmark:
        """Append a conversion record: `block` was made, at `date`, from the record that `refers_to` marks.

        The source's address is `url`. WARC 1.1 gives conversions no Refers-To-Date: the id alone names the source.
        """
        member = self._ready().conversion(
            block, content_type=content_type, url=url, date=date, refers_to=refers_to.record_id
        )
        return self._append([member])["conversion"]

    def sync(self) -> None:
        """Make sure that everything written so far outlives a crash; nothing is done where nothing is new."""
        if self._file:
            self._file.sync()

    def close(self) -> None:
        """Finish the open file, if there is one: sync it and take `.open` off its name; later records start a new file.

        A file that could not be brought back to a whole exchange keeps `.open`, for recovery.
        """
        file, self._file = self._file, None
        if file and (path := file.close()) and self._on_close:
            self._on_close(path)

    def _ready(self) -> RecordMaker:
        """Return the maker of the file that the next group goes to."""
        if self._file and self._file.size >= self._max_bytes:
            self.close()
        if self._file is None or self._maker is None:
            self._maker = RecordMaker(digest=self._digest, new_id=self._new_id)
            self._file = self._create()
            self._warcinfo = self._maker.warcinfo(self._file.name, self._now(), self._software).content
        return self._maker

    def _create(self) -> "_OpenFile":
        moment = self._now().astimezone(UTC)
        stamp = f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03}"
        while True:
            path = self._folder / f"{self._prefix}-{stamp}-{self._serial:05}-{self._host}.warc.gz"
            self._serial += 1
            if not path.exists():
                try:
                    return _OpenFile(path)
                except FileExistsError:
                    continue

    def _append(self, members: list[Member]) -> dict[str, Pressmark]:
        """Write members that belong together in one go, and return their pressmarks by record type."""
        if self._file is None:
            raise ArchiveError(f"{self._folder}: no file is open")
        file = self._file
        # Also where the first write failed: the file is empty again.
        first = self._warcinfo if file.size == 0 else b""
        offset = file.size + len(first)
        marks = {}
        for member in members:
            marks[member.type] = Pressmark(
                file=file.name,
                offset=offset,
                length=len(member.content),
                record_id=member.record_id,
                payload_digest=member.payload_digest,
            )
            offset += len(member.content)
        file.append(b"".join([first, *(member.content for member in members)]))
        self._end = (file.name, file.size)
        return marks


class _OpenFile:
    """A file while it is written: only ever appended to, or cut back to the end of its last whole group."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.size = 0
        self._path = path
        self._open_path = path.with_name(path.name + OPEN_SUFFIX)
        self._fd = os.open(self._open_path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o644)
        self._unsynced = False
        self._torn = False
        sync_folder(path.parent)

    def append(self, content: bytes) -> None:
        if self._torn:
            raise ArchiveError(f"{self._open_path}: a write failed and could not be undone; close it and recover it")
        rest = memoryview(content)
        self._unsynced = True
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except BaseException:
            self._cut()
            raise
        self.size += len(content)

    def sync(self) -> None:
        if self._unsynced:
            os.fsync(self._fd)
            self._unsynced = False

    def close(self) -> Path | None:
        """Return the final path, None where nothing was kept or the end is torn."""
        try:
            self.sync()
        finally:
            os.close(self._fd)
        if self._torn:
            return None
        if self.size == 0:
            self._open_path.unlink()
            return None
        self._open_path.rename(self._path)
        sync_folder(self._path.parent)
        return self._path

    def _cut(self) -> None:
        try:
            os.ftruncate(self._fd, self.size)
        except OSError:
            self._torn = True


def sync_folder(folder: Path) -> None:
    """Make sure that files made or renamed in a folder are found there after a crash."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
