"""The captured pictures of a data set: copied out of the WARC files, each payload once, named after its digest."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from archive.errors import ArchiveError
from archive.labels import DigestName, decode_sha1, label_digest
from archive.pressmark import Pressmark
from archive.reader import read_exchange
from crawler.lines import ArticleLine
from crawler.takedowns import Takedowns
from crawler.views.export.rows import PictureRow

_TABLES = """
CREATE TABLE pictures (
    article TEXT NOT NULL, version INTEGER, image INTEGER NOT NULL, url TEXT NOT NULL, digest TEXT,
    warc TEXT, offset INTEGER, length INTEGER, record_id TEXT
);
CREATE TABLE files (digest TEXT PRIMARY KEY, path TEXT NOT NULL, media_type TEXT NOT NULL, bytes INTEGER NOT NULL)
    WITHOUT ROWID;
"""
# The type of a picture by its first bytes; servers tell it wrong often enough.
_TYPES = (
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"GIF8", "gif", "image/gif"),
    (b"BM", "bmp", "image/bmp"),
    (b"\0\0\x01\0", "ico", "image/x-icon"),
    (b"<svg", "svg", "image/svg+xml"),
)


class Pictures:
    """The pictures of the exported lines, first noted, then copied in the order in which they lie in the archive."""

    def __init__(self, path: Path, takedowns: Takedowns) -> None:
        """Make the database in which they are noted; pictures on the takedown list are noted without their bytes."""
        self._takedowns = takedowns
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_TABLES}")
        self._db.execute("BEGIN")

    def note(self, line: ArticleLine) -> None:
        """Note the pictures of a line, also those that could not be captured."""
        for number, image in enumerate(line.images):
            mark = None if self._takedowns.covers(image.url) else image.pressmark
            place = (mark.payload_digest, mark.file, mark.offset, mark.length, mark.record_id) if mark else (None,) * 5
            self._db.execute(
                "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (line.id, line.version, number, image.url, *place),
            )

    def count(self) -> int:
        """Return how many records of pictures there are."""
        found = self._db.execute("SELECT count(*) FROM (SELECT DISTINCT warc, offset FROM pictures WHERE warc NOTNULL)")
        return int(found.fetchone()[0])

    def copy(self, archive: Path, folder: Path) -> Iterator[str | None]:
        """Copy the pictures into `images/` of a folder; yield for each record its fault, None where there is none."""
        self._db.execute("CREATE INDEX pictures_by_place ON pictures (warc, offset)")
        marks = self._db.execute(
            "SELECT DISTINCT warc, offset, length, record_id, digest FROM pictures WHERE digest IS NOT NULL"
            " ORDER BY warc, offset"
        )
        for warc, offset, length, record_id, digest in marks:
            if self._db.execute("SELECT 1 FROM files WHERE digest = ?", (digest,)).fetchone():
                continue
            mark = Pressmark(file=warc, offset=offset, length=length, record_id=record_id, payload_digest=digest)
            try:
                path, media_type, size = _copy(mark, archive, folder)
            except ArchiveError as error:
                yield str(error)
                continue
            self._db.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (digest, path, media_type, size))
            yield None

    def rows(self) -> Iterator[PictureRow]:
        """Yield the rows of the table, in the order of the lines."""
        rows = self._db.execute(
            "SELECT article, version, image, url, pictures.digest, path, media_type, bytes FROM pictures"
            " LEFT JOIN files USING (digest) ORDER BY pictures.rowid"
        )
        for article, version, image, url, digest, path, media_type, size in rows:
            yield PictureRow(
                article=article,
                version=version,
                image=image,
                url=url,
                digest=digest,
                file=path,
                media_type=media_type,
                bytes=size,
            )

    def close(self) -> None:
        """Close the database."""
        self._db.close()


def _copy(mark: Pressmark, archive: Path, folder: Path) -> tuple[str, str, int]:
    digest = mark.payload_digest or ""
    capture = read_exchange(archive, mark).capture
    name: DigestName = "sha256" if digest.startswith("sha256:") else "sha1"
    if label_digest(capture.payload(), name) != digest:
        raise ArchiveError(f"{mark.file}: record at offset {mark.offset}: its payload is not {digest}")
    body = capture.body()
    ending, media_type = _type_of(body)
    number = digest.partition(":")[2] if name == "sha256" else decode_sha1(digest.partition(":")[2]).hex()
    path = f"images/{number[:2]}/{number}.{ending}"
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)
    return path, media_type, len(body)


def _type_of(body: bytes) -> tuple[str, str]:
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "webp", "image/webp"
    if body[4:12] in {b"ftypavif", b"ftypavis"}:
        return "avif", "image/avif"
    start = body[:200].lstrip() if body[:1] in b" \t\r\n<" else body
    return next(
        ((end, kind) for magic, end, kind in _TYPES if start.startswith(magic)), ("bin", "application/octet-stream")
    )
