"""Append captures and conversions to WARC files: one write for each exchange, `.open` on the name until the end."""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

from archive.capture import Capture
from archive.errors import ArchiveError
from archive.files import OPEN_SUFFIX, AppendFile, Opener, open_on_disk, sync_folder
from archive.labels import DigestName
from archive.pressmark import Original, Pressmark
from archive.reader import read_records
from archive.records import Member, PayloadDigest, RecordMaker, describe_file

KeepOpen = Literal["run", "day"]
# Prefix-Timestamp-Serial-Host.warc.gz
STAMP = re.compile(r"-(?P<day>\d{8})(?P<time>\d{9})-\d{5}-[^-].*\.warc\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where the records of one exchange lie; `end` is the offset after the last of them.

    `response` marks the revisit record where one was written instead.
    """

    request: Pressmark | None
    response: Pressmark | None
    metadata: Pressmark
    file: str
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcOptions:
    """How WARC files are written.

    A file that has reached `max_bytes` takes no further exchange. With `keep_open` of "day" the next run goes on with
    a file until the end of its UTC day. `payload_digest` is about the header alone: pressmarks have the digest anyway.
    """

    max_bytes: int = 1_000_000_000
    digest: DigestName = "sha1"
    payload_digest: PayloadDigest = "always"
    keep_open: KeepOpen = "run"


def newest_file_at(folder: Path) -> datetime | None:
    """Return when the newest WARC file of a folder was begun, by its name; None where there is none."""
    stamps = [stamp for path in folder.glob("*.warc.gz*") if (stamp := STAMP.search(path.name))]
    times = [f"{stamp['day']}{stamp['time']}" for stamp in stamps]
    return datetime.strptime(f"{max(times)}+0000", "%Y%m%d%H%M%S%f%z") if times else None


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
        options: WarcOptions = WarcOptions(),
        new_id: Callable[[], UUID] = uuid4,
        host: str | None = None,
        on_close: Callable[[Path], None] | None = None,
        opener: Opener = open_on_disk,
    ) -> None:
        """Set the writer up; nothing is opened yet.

        `software` holds the fields of the warcinfo record. `on_close` gets the final path of each finished file.
        `opener` opens the files to append to.
        """
        self._folder = folder
        self._prefix = prefix
        self._software = software
        self._now = now
        self._options = options
        self._new_id = new_id
        self._host = re.sub(r"[^A-Za-z0-9.]+", "-", host or socket.gethostname())
        self._on_close = on_close
        self._opener = opener
        self._serial = 0
        self._file: _OpenFile | None = None
        self._maker: RecordMaker | None = None
        self._warcinfo = b""
        self._end: tuple[str, int] | None = None

    @property
    def end(self) -> tuple[str, int] | None:
        """The file last written to and the offset after its last record, None before the first record."""
        return self._end

    def write_capture(
        self, capture: Capture, notes: Sequence[tuple[str, str]] = (), *, original: Original | None = None
    ) -> Recorded:
        """Append an exchange: request and response where they have bytes, then metadata with the notes in order.

        With an `original`, which holds the same payload or answers a 304, a revisit takes the response's place. The
        bytes may be lost in a crash until `sync`. Raises OSError if they cannot be written.
        """
        marks = self._append(self._ready().exchange(capture, notes, original))
        file, end = self._end or ("", 0)
        return Recorded(
            request=marks.get("request"),
            response=marks.get("response") or marks.get("revisit"),
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

    def resume(self, path: Path) -> bool:
        """Go on with a mended `.open` file, if it may take more of this writer's records; call it before the first.

        It may if it is one of this UTC day, with room, and if its warcinfo record says what this writer's would say.
        """
        name = path.name.removesuffix(OPEN_SUFFIX)
        size = path.stat().st_size
        if self._file or self._options.keep_open != "day" or self._is_over(name) or size >= self._options.max_bytes:
            return False
        first = next(read_records(path), None)
        if not name.startswith(f"{self._prefix}-") or not first or first.block != describe_file(self._software):
            return False
        self._maker = self._make(first.record_id)
        self._file = _OpenFile(path.with_name(name), self._opener, size=size)
        self._end = (name, size)
        return True

    def close(self) -> None:
        """Finish the open file, if there is one: sync it and take `.open` off its name; later records start a new file.

        With `keep_open` of "day" it is left open for the next run, unless its day is over or it is full. A file that
        could not be brought back to a whole exchange keeps `.open`, for recovery.
        """
        if self._file and self._options.keep_open == "day" and not self._is_done(self._file):
            file, self._file = self._file, None
            file.leave()
            return
        self._finish()

    def _finish(self) -> None:
        file, self._file = self._file, None
        if file:
            file.close(self._on_close)

    def _is_done(self, file: "_OpenFile") -> bool:
        over = self._options.keep_open == "day" and self._is_over(file.name)
        return over or file.size >= self._options.max_bytes or file.size == 0

    def _is_over(self, name: str) -> bool:
        """Tell whether the UTC day of a file's name is over."""
        stamp = STAMP.search(name)
        return stamp is None or stamp["day"] != f"{self._now().astimezone(UTC):%Y%m%d}"

    def _ready(self) -> RecordMaker:
        """Return the maker of the file that the next group goes to."""
        if self._file and self._file.size and self._is_done(self._file):
            self._finish()
        if self._file is None or self._maker is None:
            self._maker = self._make()
            self._file = self._create()
            self._warcinfo = self._maker.warcinfo(self._file.name, self._now(), self._software).content
        return self._maker

    def _make(self, warcinfo_id: str | None = None) -> RecordMaker:
        return RecordMaker(
            digest=self._options.digest,
            payload_digest=self._options.payload_digest,
            new_id=self._new_id,
            warcinfo_id=warcinfo_id,
        )

    def _create(self) -> "_OpenFile":
        moment = self._now().astimezone(UTC)
        stamp = f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03}"
        while True:
            path = self._folder / f"{self._prefix}-{stamp}-{self._serial:05}-{self._host}.warc.gz"
            self._serial += 1
            if not path.exists():
                try:
                    return _OpenFile(path, self._opener)
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

    def __init__(self, path: Path, opener: Opener, *, size: int | None = None) -> None:
        """Make a file, or go on with one of `size` bytes. Raises FileExistsError if a new one is there already."""
        self.name = path.name
        self.size = size or 0
        self._path = path
        self._open_path = path.with_name(path.name + OPEN_SUFFIX)
        self._file: AppendFile = opener(self._open_path, size is None)
        self._unsynced = False
        self._torn = False

    def append(self, content: bytes) -> None:
        if self._torn:
            raise ArchiveError(f"{self._open_path}: a write failed and could not be undone; close it and recover it")
        rest = memoryview(content)
        self._unsynced = True
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except BaseException:
            self._cut()
            raise
        self.size += len(content)

    def sync(self) -> None:
        if self._unsynced:
            self._file.sync()
            self._unsynced = False

    def leave(self) -> None:
        """Sync and close, and leave the file unfinished."""
        try:
            self.sync()
        finally:
            self._file.close()

    def close(self, on_close: Callable[[Path], None] | None) -> None:
        """Give the file its final name, unless nothing was kept or the end is torn; `on_close` comes just before."""
        self.leave()
        if self._torn:
            return
        if self.size == 0:
            self._open_path.unlink()
            return
        if on_close:
            on_close(self._path)
        self._open_path.rename(self._path)
        sync_folder(self._path.parent)

    def _cut(self) -> None:
        try:
            self._file.cut(self.size)
        except OSError:
            self._torn = True
