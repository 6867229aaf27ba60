"""`pressmark fixture`: a page of a WARC file as a fixture pair."""

import json
from collections.abc import Callable
from pathlib import Path

from crawler.store.collection import Collection
from tests.conftest import FIXTURES, SAMPLE, SAMPLE_TOML, Crawled, Run
from tests.test_deduplication import ADDRESS, COPY, PAGE, Archivist, ok

Pressmark = Callable[..., Run]
HOST = "http://www.js.sample.test"
URL = f"{HOST}/news/2026/0722/234507.html"


def cut(pressmark: Pressmark, crawled: Crawled, *words: str, url: str = URL) -> Run:
    return pressmark("fixture", str(crawled.warcs()[0]), url, "--portal", str(SAMPLE_TOML), *words)


def test_a_pair_holds_the_bytes_of_the_page_and_what_is_read_from_it(
    pressmark: Pressmark, crawled: Crawled, tmp_path: Path
) -> None:
    done = cut(pressmark, crawled)
    assert (done.returncode, "by eye" in done.stdout) == (0, True)
    # The response came in gzip.
    page = (tmp_path / "js-2018-234507.html").read_bytes()
    assert page == (SAMPLE / "hosts/www.js.sample.test/news/2026/0722/234507.html").read_bytes()
    beside = json.loads((tmp_path / "js-2018-234507.json").read_text("utf-8"))
    assert list(beside) == ["synthetic", "draft", "url", "captured_at", "content_type", "article"]
    assert (beside["synthetic"], beside["url"]) == (False, URL)
    assert "compare each value" in beside["draft"]
    expected = json.loads((SAMPLE / "expected/js-234507.json").read_text("utf-8"))
    article = beside["article"]
    assert {key: article[key] for key in ("headline", "published_at", "byline", "editors", "body")} == {
        key: expected[key] for key in ("headline", "published_at", "byline", "editors", "body")
    }
    assert [set(image) for image in article["images"]] == [{"url", "caption", "credit", "alt"}] * len(
        expected["images"]
    )
    assert article["encoding"] == {"declared": "gb2312", "used": "gb18030", "replacement_chars": 0}


def test_the_article_has_the_keys_of_the_fixtures_that_are_there(
    pressmark: Pressmark, crawled: Crawled, tmp_path: Path
) -> None:
    cut(pressmark, crawled, "--name", "one")
    drafted = set(json.loads((tmp_path / "one.json").read_text("utf-8"))["article"])
    kept = [json.loads(path.read_text("utf-8")) for path in (FIXTURES / "chinanews").glob("*.json")]
    assert {frozenset(one["article"]) for one in kept if "article" in one} <= {frozenset(drafted)}
    assert not [one["url"] for one in kept if "draft" in one]


def test_a_list_becomes_a_list(pressmark: Pressmark, crawled: Crawled, tmp_path: Path) -> None:
    assert cut(pressmark, crawled, url=f"{HOST}/business/").returncode == 0
    beside = json.loads((tmp_path / "js-listing-business.json").read_text("utf-8"))
    assert {"url", "headline", "listed_at"} == set(beside["articles"][0])
    assert "next_pages" in beside


def test_a_revisit_gives_the_payload_that_lies_in_the_same_file_and_names_that_in_another(
    pressmark: Pressmark, tmp_path: Path
) -> None:
    archivist = Archivist(Collection(tmp_path / "sample"))
    archivist.record((ADDRESS, ok()), (COPY, ok(extra=b'ETag: "copy"\r\n')))
    archivist.record((ADDRESS, ok(extra=b'ETag: "again"\r\n')))
    first, second = sorted((tmp_path / "sample/archive").glob("*.warc.gz"))
    found = pressmark("fixture", str(first), COPY, "--portal", str(SAMPLE_TOML), "--name", "copy")
    assert (found.returncode, (tmp_path / "copy.html").read_bytes()) == (0, PAGE)
    lost = pressmark("fixture", str(second), ADDRESS, "--portal", str(SAMPLE_TOML))
    assert (lost.returncode, "holds a revisit" in lost.stderr) == (2, True)


def test_an_address_that_is_not_in_the_file_is_refused(pressmark: Pressmark, crawled: Crawled) -> None:
    done = cut(pressmark, crawled, url=f"{HOST}/nosuch.html")
    assert (done.returncode, "no capture" in done.stderr) == (2, True)


def test_a_pair_that_is_there_is_not_overwritten(pressmark: Pressmark, crawled: Crawled, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text("{}")
    done = cut(pressmark, crawled, "--name", "one")
    assert (done.returncode, "--name" in done.stderr) == (2, True)
    assert (tmp_path / "one.json").read_text() == "{}"
