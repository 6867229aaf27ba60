"""Read the exchanges of files with damaged places: what cannot be read is told and passed over, the rest is read."""

from collections.abc import Callable, Iterator
from pathlib import Path

from archive.errors import ArchiveError
from archive.iteration import Fault, StoredRecord, iterate
from archive.reader import Conversion, Exchange, Record, check_dates, foreign_record, join_exchanges


def salvage_exchanges(
    path: Path, on_fault: Callable[[Fault], None], *, start: int = 0
) -> Iterator[Exchange | Conversion]:
    """Yield what `read_exchanges` yields, of a WARC or ARC file of any tool, from an offset where a record begins.

    `on_fault` is told of each place that holds no record; of an exchange that lost its response there nothing is
    yielded. Raises OSError if the file cannot be opened.
    """
    found = _Runs(iterate(path, start=start), on_fault)
    while not found.ended:
        for record in join_exchanges(found.run()):
            if isinstance(record, Conversion) or record.pressmark or record.capture.failure is not None:
                yield record


class _Runs:
    """The records of a file, run by run between its damaged places."""

    def __init__(self, found: Iterator[StoredRecord | Fault], on_fault: Callable[[Fault], None]) -> None:
        self.ended = False
        self._found = found
        self._on_fault = on_fault

    def run(self) -> Iterator[Record]:
        """Yield records up to the next damaged place or the end."""
        for found in self._found:
            if isinstance(found, Fault):
                self._on_fault(found)
                if found.rule == "one-member":
                    # Such records can be read all the same.
                    continue
                return
            record = foreign_record(found)
            try:
                check_dates(record)
            except ArchiveError as error:
                self._on_fault(Fault(file=found.file, offset=found.offset, rule="record", reason=_reason(error)))
                return
            yield record
        self.ended = True


def _reason(error: ArchiveError) -> str:
    return f"a record that cannot be used ({error})"
