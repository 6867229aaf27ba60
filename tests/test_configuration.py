"""pressmark.toml: read strictly, whole, and with less weight than the command line."""

import gzip
import inspect
import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from crawler.cli import COMMANDS
from crawler.commands.backfill import backfill
from crawler.commands.crawl import crawl
from crawler.commands.options import PLACES, configured
from crawler.configuration import AlarmSettings, MetricsSettings, crawl_keys, read_configuration
from crawler.errors import UsageError
from crawler.folding.schedule import Schedule, Step
from tests.conftest import SAMPLE_TOML, Run, run_pressmark, sample_words
from tests.portal.server import PortalServer
from tests.test_trouble import HOST, LIST, Odd, odd

EXAMPLE = Path(__file__).parents[1] / "docs" / "pressmark.toml"
TABLES = {
    "crawl": set(crawl_keys()),
    "schedule": {one.name for one in fields(Schedule)},
    "alarms": {one.name for one in fields(AlarmSettings)},
    "metrics": {one.name for one in fields(MetricsSettings)},
}
__all__ = ["odd"]

Pressmark = Callable[..., Run]


def written(folder: Path, text: str) -> Path:
    path = folder / "pressmark.toml"
    path.write_text(text, "utf-8")
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read_configuration(written(folder, text))
    return str(caught.value)


def test_the_example_is_read_and_holds_the_defaults() -> None:
    example = read_configuration(EXAMPLE)
    assert (example.schedule, example.alarms, example.metrics) == (Schedule(), AlarmSettings(), MetricsSettings())
    defaults = {key: one.default for key, one in inspect.signature(crawl).parameters.items()}
    chosen = {"branches", "keep_open", "max_minutes", "data"}
    assert {key for key, value in example.crawl.items() if value != defaults[key]} == chosen


def test_the_example_has_every_key_and_all_of_them_are_read(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^#(\w+ = )", r"\1", EXAMPLE.read_text("utf-8"))
    assert {name: set(table) for name, table in tomllib.loads(text).items()} == TABLES
    whole = read_configuration(written(tmp_path, text))
    assert set(whole.crawl) == TABLES["crawl"]
    assert whole.alarms.command == ("/usr/local/bin/tell-operator", "--urgent")


def test_every_key_in_the_example_has_its_comment() -> None:
    pairs = pairwise(EXAMPLE.read_text("utf-8").splitlines())
    bare = [line for before, line in pairs if re.match(r"#?\w+ = ", line) and not before.startswith("# ")]
    assert bare == []


def test_every_option_of_crawl_is_a_key() -> None:
    not_for_a_file = {"context", "all_branches", "now", "metrics_port"}
    assert set(inspect.signature(crawl).parameters) - not_for_a_file == TABLES["crawl"]


def test_the_ladder_is_read_as_pairs(tmp_path: Path) -> None:
    read = read_configuration(written(tmp_path, '[schedule]\nladder = [["3h", "30m"], ["1.5d", "2h"]]\n'))
    assert read.schedule.ladder == (
        Step(under=timedelta(hours=3), every=timedelta(minutes=30)),
        Step(under=timedelta(hours=36), every=timedelta(hours=2)),
    )


def test_relative_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    read = read_configuration(written(tmp_path, '[crawl]\ndata = "kept"\n[metrics]\ntextfile = "/a/b.prom"\n'))
    assert (read.crawl["data"], read.metrics.textfile) == (str(tmp_path / "kept"), Path("/a/b.prom"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[crawl]\nbranch = ['js']\n", "unknown key 'branch' (did you mean 'branches'?)"),
        ("[alarm]\ncommand = ['x']\n", "unknown key 'alarm' (did you mean 'alarms'?)"),
        ("[crawl]\nkeep_open = 'dya'\n", "'keep_open' must be run or day, not 'dya' (did you mean 'day'?)"),
        ("[crawl]\nmax_requests = '5'\n", "'max_requests' must be a whole number of 0 or more, not '5'"),
        ("[crawl]\ndelay = -1\n", "'delay' must be a number of 0 or more, not -1"),
        ("[crawl]\nrequisites = 'no'\n", "'requisites' must be true or false, not 'no'"),
        ("[crawl]\nbranches = ['all', 'js']\n", "'all' stands for every branch"),
        ("[crawl]\ncollection = 'a/../b'\n", "'collection' must be the name of a folder"),
        ("[crawl]\nsince = 'May'\n", "'since' must be a day such as 2026-11-01, not 'May'"),
        ("[schedule]\nladder = [['3h']]\n", "must be pairs"),
        ("[schedule]\nladder = [['3h', '1h'], ['2h', '1h']]\n", "let ages rise"),
        ("[schedule]\nsecond_look = 60\n", "'second_look' must be a text"),
        ("[schedule]\nsecond_look = '0m'\n", "'second_look' must be a duration"),
        ("[schedule]\nlist_faster = 1.5\n", "'list_faster' must be a number from 0.01 to 1"),
        ("[schedule]\nlist_shortest = '2d'\n", "'list_shortest' is longer than 'list_longest'"),
        ("[alarms]\nwebhook = 'example.org'\n", "'webhook' must be an http or https address"),
        ("[alarms]\ndisk_free = '1 gigabyte'\n", "'disk_free' must be a size"),
        ("[alarms]\ncommand = 'mail me'\n", "'command' must be a list of texts"),
        ("[metrics]\nport = 99999\n", "'port' must be a whole number from 1 to 65535"),
        ("crawl = 3\n", "is no table"),
        ("[crawl]\nbranches = ['js',\n", "no whole TOML file"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_file(tmp_path: Path, text: str, named: str) -> None:
    message = refused(tmp_path, text)
    assert message.startswith(str(tmp_path / "pressmark.toml"))
    assert named in message


@pytest.mark.parametrize("text", ["[crawl]\nbranches = ['js", "[crawl]\nbrunches = ['js']\n"])
def test_a_crawl_with_a_wrong_or_half_written_file_asks_for_nothing(
    pressmark: Pressmark, tmp_path: Path, text: str
) -> None:
    path = written(tmp_path, text)
    for words in (["crawl", "js"], ["config", "check"], ["config", "show", str(path)]):
        done = pressmark(*words)
        assert (done.returncode, done.stderr.count("\n"), "pressmark.toml" in done.stderr) == (2, 1, True)
    assert not (tmp_path / "data").exists()


def test_check_and_show_tell_what_is_set(pressmark: Pressmark, tmp_path: Path) -> None:
    written(tmp_path, "[crawl]\nbranches = ['js']\n[alarms]\ndisk_free = '2.5 GB'\nerror_share = 0.2\n")
    check, show = pressmark("config", "check"), pressmark("config", "show")
    assert (check.returncode, check.stdout) == (
        0,
        "pressmark.toml: fine; sets crawl.branches, alarms.disk_free, alarms.error_share\n",
    )
    again = tmp_path / "again"
    again.mkdir()
    shown = read_configuration(written(again, show.stdout))
    assert shown.alarms == read_configuration(tmp_path / "pressmark.toml").alarms
    assert shown.crawl["branches"] == ["js"]


def test_a_named_file_that_is_not_there_is_refused(pressmark: Pressmark) -> None:
    done = pressmark("crawl", "js", "--config", "gone.toml")
    assert (done.returncode, "gone.toml: cannot be read" in done.stderr) == (2, True)


def test_a_crawl_takes_its_options_and_its_schedule_from_the_file(odd: Odd) -> None:
    text = "[crawl]\nbranches = ['odd']\nkeep_open = 'day'\ncollection = 'kept'\n"
    written(odd.folder, f"{text}[schedule]\nlist_shortest = '5h'\njitter = 0.0\n")
    done = odd.crawl()
    assert done.returncode == 0, done.stderr
    kept = odd.folder / "data/collections/kept"
    assert len(list(kept.glob("archive/*.open"))) == 1
    due = datetime.fromisoformat(done.stdout.partition("Due again ")[2][:16] + "+00:00")
    assert timedelta(hours=4.9) < due - datetime.now(UTC) < timedelta(hours=5.1)
    other = odd.crawl("--collection", "other", "--keep-open", "run")
    assert other.returncode == 0, other.stderr
    assert not list(odd.folder.glob("data/collections/other/archive/*.open"))


def test_branches_come_from_the_file_and_the_command_line_wins(
    sample_server: PortalServer, pressmark: Pressmark, tmp_path: Path
) -> None:
    written(tmp_path, f"[crawl]\nportal = '{SAMPLE_TOML}'\nbranches = ['zj']\nlimit = 1\ndelay = 0\n")
    connect = sample_words(sample_server)[2:]
    assert pressmark("crawl", *connect, "--max-requests", "3").returncode == 0
    assert {request.host for request in sample_server.requests} == {"www.zj.sample.test"}
    assert pressmark("crawl", "js", *connect, "--max-requests", "3").returncode == 0
    assert "www.js.sample.test" in {request.host for request in sample_server.requests}


def test_every_request_goes_through_the_proxy_that_the_file_names(odd: Odd) -> None:
    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Proxy-Authorization"]))
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        written(odd.folder, f"[crawl]\nproxy = 'http://me:pass@127.0.0.1:{server.server_port}'\ndelay = 0\n")
        odd.crawl()
        assert LIST in {url for url, _ in asked}
        asked.clear()
        probed = run_pressmark("probe", "odd", "--portal", "odd.toml", cwd=odd.folder)
        server.shutdown()
    assert (asked[0][0], asked[0][1]) == ("http://www.odd.test/robots.txt", "Basic bWU6cGFzcw==")
    assert "status 404" in probed.stdout
    assert not odd.server.requests
    (warc,) = (odd.folder / "data/collections/odd/archive").glob("*.warc.gz")
    assert b"bWU6cGFzcw" not in gzip.decompress(warc.read_bytes())
    dead = odd.crawl()
    assert f"connect: the proxy 127.0.0.1:{server.server_port} refused" in dead.stderr


@pytest.mark.parametrize("name", ["a/../../b", "..", "/tmp/x", " "])
def test_a_collection_that_is_no_name_of_a_folder_is_refused(pressmark: Pressmark, tmp_path: Path, name: str) -> None:
    for words in (["crawl", "js"], ["status"]):
        done = pressmark(*words, "--collection", name)
        assert (done.returncode, done.stderr.count("\n"), "--collection" in done.stderr) == (2, 1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_that_is_no_address_is_refused(pressmark: Pressmark) -> None:
    done = pressmark("crawl", "js", "--proxy", "proxy.example:3128")
    assert (done.returncode, "--proxy proxy.example:3128" in done.stderr) == (2, True)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"config"}))
def test_every_command_on_a_collection_or_a_portal_takes_the_configuration(name: str) -> None:
    module = import_module(f"crawler.commands.{COMMANDS[name]}")
    given = inspect.signature(configured(getattr(module, name))).parameters
    assert ("config" in given) == (not PLACES.isdisjoint(given))


def test_backfill_has_the_options_of_crawl() -> None:
    shared = set(inspect.signature(crawl).parameters) - {"all_branches", "limit", "now"}
    assert set(inspect.signature(backfill).parameters) == shared | {"until", "json"}


def test_all_commands_find_the_collection_by_the_file_alone(odd: Odd) -> None:
    text = "[crawl]\nportal = 'odd.toml'\nbranches = ['odd']\ncollection = 'kept'\ndata = 'own'\nlimit = 1\n"
    (odd.folder / "odd.toml").write_text(odd.toml, "utf-8")
    path = written(odd.folder, f"{text}connect_to = ['*.test:{odd.server.address}']\n")
    odd.server.override(f"http://{HOST}/", body=f'<html><body><a href="{LIST}">要闻</a></body></html>'.encode())
    done = run_pressmark("crawl", cwd=odd.folder)
    assert done.returncode == 0, done.stderr
    assert (odd.folder / "own/collections/kept/state.sqlite").exists()
    shown = done.stdout.partition("Next ")[2].split()[1:]
    for words in (shown, ["status"], ["runs"], ["changes"], ["verify"], ["branches", "odd"], ["probe", "odd"]):
        here = run_pressmark(*words, cwd=odd.folder)
        assert here.returncode in {0, 3}, here.stderr
        elsewhere = run_pressmark(*words, "--config", str(path), cwd=odd.folder.parent)
        assert elsewhere.returncode == here.returncode, elsewhere.stderr
    assert shown[0] == "show"
    assert "--collection" not in shown
    other = run_pressmark("status", "--collection", "other", cwd=odd.folder)
    assert (other.returncode, "own/collections/other: no collection there" in other.stderr) == (2, True)
