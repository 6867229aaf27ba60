"""The index lines of the WARC file that is being written: they wait beside the indexes until the file is closed."""

from pathlib import Path

from archive.cdxj import index_records, write_index
from archive.files import OPEN_SUFFIX
from crawler.store.collection import Collection

# More lines of one file than these wait on disk.
LINES_KEPT = 5_000


class WaitingIndex:
    """The lines of one file at a time, the newest in memory, those before in `pending`."""

    def __init__(self, collection: Collection) -> None:
        """Begin with none: what an earlier run left waiting is made again from its WARC file."""
        self._collection = collection
        self._lines: list[str] = []
        self._spilled: list[Path] = []
        for spilled in collection.pending.glob("*.cdxj"):
            spilled.unlink()

    def add(self, line: str) -> None:
        """Let a line wait."""
        self._lines.append(line)
        if len(self._lines) >= LINES_KEPT:
            spilled = self._collection.pending / f"{len(self._spilled):05}.cdxj"
            write_index(spilled, self._lines)
            self._spilled.append(spilled)
            self._lines = []

    def write(self, path: Path, *, anew: bool) -> None:
        """Put the index of a file that is about to get its final name `path` among the indexes.

        `anew` where an earlier run wrote into it: its lines do not wait here.
        """
        lines = index_records(path.with_name(path.name + OPEN_SUFFIX)) if anew else self._lines
        write_index(self._collection.indexes / f"{path.name}.cdxj", lines)
        for spilled in self._spilled:
            spilled.rename(self._collection.indexes / f"{path.name}.{spilled.name}")
        self._lines, self._spilled = [], []
