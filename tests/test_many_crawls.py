"""Two hundred crawls of a changing portal, an hour apart: the ledger says what it did, and nothing grows."""

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from tests.conftest import PRESSMARK, run_pressmark
from tests.portal.server import PortalServer
from tests.river import HOST, River, by_article, crawl_words, set_up, told

# Eight days and eight hours.
CRAWLS = 200
HOUR = timedelta(hours=1)


def change(river: River, server: PortalServer, crawl: int) -> None:
    """Do a thing or two before the next crawl."""
    server.mend(HOST)
    river.calm()
    if crawl % 17 == 11:
        # An outage tells nothing of the articles.
        server.fail(HOST)
    elif crawl % 5 == 0:
        river.publish()
    elif crawl % 5 == 1:
        river.edit()
    elif crawl % 10 == 2:
        river.withdraw()
    elif crawl % 20 == 18:
        river.restore()


def crawl_later(words: list[str], cwd: Path, hours: int) -> tuple[int, int]:
    """Crawl with a clock so many hours ahead, and return the exit code and the most memory in KB."""
    faketime = ["faketime", "-f", f"+{hours}h"]
    env = {**os.environ, "PYTHONWARNINGS": "ignore", "DONT_FAKE_MONOTONIC": "1"}
    with (cwd / "output.txt").open("ab") as output:
        process = subprocess.Popen([*faketime, str(PRESSMARK), *words], cwd=cwd, env=env, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.skipif(not shutil.which("faketime"), reason="needs Debian's faketime")
def test_two_hundred_crawls_tell_what_the_portal_did_and_leave_no_more_than_they_must(tmp_path: Path) -> None:
    codes, memory = [], []
    collection = tmp_path / "data" / "collections" / "river"
    with PortalServer(set_up(tmp_path)) as server:
        hours = 0
        river = River(server, seed=7, now=lambda: datetime.now(UTC) + hours * HOUR)
        for hours in range(CRAWLS + 2):
            if hours < CRAWLS:
                change(river, server, hours)
            else:
                server.mend(HOST)
            code, most = crawl_later(crawl_words(server), tmp_path, hours)
            codes.append(code)
            memory.append(most)
    assert by_article(told(collection / "changes.jsonl")) == by_article(river.deeds)
    assert {kind for kind, _ in river.deeds} == {"new", "edited", "withdrawn", "restored"}
    # An outage ends a crawl with 1: its only host is down.
    assert [hour for hour, code in enumerate(codes) if code == 1] == list(range(11, CRAWLS, 17))
    assert set(codes) <= {0, 1, 3}
    assert run_pressmark("verify", "--portal", "river.toml", cwd=tmp_path).returncode == 0
    # A WARC file a day, an index and the part of one day, a summary for each run of this month and one for the last.
    days = CRAWLS // 24 + 2
    assert len(list((collection / "archive").iterdir())) <= days
    assert len(list((collection / "indexes").iterdir())) <= 2
    assert list((collection / "pending").iterdir()) == []
    assert len(list((collection / "runs").iterdir())) <= CRAWLS + 2
    # Five folders, the ledger, alarms, reprints, four databases, three locks.
    assert len(list(collection.iterdir())) <= 16
    # The last runs need hardly more memory than those of the first day, which knew a tenth of the articles: what is
    # kept in memory of a view's database is bounded, and fills up.
    assert median(memory[-24:]) < 1.15 * median(memory[:24])
