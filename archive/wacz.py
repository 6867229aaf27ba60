"""Pack WARC files, whole or in part, into a WACZ 1.1.1 file that replay programs open as it stands.

Gzip members are copied byte for byte: nothing is unpacked into the package or compressed anew. Everything goes through
in small pieces, so that memory does not grow with the archive. The same input and `created` give the same file.
"""

import hashlib
import json
import os
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from archive.capture import Capture
from archive.catalogue import ANSWERS, Catalogue
from archive.errors import ArchiveError
from archive.files import sync_folder
from archive.manifest import DIGEST, MANIFEST, Description, Signer, make_digest
from archive.members import MemberScanner, ScannedRecord
from archive.selection import Selection, Source, select, whole
from archive.surt import surt

WACZ_VERSION = "1.1.1"
# Lines in one gzip block of the index, as in the tools of Webrecorder: a reader fetches one block for a look-up.
BLOCK_LINES = 1024
GZIP_WBITS = 31
# ZIP knows no time before.
ZIP_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
NAME_CHARACTERS = re.compile(r"[^-a-z0-9._/]")
# Below the 2 GB where an entry needs ZIP64, with room for one more exchange.
SMALL_ENTRY_BYTES = 1_500_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedPage:
    """One entry of the page list: an address, and the record that answers it at `captured_at`."""

    url: str
    captured_at: datetime
    record_id: str
    title: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What a package holds. `unpacked_pages` were handed in, but no record of theirs is in it.

    `unresolved` counts revisits whose target is in none of the WARC files.
    """

    path: Path
    bytes: int
    warc_files: int
    records: int
    index_lines: int
    pages: int
    unpacked_pages: int
    unresolved: int
    signed: bool


def pack(  # noqa: PLR0913 - a source, a target, and settings with defaults
    path: Path,
    warcs: Sequence[Path],
    *,
    description: Description,
    pages: Iterable[PackedPage] = (),
    has_text: bool = True,
    selection: Selection | None = None,
    key: Signer | None = None,
    max_warc_bytes: int = 1_000_000_000,
    on_record: Callable[[ScannedRecord], None] = lambda _record: None,
) -> Packed:
    """Write a WACZ file and return what is in it; without a selection the WARC files are packed as they stand.

    A selection goes into new WARC files of about `max_warc_bytes` each. `has_text` says whether pages bear texts.
    `on_record` is told of each record that goes in, its block cut to the first bytes; `pages` are asked for afterwards.
    The file gets its name when it is whole and on disk; one that bears this name is replaced. Raises ArchiveError if
    there is nothing to pack, or at bytes that are no whole record; OSError where the disk is full.
    """
    if not warcs:
        raise ArchiveError(f"{path}: there is no finished WARC file to pack")
    partial = path.with_name(f".{path.name}.partial")
    catalogue = Catalogue()
    try:
        sources = (
            select(warcs, catalogue, selection, stem=_stem(path), description=description, max_bytes=max_warc_bytes)
            if selection
            else whole(warcs)
        )
        with partial.open("wb") as file:
            with zipfile.ZipFile(file, "w") as package:
                packing = _Packing(package, catalogue, description, key)
                records = packing.write_warcs(sources, on_record)
                listed, unpacked = packing.write_pages(pages, has_text)
                packing.write_manifest()
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        packed = Packed(
            path=path,
            bytes=size,
            warc_files=packing.warc_files,
            records=records,
            index_lines=catalogue.count_lines(),
            pages=listed,
            unpacked_pages=unpacked,
            unresolved=catalogue.count_unresolved(),
            signed=key is not None,
        )
        partial.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        if isinstance(error, sqlite3.Error):
            raise ArchiveError(f"{path}: {error}; free some space for temporary files, or set SQLITE_TMPDIR") from error
        raise
    finally:
        catalogue.close()
    return packed


def _stem(path: Path) -> str:
    """Return a name for the WARC files of a package."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", path.name.removesuffix(".wacz")).strip("-") or "selection"


class _Packing:
    """A package while it is written, in the order of its files: archives, index, pages, manifest."""

    def __init__(
        self, package: zipfile.ZipFile, catalogue: Catalogue, description: Description, key: Signer | None
    ) -> None:
        self.warc_files = 0
        self._zip = package
        self._catalogue = catalogue
        self._description = description
        self._created = description.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._key = key
        self._resources: list[dict[str, object]] = []
        self._names: set[str] = set()

    def write_warcs(self, sources: Iterable[Source], on_record: Callable[[ScannedRecord], None]) -> int:
        """Write the WARC files and their index, and return the number of records."""
        records = 0
        for source in sources:
            self.warc_files += 1
            for record in self._copy(source):
                records += 1
                on_record(record)
                if line := _index_line(record, source.name):
                    self._catalogue.add_line(line)
        self._write_index()
        return records

    def _copy(self, source: Source) -> Iterator[ScannedRecord]:
        scanner = MemberScanner(source.name)
        large = source.about_bytes > SMALL_ENTRY_BYTES
        with self._entry(f"archive/{source.name}", zipfile.ZIP_STORED, large=large) as entry:
            for piece in source.pieces:
                entry.write(piece)
                for record in scanner.feed(piece):
                    if not source.catalogued:
                        self._catalogue.add(0, record, chosen=True)
                    yield record
            scanner.finish()

    def _write_index(self) -> None:
        """Write index.cdx.gz in blocks, and index.idx, which tells where each block lies (ZipNum)."""
        meta = {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}
        blocks = [f"!meta 0 {json.dumps(meta)}\n".encode()]
        lines = self._catalogue.sorted_lines()
        offset = 0
        with self._entry("indexes/index.cdx.gz", zipfile.ZIP_STORED) as entry:
            while block := list(islice(lines, BLOCK_LINES)):
                packed = _gzip(b"".join(line + b"\n" for line in block))
                entry.write(packed)
                where = {"offset": offset, "length": len(packed), "digest": _hash(packed)}
                blocks.append(block[0].partition(b" {")[0] + f" {json.dumps(where)}\n".encode())
                offset += len(packed)
        with self._entry("indexes/index.idx", zipfile.ZIP_DEFLATED) as entry:
            entry.write(b"".join(blocks))

    def write_pages(self, pages: Iterable[PackedPage], has_text: bool) -> tuple[int, int]:
        """Write the page list, and return how many pages are in it and how many have no record in the package."""
        listed = unpacked = 0
        header = {"format": "json-pages-1.0", "id": "pages", "title": "All Pages", "hasText": has_text}
        with self._entry("pages/pages.jsonl", zipfile.ZIP_DEFLATED) as entry:
            entry.write(_json_line(header))
            for page in pages:
                if self._catalogue.has_answer(page.record_id):
                    entry.write(_json_line(_describe(page)))
                    listed += 1
                else:
                    unpacked += 1
        return listed, unpacked

    def write_manifest(self) -> None:
        """Write the list of all files so far, and its digest."""
        manifest: dict[str, object] = {"profile": "data-package", "title": self._description.title}
        if self._description.description:
            manifest["description"] = self._description.description
        manifest |= {
            "created": self._created,
            "wacz_version": WACZ_VERSION,
            "software": self._description.software,
            "resources": self._resources,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2).encode() + b"\n"
        digest = make_digest(text, created=self._created, software=self._description.software, key=self._key)
        for name, content in ((MANIFEST, text), (DIGEST, digest)):
            with self._entry(name, zipfile.ZIP_DEFLATED) as entry:
                entry.write(content)

    @contextmanager
    def _entry(self, name: str, method: int, *, large: bool = False) -> Iterator["_Entry"]:
        """Open a file of the package for writing; when it is whole, it is listed in the manifest.

        A `large` one may pass 2 GB. replayweb.page cannot read the ZIP64 form of small ones.
        """
        moment = max(self._description.created.astimezone(UTC), ZIP_EPOCH)
        zip_info = zipfile.ZipInfo(name, moment.timetuple()[:6])
        zip_info.compress_type = method
        zip_info.external_attr = 0o100644 << 16
        with self._zip.open(zip_info, "w", force_zip64=large) as stream:
            entry = _Entry(stream)
            yield entry
        self._resources.append(
            {"name": self._resource_name(name), "path": name, "hash": entry.hash(), "bytes": entry.bytes}
        )

    def _resource_name(self, path: str) -> str:
        """Return a name by the rules of Data Package: unique, lower case, few characters."""
        name = base = NAME_CHARACTERS.sub("-", Path(path).name.lower())
        while name in self._names:
            name = f"{base}-{len(self._names)}"
        self._names.add(name)
        return name


class _Entry:
    """A file of the package while it is written: counted and hashed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.bytes = 0

    def write(self, piece: bytes) -> None:
        self._stream.write(piece)
        self._hash.update(piece)
        self.bytes += len(piece)

    def hash(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def _index_line(record: ScannedRecord, file: str) -> bytes | None:
    """Return the line of a record that answers requests, with the digest of its bytes, by which readers check it."""
    if record.type not in ANSWERS or not record.url:
        return None
    status, mime = _status_and_mime(record)
    fields = {"url": record.url, "mime": mime}
    if status:
        fields["status"] = status
    if digest := record.value("WARC-Payload-Digest"):
        # With its label: ReplayWeb.page takes a bare digest for sha256.
        fields["digest"] = digest
    fields |= {"length": str(record.length), "offset": str(record.offset), "filename": file}
    fields["recordDigest"] = f"sha256:{record.digest}"
    return f"{surt(record.url)} {record.date:%Y%m%d%H%M%S} {json.dumps(fields)}".encode()


def _status_and_mime(record: ScannedRecord) -> tuple[str | None, str]:
    content_type = record.value("Content-Type")
    status = None
    if record.type != "resource":
        head = Capture(url=record.url, started_at=record.date, seconds=0, request=b"", response=record.lead).head()
        content_type = head.value("content-type") if head else None
        status = str(head.status) if head else None
    if record.type == "revisit":
        return status, "warc/revisit"
    words = (content_type or "").split(";")[0].split()
    return status, words[0] if words else "unk"


def _describe(page: PackedPage) -> dict[str, object]:
    entry: dict[str, object] = {"id": page.record_id.removeprefix("urn:uuid:"), "url": page.url}
    # To the second, as in the index: by this time a reader finds the page's record.
    entry["ts"] = page.captured_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if page.title is not None:
        entry["title"] = page.title
    if page.text is not None:
        entry["text"] = page.text
    return entry


def _json_line(entry: dict[str, object]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _gzip(content: bytes) -> bytes:
    return zlib.compress(content, 9, GZIP_WBITS)


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
