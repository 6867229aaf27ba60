"""The files of a data set's tables: JSON Lines, compressed, and Parquet. The same rows always give the same bytes."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from isal import igzip

from crawler.views.export.choice import Choice, Compression, Format
from crawler.views.export.columns import arrow_schema, read_columns
from crawler.views.export.dataset import WrittenFile, WrittenTable
from crawler.views.export.folder import hash_file

_GZIP_LEVEL = 3
_ZSTD_LEVEL = 3
# JSON that is turned into columns at once, and how many rows a group of a Parquet file has: at the least where a month
# ends, at the most where it does not. A reader of one month skips the other groups by their statistics.
_CHUNK_BYTES = 4_000_000
_GROUP_ROWS, _MOST_GROUP_ROWS = 1_000, 8_000
# Columns that readers select by. Others get no statistics: they are long, and nobody asks for them in order.
_SELECTIVE = frozenset(
    {
        "id",
        "version",
        "branch",
        "portal",
        "content_type",
        "published_at",
        "captured_at",
        "type",
        "at",
        "article",
        "group",
    }
)


class LinesFile:
    """One file of JSON Lines."""

    def __init__(self, path: Path, compression: Compression) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._raw = path.open("wb")
        # Neither name nor time in the header: they would differ from run to run.
        self._file: IO[bytes] | pa.NativeFile = (
            igzip.IGzipFile("", "wb", _GZIP_LEVEL, self._raw, 0)  # type: ignore[no-untyped-call]
            if compression == "gzip"
            else pa.CompressedOutputStream(pa.PythonFile(self._raw, "w"), "zstd")
        )

    def write(self, text: bytes) -> None:
        """Write one line, given without its newline."""
        self._file.write(text + b"\n")

    def close(self) -> None:
        """End the file."""
        self._file.close()
        self._raw.close()


class ParquetFile:
    """One Parquet file; a few thousand rows are in memory at a time."""

    def __init__(self, path: Path, row_type: type[msgspec.Struct]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = arrow_schema(row_type)
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            write_statistics=[name for name in self._schema.names if name in _SELECTIVE],
        )
        self._lines: list[bytes] = []
        self._bytes = 0
        self._tables: list[pa.Table] = []
        self._rows = 0

    def write(self, text: bytes) -> None:
        """Write one row, given as a line of JSON."""
        self._lines.append(text)
        self._bytes += len(text)
        self._rows += 1
        if self._rows >= _MOST_GROUP_ROWS:
            self._end_group()
        elif self._bytes >= _CHUNK_BYTES:
            self._take_in()

    def may_end_group(self) -> None:
        """End the group of rows where it is large enough; to be called where a reader may want to stop."""
        if self._rows >= _GROUP_ROWS:
            self._end_group()

    def close(self) -> None:
        """End the file."""
        self._end_group()
        self._writer.close()

    def _take_in(self) -> None:
        if self._lines:
            self._tables.append(read_columns(b"\n".join(self._lines) + b"\n", self._schema))
            self._lines, self._bytes = [], 0

    def _end_group(self) -> None:
        self._take_in()
        if self._tables:
            self._writer.write_table(pa.concat_tables(self._tables).combine_chunks(), row_group_size=_MOST_GROUP_ROWS)
        self._tables, self._rows = [], 0


def write_table(
    folder: Path, choice: Choice, name: tuple[str, str], row_type: type[msgspec.Struct], rows: Iterable[msgspec.Struct]
) -> WrittenTable:
    """Write a table in the formats that are chosen; `name` is its name, and what it holds in one sentence."""
    title, about = name
    files: list[tuple[str, Format, LinesFile | ParquetFile]] = []
    if "jsonl" in choice.formats:
        path = f"{title}{choice.suffix}"
        files.append((path, "jsonl", LinesFile(folder / path, choice.compression)))
    if "parquet" in choice.formats:
        path = f"parquet/{title}.parquet"
        files.append((path, "parquet", ParquetFile(folder / path, row_type)))
    count = 0
    try:
        for row in rows:
            text = msgspec.json.encode(row)
            for _, _, file in files:
                file.write(text)
            count += 1
    finally:
        for _, _, file in files:
            file.close()
    written = tuple(written_file(folder, path, kind, count) for path, kind, _ in files)
    return WrittenTable(name=title, about=about, row_type=row_type, rows=count, files=written)


def written_file(folder: Path, path: str, kind: Format, rows: int) -> WrittenFile:
    """Return what is told of a file that is finished."""
    whole = folder / path
    return WrittenFile(path=path, format=kind, rows=rows, bytes=whole.stat().st_size, sha256=hash_file(whole))
