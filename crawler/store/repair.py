"""Put aside a state or a table of digests that is damaged; both are made again from the records."""

import logging
import sqlite3
from itertools import count
from pathlib import Path

from archive.digests import Digests
from crawler.store.collection import Collection
from crawler.store.state import find_fault

logger = logging.getLogger(__name__)


def put_damaged_aside(collection: Collection) -> None:
    """Keep a state that cannot be used under another name; it is made again from the records."""
    state = collection.state
    if not state.exists():
        return
    if fault := find_fault(state, suspect=collection.suspect.exists()):
        _rename_database(state, fault)
    collection.suspect.unlink(missing_ok=True)


def open_digests(collection: Collection) -> Digests:
    """Open the payload digests; a file that is no database is put aside and made again."""
    try:
        return Digests(collection.digests, collection.archive)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        _rename_database(collection.digests, f"is damaged ({error})")
        return Digests(collection.digests, collection.archive)


def free_name(path: Path) -> Path:
    """Return the first name under which a file can be put aside."""
    return next(one for n in count(1) if not (one := path.with_name(f"{path.name}.before-{n}")).exists())


def _rename_database(database: Path, fault: str) -> None:
    """Put a database and its journal aside, and say so in one line."""
    aside = free_name(database)
    for side in ("", "-wal", "-shm"):
        path = database.with_name(database.name + side)
        if path.exists():
            path.rename(aside.with_name(aside.name + side))
    logger.warning("%s: %s; kept as %s, and made again from the WARC files", database, fault, aside.name)
