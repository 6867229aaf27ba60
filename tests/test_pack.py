"""`pressmark pack` on a crawl of the sample portal."""

import json
import re
import resource
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from archive.capture import Capture
from archive.manifest import verify_signature
from archive.members import MemberScanner, ScannedRecord
from archive.reader import Exchange, read_exchanges
from archive.writer import WarcOptions
from crawler.commands.choosing import Choice
from crawler.fetching.plan import choose_branches
from crawler.fetching.recorder import Recorder
from crawler.reading.portals import find_portal
from crawler.store.collection import Collection
from crawler.store.rows import Kind, Link, Row
from tests.conftest import PRESSMARK, SAMPLE_TOML, Crawled, Run
from tests.packages import Package, member
from tests.sample_article import ARTICLE

Pressmark = Callable[..., Run]
CREATED = ("--created", "2026-11-23T12:00:00Z")


@pytest.fixture
def packer(pressmark: Pressmark, crawled: Crawled, tmp_path: Path) -> Callable[..., Run]:
    """`pressmark pack` on the crawled collection, into a folder of the test's own."""
    data = crawled.folder.parent.parent

    def run(*words: str) -> Run:
        return pressmark("pack", "--portal", str(SAMPLE_TOML), "--data", str(data), *words)

    return run


def one_line(text: str) -> str:
    (line,) = text.strip().splitlines()
    return line


def payload_ids(line: dict) -> set[str]:
    marks = [line["pressmark"], *(part["pressmark"] for part in (*line["images"], *line["pages"]))]
    return {mark["record_id"] for mark in marks if mark}


def record_ids(package: Package, *types: str) -> set[str]:
    found = set()
    for record in package.records():
        head = record.partition(b"\r\n\r\n")[0].decode()
        if re.search(r"WARC-Type: (\w+)", head)[1] in types:
            found.add(re.search(r"WARC-Record-ID: <([^>]+)>", head)[1])
    return found


def hosts(package: Package) -> set[str]:
    return {json.loads(line.split(" ", 2)[2])["url"].split("/")[2] for line in package.index()}


def test_a_whole_collection_is_packed(packer: Pressmark, crawled: Crawled, tmp_path: Path) -> None:
    done = packer()
    assert (done.returncode, done.stderr) == (0, "")
    package = Package(tmp_path / "sample.wacz")
    assert package.faults() == []
    assert {Path(name).name for name in package.warcs()} == {path.name for path in crawled.warcs()}
    assert f"Pages     {len(package.pages()) - 1}" in done.stdout
    assert package.manifest["title"] == "样例新闻网"


def articles(package: Package) -> list[dict]:
    """Return the pages with a text."""
    return [page for page in package.pages()[1:] if "text" in page]


def test_the_front_pages_come_first_with_their_titles(packer: Pressmark, tmp_path: Path) -> None:
    packer("--branch", "js", "--branch", "zj", "--out", "some.wacz")
    package = Package(tmp_path / "some.wacz")
    fronts = [page for page in package.pages()[1:] if "text" not in page]
    assert package.pages()[1 : len(fronts) + 1] == fronts
    assert (fronts[0]["url"], fronts[0]["title"]) == ("http://www.js.sample.test/", "江苏新闻-样例新闻网")
    assert "http://www.zj.sample.test/yw/zjyw.d.html?nid=280&p=1" in {page["url"] for page in fronts}
    assert len({page["url"] for page in fronts}) == len(fronts)
    for page in fronts:
        named = f"WARC-Record-ID: <urn:uuid:{page['id']}>".encode()
        assert [named in record for record in package.look_up(page["url"], page["ts"])] == [True]


def test_every_article_leads_to_its_record_by_the_index(packer: Pressmark, crawled: Crawled, tmp_path: Path) -> None:
    packer()
    package = Package(tmp_path / "sample.wacz")
    header, pages = package.pages()[0], articles(package)
    assert header["hasText"] is True
    lines = {line["pressmark"]["record_id"]: line for line in crawled.lines()}
    assert len(pages) == len(lines) >= 60
    for page in pages:
        line = lines[f"urn:uuid:{page['id']}"]
        assert (page["url"], page["title"], page["text"]) == (line["url"], line["headline"], line["body"])
        named = f"WARC-Record-ID: <urn:uuid:{page['id']}>".encode()
        assert [named in record for record in package.look_up(page["url"], page["ts"])] == [True]


def test_a_branch_is_packed_with_its_pictures_lists_and_conversions(
    packer: Pressmark, crawled: Crawled, tmp_path: Path
) -> None:
    assert packer("--branch", "js", "--out", "js.wacz").returncode == 0
    package = Package(tmp_path / "js.wacz")
    assert package.faults() == []
    lines = [line for line in crawled.lines() if line["branch"] == "js"]
    answers = record_ids(package, "response")
    assert lines
    assert all(payload_ids(line) <= answers for line in lines)
    assert len(record_ids(package, "conversion")) == len(lines) == len(articles(package))
    asked = {url for url in crawled.first_requests if url.startswith("http://www.js.sample.test/")}
    packed = {json.loads(line.split(" ", 2)[2])["url"] for line in package.index()}
    assert "http://www.js.sample.test/robots.txt" in packed
    assert asked <= packed
    assert not [host for host in hosts(package) if "zj" in host]
    assert len(record_ids(package, "request")) >= len(answers)
    assert package.manifest["title"] == "样例新闻网 江苏"


def test_the_records_of_a_branch_are_copied_byte_for_byte(packer: Pressmark, crawled: Crawled, tmp_path: Path) -> None:
    packer("--branch", "zj")
    package = Package(tmp_path / "sample-zj.wacz")
    old = b"".join(path.read_bytes() for path in crawled.warcs())
    for line in package.index():
        where = json.loads(line.split(" ", 2)[2])
        new = package.zip.read(f"archive/{where['filename']}")
        assert new[int(where["offset"]) : int(where["offset"]) + int(where["length"])] in old


def test_days_choose_what_was_captured_on_them(packer: Pressmark, crawled: Crawled, tmp_path: Path) -> None:
    day = min(line["captured_at"] for line in crawled.lines())[:10]
    assert packer("--since", day, "--out", "from.wacz").returncode == 0
    assert len(articles(Package(tmp_path / "from.wacz"))) == len(crawled.lines())
    before = packer("--until", "2020-01-01", "--out", "until.wacz")
    assert (before.returncode, "nothing is selected" in one_line(before.stderr)) == (1, True)
    assert not (tmp_path / "until.wacz").exists()


def test_a_key_is_made_and_its_signature_holds(packer: Pressmark, tmp_path: Path) -> None:
    done = packer("--sign", "key.pem", "--make-key", *CREATED)
    assert (done.returncode, "signed" in done.stdout) == (0, True)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    signature = verify_signature(tmp_path / "sample.wacz")
    assert signature is not None
    assert signature.created == "2026-11-23T12:00:00Z"
    first = (tmp_path / "sample.wacz").read_bytes()
    assert packer("--sign", "key.pem", "--force", *CREATED).returncode == 0
    assert (tmp_path / "sample.wacz").read_bytes() == first


def test_a_file_that_is_there_is_kept(packer: Pressmark, tmp_path: Path) -> None:
    (tmp_path / "sample.wacz").write_bytes(b"precious")
    done = packer()
    assert (done.returncode, "--force" in one_line(done.stderr)) == (2, True)
    assert (tmp_path / "sample.wacz").read_bytes() == b"precious"
    assert packer("--force").returncode == 0


def test_the_count_is_told_to_programs(packer: Pressmark, crawled: Crawled, tmp_path: Path) -> None:
    told = json.loads(packer("--json").stdout)
    assert told["pages"] == len(Package(tmp_path / "sample.wacz").pages()) - 1 > len(crawled.lines())
    assert (told["unpacked_pages"], told["unresolved"]) == (0, 0)


@pytest.mark.parametrize(
    ("url", "kind", "day", "chosen"),
    [
        ("http://www.js.sample.test/", "listing", 27, True),
        ("http://www.js.sample.test/", "listing", 26, False),
        ("http://www.zj.sample.test/", "listing", 27, False),
        ("http://i2.sample.test/1.jpg", "picture", 27, False),
        ("http://i2.sample.test/robots.txt", "robots", 27, True),
        ("http://i2.sample.test/robots.txt", "robots", 26, False),
        ("http://[broken/", "listing", 27, False),
    ],
)
def test_a_record_is_chosen_by_host_day_and_kind(url: str, kind: str, day: int, chosen: bool) -> None:
    assert choice("js").holds_record(metadata(url, day=day, kind=kind)) is chosen


@pytest.mark.parametrize(
    ("url", "via", "codes", "chosen"),
    [
        ("http://i2.sample.test/style.css", "http://www.zj.sample.test/", ("js",), True),
        ("http://www.js.sample.test/style.css", "http://www.zj.sample.test/", ("js",), True),
        ("http://www.sample.test/style.css", "http://www.zj.sample.test/", ("js",), True),
        ("http://www.zj.sample.test/style.css", "http://www.js.sample.test/", ("js",), True),
        ("http://www.zj.sample.test/style.css", "http://www.zj.sample.test/", ("js",), False),
        ("http://www.zj.sample.test/style.css", "http://www.zj.sample.test/", (), True),
    ],
)
def test_a_requisite_is_chosen_by_host_whatever_its_day(
    url: str, via: str, codes: tuple[str, ...], chosen: bool
) -> None:
    record = metadata(url, day=1, kind="requisite", via=via)
    assert choice(*codes).holds_record(record) is False
    assert choice(*codes).holds_requisite(record) is chosen


def choice(*codes: str) -> Choice:
    portal = find_portal(str(SAMPLE_TOML))
    return Choice(portal=portal, branches=choose_branches(portal, codes) if codes else (), since=date(2025, 2, 27))


def metadata(url: str, *, day: int, **fields: str) -> ScannedRecord:
    block = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    content = member("metadata", "urn:uuid:1", url, f"2025-02-{day:02}T10:15:00Z", block)
    (record,) = MemberScanner("some.warc.gz").feed(content)
    return record


AGAIN = "http://www.js.sample.test/news/2027/0101/900001.html"


@pytest.fixture
def seen_again(crawled: Crawled, tmp_path: Path) -> dict:
    """The line of an article whose payload, and its picture's, were captured at other addresses in an earlier year."""
    collection = Collection(tmp_path / "data" / "collections" / "sample")
    shutil.copytree(crawled.folder, collection.folder)
    captures = {e.capture.url: e.capture for p in crawled.warcs() for e in read_exchanges(p) if isinstance(e, Exchange)}
    (old,) = [line for line in crawled.lines() if line["url"] == ARTICLE]
    recorder = Recorder(collection, find_portal(str(SAMPLE_TOML)), options=WarcOptions(), software=())
    links: list[Link] = []
    recorder.listeners.append(lambda row, exchange, outcome, new: links.extend(new))

    def record(url: str, kind: Kind, capture: Capture) -> None:
        again = replace(capture, url=url, started_at=datetime(2027, 1, 1, tzinfo=UTC))
        recorder.record(again, Row(url=url, kind=kind, via=None, hops="L"))

    record(AGAIN, "article", captures[ARTICLE])
    for link in [link for link in links if link.kind == "picture"]:
        record(link.url, "picture", captures[old["images"][0]["url"]])
    recorder.close()
    (text,) = (collection.articles / "js" / "2027-01.jsonl").read_bytes().splitlines()
    return json.loads(text)


def test_a_day_is_packed_with_what_its_pages_show_of_earlier_days(
    seen_again: dict, pressmark: Pressmark, tmp_path: Path
) -> None:
    words = ("--portal", str(SAMPLE_TOML), "--branch", "js", "--since", "2027-01-01", "--out", "day.wacz")
    assert pressmark("pack", *words).returncode == 0
    package = Package(tmp_path / "day.wacz")
    packed = {json.loads(line.split(" ", 2)[2])["url"]: json.loads(line.split(" ", 2)[2]) for line in package.index()}
    (picture,) = [image["url"] for image in seen_again["images"]]
    assert seen_again["revisit"]["record_id"] in record_ids(package, "revisit")
    assert payload_ids(seen_again) <= record_ids(package, "response")
    assert [packed[url]["mime"] for url in (AGAIN, picture)] == ["warc/revisit"] * 2
    assert [url for url in packed if url.endswith(".css")]
    assert [page["url"] for page in articles(package)] == [AGAIN]
    (record,) = package.look_up(AGAIN, articles(package)[0]["ts"])
    assert f"WARC-Record-ID: <{seen_again['revisit']['record_id']}>".encode() in record


def test_a_withheld_payload_does_not_come_in_by_a_revisit_of_another_address(
    seen_again: dict, pressmark: Pressmark, tmp_path: Path
) -> None:
    (tmp_path / "data" / "collections" / "sample" / "takedowns.txt").write_text(f"{ARTICLE}\n")
    words = ("--portal", str(SAMPLE_TOML), "--branch", "js", "--out", "day.wacz")
    done = pressmark("pack", *words)
    assert (done.returncode, "Missing   the records that 1 revisits refer to" in done.stdout) == (3, True)
    package = Package(tmp_path / "day.wacz")
    assert seen_again["revisit"]["record_id"] in record_ids(package, "revisit")
    assert seen_again["pressmark"]["record_id"] not in record_ids(package, "response")
    assert not [record for record in package.records() if f"WARC-Target-URI: {ARTICLE}\r\n".encode() in record]


def test_requisites_alone_are_no_package(packer: Pressmark) -> None:
    done = packer("--branch", "js", "--since", "2030-01-01")
    assert (done.returncode, "nothing is selected" in one_line(done.stderr)) == (1, True)


def test_a_full_disk_is_told_and_nothing_is_left(crawled: Crawled, tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    words = [str(PRESSMARK), "pack", "--portal", str(SAMPLE_TOML), "--data", str(crawled.folder.parent.parent)]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, preexec_fn=small_files
    )
    assert (done.returncode, "sample.wacz" in one_line(done.stderr)) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--branch", "jss"], "'jss'"),
        (["--out", "js.zip"], "js.zip"),
        (["--out", "nosuch/js.wacz"], "nosuch"),
        (["--since", "2026-02-02", "--until", "2026-02-01"], "2026-02-02"),
        (["--sign", "nosuch.pem"], "--make-key"),
        (["--make-key"], "--sign"),
        (["--collection", "nosuch"], "nosuch"),
    ],
)
def test_wrong_words_are_refused_in_one_line(packer: Pressmark, tmp_path: Path, words: list[str], named: str) -> None:
    done = packer(*words)
    assert (done.returncode, named in one_line(done.stderr)) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_branches_of_another_portal_are_refused(pressmark: Pressmark, crawled: Crawled) -> None:
    data = str(crawled.folder.parent.parent)
    done = pressmark("pack", "--collection", "sample", "--data", data, "--branch", "js")
    assert (done.returncode, "holds the portal sample" in one_line(done.stderr)) == (2, True)
    assert pressmark("pack", "--collection", "sample", "--data", data).returncode == 0


def test_a_file_that_holds_no_key_is_named(packer: Pressmark, tmp_path: Path) -> None:
    (tmp_path / "odd.pem").write_text("no key")
    done = packer("--sign", "odd.pem")
    assert (done.returncode, "odd.pem" in one_line(done.stderr)) == (1, True)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of py-wacz and frictionless, in an environment of their own."""
    folder = tmp_path_factory.mktemp("reference")
    venv.create(folder, with_pip=True)
    words = [str(folder / "bin" / "pip"), "install", "--quiet", "wacz==0.6.0", "frictionless>=5.18"]
    if subprocess.run(words, check=False, capture_output=True, timeout=300).returncode:
        pytest.skip("py-wacz cannot be installed here")
    return folder / "bin"


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("words", [(), ("--branch", "js"), ("--sign", "key.pem", "--make-key")])
def test_other_tools_accept_the_package(
    packer: Pressmark, reference: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert packer(*words, "--out", "some.wacz").returncode == 0
    valid = run(str(reference / "wacz"), "validate", "-f", str(tmp_path / "some.wacz"))
    assert (valid.returncode, "is valid" in valid.stdout) == (0, True), valid.stdout
    Package(tmp_path / "some.wacz").zip.extractall(tmp_path / "unpacked")
    checked = run(str(reference / "frictionless"), "validate", str(tmp_path / "unpacked" / "datapackage.json"))
    assert checked.returncode == 0, checked.stdout
    fastwarc = str(Path(sys.executable).with_name("fastwarc"))
    checks = [run(fastwarc, "check", "-q", str(warc)) for warc in (tmp_path / "unpacked/archive").iterdir()]
    assert [checked.returncode for checked in checks] == [0] * len(checks)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_index_is_that_of_the_reference_tool(
    packer: Pressmark, reference: Path, crawled: Crawled, tmp_path: Path
) -> None:
    packer("--out", "ours.wacz")
    words = [str(reference / "wacz"), "create", "-o", str(tmp_path / "theirs.wacz"), "--detect-pages"]
    assert run(*words, *map(str, crawled.warcs())).returncode == 0
    assert Package(tmp_path / "ours.wacz").index() == Package(tmp_path / "theirs.wacz").index()


def run(*words: str) -> Run:
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=200)
