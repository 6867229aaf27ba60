"""The command under wrong input and trouble: one clear line, the right exit code, nothing lost."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.reader import read_exchanges
from crawler.cli import COMMANDS
from tests.conftest import PRESSMARK, SAMPLE, SAMPLE_TOML, Run, sample_words
from tests.portal.server import PortalServer

Pressmark = Callable[..., Run]


def one_line(text: str) -> str:
    (line,) = text.strip().splitlines()
    return line


def test_an_unknown_branch_is_refused_with_the_nearest_names(pressmark: Pressmark) -> None:
    done = pressmark("crawl", "jss")
    assert done.returncode == 2
    assert "'jss'" in one_line(done.stderr)
    assert "js" in done.stderr.partition("did you mean")[2]


def test_a_crawl_without_a_branch_is_refused(pressmark: Pressmark) -> None:
    done = pressmark("crawl")
    assert (done.returncode, "--all" in one_line(done.stderr)) == (2, True)


def test_a_data_folder_that_is_a_file_is_refused(pressmark: Pressmark, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    done = pressmark("crawl", "--all", "--portal", str(SAMPLE_TOML))
    assert (done.returncode, "--data" in one_line(done.stderr)) == (1, True)


def test_a_host_that_cannot_be_reached_is_named_and_no_file_is_broken(pressmark: Pressmark, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        done = pressmark("crawl", "js", "--portal", str(SAMPLE_TOML), "--connect-to", f"*.sample.test:{address}")
    assert done.returncode == 1
    assert "www.js.sample.test" in one_line(done.stderr)
    (warc,) = (tmp_path / "data/collections/sample/archive").iterdir()
    assert warc.name.endswith(".warc.gz")
    assert {exchange.capture.url for exchange in read_exchanges(warc)} == {"http://www.js.sample.test/robots.txt"}


def test_a_private_address_is_refused_without_connect_to(pressmark: Pressmark, tmp_path: Path) -> None:
    toml = tmp_path / "home.toml"
    toml.write_text(SAMPLE_TOML.read_text("utf-8").replace("www.js.sample.test", "localhost"), "utf-8")
    done = pressmark("crawl", "js", "--portal", str(toml))
    assert (done.returncode, "--connect-to" in one_line(done.stderr)) == (1, True)


def test_a_second_crawl_of_the_same_collection_is_told_to_wait(sample_server: PortalServer, tmp_path: Path) -> None:
    words = [str(PRESSMARK), *sample_words(sample_server, "crawl", "--all", "--delay", "1")]
    first = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sample_server.wait_for_request()
    second = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 128 + signal.SIGTERM
    assert (second.returncode, "process" in one_line(second.stderr)) == (75, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_next_run_goes_on(
    sample_server: PortalServer, tmp_path: Path, number: int
) -> None:
    words = [str(PRESSMARK), *sample_words(sample_server, "crawl", "zj")]
    stopped = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sample_server.wait_for_request(count=20)
    stopped.send_signal(number)
    assert stopped.wait(60) == 128 + number
    folder = tmp_path / "data/collections/sample"
    assert not list(folder.glob("archive/*.open"))
    asked = len(sample_server.requests)
    subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=100, check=True)
    before = {request.target for request in sample_server.requests[:asked] if "detail-" in request.target}
    after = {request.target for request in sample_server.requests[asked:] if "detail-" in request.target}
    assert before
    assert after
    assert not before & after
    ids = [
        json.loads(line)["id"] for path in folder.glob("articles/*/*.jsonl") for line in path.read_bytes().splitlines()
    ]
    assert len(ids) == len(set(ids)) >= 15


def test_a_full_disk_ends_with_one_line_and_every_record_readable(sample_server: PortalServer, tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    words = [str(PRESSMARK), *sample_words(sample_server, "crawl", "--all")]
    full = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False, preexec_fn=small_files
    )
    assert full.returncode == 1
    assert "cannot write" in one_line(full.stderr)
    (warc,) = (tmp_path / "data/collections/sample/archive").iterdir()
    kept = sum(1 for _ in read_exchanges(warc))
    assert kept > 5
    again = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert again.returncode == 0, again.stderr


def test_a_page_that_cannot_be_read_is_kept_counted_and_named(sample_server: PortalServer, tmp_path: Path) -> None:
    page = next((SAMPLE / "hosts/www.zj.sample.test").rglob("detail-*.shtml"))
    url = f"http://www.zj.sample.test/{page.relative_to(SAMPLE / 'hosts/www.zj.sample.test')}"
    sample_server.override(url, headers={"Content-Encoding": "br"}, body=b"\x0b\x02\x80hello\x03")
    words = [str(PRESSMARK), *sample_words(sample_server, "crawl", "zj")]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 3
    assert url in done.stdout
    assert "br" in done.stdout


def test_an_unwritable_data_folder_is_refused(pressmark: Pressmark) -> None:
    done = pressmark("crawl", "--all", "--portal", str(SAMPLE_TOML), "--data", "/proc/pressmark")
    assert (done.returncode, "/proc" in one_line(done.stderr)) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ["crawl", "js", "--connect-to", "nonsense"],
        ["crawl", "js", "--since", "yesterday"],
        ["crawl", "js", "--portal", "nosuch"],
        ["extract", "page.html", "--url", "js/1.html"],
        ["show", "chinanews:js:1"],
        ["status"],
        ["branchs"],
    ],
)
def test_wrong_words_end_with_exit_code_2(pressmark: Pressmark, words: list[str]) -> None:
    done = pressmark(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_missing_file_is_named(pressmark: Pressmark) -> None:
    done = pressmark("extract", "nosuch.html", "--url", "https://www.js.chinanews.com.cn/news/2025/0227/1.html")
    assert (done.returncode, "nosuch.html" in one_line(done.stderr)) == (1, True)


def test_the_environment_names_no_warning(pressmark: Pressmark) -> None:
    assert pressmark("branches", "--json").stderr == ""
    assert os.sep not in json.loads(pressmark("branches", "--json").stdout)[0]["code"]


def test_the_commands_that_ask_nobody_load_no_scrapy() -> None:
    quiet = [name for name in COMMANDS if name not in {"crawl", "backfill", "probe", "config"}]
    program = f"import sys; from crawler.cli import make_app; [*map(make_app, {quiet})]; print('scrapy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
