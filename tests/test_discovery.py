"""Sections found on a home page, where no file names them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.reading.extract.discovery import MOST_SECTIONS, find_sections, is_same_list
from crawler.reading.page import Page, decode_page
from crawler.reading.portals import find_branch, find_portal
from tests.conftest import SAMPLE, SAMPLE_TOML

CHINANEWS = find_portal("chinanews")
HOME = "https://www.bt.chinanews.com.cn/"
SHARED = Path(__file__).parents[1].parent / "shared" / "pages"


def decode(body: bytes, url: str) -> Page:
    return decode_page(body, url=url, content_type=None, captured_at=datetime(2026, 11, 20, tzinfo=UTC))


def sections(html: str, url: str = HOME) -> list[tuple[str, str]]:
    branch = find_branch(CHINANEWS, url)
    assert branch is not None
    return [(one.path, one.name) for one in find_sections(decode(html.encode(), url), branch)]


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ('<a href="/jingji/">经济</a>', "/jingji/"),
        ("<A HREF=/shishi/index.shtml target=_blank>　时 事 &gt;</A>", "/shishi/index.shtml"),
        ("<a href='list/yaowen.html#top'>要闻</a>", "/list/yaowen.html"),
        ('<a href="/more/news/12.html">社会·法治</a>', "/more/news/12.html"),
        ('<a href="/yw/yw.d.html?nid=27&amp;p=1">兵团要闻</a>', "/yw/yw.d.html?nid=27&p=1"),
        ('<a href="//www.bt.chinanews.com/lvyou/">旅游</a>', "/lvyou/"),
        ('<a href="http://www.bt.chinanews.com.cn:80/2020/"><b>十师</b>风采</a>', None),
        ('<a href="/jingji/2026-05-11/doc-ihehwccy6197377.shtml">春耕</a>', None),
        ('<a href="/content/43567.shtml">戈壁新绿</a>', None),
        ('<a href="/">兵团</a><a href="/index.shtml">首页</a><a href="#">兵团新闻</a>', None),
        ('<a href="https://www.xj.chinanews.com.cn/dizhou/">地州</a>', None),
        ('<a href="/jingji/">棉田里的无人机正在播下今年第一粒种子</a>', None),
        ('<a href="/about/">关于我们</a><a href="/ad.html">广告服务</a><a href="/en/">About us</a>', None),
        ('<a href="/jingji/index_2.shtml">第二页</a><a href="/jingji/?p=2">下页</a>', None),
        ('<a href="/login.php?back=http%3A%2F%2Fx%2F">会员中心</a><a href="http://[">坏链</a>', None),
        ('<a href="/jingji/"><img src="/a.png" alt="经济"></a><a href="javascript:go()">经济</a>', None),
    ],
)  # fmt: skip
def test_a_link_is_a_section_by_its_address_and_its_words(link: str, path: str | None) -> None:
    assert [found for found, _ in sections(link)] == ([path] if path else [])


def test_a_list_comes_once_under_the_name_that_says_most() -> None:
    html = '<a href="/jingji/">更多&gt;&gt;</a><a href="/jingji/index.shtml">经济</a><a href="/kj/">MORE</a>'
    assert sections(html) == [("/jingji/", "经济"), ("/kj/", "更多")]


def test_only_a_home_page_names_sections() -> None:
    html = '<a href="/jingji/">经济</a>'
    assert sections(html, f"{HOME}index.shtml") == [("/jingji/", "经济")]
    assert sections(html, f"{HOME}shishi/") == []


def test_the_number_of_sections_is_bounded() -> None:
    assert len(sections("".join(f'<a href="/s{number}/">栏目</a>' for number in range(500)))) == MOST_SECTIONS


@pytest.mark.parametrize("code", ["js", "zj"])
def test_the_sample_portals_home_pages_name_all_their_sections(code: str) -> None:
    (branch,) = (one for one in find_portal(str(SAMPLE_TOML)).branches if one.code == code)
    page = decode((SAMPLE / "hosts" / branch.hosts[0] / "index.html").read_bytes(), f"http://{branch.hosts[0]}/")
    found = {(one.path, one.name) for one in find_sections(page, branch)}
    assert found == {(one.path, one.name) for one in branch.sections if one.path != "/"}


@pytest.mark.skipif(not SHARED.exists(), reason="the collected pages are not part of the repository")
def test_a_real_home_page_names_its_sections() -> None:
    url = "http://www.gz.chinanews.com/"
    branch = find_branch(CHINANEWS, url)
    assert branch is not None
    found = find_sections(decode((SHARED / "gz_2015-11-11_home_trimmed.html").read_bytes(), url), branch)
    assert [one.name for one in found] == [
        "聚焦贵州", "海外刊贵州", "中新关注", "图片", "社会", "贵阳", "热点新闻", "政务人事",
    ]  # fmt: skip


def test_the_rule_knows_nearly_every_section_that_was_ever_seen() -> None:
    missed = []
    for branch in CHINANEWS.branches:
        for section in branch.sections:
            home = decode(f'<a href="{section.front}">{section.name}</a>'.encode(), f"https://{branch.hosts[0]}/")
            missed += [] if find_sections(home, branch) else [section.name]
    # Names without a Chinese character are passed over.
    assert missed == ["CNSTV", "IT"]


def test_two_addresses_of_one_list_are_the_same() -> None:
    assert is_same_list("/yw/", "/yw/index.shtml")
    assert is_same_list("/yw/zjyw.d.html?nid=272", "/yw/zjyw.d.html?p=1&nid=272")
    assert not is_same_list("/yw/zjyw.d.html?nid=272", "/yw/zjyw.d.html?nid=280")
    assert not is_same_list("/focus/1.html", "/focus/2.html")
