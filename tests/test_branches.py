"""`pressmark branches`: what is known of each branch, and when it was last seen."""

import json
from collections.abc import Callable

from tests.conftest import Run

Pressmark = Callable[..., Run]


def test_the_table_tells_charset_and_when_facts_were_seen(pressmark: Pressmark) -> None:
    rows = {row.split()[0]: row for row in pressmark("branches").stdout.splitlines()}
    assert all(word in rows["gd"] for word in ("广东", "gb2312", "2026", "2020-03", "gd-2020 (2020-03)"))
    assert rows["bt"].count("unknown") == 2
    assert "generic" in rows["bt"]


def test_one_branch_is_shown_in_full(pressmark: Pressmark) -> None:
    shown = pressmark("branches", "gz").stdout
    wanted = (
        "https://www.gz.chinanews.com.cn/", "doc|detail", "charset (seen 2015)",
        "sections (seen 2020-03)", "贵州要闻  /jjgz/index.shtml",
        "gz-2023 (seen 2023)",
        "marker  .nav.meta .pubtime", "without a day on which it was seen: hosts",
    )  # fmt: skip
    assert [word for word in wanted if word not in shown] == []


def test_what_is_unknown_of_a_branch_is_said(pressmark: Pressmark) -> None:
    shown = pressmark("branches", "bt").stdout
    assert "Unknown: charset, sections, layouts." in shown
    assert "pressmark probe bt" in shown


def test_one_branch_as_json_is_one_value(pressmark: Pressmark) -> None:
    value = json.loads(pressmark("branches", "ah", "--json").stdout)
    assert (value["code"], value["article_url"], value["charset"]) == ("ah", None, None)
    assert (value["seen"], value["unknown"]) == ({"sections": "2020-03"}, ["article_url", "charset"])
    assert value["layouts"][0]["headline"] == ".branch_con_box > .branch_con_title h1"


def test_an_unknown_branch_is_answered_with_the_nearest(pressmark: Pressmark) -> None:
    done = pressmark("branches", "江苏省")
    assert (done.returncode, "js" in done.stderr) == (2, True)
