"""Search: what is found, that nothing else is, and what becomes of an index that is behind, older or damaged."""

import fcntl
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import CrawlerError
from crawler.folding.changes import Event
from crawler.lines import LineImage
from crawler.store.collection import Collection
from crawler.views.grams import fold, highlights, match_expression, tokens
from crawler.views.search import Found, Query, search, update_search
from crawler.views.snippets import headline_of, snippet_of
from crawler.views.store import ViewError
from tests.conftest import SAMPLE_TOML, Crawled, run_pressmark
from tests.view_lines import add_lines, article

CHINESE = st.text("苏州市民南京", min_size=1, max_size=4)
TEXTS = st.lists(st.text("苏州市民南京，。\n 　", max_size=14), min_size=1, max_size=8)
MIXED = st.text("苏州5gG２- _a，\n　あé", max_size=12)


def found_ids(found: Found) -> list[str]:
    return [hit.line.id for hit in found.hits]


def search_for(collection: Collection, words: str, **options: object) -> list[str]:
    return found_ids(search(collection, Query(words=words, **options)))  # type: ignore[arg-type]


def matches(texts: list[str], words: str) -> list[int]:
    """Return the numbers of the texts that an index of them finds."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE grams USING fts5 (body, content = '', tokenize = 'ascii')")
        db.executemany(
            "INSERT INTO grams (rowid, body) VALUES (?, ?)",
            [(n, " ".join(tokens(text))) for n, text in enumerate(texts)],
        )
        expression = match_expression(words)
        if expression is None:
            return []
        rows = db.execute("SELECT rowid FROM grams WHERE grams MATCH ? ORDER BY rowid", (expression,)).fetchall()
        return [number for (number,) in rows]


@settings(max_examples=400, deadline=None)
@given(TEXTS, CHINESE)
def test_hits_of_a_chinese_word_are_those_of_a_plain_scan(texts: list[str], word: str) -> None:
    assert matches(texts, word) == [number for number, text in enumerate(texts) if word in text]


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.lists(CHINESE, min_size=2, max_size=3))
def test_several_words_must_all_be_there(texts: list[str], words: list[str]) -> None:
    expected = [number for number, text in enumerate(texts) if all(word in text for word in words)]
    assert matches(texts, " ".join(words)) == expected


@settings(max_examples=400, deadline=None)
@given(st.lists(MIXED, min_size=1, max_size=6), MIXED.filter(lambda word: len(word.split()) == 1))
def test_what_is_highlighted_is_what_is_found(texts: list[str], word: str) -> None:
    assert matches(texts, word) == [number for number, text in enumerate(texts) if highlights(text, word)]


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_query_is_an_error(words: str) -> None:
    assert matches(["苏州 or 南京"], words) in ([0], [])


@settings(deadline=None)
@given(st.text())
def test_folding_is_done_character_by_character(text: str) -> None:
    assert fold(text) == "".join(fold(character) for character in text)
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "word", "stands"),
    [
        ("苏州、南州市", "苏州市", False),
        ("ＡＩ芯片", "ai", True),
        ("PAID", "ai", False),
        ("5G 技术", "5G技术", True),
        ("5G，技术", "5G技术", False),
        ("25G技术", "5G技术", False),
        ("新冠 COVID-19", "covid-19", True),
        ("蘇州", "苏州", False),
        ("住在苏州。", "苏", True),
        ("𠮷野家", "𠮷", True),
        ("苏\u200b州", "苏州", True),
        ("他说“苏州”", "“苏州”", True),
    ],
)
def test_words_and_characters(text: str, word: str, stands: bool) -> None:
    assert bool(matches([text], word)) is stands


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.text("苏州市民，\n", max_size=9)), max_size=12), CHINESE, st.data())
def test_an_index_kept_current_finds_what_a_scan_of_the_newest_versions_finds(
    versions: list[tuple[int, str]], word: str, data: st.DataObject
) -> None:
    newest: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        collection = add_lines(Path(folder), [])
        for version, (number, body) in enumerate(versions, 1):
            line = article(number, body, version=version)
            newest[line.id] = body
            add_lines(Path(folder), [line])
            for _ in range(data.draw(st.integers(0, 1))):
                update_search(collection)
        update_search(collection)
        assert sorted(search_for(collection, word)) == sorted(a for a, body in newest.items() if word in body)


def test_headline_body_and_captions_are_searched_and_do_not_run_into_each_other(tmp_path: Path) -> None:
    image = LineImage(url="http://i.sample.test/a.jpg", caption="运河上的船", credit=None, alt=None, pressmark=None)
    collection = add_lines(
        tmp_path,
        [article(1, "州市里的河", headline="古城姑苏"), article(2, "无", images=(image, image)), article(3, "无")],
    )
    update_search(collection)
    assert search_for(collection, "姑苏") == search_for(collection, "州市") == ["sample:js:1"]
    assert search_for(collection, "运河") == ["sample:js:2"]
    assert search_for(collection, "姑苏州市") == search_for(collection, "船运") == []
    assert search_for(collection, "姑苏 州市") == ["sample:js:1"]


def test_branches_days_order_and_limit(tmp_path: Path) -> None:
    days = ("2026-04-01T23:59:00+08:00", "2026-04-02T00:01:00+08:00", None, "2026-04-03T08:00:00+08:00")
    lines = [article(n, "早稻" * (4 - n) + "。" * 40, published_at=day) for n, day in enumerate(days)]
    collection = add_lines(
        tmp_path, [*lines, article(9, "早稻", branch="zj", published_at="2026-05-01T00:00:00+08:00")]
    )
    update_search(collection)
    assert search_for(collection, "早稻") == ["sample:zj:9", "sample:js:3", "sample:js:1", "sample:js:0", "sample:js:2"]
    day = date(2026, 4, 2)
    assert search_for(collection, "早稻", since=day, branches=("js",)) == ["sample:js:3", "sample:js:1"]
    assert search_for(collection, "早稻", until=day) == ["sample:js:1", "sample:js:0"]
    assert search(collection, Query(words="早稻", limit=2)).total == 5
    assert search_for(collection, "早稻", order="relevance")[0] == "sample:js:0"


def test_a_withdrawn_article_is_found_and_marked_until_it_is_back(tmp_path: Path) -> None:
    collection = add_lines(tmp_path, [article(1, "早稻下田")])
    event = {"id": "sample:js:1", "version": 1, "url": "http://a.test/", "record_id": "urn:uuid:1"}
    gone = Event(type="withdrawn", at="2026-05-01T00:00:00.000Z", **event)
    back = Event(type="restored", at="2026-05-02T00:00:00.000Z", **event)
    marks = []
    for happened in (gone, back):
        with collection.changes.open("ab") as file:
            file.write(msgspec.json.encode(happened) + b"\n")
        update_search(collection)
        (hit,) = search(collection, Query(words="早稻")).hits
        marks.append(hit.withdrawn_at)
    assert marks == ["2026-05-01T00:00:00.000Z", None]


@pytest.mark.parametrize("spoilt", [b"", b"no database at all, but text", b"SQLite format 3\0" + b"\xff" * 8192])
def test_a_damaged_index_is_made_anew(tmp_path: Path, spoilt: bytes) -> None:
    collection = add_lines(tmp_path, [article(1, "早稻下田")])
    update_search(collection)
    collection.search.write_bytes(spoilt)
    update_search(collection)
    assert search_for(collection, "早稻") == ["sample:js:1"]


def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    collection = add_lines(tmp_path, [article(1, "早稻下田")])
    update_search(collection)
    with closing(sqlite3.connect(collection.search)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(CrawlerError, match="another version"):
        search(collection, Query(words="早稻"))
    update_search(collection)
    assert search_for(collection, "早稻") == ["sample:js:1"]


@pytest.mark.parametrize(
    "lines", [[article(2, "晚稻收割")], [article(2, "晚稻收割，谷物归仓"), article(3, "早稻下田")], []]
)
def test_lines_that_were_replaced_leave_the_index(tmp_path: Path, lines: list[object]) -> None:
    collection = add_lines(tmp_path, [article(1, "早稻下田")])
    update_search(collection)
    next(collection.articles.rglob("*.jsonl")).unlink()
    add_lines(tmp_path, lines)  # type: ignore[arg-type]
    update_search(collection)
    assert "sample:js:1" not in search_for(collection, "早稻")
    assert len(search_for(collection, "稻")) == len(lines)


def test_one_process_at_a_time_writes_and_others_search(tmp_path: Path) -> None:
    collection = add_lines(tmp_path, [article(1, "早稻下田")])
    update_search(collection)
    add_lines(tmp_path, [article(2, "早稻收割")])
    with (tmp_path / ".search.sqlite.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ViewError, match="another process"):
            update_search(collection)
        found = search(collection, Query(words="早稻"))
    assert found_ids(found) == ["sample:js:1"]
    assert found.unread > 0


def test_a_snippet_shows_the_word_and_is_one_line() -> None:
    line = article(1, "开头" * 40 + "\n\n这里说到ＡＩ和早稻。" + "结尾" * 40, headline="早稻\x1b[31m")
    snippet = snippet_of(line, "ai 早稻")
    assert [snippet.text[a:b] for a, b in snippet.spans] == ["ＡＩ", "早稻"]
    assert snippet.text.startswith("…")
    assert snippet.text.endswith("…")
    assert len(snippet.text) == 74
    assert "\n" not in snippet.text
    assert headline_of(line, "早稻").text == "早稻 [31m"


@settings(deadline=None)
@given(st.text("早稻ﬁ…é \n", max_size=30), st.sampled_from(["早稻", "fi", "稻"]), st.integers(1, 9))
def test_the_spans_of_a_snippet_lie_in_it(body: str, word: str, width: int) -> None:
    snippet = snippet_of(article(1, body), word, width)
    assert all(0 <= a < b <= len(snippet.text) for a, b in snippet.spans)
    assert bool(snippet.spans) == bool(highlights(body, word))


def test_the_command_finds_what_was_crawled(crawled: Crawled) -> None:
    assert (crawled.folder / "search.sqlite").exists()
    line = crawled.lines()[0]
    words = ["--portal", str(SAMPLE_TOML), "--data", str(crawled.folder.parents[1])]
    headline = str(line["headline"])
    plain = run_pressmark("search", headline, *words, cwd=crawled.folder)
    assert plain.returncode == 0, plain.stderr
    assert str(line["id"]) in plain.stdout
    told = run_pressmark("search", headline, "--json", "--branch", str(line["branch"]), *words, cwd=crawled.folder)
    hit = next(one for one in map(json.loads, told.stdout.splitlines()) if one["id"] == line["id"])
    place = hit["place"]
    text = (crawled.folder / place["file"]).read_bytes()[place["offset"] :][: place["length"]]
    assert json.loads(text)["id"] == line["id"]
    assert (hit["pressmark"], hit["withheld"], hit["withdrawn_at"]) == (line["pressmark"], False, None)


@pytest.mark.parametrize("spoilt", ["articles/*/*.jsonl", "changes.jsonl"])
def test_lines_that_are_none_are_told_and_the_rest_is_searched(tmp_path: Path, crawled: Crawled, spoilt: str) -> None:
    folder = tmp_path / "data" / "collections" / "sample"
    shutil.copytree(crawled.folder, folder)
    path = next(folder.glob(spoilt))
    with path.open("ab") as file:
        file.write(b"{}\n")
    headline = str(crawled.lines()[0]["headline"])
    done = run_pressmark("search", headline, "--portal", str(SAMPLE_TOML), cwd=tmp_path)
    assert done.returncode == 0
    assert str(crawled.lines()[0]["id"]) in done.stdout
    assert f"{path.name}: byte " in done.stderr


@pytest.mark.parametrize("word", ['"', "%", "NEAR(", "a AND", "body:苏", "苏*", "^苏", "'; DROP TABLE articles"])
def test_syntax_in_a_query_is_plain_text(crawled: Crawled, word: str) -> None:
    words = ["--portal", str(SAMPLE_TOML), "--data", str(crawled.folder.parents[1])]
    done = run_pressmark("search", word, "龘", *words, cwd=crawled.folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Nothing found.\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--sort", "size"], "take newest or relevance"),
        (["--branch", "jss"], "branch 'jss'"),
        (["--since", "2026-05-02", "--until", "2026-05-01"], "lies before --since"),
        (["--limit", "9" * 20], "--limit"),
    ],
)
def test_wrong_options_end_with_one_line(crawled: Crawled, words: list[str], told: str) -> None:
    where = ["--portal", str(SAMPLE_TOML), "--data", str(crawled.folder.parents[1])]
    done = run_pressmark("search", "早稻", *words, *where, cwd=crawled.folder)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_collection_that_is_not_there_is_answered_with_those_that_are(crawled: Crawled, tmp_path: Path) -> None:
    done = run_pressmark("search", "太湖", "--data", str(crawled.folder.parent.parent), cwd=tmp_path)
    assert (done.returncode, "with --collection (sample)" in done.stderr) == (2, True)
    done = run_pressmark("search", "太湖", cwd=tmp_path)
    assert (done.returncode, "no collection there; crawl first" in done.stderr) == (2, True)
