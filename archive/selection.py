"""Choose records of WARC files, and put them together into new ones; or take WARC files as they stand."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from archive.catalogue import Catalogue
from archive.errors import ArchiveError
from archive.manifest import Description
from archive.members import PIECE_BYTES, MemberScanner, ScannedRecord
from archive.records import RecordMaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is chosen of the WARC files: records by their ids or addresses, and those for which `chooses` is true.

    With a record go its exchange (request, response, metadata), the records that its revisit names, and the
    conversions made from it; what `bars` is true for goes with none. `chooses` gets every record but the warcinfo, its
    block cut to the first bytes; ids and addresses are asked for when it has seen them all.
    """

    record_ids: Iterable[str] = ()
    urls: Iterable[str] = ()
    chooses: Callable[[ScannedRecord], bool]
    bars: Callable[[ScannedRecord], bool] = lambda _record: False


@dataclass(frozen=True, slots=True)
class Source:
    """One WARC file of the package: its name and bytes; `catalogued` if its records are in the catalogue already.

    `about_bytes` is its size, or about its size where it is put together on the way.
    """

    name: str
    pieces: Iterator[bytes]
    catalogued: bool
    about_bytes: int


def whole(warcs: Sequence[Path]) -> Iterator[Source]:
    """Yield WARC files as they stand."""
    for warc in warcs:
        yield Source(warc.name, _read_pieces(warc), catalogued=False, about_bytes=warc.stat().st_size)


def select(  # noqa: PLR0913 - a source, and settings
    warcs: Sequence[Path],
    catalogue: Catalogue,
    selection: Selection,
    *,
    stem: str,
    description: Description,
    max_bytes: int,
) -> Iterator[Source]:
    """Yield new WARC files with the selected records; their names begin with `stem`.

    Raises ArchiveError where nothing is selected.
    """
    _choose(warcs, catalogue, selection)
    if not catalogue.count():
        raise ArchiveError(f"{stem}: nothing is selected; widen the selection")
    for serial, group in enumerate(_grouped(catalogue, max_bytes)):
        name = f"{stem}-{description.created:%Y%m%d%H%M%S}-{serial:05}.warc.gz"
        pieces = _selected_pieces(name, warcs, catalogue, description, group)
        yield Source(name, pieces, catalogued=True, about_bytes=max_bytes)


def _choose(warcs: Sequence[Path], catalogue: Catalogue, selection: Selection) -> None:
    for number, warc in enumerate(warcs):
        scanner = MemberScanner(str(warc))
        for piece in _read_pieces(warc):
            for record in scanner.feed(piece):
                chosen = record.type != "warcinfo" and selection.chooses(record)
                catalogue.add(number, record, chosen=chosen, barred=selection.bars(record))
        scanner.finish()
    catalogue.choose(selection.record_ids)
    catalogue.choose_addresses(selection.urls)
    catalogue.choose_joined()


@dataclass(frozen=True, slots=True)
class _Group:
    """The places of records that go into one new WARC file, and the id of the first."""

    first_id: str
    places: list[tuple[int, int, int]]


def _grouped(catalogue: Catalogue, max_bytes: int) -> Iterator[_Group]:
    """Cut the chosen records into files where the length is reached, but never within an exchange."""
    places: list[tuple[int, int, int]] = []
    first_id, last_id, size = "", "", 0
    for file, offset, length, record_id in catalogue.chosen():
        if size >= max_bytes and not catalogue.are_linked(last_id, record_id):
            yield _Group(first_id, places)
            places, size = [], 0
        if not places:
            first_id = record_id
        # Neighbours are copied in one go.
        if places and places[-1][0] == file and places[-1][1] + places[-1][2] == offset:
            places[-1] = (file, places[-1][1], places[-1][2] + length)
        else:
            places.append((file, offset, length))
        size += length
        last_id = record_id
    if places:
        yield _Group(first_id, places)


def _selected_pieces(
    name: str, warcs: Sequence[Path], catalogue: Catalogue, description: Description, group: _Group
) -> Iterator[bytes]:
    """Yield a new WARC file: its own warcinfo record, those of the files it was taken from, the records."""
    identity = uuid5(NAMESPACE_URL, f"{name} {description.created.isoformat()} {group.first_id}")
    fields = (("software", description.software), ("isPartOf", description.title))
    yield RecordMaker(digest="sha1", new_id=lambda: identity).warcinfo(name, description.created, fields).content
    # WARC-Warcinfo-ID of a copied record names the warcinfo record of its old file.
    for file in dict.fromkeys(file for file, _, _ in group.places):
        for offset, length in catalogue.warcinfo(file):
            yield from _read_pieces(warcs[file], offset, length)
    for file, offset, length in group.places:
        yield from _read_pieces(warcs[file], offset, length)


def _read_pieces(path: Path, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
    missing = path.stat().st_size - offset if length is None else length
    with path.open("rb") as file:
        file.seek(offset)
        while missing > 0:
            piece = file.read(min(PIECE_BYTES, missing))
            if not piece:
                raise ArchiveError(f"{path}: ended {missing} bytes early while it was packed; pack it again")
            missing -= len(piece)
            yield piece
