"""The alarms that are open in a collection, kept in `alarms.json`: what is new, what lasts, what has cleared."""

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from archive.files import sync_folder
from crawler.health.drift import Alarm

SCHEMA = "pressmark.alarms/1.0.0"

logger = logging.getLogger(__name__)


class OpenAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm since its first run; `since` is RFC 3339 in UTC."""

    kind: str
    where: str
    why: str
    since: str


class AlarmFile(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in `alarms.json`."""

    schema: str = SCHEMA
    alarms: tuple[OpenAlarm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What a run has changed: `new` alarms and `cleared` ones are told once; `still` is what is open after it."""

    new: tuple[OpenAlarm, ...]
    cleared: tuple[OpenAlarm, ...]
    still: tuple[OpenAlarm, ...]


def compare(before: Iterable[OpenAlarm], found: Iterable[Alarm], is_judged: Callable[[Alarm], bool], at: str) -> Turns:
    """Return what has changed between the alarms that were open and those that a run, begun `at`, has found.

    One that was not found again has cleared only where the run could have found it (`is_judged`).
    """
    known = {(one.kind, one.where): one for one in before}
    now = {(one.kind, one.where): one for one in found}
    opened = {
        key: OpenAlarm(kind=one.kind, where=one.where, why=one.why, since=known[key].since if key in known else at)
        for key, one in now.items()
    }
    absent = {key: one for key, one in known.items() if key not in now}
    cleared = {key: one for key, one in absent.items() if is_judged(Alarm(kind=one.kind, where=one.where, why=one.why))}
    lasting = {key: one for key, one in absent.items() if key not in cleared}
    return Turns(
        new=tuple(one for key, one in opened.items() if key not in known),
        cleared=tuple(cleared.values()),
        still=tuple(one for _, one in sorted({**lasting, **opened}.items())),
    )


def read_alarms(path: Path) -> tuple[OpenAlarm, ...]:
    """Return the alarms that are open; none where the file is missing or cannot be read, which is logged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=AlarmFile).alarms
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError) as error:
        logger.warning("%s: cannot be read (%s); open alarms are told again", path, error)
        return ()


def write_alarms(path: Path, alarms: tuple[OpenAlarm, ...]) -> None:
    """Write the open alarms under a temporary name, and rename it. Raises OSError."""
    draft = path.with_suffix(".json.new")
    text = msgspec.json.format(msgspec.json.encode(AlarmFile(alarms=alarms)), indent=1)
    with draft.open("wb") as file:
        file.write(text + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync_folder(path.parent)
