"""`python -m archive` and `pressmark verify`, run as a user runs them, on files of Pressmark and of other tools."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.packages import check_package
from tests import warcs
from tests.conftest import SAMPLE, Crawled, Run
from tests.exchanges import WHOLE, write_file
from tests.portal.server import PortalServer

ROOT = Path(__file__).parent.parent


def archive(*words: str | Path, python: str = sys.executable, cwd: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [python, "-m", "archive", *map(str, words)],
        capture_output=True,
        cwd=cwd,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )


def test_a_file_is_indexed_listed_and_written_out(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE)
    indexed = archive("index", path)
    entry = json.loads(indexed.stdout.split(b" ", 2)[2])
    assert (indexed.returncode, entry["url"]) == (0, WHOLE.url)
    assert archive("cat", path, entry["offset"]).stdout == WHOLE.response
    assert archive("cat", path, entry["offset"], "--body").stdout == WHOLE.body()
    assert f"{entry['offset']}\t{entry['length']}\tresponse\t".encode() in archive("show", path).stdout
    assert b"WARC-Type: response" in archive("show", path, entry["offset"]).stdout
    assert archive("verify", path).returncode == 0


def test_what_cannot_be_indexed_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "random.warc.gz"
    path.write_bytes(b"\x00\x01" * 500)
    done = archive("index", path)
    assert done.returncode == 3
    assert done.stderr.startswith(b"archive: random.warc.gz: at offset 0 lies no WARC, ARC or gzip file")
    assert done.stderr.count(b"\n") == 1


def test_a_missing_file_is_named_without_a_traceback(tmp_path: Path) -> None:
    done = archive("verify", tmp_path / "none.warc.gz")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"none.warc.gz: No such file or directory" in done.stderr


def test_an_index_takes_the_place_of_nothing_but_an_index(tmp_path: Path) -> None:
    first, second = (tmp_path / name for name in ("a.warc.gz", "b.warc.gz"))
    content = warcs.members(warcs.response())
    for path in (first, second):
        path.write_bytes(content)
    refused = archive("index", "-o", first, second)
    assert (refused.returncode, first.read_bytes()) == (2, content)
    assert refused.stderr.startswith(f"archive: {first}: is there already and is no index".encode())
    for _ in range(2):
        assert archive("index", first, "-o", tmp_path / "a.cdxj").returncode == 0
    assert (tmp_path / "a.cdxj").read_bytes() == archive("index", first).stdout


def test_an_index_for_which_there_is_no_room_leaves_nothing(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE)
    before = sorted(tmp_path.iterdir())
    done = archive("index", path, tmp_path / "none.warc.gz", "-o", tmp_path / "a.cdxj")
    assert (done.returncode, sorted(tmp_path.iterdir())) == (1, before)


@pytest.mark.parametrize(
    ("offset", "code", "said"),
    [
        ("-1", 2, b"'-1' is no offset"),
        ("5", 1, b"at offset 5 lies"),
        ("99999999", 1, b"at offset 99999999 lies nothing: the file ends before"),
        ("9" * 5000, 1, b"a.warc.gz"),
    ],
)
def test_an_offset_where_no_record_is_is_told(tmp_path: Path, offset: str, code: int, said: bytes) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(warcs.members(warcs.response()))
    for command in ("show", "cat"):
        done = archive(command, path, "--", offset)
        assert (done.returncode, said in done.stderr, b"Traceback" in done.stderr) == (code, True, False)


def test_a_package_is_not_listed_and_the_line_says_how_to_go_on(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE)
    package = tmp_path / "a.wacz"
    assert archive("pack", path, "-o", package).returncode == 0
    for words in (("show", package), ("index", package), ("cat", package, "0")):
        assert b"`verify` checks what is in it, and `unzip` takes out its WARC files" in archive(*words).stderr


def test_a_record_without_a_time_cannot_be_packed_and_its_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(warcs.members(warcs.response(WARC_Date="yesterday")))
    done = archive("pack", path, "-o", tmp_path / "a.wacz")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert done.stderr.startswith(b"archive: a.warc.gz: record")


def test_findings_are_json_lines_for_programs(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(warcs.members(warcs.response(WARC_Block_Digest=warcs.sha1(b""))))
    done = archive("verify", path, "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["rule"] == "block-digest"


def test_a_crawled_collection_is_clean(crawled: Crawled, pressmark: Callable[..., Run]) -> None:
    done = pressmark("verify", "--collection", "sample", "--data", str(crawled.folder.parent.parent))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"{len(crawled.warcs())} files, no findings")


def test_a_changed_line_of_a_collection_is_found(
    crawled: Crawled, pressmark: Callable[..., Run], tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "collections" / "sample"
    shutil.copytree(crawled.folder, folder)
    lines = next(folder.glob("articles/js/*.jsonl"))
    lines.write_bytes(lines.read_bytes().replace(b'"version":1', b'"version":2', 1))
    done = pressmark("verify", "--collection", "sample", "--json")
    assert done.returncode == 3
    assert {json.loads(line)["rule"] for line in done.stdout.splitlines()} == {"line-conversion"}


def pack(path: Path, **changed: bytes) -> Path:
    """Write a small package; `changed` replaces files after the manifest has been made."""
    warc = warcs.members(warcs.response(WARC_Payload_Digest=warcs.sha1(warcs.BODY)))
    place = {"url": warcs.URL, "offset": "0", "length": str(len(warc)), "filename": "a.warc.gz"}
    line = f"test,sample,js)/news/2025/0227/230110.html 20250227101500 {json.dumps(place)}\n"
    files = {
        "archive/a.warc.gz": warc,
        "indexes/index.cdxj": line.encode(),
        "pages/pages.jsonl": b'{"format": "json-pages-1.0", "id": "pages"}\n'
        + json.dumps({"url": warcs.URL, "ts": warcs.DATE}).encode(),
    }
    resources = [
        {"name": name, "path": name, "hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)}
        for name, content in files.items()
    ]
    manifest = {"profile": "data-package", "wacz_version": "1.1.1", "resources": resources}
    files["datapackage.json"] = json.dumps(manifest).encode()
    files |= {name.replace("__", "/").replace("_1", "."): content for name, content in changed.items()}
    with zipfile.ZipFile(path, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    return path


def test_a_package_by_the_rules_is_clean(tmp_path: Path) -> None:
    assert list(check_package(pack(tmp_path / "a.wacz"))) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pages__pages_1jsonl": b"{}\n"}, "has 3 bytes and not"),
        ({"pages__pages_1jsonl": b"{}\n"}, "does not state json-pages-1.0"),
        ({"pages__more_1jsonl": b'{"format": "json-pages-1.0"}\n'}, "is not listed in the manifest"),
        ({"datapackage_1json": b"[]"}, "no JSON object"),
        ({"indexes__index_1cdxj": b"b 20250227101500 x\n"}, "is no index line"),
    ],
)
def test_a_package_that_breaks_a_rule_is_told(tmp_path: Path, changed: dict[str, bytes], message: str) -> None:
    found = [finding.message for finding in check_package(pack(tmp_path / "a.wacz", **changed))]
    assert any(message in one for one in found), found


def test_what_is_no_package_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    assert [finding.rule for finding in check_package(path)] == ["form"]


@pytest.fixture
def bare_python(tmp_path: Path) -> str:
    """A Python with the archive's own dependencies and nothing else."""
    venv.create(tmp_path / "bare", with_pip=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    words = [python, "-m", "pip", "install", "-q", "-c", "constraints.txt", "-r", "archive/requirements.txt"]
    subprocess.run(words, check=True, cwd=ROOT, timeout=100)
    return python


@pytest.mark.long
def test_the_archive_runs_where_only_its_own_dependencies_are(tmp_path: Path, bare_python: str) -> None:
    path = write_file(tmp_path, WHOLE)
    packed = ("pack", path, "-o", tmp_path / "a.wacz")
    for words in (("index", path), ("verify", path), ("show", path), ("cat", path, "0"), packed):
        done = archive(*words, python=bare_python)
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.long
@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
@pytest.mark.parametrize("option", ["--warc-compression", "--no-warc-compression"])
def test_files_of_wget_are_read_and_clean(sample_server: PortalServer, tmp_path: Path, option: str) -> None:
    words = ["wget", "-q", "-O", "/dev/null", option, "--warc-file=got", "--header", "Host: www.js.sample.test"]
    subprocess.run([*words, f"http://{sample_server.address}/"], cwd=tmp_path, check=True, timeout=30)
    (path,) = tmp_path.glob("got.warc*")
    assert archive("verify", path).stdout == b"1 file, no findings\n"
    assert b'"status": "200"' in archive("index", path).stdout


WARCPROX = """
import sys
from warcprox.main import main
from warcprox.warcproxy import WarcProxyHandler
WarcProxyHandler.allow_localhost = True
sys.argv[0] = "warcprox"
main()
"""


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
def test_files_of_warcprox_are_read_and_only_their_digests_are_odd(tmp_path: Path) -> None:
    venv.create(tmp_path / "proxy", with_pip=True)
    python = str(tmp_path / "proxy" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "warcprox"], check=True, timeout=300)
    words = [python, "-c", WARCPROX, "-b", "127.0.0.1", "-p", "0", "-z", "-d", "warcs", "--stats-db-file", "/dev/null"]
    with PortalServer(SAMPLE) as server, (tmp_path / "log").open("w") as log:
        proxy = subprocess.Popen([*words, "--dedup-db-file", "seen.sqlite"], cwd=tmp_path, stdout=log, stderr=log)
        try:
            port = wait_for(lambda: re.findall(r"listening on 127.0.0.1:(\d+)", (tmp_path / "log").read_text()))[0]
            got = ["wget", "-q", "-O", "/dev/null", "-e", "use_proxy=yes", "-e", f"http_proxy=127.0.0.1:{port}"]
            got += ["--header", "Host: www.js.sample.test", f"http://{server.address}/"]
            subprocess.run(got, check=True, timeout=30)
            wait_for(lambda: list((tmp_path / "warcs").glob("*")))
        finally:
            proxy.terminate()
            proxy.wait(30)
    (path,) = (tmp_path / "warcs").glob("*.warc.gz")
    found = [json.loads(line)["rule"] for line in archive("verify", path, "--json").stdout.splitlines()]
    assert set(found) <= {"digest-form"}
    assert b'"status": "200"' in archive("index", path).stdout


def wait_for(look: Callable[[], list[Any]]) -> list[Any]:
    """Look again and again until there is something, for half a minute at most."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("nothing came")
