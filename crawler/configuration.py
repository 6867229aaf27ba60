"""Read `pressmark.toml`: the options of a crawl, its schedule, alarms and metrics, as an operator keeps them for years.

A wrong key or value is named with file, table, key and the nearest name. Relative paths are taken from the folder of
the file, so that a crawl from cron finds the same places as one by hand.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from crawler.errors import UsageError
from crawler.folding.schedule import Schedule, Step
from crawler.tables import Table

DEFAULT_FILE = Path("pressmark.toml")
EVERY_BRANCH = "all"

# As pywb allows them, and dots.
_NAME = re.compile(r"\w[\w.-]*")
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>kB|MB|GB|TB)")
_POWERS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSettings:
    """Whom to tell of alarms, and the bounds behind some of them.

    `command` is the words of a program, which no shell looks at; `webhook` an address that takes POST. Both have
    `timeout` to answer. Below `disk_free` bytes on the collection's disk, and above `error_share` of a run's requests
    that failed, there is an alarm.
    """

    command: tuple[str, ...] = ()
    webhook: str | None = None
    timeout: timedelta = timedelta(seconds=30)
    disk_free: int = 1_000_000_000
    error_share: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Where metrics go: a textfile after each run, and a port of 127.0.0.1 during it; None for neither."""

    textfile: Path | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What an operator has set; `crawl` holds the options of `pressmark crawl` that the file names, by key.

    `keys` are all keys of the file, as `table.key`.
    """

    path: Path | None = None
    keys: tuple[str, ...] = ()
    crawl: Mapping[str, object] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)


def read_configuration(path: Path) -> Configuration:
    """Return what a file sets. Raises UsageError with file, key and nearest name for a wrong key or value."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); write it, or name another file") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is no whole TOML file: {error}; nothing was done") from error
    table = Table(str(path), values)
    table.allow("crawl", "schedule", "alarms", "metrics")
    folder = path.absolute().parent
    return Configuration(
        path=path,
        keys=tuple(f"{name}.{key}" for name, part in values.items() if isinstance(part, dict) for key in part),
        # The default is a relative path, too: it must not depend on where cron starts us.
        crawl={"data": str(folder / "data"), **_read_crawl(table.optional_table("crawl"), folder)},
        schedule=_read_schedule(table.optional_table("schedule")),
        alarms=_read_alarms(table.optional_table("alarms")),
        metrics=_read_metrics(table.optional_table("metrics"), folder),
    )


def find_configuration(path: Path | None) -> Configuration:
    """Return what the file of `--config` sets, else that of ./pressmark.toml if it is there, else nothing."""
    if path is None and not _is_there(DEFAULT_FILE):
        return Configuration()
    return read_configuration(path or DEFAULT_FILE)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        # Started by `runuser` or cron in a folder of another user: what cannot be seen is not meant.
        return False


def duration_text(length: timedelta) -> str:
    """Return a duration as a configuration has it: 30m."""
    seconds = length.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s"


def size_text(size: int) -> str:
    """Return a number of bytes as a configuration has it: 1.5 GB."""
    return f"{size / 10**9:.12g} GB"


def collection_fault(name: str) -> str | None:
    """Return what is wrong with the name of a collection, a folder of `collections`; None for a good one."""
    return None if _NAME.fullmatch(name) else "the name of a folder: letters, digits, '_', '-' and '.'"


def crawl_keys() -> tuple[str, ...]:
    """Return the keys of the table `crawl`."""
    return tuple(_CRAWL)


def _read_crawl(table: Table | None, folder: Path) -> dict[str, object]:
    if table is None:
        return {}
    table.allow(*_CRAWL)
    found = {key: read(table, key, folder) for key, read in _CRAWL.items() if table.has(key)}
    if EVERY_BRANCH in (named := table.texts("branches")) and len(named) > 1:
        raise UsageError(f"{table.place}: key 'branches': '{EVERY_BRANCH}' stands for every branch; name no other")
    return found


def _read_schedule(table: Table | None) -> Schedule:
    schedule = Schedule()
    if table is None:
        return schedule
    table.allow(*(one.name for one in fields(Schedule)))
    changes: dict[str, Any] = {}
    for key in (one.name for one in fields(Schedule) if table.has(one.name)):
        default = getattr(schedule, key)
        if isinstance(default, timedelta):
            changes[key] = _duration(table, key)
        elif isinstance(default, float):
            changes[key] = table.number(key, *_FACTORS[key])
        else:
            changes[key] = _ladder(table, key)
    read = replace(schedule, **changes)
    for short, long in (("list_shortest", "list_longest"), ("retry_shortest", "retry_longest")):
        if getattr(read, short) > getattr(read, long):
            raise UsageError(f"{table.place}: key '{short}' is longer than '{long}'; choose a shorter one")
    return read


def _read_alarms(table: Table | None) -> AlarmSettings:
    settings = AlarmSettings()
    if table is None:
        return settings
    table.allow(*(one.name for one in fields(AlarmSettings)))
    webhook = table.optional_text("webhook")
    if webhook and not webhook.startswith(("http://", "https://")):
        raise UsageError(f"{table.place}: key 'webhook' must be an http or https address, not {webhook!r}")
    return AlarmSettings(
        command=table.texts("command"),
        webhook=webhook,
        timeout=_duration(table, "timeout") if table.has("timeout") else settings.timeout,
        disk_free=_size(table, "disk_free") if table.has("disk_free") else settings.disk_free,
        error_share=table.number("error_share", 0, 1) if table.has("error_share") else settings.error_share,
    )


def _read_metrics(table: Table | None, folder: Path) -> MetricsSettings:
    if table is None:
        return MetricsSettings()
    table.allow(*(one.name for one in fields(MetricsSettings)))
    textfile = table.optional_text("textfile")
    return MetricsSettings(
        textfile=folder / textfile if textfile else None,
        port=table.whole("port", 1, 65535) if table.has("port") else None,
    )


def _duration(table: Table, key: str) -> timedelta:
    return _as_duration(table, key, table.text(key))


def _as_duration(table: Table, key: str, text: object) -> timedelta:
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    length = timedelta(**{_UNITS[match["unit"]]: float(match["number"])}) if match else timedelta()
    if not length:
        raise UsageError(
            f'{table.place}: key \'{key}\' must be a duration such as "30s", "10m", "3h" or "7d", not {text!r}'
        )
    return length


def _size(table: Table, key: str) -> int:
    text = table.text(key)
    match = _SIZE.fullmatch(text)
    if not match:
        raise UsageError(f'{table.place}: key \'{key}\' must be a size such as "500 MB" or "2 GB", not {text!r}')
    return round(float(match["number"]) * _POWERS[match["unit"]])


def _ladder(table: Table, key: str) -> tuple[Step, ...]:
    """Return the steps of `[["3h", "30m"], ...]`, pairs of under and every, the ages rising."""
    steps: list[Step] = []
    for pair in table.values(key):
        if not isinstance(pair, list) or len(pair) != 2:
            raise UsageError(f'{table.place}: key \'{key}\' must be pairs such as ["3h", "30m"], not {pair!r}')
        step = Step(under=_as_duration(table, key, pair[0]), every=_as_duration(table, key, pair[1]))
        if steps and step.under <= steps[-1].under:
            raise UsageError(f"{table.place}: key '{key}': {pair!r} is not older than the step before; let ages rise")
        steps.append(step)
    return tuple(steps)


def _text(table: Table, key: str, _: Path) -> str:
    return table.text(key)


def _path(table: Table, key: str, folder: Path) -> str:
    return str(folder / table.text(key))


def _portal(table: Table, key: str, folder: Path) -> str:
    name = table.text(key)
    return str(folder / name) if name.endswith(".toml") else name


def _collection(table: Table, key: str, _: Path) -> str:
    name = table.text(key)
    if fault := collection_fault(name):
        raise UsageError(f"{table.place}: key '{key}' must be {fault}, not {name!r}")
    return name


def _texts(table: Table, key: str, _: Path) -> list[str]:
    return list(table.texts(key))


def _whole(table: Table, key: str, _: Path) -> int:
    return table.whole(key, 0)


def _number(table: Table, key: str, _: Path) -> float:
    return table.number(key, 0)


def _flag(table: Table, key: str, _: Path) -> bool:
    return table.flag(key)


def _day(table: Table, key: str, _: Path) -> str:
    value = table.value(key)
    try:
        return (value if type(value) is date else date.fromisoformat(table.text(key))).isoformat()
    except ValueError as error:
        raise UsageError(f"{table.place}: key '{key}' must be a day such as 2026-11-01, not {value!r}") from error


def _choice(*choices: str) -> Callable[[Table, str, Path], str]:
    def read(table: Table, key: str, _: Path) -> str:
        return table.choice(key, choices)

    return read


_CRAWL: Mapping[str, Callable[[Table, str, Path], object]] = {
    "portal": _portal,
    "branches": _texts,
    "data": _path,
    "collection": _collection,
    "contact": _text,
    "delay": _number,
    "max_requests": _whole,
    "max_minutes": _number,
    "limit": _whole,
    "since": _day,
    "requisites": _flag,
    "keep_open": _choice("run", "day"),
    "digest": _choice("sha1", "sha256"),
    "payload_digest": _choice("always", "omit-when-chunked"),
    "connect_to": _texts,
    "proxy": _text,
    "insecure_tls": _flag,
    "log_level": _choice("DEBUG", "INFO", "WARNING", "ERROR"),
    "log_format": _choice("human", "json"),
}
# The least and the most that a factor of the schedule may be.
_FACTORS = {
    "list_faster": (0.01, 1.0),
    "list_slower": (1.0, 100.0),
    "list_patience": (1.0, 1000.0),
    "jitter": (0.0, 0.5),
}
