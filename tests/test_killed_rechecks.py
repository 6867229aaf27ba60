"""Crawls of a changing portal, killed with SIGKILL at any moment: in the end all is as the portal did it."""

import os
import subprocess
from pathlib import Path
from random import Random

import pytest

from crawler.configuration import read_configuration
from crawler.reading.portals import find_portal
from crawler.store.collection import Collection
from crawler.store.state import State
from tests.conftest import PRESSMARK, run_pressmark
from tests.portal.server import PortalServer
from tests.river import River, by_article, crawl_words, set_up, told
from tests.test_crashes import line_files, replayed

# Crawls with changes before each, of which most are killed; at the end of a stretch two are left to end.
STRETCHES = 8
KILLS = 10
# The columns that follow from the records; the rest is the frontier's own.
COLUMNS = (
    "SELECT url, kind, via, hops, status, first_seen_at, fetched_at, etag, last_modified, location, changed_at,"
    " interval_seconds, failures, gone_at, withdrawn_at, due_at FROM visits WHERE status IS NOT NULL ORDER BY url",
    "SELECT * FROM captures ORDER BY url",
    "SELECT * FROM versions ORDER BY id, version",
    "SELECT * FROM hosts ORDER BY host",
    "SELECT * FROM drafts",
    "SELECT * FROM needs",
)


def kill_somewhere(words: list[str], cwd: Path, server: PortalServer, chance: Random) -> bool:
    """Start a crawl, and kill it some time after its start or after so many requests; False if it had ended."""
    wanted = len(server.requests) + chance.randint(1, 25)
    by_time = chance.random() < 0.4
    env = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        [str(PRESSMARK), *words], cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            if not by_time:
                server.wait_for_request(count=wanted, timeout_seconds=3)
            run.wait(chance.uniform(0.2, 3) if by_time else chance.uniform(0, 0.05))
        except (TimeoutError, subprocess.TimeoutExpired):
            run.kill()
        return run.wait() == -9


def stir(river: River, chance: Random) -> None:
    """Do some things, most of them edits."""
    river.publish()
    for deed in chance.choices((river.publish, river.edit, river.withdraw, river.restore), (2, 4, 2, 3), k=4):
        deed()


def rows(state_path: Path) -> list[list[tuple[object, ...]]]:
    """Return what a state says of URLs, captures, versions and hosts."""
    state = State(state_path, read_only=True)
    try:
        return [state._db.execute(query).fetchall() for query in COLUMNS]
    finally:
        state.shut()


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("keep_open", ["day", "run"])
def test_second_looks_killed_anywhere_end_as_the_portal_did(tmp_path: Path, keep_open: str) -> None:
    chance = Random(keep_open)
    folder = set_up(tmp_path)
    collection = Collection(tmp_path / "data" / "collections" / "river")
    kills = 0
    with PortalServer(folder) as server:
        river = River(server, seed=11)
        words = [*crawl_words(server), "--keep-open", keep_open]
        for _ in range(6):
            river.publish()
        for _ in range(STRETCHES):
            for _ in range(chance.randint(1, 4)):
                stir(river, chance)
                kills += kill_somewhere(words, tmp_path, server, chance)
            # Twice: a withdrawal is told after a second look.
            ends = [run_pressmark(*words, cwd=tmp_path) for _ in range(2)]
            assert [end.returncode for end in ends] == [0, 0], [end.stderr for end in ends]
            assert by_article(told(collection.changes)) == by_article(river.deeds)
            river.calm()
        asked = [request for request in server.requests if request.header("If-None-Match")]
    assert kills >= KILLS
    assert asked
    schedule = read_configuration(tmp_path / "pressmark.toml").schedule
    again = replayed(collection, tmp_path / "again", find_portal(str(tmp_path / "river.toml")), schedule)
    assert rows(again.state) == rows(collection.state)
    assert line_files(again) == line_files(collection)
    state = State(collection.state, read_only=True)
    waiting = {key: count for key, count in state.queue.counts().items() if key[1] not in {"done", "idle"}}
    known = {url for _, url in river.deeds if state.visits.capture(url)}
    state.shut()
    assert waiting == {}
    assert known == {url for _, url in river.deeds}
    assert run_pressmark("verify", "--portal", "river.toml", cwd=tmp_path).returncode == 0
