"""Reprints: which articles are grouped, which are not, and that order and portions of the lines change nothing."""

import json
import sqlite3
from contextlib import closing
from itertools import combinations
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.article import ArticleLine
from crawler.errors import CrawlerError
from crawler.reading.article import Dateline, Source
from crawler.store.collection import Collection
from crawler.views import reprints
from crawler.views.reprint import SCHEMA, Reprint, read_reprints, reprint_schema
from crawler.views.reprints import MOST_BITS, update_reprints
from crawler.views.shingles import distance, plain, rarity, sample, shingles, simhash
from tests.conftest import SAMPLE_TOML, Crawled, run_pressmark
from tests.view_lines import add_lines, article

SCHEMA_FILE = Path(__file__).parents[1] / "crawler" / "schema" / "reprint-1.0.0.json"
SHARED = Path(__file__).parents[1].parent / "shared"

TEXT = (
    "湖滨镇的早稻育秧工作本周全面展开。镇农技站的技术员一早就来到秧田，查看出苗情况，并向农户讲解温度和水分的管理要点。"
    "据介绍，今年全镇计划种植早稻一万二千亩，比去年增加八百亩，其中机插面积超过九成。为了抢抓农时，合作社添置了三台插秧机，"
    "还请来邻县的机手帮忙。种粮大户周以宁说，往年插完两百亩地要十来天，如今三天就能完工，省下的工夫可以照看鱼塘。"
    "镇里还为农户统一购买了种植保险，遇到低温和连阴雨也不用担心本钱。预计四月中旬，全镇早稻将全部插完。"
)
OTHER = (
    "古运河上的石桥修缮一新，昨日起恢复通行。这座三孔石桥建于清代，桥身多处条石松动，去年冬天起封闭维修。"
    "工匠们按照原样补配了栏板和望柱，桥面重新铺设，两岸的灯光也换成了节能灯具。住在桥边的老人说，桥一通，早市又热闹起来了，"
    "卖菜的、喝茶的都回来了。当地文物部门表示，今后每年都会为古桥做一次检查，发现问题及时处理，让老桥平安地走下去。"
)


def grouped(collection: Collection) -> dict[str, set[str]]:
    """Return the articles of each group, by the likely original."""
    groups: dict[str, set[str]] = {}
    for line in read_reprints(collection.reprints):
        groups.setdefault(line.original, set()).add(line.article)
    return groups


def group_of(folder: Path, *lines: ArticleLine) -> dict[str, set[str]]:
    collection = add_lines(folder, lines)
    update_reprints(collection)
    return grouped(collection)


def test_the_head_of_the_agency_does_not_matter() -> None:
    heads = (
        "中新网江苏2月27日电 ",
        "中新网2月27日电(记者 沈望舒 周以宁)",
        "中新网江苏新闻2月27日电（记者 沈望舒）",
        "",
    )
    assert {plain(head + TEXT) for head in heads} == {plain(TEXT)}
    assert plain("2月27日，湖滨镇开镰。") == "2月27日湖滨镇开镰"


def test_a_reprint_is_grouped_and_the_first_one_is_the_original(tmp_path: Path) -> None:
    first = article(2, f"中新网江苏2月27日电(记者 沈望舒){TEXT}", published_at="2025-02-27T08:00:00+08:00")
    later = article(1, f"中新网2月27日电 {TEXT}", branch="bj", published_at="2025-02-27T09:00:00+08:00")
    assert group_of(tmp_path, later, article(3, OTHER), first) == {first.id: {first.id, later.id}}
    assert list(read_reprints(tmp_path / "reprints.jsonl")) == [
        Reprint(article=id_, version=1, group=later.id, original=first.id, share=1.0, distance=0)
        for id_ in (later.id, first.id)
    ]


def test_a_copy_cut_to_two_thirds_is_found_by_what_it_contains(tmp_path: Path) -> None:
    cut = TEXT[: 2 * len(TEXT) // 3]
    assert distance(simhash(shingles(TEXT)), simhash(shingles(cut))) > MOST_BITS
    first = article(1, TEXT, published_at="2026-04-01T08:00:00+08:00")
    groups = group_of(tmp_path, first, article(2, cut, branch="bj"), article(3, TEXT[len(TEXT) // 3 :]))
    assert groups == {"sample:js:1": {"sample:js:1", "sample:bj:2", "sample:js:3"}}


def test_a_lightly_edited_copy_is_found_with_its_share(tmp_path: Path) -> None:
    edited = TEXT.replace("本周全面展开", "已经全面展开").replace("三台插秧机", "五台插秧机") + "当地还将举办农技培训。"
    first = article(1, TEXT, published_at="2026-04-01T08:00:00+08:00")
    assert group_of(tmp_path, first, article(2, edited)) == {first.id: {first.id, "sample:js:2"}}
    (_, copy) = read_reprints(tmp_path / "reprints.jsonl")
    held = shingles(edited)
    assert copy.share == round(len(held & shingles(TEXT)) / len(held), 3)
    assert 0.85 < copy.share < 1


def test_a_roundup_chains_nothing(tmp_path: Path) -> None:
    texts = [TEXT, OTHER, TEXT[::-1], OTHER[::-1]]
    roundup = article(9, "\n\n".join(texts), published_at="2026-04-02T06:00:00+08:00")
    copies = [article(n, text) for n, text in enumerate(texts)]
    assert group_of(tmp_path, roundup, *copies) == {}


def test_neighbours_of_neighbours_stay_out(tmp_path: Path) -> None:
    # Each shares most of its text with the next, the first and the last too little with each other.
    long = TEXT + OTHER
    steps = [long[n * 70 : n * 70 + 240] for n in range(3)]
    moments = [f"2026-04-01T0{n}:00:00+08:00" for n in range(3)]
    lines = [article(n, text, published_at=at) for n, (text, at) in enumerate(zip(steps, moments, strict=True))]
    assert group_of(tmp_path, *lines) == {"sample:js:0": {"sample:js:0", "sample:js:1"}}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            "图为市民在湖边散步，远处的山上还留着去年冬天的积雪。",
            "图为市民在湖边散步，远处的山上还留着去年冬天的积雪。",
            True,
        ),
        (
            "图为市民在湖边散步，远处的山上还留着去年冬天的积雪。",
            "图为市民在湖边散步，游船刚刚靠岸，码头上人来人往。",
            False,
        ),
        ("图为资料图片。", "图为资料图片。", False),
        ("", "", False),
    ],
)
def test_short_texts_must_be_the_same(tmp_path: Path, one: str, other: str, same: bool) -> None:
    assert bool(group_of(tmp_path, article(1, one), article(2, other))) is same


def test_of_those_published_at_once_the_agency_s_own_is_the_original(tmp_path: Path) -> None:
    dateline = Dateline(agency="中新网", place="江苏", date="4月2日")
    taken = article(1, TEXT, dateline=dateline, source=Source(name="湖上日报"))
    own = article(2, TEXT, dateline=dateline, source=Source(name="中新网江苏"))
    assert list(group_of(tmp_path, taken, own)) == [own.id]


def test_a_day_without_a_time_is_not_taken_for_the_first(tmp_path: Path) -> None:
    day = article(1, TEXT, published_at="2026-04-02T00:00:00+08:00", published_precision="day")
    timed = article(2, TEXT, published_at="2026-04-02T17:00:00+08:00")
    undated = article(3, TEXT, published_at=None)
    assert list(group_of(tmp_path, undated, day, timed)) == [timed.id]


def test_a_new_version_leaves_its_group(tmp_path: Path) -> None:
    collection = add_lines(tmp_path, [article(1, TEXT), article(2, TEXT)])
    update_reprints(collection)
    assert grouped(collection)
    assert group_of(tmp_path, article(2, OTHER, version=2)) == {}
    assert collection.reprints.read_bytes() == b""


def variants(random: Random, count: int) -> list[ArticleLine]:
    """Return lines of some texts, whole, cut and edited, in several versions; many share a phrase."""
    sources = [TEXT, OTHER, TEXT[::-1], OTHER[::-1], TEXT[100:] + OTHER[:100]]
    lines = []
    for number in range(count):
        text = random.choice(sources)
        start = random.randrange(len(text) // 2)
        end = random.randrange(start + 20, len(text) + 1)
        body = random.choice((text, text[start:end], text[:start] + "据悉" + text[start + 2 :])) + TEXT[:30]
        at = f"2026-04-0{random.randint(1, 3)}T08:00:00+08:00"
        lines.append(
            article(number % 17, body, version=number // 17 + 1, branch=random.choice(("js", "bj")), published_at=at)
        )
    return lines


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(2, 6))
def test_order_and_portions_of_the_lines_change_nothing(random: Random, common: int) -> None:
    patch = pytest.MonkeyPatch()
    patch.setattr(reprints, "COMMON", common)
    patch.setattr(reprints, "BATCH", random.randint(1, 5))
    patch.setattr(reprints, "TEXTS_KEPT", 2)
    lines = variants(random, 40)
    with TemporaryDirectory() as one, TemporaryDirectory() as other, patch.context():
        whole = add_lines(Path(one), lines)
        update_reprints(whole)
        shuffled = random.sample(lines, len(lines))
        while shuffled:
            size = random.randint(1, 15)
            portion, shuffled = shuffled[:size], shuffled[size:]
            portioned = add_lines(Path(other), portion)
            update_reprints(portioned)
        patch.undo()
        assert portioned.reprints.read_bytes() == whole.reprints.read_bytes()


def test_what_very_many_hold_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reprints, "COMMON", 5)
    assert group_of(tmp_path, *(article(n, TEXT) for n in range(5)))
    assert group_of(tmp_path, article(5, TEXT)) == {}


def test_the_file_is_written_again_only_where_something_is_new(tmp_path: Path) -> None:
    collection = add_lines(tmp_path, [article(1, TEXT), article(2, TEXT)])
    update_reprints(collection)
    before, text = collection.reprints.stat().st_ino, collection.reprints.read_bytes()
    update_reprints(collection)
    assert collection.reprints.stat().st_ino == before
    collection.reprints.unlink()
    update_reprints(collection)
    assert collection.reprints.read_bytes() == text


@pytest.mark.parametrize("spoilt", [b"", b"no database at all, but text", b"SQLite format 3\0" + b"\xff" * 8192])
def test_a_damaged_state_is_made_anew(tmp_path: Path, spoilt: bytes) -> None:
    collection = add_lines(tmp_path, [article(1, TEXT), article(2, TEXT)])
    update_reprints(collection)
    text = collection.reprints.read_bytes()
    collection.reprints_state.write_bytes(spoilt)
    add_lines(tmp_path, [article(3, TEXT, published_at="2026-05-01T00:00:00+08:00")])
    update_reprints(collection)
    assert collection.reprints.read_bytes().startswith(text)
    assert len(list(read_reprints(collection.reprints))) == 3


def test_each_line_is_valid_by_its_schema_and_the_file_says_what_the_type_says(tmp_path: Path) -> None:
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == json.loads(json.dumps(reprint_schema()))
    group_of(tmp_path, article(1, TEXT), article(2, TEXT))
    lines = [json.loads(text) for text in (tmp_path / "reprints.jsonl").read_bytes().splitlines()]
    for line in lines:
        jsonschema.Draft202012Validator(reprint_schema()).validate(line)
    assert [line["schema"] for line in lines] == [SCHEMA] * 2


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "reprints.jsonl").write_bytes(b'{"article": 1}\n')
    with pytest.raises(CrawlerError, match="line 1 is no line of reprints"):
        list(read_reprints(tmp_path / "reprints.jsonl"))


@settings(deadline=None)
@given(st.text("苏州市民南京", max_size=200), st.integers(0, 6))
def test_a_sample_is_part_of_every_finer_one(text: str, bits: int) -> None:
    hashes = shingles(text)
    assert set(sample(hashes, bits + 1)) <= set(sample(hashes, bits)) <= hashes
    assert rarity(len(hashes)) <= rarity(len(hashes) + 40)


def test_the_files_of_the_two_states_hold_no_texts(tmp_path: Path) -> None:
    collection = add_lines(tmp_path, [article(1, TEXT), article(2, TEXT)])
    update_reprints(collection)
    with closing(sqlite3.connect(collection.reprints_state)) as db:
        assert not [text for text in db.iterdump() if TEXT[:8] in text]


def test_the_texts_of_the_sample_portal_are_not_grouped_but_for_copies(crawled: Crawled) -> None:
    bodies = {str(line["id"]): str(line["body"]) for line in crawled.lines()}
    for line in read_reprints(crawled.folder / "reprints.jsonl"):
        held, first = shingles(bodies[line.article]), shingles(bodies[line.original])
        assert len(held & first) >= 0.7 * min(len(held), len(first))


def test_the_command_shows_groups_and_the_group_of_one_article(tmp_path: Path, crawled: Crawled) -> None:
    words = ["--portal", str(SAMPLE_TOML), "--data", str(crawled.folder.parents[1])]
    told = run_pressmark("reprints", "--json", "--limit", "1000", *words, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    shown = {one["article"] for group in map(json.loads, told.stdout.splitlines()) for one in group["articles"]}
    assert shown == {line.article for line in read_reprints(crawled.folder / "reprints.jsonl")}
    lonely = next(str(line["id"]) for line in crawled.lines() if line["id"] not in shown)
    alone = run_pressmark("reprints", lonely, *words, cwd=tmp_path)
    assert (alone.returncode, alone.stdout, alone.stderr) == (0, "", f"{lonely}: shares its text with no other.\n")


@pytest.mark.skipif(not SHARED.exists(), reason="the collected pages are not part of the repository")
def test_real_texts_that_are_unrelated_are_not_grouped(tmp_path: Path) -> None:
    openings = [
        json.loads(text) for text in (SHARED / "facts/openings-2018-11-28.jsonl").read_text("utf-8").splitlines()
    ]
    pages = [path.read_text("utf-8") for path in sorted((SHARED / "pages").glob("*.txt"))]
    texts = [one["opening"] for one in openings] + pages
    wanted = [(a, b) for a, b in combinations(texts, 2) if _share(a, b) >= 0.7]
    assert not wanted
    assert group_of(tmp_path, *(article(n, text) for n, text in enumerate(texts))) == {}


@pytest.mark.skipif(not SHARED.exists(), reason="the collected pages are not part of the repository")
def test_copies_of_real_texts_are_found(tmp_path: Path) -> None:
    texts = [
        text for path in sorted((SHARED / "pages").glob("*.txt")) if len(plain(text := path.read_text("utf-8"))) > 200
    ]
    cut = [article(n, text[: 2 * len(text) // 3], branch="bj") for n, text in enumerate(texts)]
    edited = [article(n, text.replace("。", "据悉。", 2), branch="zj") for n, text in enumerate(texts)]
    whole = [article(n, text, published_at="2025-01-01T00:00:00+08:00") for n, text in enumerate(texts)]
    expected = {line.id: {line.id, a.id, b.id} for line, a, b in zip(whole, cut, edited, strict=True)}
    assert group_of(tmp_path, *cut, *edited, *whole) == expected


def _share(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / max(min(len(a), len(b)), 1)
