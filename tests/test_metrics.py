"""Metrics: the text format of Prometheus, from the crawl to the file and over HTTP."""

import re
import socket
import subprocess
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.health.metrics import Measures, render, write_textfile
from tests.conftest import PRESSMARK, sample_words
from tests.portal.server import PortalServer
from tests.test_trouble import HOST, Odd, odd

__all__ = ["odd"]

# https://prometheus.io/docs/instrumenting/exposition_formats/
SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?P<labels>[^\n]*)\} (?P<value>-?[0-9.]+(?:e[+-]?\d+)?)")
LABEL = re.compile(r'(?P<key>[a-zA-Z_]\w*)="(?P<value>(?:[^"\\\n]|\\["\\n])*)"')
UNITS = ("_seconds", "_bytes", "_code", "_requests", "_articles", "_open", "_failures")


def parse(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Read the format strictly: HELP and TYPE before the samples of each metric, every metric in one group."""
    samples, described, groups = {}, set(), []
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# "):
            _, keyword, name, rest = line.split(" ", 3)
            assert (keyword, rest) == ("TYPE", "gauge") or keyword == "HELP"
            described.add((keyword, name))
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name = match["name"]
        labels = LABEL.findall(match["labels"])
        assert ",".join(f'{key}="{value}"' for key, value in labels) == match["labels"]
        assert {("HELP", name), ("TYPE", name)} <= described
        groups += [name] if not groups or groups[-1] != name else []
        key = (name, frozenset(labels) - {("collection", "odd"), ("collection", "sample")})
        assert key not in samples
        samples[key] = float(match["value"])
    assert len(groups) == len(set(groups))
    assert all(name.startswith("pressmark_") and name.endswith(UNITS) for name in groups)
    return samples


def test_labels_are_escaped() -> None:
    measures = Measures(
        collection='a"b\\c\nd',
        started_at=datetime(2026, 5, 1, tzinfo=UTC),
        seconds=1.5,
        received_bytes=3,
        disk_free_bytes=4,
    )
    assert ("collection", 'a\\"b\\\\c\\nd') in {label for _, labels in parse(render(measures)) for label in labels}


def test_a_textfile_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "pressmark.prom"
    write_textfile(path, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_textfile(path, "new\udc80")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("pressmark.prom", "old\n")]


def test_a_crawl_writes_its_metrics(odd: Odd) -> None:
    (odd.folder / "pressmark.toml").write_text("[metrics]\ntextfile = 'pressmark.prom'\n")
    assert odd.crawl().returncode == 0
    samples = parse((odd.folder / "pressmark.prom").read_text("utf-8"))
    assert samples["pressmark_run_exit_code", frozenset()] == 0
    assert samples["pressmark_run_articles", frozenset({("branch", "odd")})] == 1
    assert samples["pressmark_run_host_requests", frozenset({("host", HOST)})] == 3
    assert samples["pressmark_run_requests", frozenset({("status", "200")})] == 3
    assert samples["pressmark_alarms_open", frozenset({("kind", "any")})] == 0
    newest = samples["pressmark_newest_article_timestamp_seconds", frozenset({("branch", "odd")})]
    assert datetime.fromtimestamp(newest, UTC).isoformat() == "2026-05-01T00:30:00+00:00"


def test_a_textfile_that_cannot_be_written_changes_nothing(odd: Odd) -> None:
    (odd.folder / "pressmark.toml").write_text("[metrics]\ntextfile = 'gone/pressmark.prom'\n")
    done = odd.crawl()
    assert (done.returncode, "metrics are not kept" in done.stderr) == (0, True)


def test_metrics_are_served_while_a_crawl_runs(sample_server: PortalServer, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(PRESSMARK), *sample_words(sample_server, "crawl", "js", "--delay", "1", "--metrics-port", str(port))]
    running = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        sample_server.wait_for_request(count=3)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            samples = parse(answer.read().decode())
    finally:
        running.terminate()
        assert running.wait(60) == 143
    assert samples["pressmark_run_host_requests", frozenset({("host", "www.js.sample.test")})] >= 2


def test_a_port_that_is_taken_is_refused(odd: Odd) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = odd.crawl("--metrics-port", str(taken.getsockname()[1]))
    assert (done.returncode, done.stderr.count("\n"), "--metrics-port" in done.stderr) == (2, 1, True)
