"""What was captured is read anew: out of a collection, and out of the files of other crawlers."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from crawler.article import read_articles
from crawler.folding import composing
from crawler.folding.line_files import read_line
from crawler.folding.schedule import Schedule
from crawler.rereading.collection import Choice, reread
from crawler.rereading.readers import Means
from crawler.rereading.replacing import catch_up, fresh_folder
from crawler.store.collection import Collection
from crawler.store.state import State
from tests import warcs
from tests.conftest import PRESSMARK, SAMPLE_TOML, Crawled, Run, run_pressmark
from tests.portal.server import PortalServer
from tests.simulated_collection import PORTAL, crawl, make_world, written
from tests.test_archive_command import WARCPROX, wait_for
from tests.test_rebuild import read_otherwise, remake

DAYS = 10
OUT = "reextracted-1.0.0"


@dataclass
class Place:
    """A folder with a crawled collection under `data`."""

    cwd: Path

    @property
    def collection(self) -> Collection:
        return Collection(self.cwd / "data" / "collections" / "sample")

    def run(self, *words: str) -> Run:
        return run_pressmark(*words, "--portal", str(SAMPLE_TOML), cwd=self.cwd)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    collection, _ = crawl(make_world(DAYS), tmp_path_factory.mktemp("simulated") / "sample", range(DAYS))
    return collection.folder


@pytest.fixture
def place(simulated: Path, tmp_path: Path) -> Place:
    shutil.copytree(simulated, tmp_path / "data" / "collections" / "sample")
    return Place(tmp_path)


@pytest.fixture
def sample(crawled: Crawled, tmp_path: Path) -> Place:
    shutil.copytree(crawled.folder, tmp_path / "data" / "collections" / "sample")
    return Place(tmp_path)


def lines_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*.jsonl")}


# A collection


def test_the_same_extractor_gives_the_same_lines(place: Place) -> None:
    done = place.run("reextract")
    assert (done.returncode, done.stderr) == (0, "")
    beside = place.collection.folder / OUT
    assert lines_of(beside / "articles") == lines_of(place.collection.articles)
    told = [json.loads(line) for line in (beside / "changes.jsonl").read_bytes().splitlines()]
    before = [json.loads(line) for line in place.collection.changes.read_bytes().splitlines()]
    # Here a line has no record of its own: the event names its page's.
    assert [{**one, "record_id": ""} for one in told] == [{**one, "record_id": ""} for one in before]


def test_the_sample_portal_with_pictures_and_pages_comes_out_alike(sample: Place) -> None:
    done = sample.run("reextract", "--out", "again", "--json")
    assert (done.returncode, json.loads(done.stdout)["lines"]) == (
        0,
        len(list(read_articles(sample.collection.folder))),
    )
    assert lines_of(sample.cwd / "again" / "articles") == lines_of(sample.collection.articles)


@pytest.mark.parametrize("processes", ["2", "3"])
def test_the_number_of_processes_does_not_matter(sample: Place, processes: str) -> None:
    for count in ("1", processes):
        assert sample.run("reextract", "--processes", count, "--out", f"by-{count}").returncode == 0
    one, other = (sample.cwd / f"by-{count}" for count in ("1", processes))
    assert lines_of(one / "articles") == lines_of(other / "articles")
    assert (one / "changes.jsonl").read_bytes() == (other / "changes.jsonl").read_bytes()


def test_chosen_lines_alone_are_written(sample: Place) -> None:
    everything = list(read_articles(sample.collection.folder))
    layout = everything[0].extractor.layout
    assert sample.run("reextract", "--branch", "js", "--layout", layout, "--since", "2020-01-01").returncode == 0
    found = list(read_articles(sample.collection.folder / OUT))
    assert found == [one for one in everything if one.branch == "js" and one.extractor.layout == layout]
    done = sample.run("reextract", "--since", "2999-01-01")
    assert (done.returncode, lines_of(sample.collection.folder / OUT / "articles")) == (0, {})


def test_a_folder_of_another_make_is_left_alone(place: Place) -> None:
    (place.cwd / "mine").mkdir()
    (place.cwd / "mine" / "notes.txt").write_text("x")
    done = place.run("reextract", "--out", "mine")
    assert done.returncode == 2
    assert "mine: was not made by" in done.stderr
    assert [path.name for path in (place.cwd / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("option", ["--out=again", "--compare", "--swap"])
def test_a_collection_of_another_portal_is_refused(place: Place, option: str) -> None:
    before = written(place.collection)
    done = run_pressmark("reextract", "--collection", "sample", option, cwd=place.cwd)
    assert (done.returncode, "holds the portal sample" in done.stderr) == (2, True)
    assert (written(place.collection), (place.cwd / "again").exists()) == (before, False)


def test_lines_go_into_no_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "some.warc").write_bytes(b"")
    for place, why in (("nowhere/lines.jsonl", "there is no folder"), (".", "is a folder")):
        done = run_pressmark("reextract", "some.warc", "--out", place, cwd=tmp_path)
        assert (done.returncode, why in done.stderr) == (2, True)


def test_nothing_of_scrapy_is_loaded(place: Place) -> None:
    words = ["reextract", "--processes", "1", "--portal", str(SAMPLE_TOML)]
    program = (
        "import sys\nfrom crawler.cli import make_app\n"
        f"make_app('reextract')({words!r}, standalone_mode=False)\n"
        "print([name for name in sys.modules if name.partition('.')[0] in {'scrapy', 'twisted'}])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=place.cwd, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_killed_run_begins_anew_and_gives_the_same(place: Place) -> None:
    partial = place.collection.folder / f".{OUT}.partial"
    (partial / "articles" / "js").mkdir(parents=True)
    (partial / "articles" / "js" / "2026-09.jsonl").write_bytes(b"half")
    (partial / "state.sqlite").write_bytes(b"half")
    assert place.run("reextract").returncode == 0
    assert lines_of(place.collection.folder / OUT / "articles") == lines_of(place.collection.articles)
    assert not partial.exists()


def test_a_damaged_record_is_named_and_the_rest_is_read(place: Place) -> None:
    everything = list(read_articles(place.collection.folder))
    mark = everything[3].pressmark
    assert mark
    path = place.collection.archive / mark.file
    content = bytearray(path.read_bytes())
    content[mark.offset + mark.length // 2] ^= 0xFF
    path.write_bytes(content)
    done = place.run("reextract")
    assert done.returncode == 3
    assert f"{mark.file}: at offset {mark.offset} lies" in done.stderr
    found = list(read_articles(place.collection.folder / OUT))
    assert {one.id for one in everything} - {one.id for one in found} <= {everything[3].id}
    assert len(found) >= len(everything) - 1


# Comparing


def test_nothing_differs_where_nothing_has_changed(place: Place) -> None:
    done = place.run("reextract", "--compare")
    assert done.returncode == 0
    assert "0 changed, 0 gained, 0 lost" in done.stdout
    assert not list(place.collection.folder.glob(".comparing*"))


def edit_lines(collection: Collection, change: Callable[[dict], None]) -> list[dict]:
    (path,) = collection.articles.glob("*/*.jsonl")
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    for line in lines[:3]:
        change(line)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return lines


def test_what_a_new_extractor_changes_is_told_field_by_field(place: Place) -> None:
    edit_lines(place.collection, lambda line: line.update(headline="旧标题", source=None, subheadline="多余"))
    done = place.run("reextract", "--compare", "--json")
    assert done.returncode == 3
    changes = json.loads(done.stdout)["changes"]
    assert {name: (one["gained"], one["lost"], one["altered"]) for name, one in changes["fields"].items()} == {
        "headline": (0, 0, 3),
        "source": (3, 0, 0),
        "subheadline": (0, 3, 0),
    }
    assert changes["fields"]["headline"]["examples"]["altered"][0]["before"] == "旧标题"
    shown = place.run("reextract", "--compare")
    assert "headline altered  sample:js:" in shown.stdout
    assert "  - 旧标题" in shown.stdout


def test_lines_on_one_side_alone_are_gained_and_lost(place: Place) -> None:
    lines = edit_lines(place.collection, lambda line: None)
    edit_lines(place.collection, lambda line: line.update(id="sample:js:1") if line == lines[0] else None)
    changes = json.loads(place.run("reextract", "--compare", "--json").stdout)["changes"]
    assert (changes["gained"], changes["lost"]) == ([f"{lines[0]['id']} version 1"], ["sample:js:1 version 1"])


# In the place of the old


@pytest.fixture
def swapped(place: Place) -> Place:
    edit_lines(place.collection, lambda line: line.update(headline="旧标题"))
    done = place.run("reextract", "--swap")
    assert done.returncode == 0, done.stderr
    assert "the old lines lie in data/collections/sample/before-reextract," in done.stdout
    return place


def test_swapped_lines_are_shown_and_compared_by_the_other_commands(swapped: Place, simulated: Path) -> None:
    assert lines_of(swapped.collection.articles) == lines_of(Collection(simulated).articles)
    edited = next(line for line in read_articles(swapped.collection.folder) if line.version == 2)
    shown = [json.loads(swapped.run("show", edited.id, "--json", "--version", n).stdout) for n in ("1", "2")]
    assert [one["version"] for one in shown] == [1, 2]
    assert swapped.run("show", edited.id, "--raw").stdout.startswith("HTTP/1.1 200 OK")
    assert swapped.run("diff", edited.id).returncode == 0
    assert swapped.run("changes", "--type", "edited").stdout.count("\n") > 0
    assert "旧标题" in (swapped.collection.folder / "before-reextract/articles/js/2026-09.jsonl").read_text("utf-8")


def test_each_version_names_its_line(swapped: Place) -> None:
    state = State(swapped.collection.state, read_only=True)
    for line in read_articles(swapped.collection.folder):
        version = state.versions.numbered(line.id, line.version or 0)
        assert version
        assert version.line.file.startswith("articles/js/")
        assert read_line(swapped.collection, version.line) == line
    state.shut()


def test_a_swapped_collection_has_no_findings(place: Place) -> None:
    assert place.run("reextract", "--swap").returncode == 0
    done = place.run("verify")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"{DAYS} files, no findings")


def test_the_crawl_goes_on_behind_swapped_lines(simulated: Path, tmp_path: Path) -> None:
    """Edits and withdrawals of later days are told as if nothing had been read anew."""
    folders = [tmp_path / name / "data" / "collections" / "sample" for name in ("plain", "swapped")]
    for folder in folders:
        shutil.copytree(simulated, folder)
    assert Place(tmp_path / "swapped").run("reextract", "--swap").returncode == 0
    asked = [crawl(make_world(DAYS + 4), folder, range(DAYS, DAYS + 4))[1] for folder in folders]
    assert asked[0] == asked[1]
    told = [[json.loads(line) for line in (folder / "changes.jsonl").read_bytes().splitlines()] for folder in folders]
    plain, anew = ([{**one, "record_id": ""} for one in events] for events in told)
    assert plain == anew
    assert len({one["type"] for one in plain[-12:]}) > 1


def test_rebuild_gives_back_what_the_crawl_wrote(swapped: Place, simulated: Path) -> None:
    assert remake(swapped.cwd).returncode == 0
    assert written(swapped.collection) == written(Collection(simulated))
    assert swapped.run("verify").returncode == 0


def test_another_run_holds_the_collection(place: Place) -> None:
    lock = place.collection.lock()
    done = place.run("reextract", "--swap")
    beside = place.run("reextract")
    lock.close()
    assert (done.returncode, beside.returncode) == (75, 0)


def test_a_mended_extractor_numbers_the_versions_anew(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "read_page", read_otherwise)
    monkeypatch.setattr(composing, "EXTRACTOR_VERSION", "9.0.0")
    means = Means(portal=PORTAL, on_progress=lambda name, offset: None)
    reread(place.collection, tmp_path / "anew", means, Choice(), lambda line: None)
    found = list(read_articles(tmp_path / "anew"))
    assert {line.headline for line in found} == {"别的标题"}
    assert {line.extractor.version for line in found} == {"9.0.0"}
    by_id: dict[str, list[int | None]] = {}
    for line in found:
        by_id.setdefault(line.id, []).append(line.version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in by_id.values())
    assert not any(int(id_.rpartition(":")[2]) % 3 == 0 for id_ in by_id)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("a.warc.gz", "--swap"), "leave the files out"),
        (("--swap", "--compare"), "take one of them"),
        (("--swap", "--since", "2026-01-01"), "takes all lines"),
        (("--branch", "xx"), "no such branch"),
        (("--out", "-"), "go into a folder"),
        (("nowhere.warc.gz",), "no such file"),
    ],
)
def test_options_that_do_not_go_together_are_named(place: Place, words: tuple[str, ...], why: str) -> None:
    done = place.run("reextract", *words)
    assert done.returncode == 2
    assert why in done.stderr


# Files of other crawlers

STORY = (
    "<p>　　今年入秋以来，湖区的候鸟比往年来得早，"
    "保护站的工作人员每天清晨沿着大堤走一圈，记下每一群鸟的数目和停留的地方。</p>"
)


def page(headline: str, body: str = STORY * 4, beside: str = "") -> bytes:
    html = (
        f"<html><head><meta charset='utf-8'><title>{headline}</title></head><body><h1>{headline}</h1>"
        f"<div>2025-10-15 08:30:00 来源：湖畔日报</div><div class='article'>{body}{beside}</div></body></html>"
    )
    return html.encode()


def answer(body: bytes, content_type: str = "text/html; charset=utf-8") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        content_type.encode(),
        len(body),
        body,
    )


def captured(number: int, url: str, block: bytes, date: str = warcs.DATE) -> bytes:
    digest = warcs.sha1(block.partition(b"\r\n\r\n")[2])
    return warcs.response(number, block, WARC_Target_URI=url, WARC_Date=date, WARC_Payload_Digest=digest)


BIRDS = "https://news.lake.test/2025/1015/77.html"
PICTURE = '<p><img src="/pictures/a.jpg"></p><p>大堤上的候鸟。</p>'


def foreign_records() -> list[bytes]:
    seen_again = warcs.record(
        "revisit",
        9,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        Content_Type=warcs.RESPONSE,
        WARC_Target_URI=BIRDS,
        WARC_Date="2025-03-01T10:15:00Z",
        WARC_Profile=warcs.PROFILE,
        WARC_Refers_To_Target_URI=BIRDS,
        WARC_Refers_To_Date=warcs.DATE,
    )
    return [
        warcs.warcinfo(),
        warcs.request(2, WARC_Target_URI=BIRDS),
        captured(3, BIRDS, answer(page("候鸟来得早", PICTURE + STORY * 4))),
        captured(4, "https://news.lake.test/", answer(b"<html><body><a href='/2025/1015/77.html'>x</a></body></html>")),
        captured(5, "https://news.lake.test/pictures/a.jpg", answer(b"\xff\xd8\xff", "image/jpeg")),
        captured(6, "https://news.lake.test/2025/1015/78.html", answer(page("堤上新添观鸟亭"))),
        seen_again,
    ]


FORMS: dict[str, Callable[[list[bytes]], bytes]] = {
    "members.warc.gz": lambda records: warcs.members(*records),
    "plain.warc": b"".join,
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("processes", ["1", "2"])
def test_each_captured_article_gives_a_line(tmp_path: Path, name: str, processes: str) -> None:
    (tmp_path / name).write_bytes(FORMS[name](foreign_records()))
    done = run_pressmark("reextract", name, "--processes", processes, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["headline"] for line in lines] == ["候鸟来得早", "堤上新添观鸟亭", "候鸟来得早"]
    first, second, again = lines
    assert [first[key] for key in ("id", "branch", "version", "first_seen_at")] == [
        "chinanews:news.lake.test:77",
        None,
        None,
        None,
    ]
    assert first["extractor"]["layout"] == "generic"
    assert first["pressmark"]["record_id"] == warcs.name(3).strip("<>")
    assert first["images"][0]["pressmark"]["record_id"] == warcs.name(5).strip("<>")
    assert again["pressmark"] == first["pressmark"]
    assert again["revisit"] == {"record_id": warcs.name(9).strip("<>"), "date": "2025-03-01T10:15:00.000Z"}
    assert second["pressmark"]["file"] == name


def test_the_same_file_in_two_folders_gives_its_lines_twice(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.warc.gz").write_bytes(warcs.members(*foreign_records()))
    done = run_pressmark("reextract", "here", "there", "--processes", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert (len(lines), lines[:3]) == (6, lines[3:])


def test_one_gzip_member_for_all_records_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "one.warc.gz").write_bytes(gzip.compress(b"".join(foreign_records()[:6]), mtime=0))
    done = run_pressmark("reextract", "one.warc.gz", "--out", "lines.jsonl", cwd=tmp_path)
    assert done.returncode == 3
    assert "one gzip member with several records" in done.stderr
    assert len((tmp_path / "lines.jsonl").read_bytes().splitlines()) == 2


def test_a_page_whose_further_pages_are_in_other_files_is_one_line(crawled: Crawled, tmp_path: Path) -> None:
    joined = next(line for line in crawled.lines() if line["pages"])
    done = run_pressmark(
        "reextract", str(crawled.folder / "archive"), "--portal", str(SAMPLE_TOML), "--out", "a.jsonl", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_bytes().splitlines()]
    found = next(line for line in lines if line["id"] == joined["id"])
    same = ("headline", "body", "pages", "images", "pressmark", "captured_at", "digests", "extractor")
    assert {key: found[key] for key in same} == {key: joined[key] for key in same}
    further = {one["url"] for one in joined["pages"][1:]}  # type: ignore[index]
    assert not further & {line["url"] for line in lines}


def test_the_lines_of_files_are_those_of_the_crawl(crawled: Crawled, tmp_path: Path) -> None:
    done = run_pressmark("reextract", str(crawled.folder / "archive"), "--portal", str(SAMPLE_TOML), cwd=tmp_path)
    read = {json.loads(line)["id"]: json.loads(line) for line in reversed(done.stdout.splitlines())}
    for line in crawled.lines():
        assert read[str(line["id"])]["digests"] == line["digests"]


def test_files_can_be_narrowed_by_branch_day_and_layout(crawled: Crawled, tmp_path: Path) -> None:
    words = ("reextract", str(crawled.folder / "archive"), "--portal", str(SAMPLE_TOML))
    done = run_pressmark(*words, "--branch", "js", "--layout", "generic", cwd=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(line["branch"], line["extractor"]["layout"]) for line in lines} <= {("js", "generic")}
    assert run_pressmark(*words, "--since", "2999-01-01", cwd=tmp_path).stdout == ""


def test_damaged_places_of_foreign_files_are_named(tmp_path: Path) -> None:
    records = foreign_records()
    before = len(warcs.members(*records[:2]))
    content = bytearray(warcs.members(*records))
    content[before + 40] ^= 0xFF
    (tmp_path / "bad.warc.gz").write_bytes(content)
    done = run_pressmark("reextract", "bad.warc.gz", cwd=tmp_path)
    assert done.returncode == 3
    assert f"bad.warc.gz: at offset {before} lies" in done.stderr
    # The revisit has lost what it refers to.
    assert [json.loads(line)["headline"] for line in done.stdout.splitlines()] == ["堤上新添观鸟亭"]
    assert "1 revisits of what is not in these files" in done.stderr


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
@pytest.mark.parametrize("option", ["--warc-compression", "--no-warc-compression"])
def test_files_of_wget_are_read(sample_server: PortalServer, tmp_path: Path, crawled: Crawled, option: str) -> None:
    line = next(one for one in crawled.lines() if one["branch"] == "js" and not one["pages"])
    path = str(line["url"]).partition(".test")[2]
    words = ["wget", "-q", "-O", "/dev/null", option, "--warc-file=got", "--header", "Host: www.js.sample.test"]
    subprocess.run([*words, f"http://{sample_server.address}{path}"], cwd=tmp_path, check=True, timeout=30)
    (warc,) = tmp_path.glob("got.warc*")
    done = run_pressmark("reextract", warc.name, "--portal", str(SAMPLE_TOML), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = [json.loads(text) for text in done.stdout.splitlines()]
    assert (found["headline"], found["branch"]) == (line["headline"], None)
    assert found["extractor"]["layout"] == "generic"


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
def test_files_of_warcprox_are_read(tmp_path: Path, crawled: Crawled) -> None:
    line = next(one for one in crawled.lines() if one["branch"] == "js" and not one["pages"])
    venv.create(tmp_path / "proxy", with_pip=True)
    python = str(tmp_path / "proxy" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "warcprox"], check=True, timeout=300)
    words = [python, "-c", WARCPROX, "-b", "127.0.0.1", "-p", "0", "-z", "-d", "warcs", "--stats-db-file", "/dev/null"]
    with PortalServer(SAMPLE_TOML.parent) as server, (tmp_path / "log").open("w") as log:
        proxy = subprocess.Popen([*words, "--dedup-db-file", "seen.sqlite"], cwd=tmp_path, stdout=log, stderr=log)
        try:
            port = wait_for(lambda: re.findall(r"listening on 127.0.0.1:(\d+)", (tmp_path / "log").read_text()))[0]
            got = ["wget", "-q", "-O", "/dev/null", "-e", "use_proxy=yes", "-e", f"http_proxy=127.0.0.1:{port}"]
            address = f"http://{server.address}{str(line['url']).partition('.test')[2]}"
            got += ["--header", "Host: www.js.sample.test", address]
            # Seen twice: the second is a revisit.
            for _ in range(2):
                subprocess.run(got, check=True, timeout=30)
            wait_for(lambda: list((tmp_path / "warcs").glob("*")))
        finally:
            proxy.terminate()
            proxy.wait(30)
    done = run_pressmark("reextract", "warcs", "--portal", str(SAMPLE_TOML), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = [json.loads(text) for text in done.stdout.splitlines()]
    assert {one["headline"] for one in found} == {line["headline"]}


# What must not be lost


def test_a_collection_whose_lines_were_read_anew_is_no_folder_to_write_into(place: Place) -> None:
    assert place.run("reextract", "--swap").returncode == 0
    refused = place.run("reextract", "--out", str(place.collection.folder))
    assert (refused.returncode, "was not made by `pressmark reextract`" in refused.stderr) == (2, True)
    assert len(list(place.collection.archive.iterdir())) == DAYS


def test_a_folder_into_which_something_was_put_is_not_replaced(place: Place) -> None:
    assert place.run("reextract").returncode == 0
    note = place.collection.folder / OUT / "notes.txt"
    note.write_text("mine")
    assert place.run("reextract").returncode == 2
    assert note.read_text() == "mine"


@pytest.mark.parametrize("out", [".", "/", "lines.warc.gz", "nowhere/lines.jsonl"])
def test_lines_go_into_a_file_that_can_be_one_and_is_no_warc_file(place: Place, out: str) -> None:
    before = sorted(place.cwd.iterdir())
    refused = place.run("reextract", str(place.collection.archive), "--out", out)
    assert (refused.returncode, refused.stderr.count("\n"), f"--out {out}: " in refused.stderr) == (2, 1, True)
    assert sorted(place.cwd.iterdir()) == before


def test_the_lines_that_are_told_are_those_that_were_kept(place: Place) -> None:
    done = place.run("reextract", "--since", "2999-01-01")
    assert done.stdout.startswith("0 lines and 0 events ")


def test_without_warc_files_the_lines_stay(place: Place) -> None:
    before = written(place.collection)
    for path in place.collection.archive.iterdir():
        path.unlink()
    refused = place.run("reextract", "--swap")
    assert (refused.returncode, "no WARC files of the portal sample" in refused.stderr) == (2, True)
    assert written(place.collection) == before


def test_a_warc_file_that_is_not_there_is_told(place: Place) -> None:
    gone = min(place.collection.archive.iterdir())
    gone.unlink()
    done = place.run("reextract", "--swap")
    told = f"{gone.name}: no such WARC file, and lines name it; bring it back"
    assert (done.returncode, done.stderr.splitlines()[0]) == (3, told)


def test_two_do_not_write_into_one_folder(place: Place) -> None:
    with fresh_folder(place.collection.folder / f".{OUT}.partial"):
        other = place.run("reextract")
    assert (other.returncode, "another process" in other.stderr) == (75, True)


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_leaves_nothing(place: Place, processes: str, number: int, code: int) -> None:
    words = ("reextract", "--swap", "--processes", processes, "--portal", str(SAMPLE_TOML))
    fresh, before = place.collection.folder / ".rereading", sorted(place.collection.folder.iterdir())
    with subprocess.Popen(
        [str(PRESSMARK), *words],
        cwd=place.cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as running:
        wait_for(lambda: list(fresh.glob("*")))
        os.killpg(running.pid, number)
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (code, b"")
    left = [path for path in place.collection.folder.iterdir() if not path.name.startswith("state.sqlite-")]
    assert sorted(left) == before


def test_reading_processes_end_with_a_command_that_is_killed(place: Place) -> None:
    words = ("reextract", "--processes", "2", "--portal", str(SAMPLE_TOML))
    with subprocess.Popen(
        [str(PRESSMARK), *words],
        cwd=place.cwd,
        stdout=subprocess.PIPE,
    ) as running:
        wait_for(lambda: list((place.collection.folder / f".{OUT}.partial").glob("*.sqlite-wal")))
        running.kill()
        # They hold its standard output, which ends with the last of them.
        assert running.communicate(timeout=60) == (b"", None)


def test_lines_that_were_read_anew_twice_are_still_vouched_for_by_the_records(place: Place) -> None:
    line = min(place.collection.articles.glob("*/*.jsonl"))
    for _ in range(2):
        assert place.run("reextract", "--swap").returncode == 0
    # The crawl's line differs from what is read today.
    line.write_bytes(line.read_bytes().replace(b'"extractor":{"version":"1.0.0"', b'"extractor":{"version":"1.0.1"'))
    second = place.collection.folder / "before-reextract-2" / line.relative_to(place.collection.folder)
    second.write_bytes(line.read_bytes())
    done = place.run("verify")
    assert (done.returncode, done.stdout) == (0, f"{DAYS} files, no findings\n")


def test_lines_that_come_again_for_want_of_a_state_were_not_read_anew(place: Place) -> None:
    before = written(place.collection)
    assert place.run("reextract", "--swap").returncode == 0
    place.collection.state.write_bytes(b"no database")
    catch_up(place.collection, PORTAL, Schedule())
    assert lines_of(place.collection.articles) == {
        name.removeprefix("articles/"): text for name, text in before.items() if name.startswith("articles/")
    }
    assert not place.collection.reextracted.exists()


def test_a_manifest_of_no_use_is_told(place: Place) -> None:
    place.collection.reextracted.write_text("{")
    done = place.run("verify")
    assert (done.returncode, done.stderr.count("\n"), "reextracted.json: does not tell" in done.stderr) == (1, 1, True)
