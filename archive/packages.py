"""Check WACZ packages by the specification 1.1.1: manifest, hashes, pages, indexes, and the WARC files inside."""

import gzip
import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from archive.errors import ArchiveError
from archive.findings import Finding
from archive.iteration import iterate_file
from archive.references import References
from archive.verify import check_index_lines, check_records

MANIFEST = "datapackage.json"
DIGEST = "datapackage-digest.json"
PAGES = "pages/pages.jsonl"
UNLISTED = frozenset({MANIFEST, DIGEST})
VERSIONS = frozenset({"1.0.0", "1.1.0", "1.1.1"})
HASH = re.compile(r"(sha256|md5):([0-9a-f]{32}|[0-9a-f]{64})")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Resource:
    """A file as the manifest lists it; what it does not state is None."""

    path: str
    hash: str | None
    bytes: int | None


def check_package(path: Path, *, check_signature: Callable[[Path], object] | None = None) -> Iterator[Finding]:
    """Yield all findings of a package and of the files in it. Raises OSError if it cannot be opened.

    `check_signature` is asked about packages with a datapackage-digest.json; it raises ArchiveError at a wrong one.
    """
    if path.is_dir():
        yield _finding(path.name, "directory", "a directory was given; name the files in it")
        return
    try:
        with zipfile.ZipFile(path) as package:
            yield from _check_files(package, path.name)
            if check_signature and DIGEST in package.namelist():
                check_signature(path)
    except ArchiveError as error:
        yield _finding(path.name, "package", str(error))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        yield _finding(path.name, "form", f"no whole ZIP file ({error})")


def _check_files(package: zipfile.ZipFile, name: str) -> Iterator[Finding]:
    names = [entry.filename for entry in package.infolist() if not entry.is_dir()]
    for twice in sorted({one for one in names if names.count(one) > 1}) if len(set(names)) < len(names) else ():
        yield _finding(name, "package", f"{twice} is there more than once")
    yield from _check_layout(package, name, names)
    if MANIFEST in names:
        raw = package.read(MANIFEST)
        resources, broken = read_manifest(raw)
        yield from (_finding(f"{name}!{MANIFEST}", "package", message) for message in broken)
        yield from _check_resources(package, name, names, resources)
        if DIGEST in names:
            message = _check_manifest_digest(raw, package.read(DIGEST))
            if message:
                yield _finding(f"{name}!{DIGEST}", "package", message)
    if PAGES in names:
        for page_list in sorted(one for one in names if one.startswith("pages/") and one.endswith(".jsonl")):
            with package.open(page_list) as file:
                yield from check_pages(file, f"{name}!{page_list}")
    yield from _check_records(package, name, names)


def _check_layout(package: zipfile.ZipFile, name: str, names: list[str]) -> Iterator[Finding]:
    for needed in (MANIFEST, PAGES):
        if needed not in names:
            yield _finding(name, "package", f"{needed} is missing")
    if not _archives(names):
        yield _finding(name, "package", "no WARC file in archive/")
    if not _indexes(names):
        yield _finding(name, "package", "no index in indexes/")
    for inner in _archives(names):
        if package.getinfo(inner).compress_type != zipfile.ZIP_STORED:
            yield _finding(f"{name}!{inner}", "package", "is compressed in the package; it must be stored as it is")


def read_manifest(raw: bytes) -> tuple[list[Resource], list[str]]:
    """Return the files that a datapackage.json lists, and what is wrong with it."""
    try:
        manifest = json.loads(raw)
    except ValueError as error:
        return [], [f"no JSON ({error})"]
    if not isinstance(manifest, dict):
        return [], ["no JSON object"]
    broken = []
    if manifest.get("profile") != "data-package":
        broken.append(f"profile is {manifest.get('profile')!r} and not 'data-package'")
    if manifest.get("wacz_version") not in VERSIONS:
        broken.append(f"wacz_version is {manifest.get('wacz_version')!r}; 1.1.1 is known")
    listed = manifest.get("resources")
    if not isinstance(listed, list) or not listed:
        return [], [*broken, "lists no resources"]
    resources = []
    for number, one in enumerate(listed):
        if not isinstance(one, dict) or not isinstance(one.get("path"), str):
            broken.append(f"resource {number} has no path")
            continue
        resources.append(_read_resource(one))
    return resources, broken


def check_pages(lines: Iterable[bytes] | IO[bytes], name: str) -> Iterator[Finding]:
    """Yield the lines of a list of pages that are not as they must be: a header, then pages with url and ts."""
    offset = 0
    for number, line in enumerate(lines):
        message = _check_page(line, first=number == 0)
        if message:
            yield Finding(file=name, offset=offset, record_id=None, rule="package", message=message)
        offset += len(line)
    if offset == 0:
        yield _finding(name, "package", "is empty; its first line must state the format")


def _check_page(line: bytes, *, first: bool) -> str | None:
    try:
        page = json.loads(line)
    except ValueError:
        return f"{line[:60]!r} is no JSON"
    if not isinstance(page, dict):
        return f"{line[:60]!r} is no JSON object"
    if first:
        return None if page.get("format") == "json-pages-1.0" else "the first line does not state json-pages-1.0"
    if not isinstance(page.get("url"), str):
        return "a page without url"
    stamp = page.get("ts")
    if not isinstance(stamp, str) or not MOMENT.fullmatch(stamp):
        return f"a page whose ts {stamp!r} is no time of RFC 3339"
    return None


def _check_resources(
    package: zipfile.ZipFile, name: str, names: list[str], resources: list[Resource]
) -> Iterator[Finding]:
    there = set(names)
    for resource in resources:
        place = f"{name}!{resource.path}"
        if resource.path not in there:
            yield _finding(place, "package", "is listed in the manifest and missing in the package")
            continue
        if resource.bytes is None or not HASH.fullmatch(resource.hash or ""):
            yield _finding(place, "package", f"the manifest lacks its bytes or its hash ({resource.hash!r})")
            continue
        size, found = _measure(package, resource.path, (resource.hash or "").partition(":")[0])
        if size != resource.bytes:
            yield _finding(place, "package", f"has {size} bytes and not {resource.bytes}, as the manifest says")
        elif found != resource.hash:
            yield _finding(place, "package", f"has the hash {found} and not {resource.hash}, as the manifest says")
    for unlisted in sorted(there - UNLISTED - {resource.path for resource in resources}):
        yield _finding(f"{name}!{unlisted}", "package", "is not listed in the manifest")


def _check_manifest_digest(manifest: bytes, raw: bytes) -> str | None:
    try:
        digest = json.loads(raw)
        stated = digest["hash"]
    except (ValueError, KeyError, TypeError) as error:
        return f"states no hash ({error!r})"
    algorithm = "md5" if str(stated).startswith("md5:") else "sha256"
    found = f"{algorithm}:{hashlib.new(algorithm, manifest, usedforsecurity=False).hexdigest()}"
    return None if stated == found else f"the manifest has the hash {found} and not {stated}"


def _check_records(package: zipfile.ZipFile, name: str, names: list[str]) -> Iterator[Finding]:
    with References() as references:
        for inner in _archives(names):
            if package.getinfo(inner).compress_type == zipfile.ZIP_STORED:
                with package.open(inner) as file:
                    found = iterate_file(file, PurePosixPath(inner).name)  # type: ignore[arg-type]
                    yield from _inside(name, check_records(found, PurePosixPath(inner).name, references))
        yield from _inside(name, references.find_broken())
        for inner in _indexes(names):
            with package.open(inner) as file:
                lines: Any = gzip.GzipFile(fileobj=file) if inner.endswith(".gz") else file
                yield from _inside(name, check_index_lines(lines, PurePosixPath(inner).name, references))
        if _indexes(names):
            yield from _inside(name, references.find_misindexed(complete=True))


def _archives(names: list[str]) -> list[str]:
    return sorted(one for one in names if one.startswith("archive/") and one.endswith((".warc.gz", ".warc")))


def _indexes(names: list[str]) -> list[str]:
    endings = (".cdxj", ".cdx", ".cdx.gz", ".cdxj.gz")
    return sorted(one for one in names if one.startswith("indexes/") and one.endswith(endings))


def _inside(package: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    for one in findings:
        yield Finding(
            file=f"{package}!{one.file}",
            offset=one.offset,
            record_id=one.record_id,
            rule=one.rule,
            message=one.message,
        )


def _read_resource(one: dict[str, Any]) -> Resource:
    size, stated = one.get("bytes"), one.get("hash")
    return Resource(one["path"], stated if isinstance(stated, str) else None, size if isinstance(size, int) else None)


def _measure(package: zipfile.ZipFile, name: str, algorithm: str) -> tuple[int, str]:
    size, digest = 0, hashlib.new(algorithm, usedforsecurity=False)
    with package.open(name) as file:
        while piece := file.read(PIECE_BYTES):
            size += len(piece)
            digest.update(piece)
    return size, f"{algorithm}:{digest.hexdigest()}"


def _finding(file: str, rule: str, message: str) -> Finding:
    return Finding(file=file, offset=None, record_id=None, rule=rule, message=message)
