"""What an operator sets up: cron, systemd, a container; the real programs where they are there."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PRESSMARK
from tests.test_trouble import Odd, odd

__all__ = ["odd"]

CHECKOUT = Path(__file__).parents[1]
DEPLOY = CHECKOUT / "docs" / "deploy"
CRON_FOLDER = Path("/etc/cron.d")
NOBODY = 65534


def is_running(pid_file: Path) -> bool:
    """Tell whether the process of a file is a cron daemon: the file outlives it."""
    try:
        return Path(f"/proc/{int(pid_file.read_text())}/comm").read_text() == "cron\n"
    except (OSError, ValueError):
        return False


def ordinary_user() -> dict:
    """Return the words that make root's child an ordinary user; none where we are one or Python is root's."""
    folders = Path(sys.executable).resolve().parents
    if os.geteuid() != 0 or not all(folder.stat().st_mode & 0o001 for folder in folders):
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@pytest.fixture
def crontab() -> Iterator[Callable[[str], None]]:
    """Gives lines to the cron daemon, one of our own where none runs, and takes them away at the end."""
    daemon = shutil.which("cron", path="/usr/sbin:/usr/bin")
    if not daemon or os.geteuid() != 0:
        pytest.skip("needs Debian's cron and root")
    # A name without a dot: cron passes over others.
    path = CRON_FOLDER / f"pressmark-test-{os.getpid()}"
    own = None if is_running(Path("/run/crond.pid")) else subprocess.Popen([daemon, "-f"])

    def write(text: str) -> None:
        draft = CRON_FOLDER / f"{path.name}.new"
        draft.write_text(text, "utf-8")
        draft.chmod(0o644)
        draft.rename(path)

    try:
        yield write
    finally:
        path.unlink(missing_ok=True)
        if own:
            own.terminate()
            own.wait(30)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_real_cron_crawls_every_minute(odd: Odd, crontab: Callable[[str], None]) -> None:
    portal = odd.folder / "odd.toml"
    portal.write_text(odd.toml, "utf-8")
    (odd.folder / "pressmark.toml").write_text(
        "[crawl]\nportal = 'odd.toml'\nbranches = ['odd']\nkeep_open = 'day'\nlog_format = 'json'\n"
        f"connect_to = ['*.test:{odd.server.address}']\n"
        "[schedule]\nlist_shortest = '20s'\nlist_longest = '20s'\n[metrics]\ntextfile = 'pressmark.prom'\n",
        "utf-8",
    )
    log = odd.folder / "crawl.log"
    command = f"{PRESSMARK} crawl --config {odd.folder}/pressmark.toml >>{log} 2>&1"
    crontab(f"* * * * * root PYTHONWARNINGS=ignore {command}; echo exit $? >>{log}\n")
    runs = odd.folder / "data/collections/odd/runs"
    ends_at = time.monotonic() + 215
    while len(list(runs.glob("*.json"))) < 3 and time.monotonic() < ends_at:
        time.sleep(1)
    # The summary comes before the last words of its run.
    while log.read_text("utf-8").count("exit ") < 3 and time.monotonic() < ends_at:
        time.sleep(0.1)
    text = log.read_text("utf-8")
    summaries = [json.loads(path.read_bytes()) for path in sorted(runs.glob("*.json"))]
    assert [summary["exit_code"] for summary in summaries] == [0, 0, 0], text
    assert [summary["articles"] for summary in summaries] == [1, 0, 0]
    assert set(re.findall(r"exit (\d+)", text)) == {"0"}
    assert len(list(runs.parent.glob("archive/*.warc.gz.open"))) == 1
    assert len(odd.lines()) == 1
    assert "pressmark_" in (odd.folder / "pressmark.prom").read_text("utf-8")


@pytest.mark.long
def test_the_units_of_systemd_are_right(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        pytest.skip("needs systemd-analyze")
    for name in ("pressmark.service", "pressmark.timer"):
        text = (DEPLOY / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/opt/pressmark/bin/pressmark", str(PRESSMARK)), "utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / "pressmark.service"), str(tmp_path / "pressmark.timer")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "pressmark" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_steps_of_the_container_work_in_a_fresh_environment_for_an_ordinary_user() -> None:
    root = Path(tempfile.mkdtemp(prefix="pressmark-"))
    root.chmod(0o755)
    try:
        source = root / "src"
        shutil.copytree(
            CHECKOUT, source, ignore=shutil.ignore_patterns(".git", ".venv", "data", "tests", ".*_cache", ".hypothesis")
        )
        steps = re.findall(r"(?m)^RUN (.+)$", (DEPLOY / "Dockerfile").read_text("utf-8"))
        assert [step.split()[0] for step in steps] == ["useradd", "python", "/opt/pressmark/bin/pip", "rm"]
        for step in steps[1:]:
            words = step.replace("/opt/pressmark", str(root / "opt")).replace("/src", str(source)).split()
            if words[0] == "python":
                words[0] = sys.executable
            subprocess.run(words, cwd=root, check=True, capture_output=True, timeout=300)
        data = root / "data"
        data.mkdir(mode=0o777)
        data.chmod(0o777)
        program = [str(root / "opt/bin/pressmark")]
        example = root / "pressmark.toml"
        shutil.copy(CHECKOUT / "docs/pressmark.toml", example)
        user = ordinary_user()
        for rest, code in ((["config", "check", str(example)], 0), (["branches"], 0), (["crawl", "--config", "x"], 2)):
            done = subprocess.run(
                [*program, *rest],
                cwd=data,
                env={"PATH": os.environ["PATH"], "HOME": str(data)},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                **user,
            )
            assert done.returncode == code, done.stderr
    finally:
        shutil.rmtree(root)
