"""The main job, as a user runs it: crawl the sample portal twice, and look at everything that it left."""

import gzip
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.pressmark import Pressmark
from archive.reader import read_exchanges
from crawler.folding.register import Register
from crawler.health.runs import read_summaries
from crawler.lines import article_schema
from crawler.reading.portals import find_portal
from crawler.store.collection import Collection
from tests.conftest import SAMPLE, SAMPLE_TOML, Crawled
from tests.test_trouble import Odd, odd

__all__ = ["odd"]

EXPECTED = sorted((SAMPLE / "expected").glob("*.json"))


def test_both_runs_end_well(crawled: Crawled) -> None:
    assert (crawled.first.returncode, crawled.second.returncode) == (0, 0), crawled.first.stderr + crawled.second.stderr


def test_the_table_names_each_branch(crawled: Crawled) -> None:
    assert all(branch in crawled.first.stdout for branch in ("branch", "js", "zj", "national"))
    assert "pressmark show" in crawled.first.stdout


def test_sixty_articles_or_more_become_lines(crawled: Crawled) -> None:
    assert len(crawled.lines()) >= 60


def test_each_article_has_one_line(crawled: Crawled) -> None:
    ids = [line["id"] for line in crawled.lines()]
    assert len(ids) == len(set(ids))


def test_every_line_is_valid_by_the_schema(crawled: Crawled) -> None:
    validator = jsonschema.Draft202012Validator(article_schema())
    assert [list(validator.iter_errors(line)) for line in crawled.lines()] == [[]] * len(crawled.lines())


def test_the_second_run_asks_the_lists_again_and_no_article_or_picture(crawled: Crawled) -> None:
    asked = [url for url in crawled.second_requests if not url.endswith("/robots.txt")]
    lists = {url for url in crawled.first_requests if urlsplit(url).path.endswith("/")}
    assert {url for url in asked if urlsplit(url).path.endswith("/")} == lists
    assert not [url for url in asked if "/news/" in url or "detail-" in url or url.endswith((".jpg", ".png"))]


def test_no_url_is_fetched_twice_in_the_first_run_but_those_that_failed(crawled: Crawled) -> None:
    again = {url for url in crawled.first_requests if crawled.first_requests.count(url) > 1}
    failing = {exchange.capture.url for exchange in _exchanges(crawled) if _failed(exchange)}
    assert again <= failing


def test_a_path_that_robots_txt_forbids_is_never_asked(crawled: Crawled) -> None:
    forbidden = [
        line.partition(":")[2].strip()
        for line in (SAMPLE / "hosts" / "www.js.sample.test" / "robots.txt").read_text().splitlines()
        if line.startswith("Disallow:")
    ]
    assert forbidden
    asked = crawled.first_requests + crawled.second_requests
    assert not [url for url in asked for path in forbidden if url.startswith(f"http://www.js.sample.test{path}")]


def test_every_pressmark_leads_to_its_record_by_offset_and_length_alone(crawled: Crawled) -> None:
    for line in crawled.lines():
        for mark in _marks(line):
            stored = (crawled.folder / "archive" / mark.file).read_bytes()
            member = gzip.decompress(stored[mark.offset : mark.offset + mark.length])
            assert f"WARC-Record-ID: <{mark.record_id}>".encode() in member
            assert f"WARC-Payload-Digest: {mark.payload_digest}".encode() in member


def test_the_conversion_record_holds_the_line(crawled: Crawled) -> None:
    blocks = []
    for path in crawled.warcs():
        with path.open("rb") as file:
            blocks += [r.content_stream().read() for r in ArchiveIterator(file) if r.rec_type == "conversion"]
    assert sorted(blocks) == sorted(crawled.line_texts())


def test_replaying_the_files_gives_the_same_lines_and_ledger(crawled: Crawled, tmp_path: Path) -> None:
    again = Collection(tmp_path / "sample")
    again.make_folders()
    for path in crawled.warcs():
        (again.archive / path.name).symlink_to(path)
    register = Register(again, find_portal(str(SAMPLE_TOML)))
    for _ in register.replay():
        pass
    register.shut()
    written = {path.relative_to(crawled.folder): path for path in crawled.folder.glob("articles/*/*.jsonl")}
    assert {path.relative_to(again.folder) for path in again.articles.glob("*/*.jsonl")} == set(written)
    assert all((again.folder / name).read_bytes() == path.read_bytes() for name, path in written.items())
    assert again.changes.read_bytes() == (crawled.folder / "changes.jsonl").read_bytes()


def test_the_index_is_sorted_and_leads_to_responses(crawled: Crawled) -> None:
    index = crawled.folder / "indexes" / "index.cdxj"
    lines = index.read_bytes().splitlines()
    assert len(lines) > 100
    assert all(one <= other for one, other in pairwise(lines))
    for line in lines[::17]:
        where = json.loads(line.split(b" ", 2)[2])
        stored = (crawled.folder / "archive" / where["filename"]).read_bytes()
        member = gzip.decompress(stored[int(where["offset"]) : int(where["offset"]) + int(where["length"])])
        assert f"WARC-Target-URI: {where['url']}".encode() in member


@pytest.mark.parametrize("checker", ["warcio", "fastwarc"])
def test_other_tools_accept_the_files(crawled: Crawled, checker: str) -> None:
    program = str(Path(sys.executable).with_name(checker))
    checks = [
        subprocess.run([program, "check", str(path)], capture_output=True, text=True, timeout=60, check=False)
        for path in crawled.warcs()
    ]
    assert all(done.returncode in {0, 1} for done in checks), checks
    printed = "".join(done.stdout for done in checks)
    # Both tools compute the payload digest of a chunked response over the chunks, against WARC 1.1, 6.3.2.
    chunked = [e.pressmark for e in _exchanges(crawled) if e.pressmark and b"chunked" in e.capture.response[:2000]]
    known = {mark.record_id for mark in chunked} | {mark.payload_digest for mark in chunked}
    failures = [line for line in printed.splitlines() if "fail" in line.lower()]
    complaints = [line for line in failures if not any(name in line for name in known if name)]
    assert not complaints, printed


def test_no_file_is_left_open(crawled: Crawled) -> None:
    assert not list(crawled.folder.glob("archive/*.open"))


def test_a_summary_of_each_run_is_kept(crawled: Crawled) -> None:
    first, second = (json.loads(path.read_text()) for path in sorted((crawled.folder / "runs").glob("*.json")))
    assert first["articles"] == len(crawled.lines())
    assert second["articles"] == 0
    assert first["requests"] == len(crawled.first_requests)


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.stem)
def test_an_article_is_read_as_it_was_written(crawled: Crawled, path: Path) -> None:
    expected = json.loads(path.read_text("utf-8"))
    branch, _, number = path.stem.partition("-")
    (line,) = [line for line in crawled.lines() if line["id"] == f"sample:{branch}:{number}"]
    assert {name: _comparable(name, line) for name in expected} == expected


def test_the_sample_portal_needs_less_than_a_minute(crawled: Crawled) -> None:
    (first, _) = sorted((crawled.folder / "runs").glob("*.json"))
    assert json.loads(first.read_text())["seconds"] < 60


def _exchanges(crawled: Crawled) -> list:
    return [e for path in crawled.warcs() for e in read_exchanges(path) if hasattr(e, "capture")]


def _failed(exchange: object) -> bool:
    capture = exchange.capture
    head = capture.head()
    return capture.failure is not None or head is None or head.status >= 500


def _marks(line: dict) -> list[Pressmark]:
    found = [
        line["pressmark"],
        *(image["pressmark"] for image in line["images"]),
        *(p["pressmark"] for p in line["pages"]),
    ]
    return [Pressmark(**mark) for mark in found if mark]


def _comparable(name: str, line: dict) -> object:
    if name == "images":
        return [{key: image[key] for key in ("url", "caption", "credit")} for image in line["images"]]
    return line[name]


def test_scrapys_own_command_leaves_a_summary_and_its_items(odd: Odd) -> None:
    (odd.folder / "odd.toml").write_text(odd.toml, "utf-8")
    settings = {
        "PRESSMARK_PORTAL": odd.folder / "odd.toml",
        "PRESSMARK_DATA": odd.folder / "data",
        "CONNECT_TO": f"*.test:{odd.server.address}",
    }
    words = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "scrapy",
            "crawl",
            "chinanews",
            "-a",
            "branch=odd",
            "-O",
            odd.folder / "out.jsonl",
            *words,
        ],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (summary,) = read_summaries(odd.folder / "data/collections/odd/runs", 9)
    assert (summary.asked_branches, summary.ended, summary.articles) == (("odd",), "finished", 1)
    assert [json.loads(line) for line in (odd.folder / "out.jsonl").read_bytes().splitlines()] == odd.lines()
