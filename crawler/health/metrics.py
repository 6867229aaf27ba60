"""What a run measured, in the text format of Prometheus (0.0.4): gauges about the last run, or the present one."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The numbers of one run; what is only known at its end is None or empty while it lasts.

    `requests` is counted by status, `host_requests` by host, `articles` by branch, `alarms` (the open ones) by kind,
    `host_failures` is the number of failures in a row of each host that does not answer, `newest` the time of the
    newest article by branch.
    """

    collection: str
    started_at: datetime
    seconds: float
    received_bytes: int
    disk_free_bytes: int
    exit_code: int | None = None
    requests: Mapping[str, int] = field(default_factory=dict)
    host_requests: Mapping[str, int] = field(default_factory=dict)
    articles: Mapping[str, int] = field(default_factory=dict)
    alarms: Mapping[str, int] | None = None
    host_failures: Mapping[str, int] = field(default_factory=dict)
    newest: Mapping[str, datetime] = field(default_factory=dict)


def render(measures: Measures) -> str:
    """Return the numbers as text; every sample bears the collection."""
    lines: list[str] = []
    for name, told, samples in _families(measures):
        lines += [f"# HELP {name} {told}", f"# TYPE {name} gauge"]
        for labels, value in samples:
            text = ",".join(f'{key}="{_escaped(word)}"' for key, word in (("collection", measures.collection), *labels))
            lines.append(f"{name}{{{text}}} {value:.15g}")
    return "\n".join(lines) + "\n"


def write_textfile(path: Path, text: str) -> None:
    """Write a file for the textfile collector, under a temporary name, and rename it. Raises OSError."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        draft.write_text(text, "utf-8")
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def _families(measures: Measures) -> Iterator[tuple[str, str, list[tuple[Labels, float]]]]:
    """Yield name, help and samples of each metric; one without samples is left out."""
    none: Labels = ()
    one = [
        ("run_start_timestamp_seconds", "When the run began.", measures.started_at.timestamp()),
        ("run_duration_seconds", "How long the run took, or has taken so far.", measures.seconds),
        ("run_received_bytes", "Bytes of the responses.", measures.received_bytes),
        ("disk_free_bytes", "Room on the collection's disk.", measures.disk_free_bytes),
        ("run_exit_code", "The exit code of the run.", measures.exit_code),
    ]
    for name, told, value in one:
        if value is not None:
            yield f"pressmark_{name}", told, [(none, value)]
    # No alarm at all is a number, too.
    kinds = {**measures.alarms, "any": sum(measures.alarms.values())} if measures.alarms is not None else {}
    newest = {branch: moment.timestamp() for branch, moment in measures.newest.items()}
    many: list[tuple[str, str, str, Mapping[str, float]]] = [
        ("run_requests", "Requests of the run by status; none: no answer.", "status", measures.requests),
        ("run_host_requests", "Requests of the run by host.", "host", measures.host_requests),
        ("run_articles", "Article lines that the run wrote.", "branch", measures.articles),
        ("newest_article_timestamp_seconds", "When the newest article was published.", "branch", newest),
        ("host_failures", "Failures in a row of a host that does not answer.", "host", measures.host_failures),
        ("alarms_open", "Open alarms by kind; any: all of them.", "kind", kinds),
    ]
    for name, told, label, values in many:
        if values:
            yield f"pressmark_{name}", told, [(((label, key),), value) for key, value in sorted(values.items())]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
