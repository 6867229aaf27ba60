"""Replay: pywb in an environment of its own, and what a browser shows of a collection."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from archive.reader import Exchange, read_exchanges
from archive.writer import WarcOptions
from crawler.article import read_articles
from crawler.commands.replay import describe_addresses
from crawler.fetching.recorder import Recorder
from crawler.reading.portals import find_portal
from crawler.store.collection import Collection
from crawler.store.rows import Row
from tests.browser import Browser
from tests.conftest import PRESSMARK, SAMPLE_TOML, Crawled, Run
from tests.sample_article import ARTICLE, AS_IT_WAS, HEADLINE, look_at_article


@dataclass(frozen=True)
class Served:
    """A collection as `pressmark replay` serves it, and the lines that the command printed."""

    root: str
    lines: list[str]


def files_under(*folders: Path) -> dict[Path, str]:
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def replay_words(collection: Path, *words: str) -> list[str]:
    return ["replay", "--portal", str(SAMPLE_TOML), "--data", str(collection.parents[1]), *words]


def start(words: list[str]) -> "tuple[subprocess.Popen[str], list[str]]":
    """Start the command, and return it with its lines once it serves."""
    process = subprocess.Popen([str(PRESSMARK), *words], stdout=subprocess.PIPE, text=True, start_new_session=True)
    lines = []
    for line in process.stdout or ():
        lines.append(line.rstrip("\n"))
        if "Ctrl-C" in line:
            break
    return process, lines


@contextmanager
def serving(collection: Path, environment: Path) -> Iterator[Served]:
    """Serve a collection for as long as the block lasts."""
    process, lines = start(replay_words(collection, "--environment", str(environment), "--port", "0"))
    with process:
        try:
            yield Served(root=lines[0].partition(" at ")[2], lines=lines)
        finally:
            process.send_signal(signal.SIGTERM)


def port_of(root: str) -> int:
    return int(root.split(":")[2].split("/", maxsplit=1)[0])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(look: Callable[[], bool]) -> bool:
    """Look again and again, for half a minute at most."""
    end = time.monotonic() + 30
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the first replay makes its environment."""
    return tmp_path_factory.mktemp("replay") / "environment"


@pytest.fixture
def served(crawled: Crawled, environment: Path) -> Iterator[Served]:
    with serving(crawled.folder, environment) as served:
        yield served


def test_a_collection_that_is_not_there_is_named(pressmark: Callable[..., Run]) -> None:
    done = pressmark("replay", "--port", "0")
    assert (done.returncode, "--data" in done.stderr) == (2, True)


def test_pages_of_an_unfinished_file_are_not_named_and_the_file_is_told_of(crawled: Crawled, tmp_path: Path) -> None:
    folder, portal = tmp_path / "sample", find_portal(str(SAMPLE_TOML))
    shutil.copytree(crawled.folder, folder)
    finished = list(describe_addresses(Collection(folder), portal, "http://127.0.0.1:1/sample"))
    assert [line[:10] for line in finished] == ["Serving   ", "Article   ", "Home page ", "Ctrl-C end"]
    for path in folder.glob("archive/*.warc.gz"):
        path.rename(f"{path}.open")
    (folder / "indexes" / "index.cdxj").unlink()
    unfinished = list(describe_addresses(Collection(folder), portal, "http://127.0.0.1:1/sample"))
    assert [line[:10] for line in unfinished] == ["Serving   ", "Left out  ", "Ctrl-C end"]


def test_a_port_in_use_is_named(crawled: Crawled, pressmark: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = pressmark(*replay_words(crawled.folder, "--port", port))
    assert (done.returncode, f"--port {port}" in done.stderr) == (2, True)


def test_a_folder_with_other_things_is_never_made_an_environment(
    crawled: Crawled, pressmark: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("kept")
    done = pressmark(*replay_words(crawled.folder, "--environment", "letters", "--port", "0"))
    assert (done.returncode, "letters" in done.stderr) == (2, True)
    assert (tmp_path / "letters" / "letter.txt").read_text() == "kept"


@pytest.mark.long
@pytest.mark.timeout(300)
def test_without_an_index_of_packages_one_line_says_so_and_the_next_try_begins_anew(
    crawled: Crawled, pressmark: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    words = replay_words(crawled.folder, "--environment", "pywb", "--port", "0")
    first, second = pressmark(*words), pressmark(*words)
    assert (first.returncode, second.returncode) == (1, 1)
    setting_up, refused = first.stderr.splitlines()
    assert setting_up.startswith("Setting up pywb")
    assert "cannot be installed" in refused
    assert second.stderr == first.stderr


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_too(crawled: Crawled, environment: Path, number: int) -> None:
    process, lines = start(replay_words(crawled.folder, "--environment", str(environment), "--port", "0"))
    with process:
        process.send_signal(number)
        assert process.wait(30) == 128 + number
    assert not is_open(port_of(lines[0].partition(" at ")[2]))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_server_ends_where_the_command_is_killed(crawled: Crawled, environment: Path) -> None:
    process, lines = start(replay_words(crawled.folder, "--environment", str(environment), "--port", "0"))
    with process:
        process.kill()
    port = port_of(lines[0].partition(" at ")[2])
    assert wait_until(lambda: not is_open(port))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_server_listens_on_loopback_alone(served: Served) -> None:
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    here = [line.split()[1] for line in listening if line.split()[1].endswith(f":{port_of(served.root):04X}")]
    assert "0100007F" in here[0]
    assert {address.partition(":")[0] for address in here} == {"0100007F"}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_command_names_the_newest_article_and_its_home_page(served: Served, tmp_path: Path) -> None:
    addresses = [line.partition("http")[1] + line.partition("http")[2] for line in served.lines[1:3]]
    with Browser(tmp_path) as browser:
        browser.open(addresses[0])
        headline = browser.wait_for(f"{HEADLINE}.textContent")
        browser.open(addresses[1])
        listed = browser.wait_for("find(document, '#index').textContent")
    assert headline
    assert listed


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_article_in_gb2312_shows_headline_picture_and_style_and_asks_no_other_host(
    crawled: Crawled, served: Served, tmp_path: Path
) -> None:
    before = files_under(crawled.folder / "archive", crawled.folder / "indexes")
    with Browser(tmp_path) as browser:
        shown = look_at_article(browser, f"{served.root}2026/{ARTICLE}", tmp_path / "pywb.png")
    assert shown == AS_IT_WAS
    assert browser.asked_hosts() == {"127.0.0.1"}
    assert files_under(crawled.folder / "archive", crawled.folder / "indexes") == before


@pytest.mark.long
@pytest.mark.timeout(600)
def test_wayback_serves_the_data_folder_without_our_command(
    crawled: Crawled, environment: Path, served: Served, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(environment / "bin" / "wayback"), "-b", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(
        words, cwd=crawled.folder.parents[1], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as wayback:
        started = next(line for line in wayback.stderr or () if "Starting" in line)
        with Browser(tmp_path) as browser:
            root = f"http://127.0.0.1:{port}/sample/"
            shown = look_at_article(browser, f"{root}2026/{ARTICLE}", tmp_path / "wayback.png")
        wayback.terminate()
    assert str(port) in started
    assert shown == AS_IT_WAS


SEEN_AGAIN = {
    "identical payload": datetime(2027, 1, 1, tzinfo=UTC),
    "not modified": datetime(2027, 2, 1, tzinfo=UTC),
}


@pytest.fixture
def seen_again(crawled: Crawled, tmp_path: Path) -> Collection:
    """The collection after the article came again, first with the same payload, then as a 304."""
    collection = Collection(tmp_path / "data" / "collections" / "sample")
    shutil.copytree(crawled.folder, collection.folder)
    captures = [e.capture for path in crawled.warcs() for e in read_exchanges(path) if isinstance(e, Exchange)]
    first = next(capture for capture in captures if capture.url == ARTICLE)
    answers = [first.response, b'HTTP/1.1 304 Not Modified\r\nETag: "4f1c"\r\n\r\n']
    software = (("software", "pressmark"),)
    recorder = Recorder(collection, find_portal(str(SAMPLE_TOML)), options=WarcOptions(), software=software)
    for moment, response in zip(SEEN_AGAIN.values(), answers, strict=True):
        again = replace(first, started_at=moment, response=response)
        recorder.record(again, Row(url=ARTICLE, kind="article", via=None, hops="L"))
    recorder.close()
    return collection


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("profile", SEEN_AGAIN)
def test_a_revisit_shows_the_page_with_its_picture(
    seen_again: Collection, environment: Path, tmp_path: Path, profile: str
) -> None:
    moment = f"{SEEN_AGAIN[profile]:%Y%m%d%H%M%S}"
    index = (seen_again.indexes / "index.cdxj").read_text("utf-8")
    with serving(seen_again.folder, environment) as served, Browser(tmp_path) as browser:
        shown = look_at_article(browser, f"{served.root}{moment}/{ARTICLE}", tmp_path / "revisit.png")
        with urllib.request.urlopen(f"{served.root}{moment}mp_/{ARTICLE}", timeout=60) as answer:
            seen_at = answer.headers["Memento-Datetime"]
    assert f'227437.html {moment} {{"url": "{ARTICLE}", "mime": "warc/revisit"' in index
    assert parsedate_to_datetime(seen_at) == SEEN_AGAIN[profile]
    assert shown == AS_IT_WAS
    assert browser.asked_hosts() == {"127.0.0.1"}


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_withheld_article_is_answered_with_451_and_another_one_is_shown(
    crawled: Crawled, environment: Path, tmp_path: Path
) -> None:
    collection = Collection(tmp_path / "data" / "collections" / "sample")
    shutil.copytree(crawled.folder, collection.folder)
    lines = list(read_articles(collection.folder))
    several = next(line for line in lines if len(line.pages) > 1)
    others = [line.url for line in lines if line.url != ARTICLE and line.id != several.id]
    collection.takedowns.write_text(f"{ARTICLE}\n{several.id}\n", "utf-8")
    with serving(collection.folder, environment) as served:
        gone = [ARTICLE, ARTICLE.replace("http:", "https:"), *(page.url for page in several.pages)]
        assert {status_of(f"{served.root}2026mp_/{url}") for url in gone} == {451}
        assert {status_of(f"{served.root}2026mp_/{url}") for url in others[:5]} == {200}
    collection.takedowns.unlink()
    with serving(collection.folder, environment) as served:
        assert status_of(f"{served.root}2026mp_/{ARTICLE}") == 200
