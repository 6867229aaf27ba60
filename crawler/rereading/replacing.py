"""Put lines that were read anew where they belong: chosen ones into a folder, all of them in the place of the old."""

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from archive.salvage import salvage_exchanges
from crawler.errors import CrawlerError, UsageError
from crawler.folding.changes import decode_event
from crawler.folding.register import Register
from crawler.folding.schedule import Schedule
from crawler.lines import SCHEMA, ArticleLine, decode_line
from crawler.reading.extract.pages import EXTRACTOR_VERSION
from crawler.reading.portals import Portal
from crawler.store.collection import Collection, LockedError
from crawler.store.state import State
from crawler.store.swapping import swap

# Says of a folder that its lines were read anew, and by what.
MANIFEST = "reextracted.json"
# All that lies in such a folder.
MADE = {MANIFEST, "articles", "changes.jsonl"}


class _Manifest(msgspec.Struct, frozen=True):
    """What is read of a manifest: the folder in which the old lines were kept."""

    kept: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """Which lines are kept: those captured from this UTC day on, and those of this layout; None for all."""

    since: str | None = None
    layout: str | None = None

    def takes(self, line: ArticleLine) -> bool:
        """Tell whether a line is kept."""
        is_late = not self.since or line.captured_at[:10] >= self.since
        return is_late and self.layout in {None, line.extractor.layout}


def check_portal(collection: Collection, portal: Portal) -> None:
    """Raise UsageError where a collection holds another portal."""
    held = None
    if collection.state.exists():
        # One that is damaged says nothing, and is what a rebuild mends.
        with suppress(CrawlerError, sqlite3.DatabaseError):
            state = State(collection.state, read_only=True)
            try:
                held = state.versions.portal()
            finally:
                state.shut()
    if held not in {None, portal.name}:
        raise UsageError(f"{collection.folder}: holds the portal {held}, not {portal.name}; name it with --portal")


def refuse_foreign(target: Path) -> None:
    """Raise UsageError for a folder that holds anything that was not made by an earlier `reextract`.

    A collection whose lines were read anew bears the manifest as well, and is none.
    """
    if not target.exists():
        return
    held = {path.name for path in target.iterdir()} if target.is_dir() else {target.name}
    if held and (MANIFEST not in held or held - MADE):
        raise UsageError(f"{target}: was not made by `pressmark reextract`; name another folder with --out")


@contextmanager
def fresh_folder(place: Path) -> Iterator[Path]:
    """Give an empty folder to write into, which goes after an error; what a killed process has left there goes before.

    Raises LockedError while another process writes there.
    """
    place.mkdir(parents=True, exist_ok=True)
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(handle), place.stat())
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:
            raise LockedError(f"{place}: another process reads anew into it; wait for its end")
        try:
            for path in place.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield place
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
    finally:
        os.close(handle)


def keep_beside(fresh: Path, target: Path, wanted: LineFilter) -> tuple[int, int] | None:
    """Make a folder of what was read anew: articles and ledger; one that an earlier call made is replaced.

    Return how many lines and events are kept, None for all.
    """
    kept = None if wanted == LineFilter() else _filter(fresh, wanted)
    for path in fresh.glob("*.sqlite*"):
        path.unlink()
    _write_manifest(fresh, kept=None)
    refuse_foreign(target)
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(target)
    return kept


def catch_up(collection: Collection, portal: Portal, schedule: Schedule) -> None:
    """Bring the state to the end of the WARC files, where a crash has left it behind; the lock must be held."""
    register = Register(collection, portal, schedule)
    try:
        for _ in register.replay(lambda path, start: salvage_exchanges(path, lambda _: None, start=start)):
            pass
        register.commit(None)
    finally:
        register.shut()


def put_in_place(collection: Collection, fresh: Path, aside: Path) -> None:
    """Let articles and ledger take the place of the old, which are kept in `aside`, with a state that fits them.

    The lock must be held, and the state be at the end of the WARC files.
    """
    new = fresh / "next.sqlite"
    State.copy(collection.state, new)
    state = State(new)
    try:
        state.take_versions(fresh / "state.sqlite")
    finally:
        state.shut()
    for path in [*fresh.glob("state.sqlite*"), *fresh.glob("digests.sqlite*")]:
        path.unlink()
    new.rename(fresh / "state.sqlite")
    _write_manifest(fresh, kept=aside.name)
    swap(collection.folder, fresh, ("state.sqlite", "articles", "changes.jsonl", MANIFEST), aside, keep=True)


def kept_lines(collection: Collection) -> list[Path]:
    """Return where the lines lie that a crawl wrote and that were read anew since, those of the last time first.

    Each folder that was kept names the one that was kept before. Raises CrawlerError for a manifest of no use.
    """
    found: list[Path] = []
    manifest = collection.folder / MANIFEST
    while manifest.exists():
        try:
            kept = msgspec.json.decode(manifest.read_bytes(), type=_Manifest).kept
        except msgspec.MsgspecError as error:
            raise CrawlerError(
                f"{manifest}: does not tell where the lines are kept ({error}); `pressmark rebuild` does without it"
            ) from error
        folder = collection.folder / (kept or "")
        if not kept or folder / "articles" in found:
            break
        found.append(folder / "articles")
        manifest = folder / MANIFEST
    return found


def _write_manifest(folder: Path, *, kept: str | None) -> None:
    told = {"schema": SCHEMA, "extractor": EXTRACTOR_VERSION, "kept": kept}
    (folder / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def _filter(fresh: Path, wanted: LineFilter) -> tuple[int, int]:
    """Drop the lines that are not wanted, and of the ledger the events of their versions; count what is left."""
    lines = events = 0
    dropped: set[tuple[str, int | None]] = set()
    for path in sorted(fresh.glob("articles/*/*.jsonl")):
        partial = path.with_suffix(".partial")
        with path.open("rb") as source, partial.open("wb") as target:
            for text in source:
                line = decode_line(text)
                if wanted.takes(line):
                    target.write(text)
                    lines += 1
                else:
                    dropped.add((line.id, line.version))
        if partial.stat().st_size:
            partial.replace(path)
        else:
            partial.unlink()
            path.unlink()
    changes = fresh / "changes.jsonl"
    partial = changes.with_suffix(".partial")
    with changes.open("rb") as source, partial.open("wb") as target:
        for text in source:
            event = decode_event(text)
            is_told = event.type in {"withdrawn", "restored"} and (not wanted.since or event.at[:10] >= wanted.since)
            if is_told or (event.id, event.version) not in dropped:
                target.write(text)
                events += 1
    partial.replace(changes)
    return lines, events
