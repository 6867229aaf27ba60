"""`manifest.json`: what is in a data set, out of what it was made, and how."""

from pathlib import Path
from typing import Any

import msgspec

from archive.files import OPEN_SUFFIX
from crawler.views.export.choice import told
from crawler.views.export.dataset import DataSet, WarcFile
from crawler.views.export.folder import SCHEMA, hash_file


def make_manifest(made: DataSet) -> bytes:
    """Return the manifest as JSON."""
    census = made.census
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "name": made.name,
        "title": made.title,
        "digest": made.digest,
        "pressmark": made.pressmark,
        "portal": made.portal.name,
        "options": told(made.choice),
        "counts": {
            "articles": made.counts.articles,
            "lines": made.counts.lines,
            "withheld": made.counts.withheld,
            "undated_left_out": made.counts.undated if made.choice.is_dated else 0,
            "characters": census.characters,
            "pictures": census.pictures,
            "pictures_captured": census.captured_pictures,
            "events": dict(sorted(census.events.items())),
            "withdrawn": len(census.withdrawn),
        },
        "branches": {
            code: {
                "name": next((one.name for one in made.portal.branches if one.code == code), None),
                "articles": census.articles[code],
                "lines": census.lines[code],
            }
            for code in made.branches
        },
        "published": {"first": census.published.first, "last": census.published.last},
        "captured": {"first": census.captured.first, "last": census.captured.last},
        "schemas": made.schemas,
        "extractors": dict(sorted(census.extractors.items())),
        "layouts": dict(sorted(census.layouts.items())),
        "tables": [
            {"name": table.name, "about": table.about, "rows": table.rows, "files": table.files}
            for table in made.tables
        ],
        "warcs": made.warcs,
    }
    return as_json(value)


def as_json(value: object) -> bytes:
    """Return a value as indented JSON with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def describe_warc(archive: Path, name: str, lines: int) -> WarcFile:
    """Return what can be told of a WARC file; it is read through once."""
    path = archive / name
    if not path.is_file():
        return WarcFile(file=name, lines=lines, bytes=None, sha256=None)
    return WarcFile(file=name, lines=lines, bytes=path.stat().st_size, sha256=hash_file(path))


def is_missing(archive: Path, name: str) -> bool:
    """Tell whether a WARC file is not there, not even as one that is still being written."""
    return not (archive / name).is_file() and not (archive / f"{name}{OPEN_SUFFIX}").is_file()
