"""Portals in TOML files, and what URLs say."""

# ruff: noqa: E501 - a case, a page, a line

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import UsageError
from crawler.reading.portals import (
    Portal,
    article_id,
    canonical_url,
    find_branch,
    find_portal,
    is_article_url,
    load_portal,
    nearest_branches,
    told_canonical_url,
    url_date,
)

CHINANEWS = find_portal("chinanews")
MINIMAL = """
name = "little"
title = "小网"
[branches.bj]
name = "北京"
hosts = ["www.bj.little.test"]
layouts = ["plain"]
sections = [{ path = "/focus/", name = "聚焦" }]
[layouts.plain]
marker = "h1"
headline = "h1"
body = "#txt"
"""


def load(tmp_path: Path, text: str) -> Portal:
    path = tmp_path / "little.toml"
    path.write_text(text, "utf-8")
    return load_portal(path)


def test_a_small_portal_is_read_with_its_defaults(tmp_path: Path) -> None:
    portal = load(tmp_path, MINIMAL)
    assert [branch.code for branch in portal.branches] == ["bj"]
    assert portal.branches[0].scheme == "https"
    assert portal.branches[0].layouts[0].body == "#txt"
    assert portal.asset_hosts == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hosts =", "hots =", "little.toml: branch 'bj': unknown key 'hots' (did you mean 'hosts'?)"),
        ('title = "小网"', "", "little.toml: key 'title' is missing"),
        ('title = "小网"', 'title = "小网"\nasset_host = []', "little.toml: unknown key 'asset_host' (did you mean 'asset_hosts'?)"),
        ('["plain"]', '["plane"]', "little.toml: branch 'bj': unknown layout 'plane' (did you mean 'plain'?)"),
        ('"#txt"', '"#txt >> p"', "little.toml: layout 'plain': key 'body': '#txt >> p' is no CSS selector"),
        ('body = "#txt"', 'bodies = "#txt"', "little.toml: layout 'plain': unknown key 'bodies' (did you mean 'body'?)"),
        ('"/focus/"', '"focus/"', "little.toml: branch 'bj': sections 1: key 'path' must begin with '/'"),
        ("layouts = [", 'article_url = "("\nlayouts = [', "little.toml: branch 'bj': key 'article_url' is no regular expression"),
        ("layouts = [", 'article_url = "/x"\nlayouts = [', "little.toml: branch 'bj': key 'article_url' must have the group (?P<id>...)"),
        ("layouts = [", 'scheme = "ftp"\nlayouts = [', "little.toml: branch 'bj': key 'scheme' must be http or https, not 'ftp'"),
        ('"www.bj.little.test"', '"http://www.bj.little.test/"', "is no host name; leave out scheme, port and path"),
        ('["www.bj.little.test"]', '"www.bj.little.test"', "key 'hosts' must be a list of texts"),
        ('name = "little"', 'name = little"', "little.toml: is no TOML"),
        ('name = "北京"', 'name = "北京"\ncharset = "gb-2312x"', "little.toml: branch 'bj': key 'charset': 'gb-2312x' is no charset; e.g. gb2312 or utf-8"),
        ('name = "北京"', 'name = "北京"\nseen = { section = "2020" }', "little.toml: branch 'bj': seen: unknown key 'section' (did you mean 'sections'?)"),
        ('name = "北京"', 'name = "北京"\nseen = { sections = "March" }', "little.toml: branch 'bj': seen: key 'sections' must be a year, month or day such as 2020-03, not 'March'"),
        ('marker =', 'seen = "20-3"\nmarker =', "little.toml: layout 'plain': key 'seen' must be a year, month or day such as 2020-03, not '20-3'"),
        ('name = "北京"', 'name = ""', "key 'name' must be a text that is not empty"),
        ('name = "北京"', 'name = "北京"\nmobile = [{ hosts = "m.little.test" }]', "little.toml: branch 'bj': mobile 1: unknown key 'hosts' (did you mean 'host'?)"),
        ('name = "北京"', 'name = "北京"\nmobile = [{ host = "http://m", path = "/(x)", to = "/" }]', "mobile 1: key 'host': 'http://m' is no host name; leave out scheme, port and path"),
        ('name = "北京"', 'name = "北京"\nmobile = [{ path = "/(x" }]', "mobile 1: key 'path' is no regular expression"),
        ('name = "北京"', 'name = "北京"\nmobile = [{ path = "/(x)" }]', "mobile 1: key 'path' must have the group (?P<id>...) where there is no key 'to'"),
        ('name = "北京"', 'name = "北京"\nmobile = [{ path = "/(x)", to = "/\\\\2" }]', "mobile 1: key 'to': '/\\2' does not fit the groups of 'path'"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_place_and_remedy(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, MINIMAL.replace(old, new, 1))
    assert message in str(caught.value)


def test_two_branches_may_not_share_a_host(tmp_path: Path) -> None:
    twice = MINIMAL + '[branches.sh]\nname = "上海"\nhosts = ["www.bj.little.test"]\n'
    with pytest.raises(UsageError, match=r"branch 'sh': host 'www\.bj\.little\.test' belongs to branch 'bj' already"):
        load(tmp_path, twice)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: cannot be read"):
        load_portal(tmp_path / "none.toml")


def test_an_unknown_portal_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"unknown portal 'chinanew' \(did you mean 'chinanews'\?\)"):
        find_portal("chinanew")


def test_a_portal_is_also_found_by_the_path_of_its_file(tmp_path: Path) -> None:
    load(tmp_path, MINIMAL)
    assert find_portal(str(tmp_path / "little.toml")).name == "little"


def test_nearest_branches_by_code_and_by_chinese_name() -> None:
    assert nearest_branches(CHINANEWS, "jss") == ["js"]
    assert nearest_branches(CHINANEWS, "浙江省") == ["zj"]
    assert nearest_branches(CHINANEWS, "江") == ["hlj", "js", "jx", "zj"]
    assert nearest_branches(CHINANEWS, "qqqqq") == []


def test_a_branch_is_found_by_either_host_and_in_any_case() -> None:
    for url in ("http://www.js.chinanews.com/a", "https://WWW.JS.chinanews.com.cn:443/b"):
        branch = find_branch(CHINANEWS, url)
        assert branch is not None
        assert branch.code == "js"
    assert find_branch(CHINANEWS, "https://example.org/") is None


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://www.js.chinanews.com/news/2025/0227/230110.html#top", "https://www.js.chinanews.com.cn/news/2025/0227/230110.html"),
        ("http://www.js.chinanews.com:80/news/2025/0227/230110.html?from=app", "https://www.js.chinanews.com.cn/news/2025/0227/230110.html"),
        ("//x", "//x"),
        ("mailto:news@js.test", "mailto:news@js.test"),
        ("http://EXAMPLE.org:80", "http://example.org/"),
        ("http://www.zj.chinanews.com/yw/zjyw.d.html?nid=272&p=2#a", "https://www.zj.chinanews.com.cn/yw/zjyw.d.html?nid=272&p=2"),
        ("http://[::1", "http://[::1"),
        ("http://.//0", "http://.//0"),
        ("http://m.chinanews.com/wap/detail/zw/gn/2018/11-28/8687405.shtml", "https://www.chinanews.com.cn/gn/2018/11-28/8687405.shtml"),
        ("https://m.chinanews.com/wap/detail/zw/sh/shipin/2018/11-28/news794023.shtml", "https://m.chinanews.com/wap/detail/zw/sh/shipin/2018/11-28/news794023.shtml"),
        ("http://m.chinanews.com/wap/detail/chs/zw/10213707.shtml?f=app", "https://m.chinanews.com/wap/detail/chs/zw/10213707.shtml"),
        ("http://m.chinanews.com/wap/?x=1", "https://m.chinanews.com/wap/?x=1"),
        ("http://www.gd.chinanews.com/wap/2025/2025-12-03/445501.shtml", "https://www.gd.chinanews.com.cn/2025/2025-12-03/445501.shtml"),
        ("http://www.js.chinanews.com/wap/2025/2025-12-03/445501.shtml", "https://www.js.chinanews.com.cn/wap/2025/2025-12-03/445501.shtml"),
    ],
)  # fmt: skip
def test_all_forms_of_an_address_have_one_canonical_form(url: str, canonical: str) -> None:
    assert canonical_url(url, CHINANEWS) == canonical


def test_a_page_for_telephones_belongs_to_its_branch_under_its_number() -> None:
    for url in (
        "http://m.chinanews.com/wap/detail/zw/gn/2024/05-08/10213707.shtml",
        "https://m.chinanews.com/wap/detail/chs/zw/10213707.shtml",
        "https://www.chinanews.com.cn/sh/2024/05-08/10213707.shtml",
    ):
        branch = find_branch(CHINANEWS, url)
        assert branch is not None
        assert (branch.code, article_id(url, CHINANEWS)) == ("national", "chinanews:national:10213707")
        assert is_article_url(url, CHINANEWS)
    traditional = "https://m.chinanews.com/wap/detail/cht/zw/10213707.shtml"
    assert not is_article_url(traditional, CHINANEWS)
    assert article_id(traditional, CHINANEWS) != "chinanews:national:10213707"


def test_a_page_may_name_its_canonical_address_but_not_that_of_another_article() -> None:
    url = "https://m.chinanews.com/wap/detail/chs/zw/10213707.shtml"
    told = "http://www.chinanews.com/sh/2024/05-08/10213707.shtml"
    assert told_canonical_url(url, told, CHINANEWS) == "https://www.chinanews.com.cn/sh/2024/05-08/10213707.shtml"
    for other in (
        None,
        "http://www.chinanews.com/",
        "http://www.chinanews.com/sh/2024/05-08/10213708.shtml",
        "http://[",
    ):
        assert told_canonical_url(url, other, CHINANEWS) == url


@pytest.mark.parametrize(
    ("url", "number", "day"),
    [
        ("https://www.gd.chinanews.com.cn/wap/2025/2025-12-03/445501.shtml", "gd:445501", date(2025, 12, 3)),
        ("http://m.chinanews.com/wap/detail/zw/gn/2018/11-28/8687405_2.shtml", "national:8687405", date(2018, 11, 28)),
        ("http://www.js.chinanews.com/news/2014/0806/87633.html", "js:87633", date(2014, 8, 6)),
        ("https://www.js.chinanews.com.cn/news/2025/0916/230110_2.html", "js:230110", date(2025, 9, 16)),
        ("https://www.zj.chinanews.com.cn/cj/2026-03-06/detail-ihfaimzs0649597.shtml", "zj:ihfaimzs0649597", date(2026, 3, 6)),
        ("http://www.chinanews.com/gn/2016/09-11/8000830.shtml", "national:8000830", date(2016, 9, 11)),
        ("https://www.chinanews.com.cn/tp/hd2011/2018/11-28/853670.shtml", "national:hd2011-853670", date(2018, 11, 28)),
        ("https://www.chinanews.com.cn/sh/shipin/cns-d3/2018/11-28/news794023.shtml", "national:news794023", date(2018, 11, 28)),
        ("https://www.chinanews.com.cn/2001-07-29/26/109271.html", "national:109271", date(2001, 7, 29)),
        ("http://a.test/2/2026/0915/103997.html", "a.test:103997", date(2026, 9, 15)),
        ("http://a.test/news/0327/2016/262080.html", "a.test:262080", date(2016, 3, 27)),
        ("http://a.test/news/2025/0330/39-48269.html", "a.test:39-48269", date(2025, 3, 30)),
        ("http://a.test/hnnew/2026-05-02/739814.html", "a.test:739814", date(2026, 5, 2)),
        ("http://a.test/zt/14/2023/0729/99869.html", "a.test:99869", date(2023, 7, 29)),
        ("http://a.test/2026/2026-08-08/449065.shtml", "a.test:449065", date(2026, 8, 8)),
        ("http://a.test/news/2026/2026-09-16/590805.html", "a.test:590805", date(2026, 9, 16)),
        ("http://a.test/kjww/20250924455061.shtml", "a.test:455061", date(2025, 9, 24)),
        ("http://a.test/jjgz/2026-06-25/doc-ihfftkrx9678346.shtml", "a.test:ihfftkrx9678346", date(2026, 6, 25)),
        ("http://a.test/content/2015/11-11/57756.shtml", "a.test:57756", date(2015, 11, 11)),
    ],
)  # fmt: skip
def test_articles_are_told_by_the_form_of_their_address(url: str, number: str, day: date) -> None:
    assert is_article_url(url, CHINANEWS)
    assert article_id(url, CHINANEWS) == f"chinanews:{number}"
    assert url_date(url, CHINANEWS) == day


@pytest.mark.parametrize(
    "url",
    [
        "https://www.js.chinanews.com.cn/",
        "https://www.js.chinanews.com.cn/highlights/index_2.html",
        "https://www.chinanews.com.cn/scroll-news/2018/1128/news.shtml",
        "https://www.chinanews.com.cn/scroll-news/news10.html",
        "https://www.zj.chinanews.com.cn/yw/zjyw.d.html?nid=272&p=2",
        "https://www.chinanews.com.cn/gn/2016/13-41/8000830.shtml",
        "https://www.chinanews.com.cn/ll/2020/07-08/U895P4T8D9232619F19930DT20200708133614.jpg",
        "http://a.test/tupian/content/43.shtml",
        "javascript:void(0)",
    ],
)
def test_lists_pictures_and_impossible_days_are_no_articles(url: str) -> None:
    assert url_date(url, CHINANEWS) is None


def test_an_address_without_a_number_keeps_its_path_in_the_id() -> None:
    assert article_id("http://a.test/about.html?x=1", CHINANEWS) == "chinanews:a.test:/about.html?x=1"


@given(st.text(max_size=80))
def test_any_text_may_stand_for_a_url(url: str) -> None:
    for text in (url, f"http://{url}", f"https://www.js.chinanews.com.cn/{url}"):
        assert canonical_url(canonical_url(text, CHINANEWS), CHINANEWS) == canonical_url(text, CHINANEWS)
        assert article_id(text, CHINANEWS).startswith("chinanews:")
        assert find_branch(CHINANEWS, text) in (None, *CHINANEWS.branches)
        assert isinstance(is_article_url(text, CHINANEWS), bool)
        assert nearest_branches(CHINANEWS, url) is not None
