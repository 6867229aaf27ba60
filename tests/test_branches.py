"""`pressmark branches`: what is known of each branch, and when it was last seen."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from crawler.reading.portals import find_portal, load_portal
from docs.branches import PAGE, fixture_names, render
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
        "marker  .nav.meta .pubtime",
    )  # fmt: skip
    assert [word for word in wanted if word not in shown] == []


def test_what_is_unknown_of_a_branch_is_said(pressmark: Pressmark) -> None:
    shown = pressmark("branches", "bt").stdout
    assert "Unknown: charset, sections, layouts." in shown
    assert "pressmark probe bt" in shown
    assert "without a day on which it was seen: hosts" in pressmark("branches", "ah").stdout


def test_one_branch_as_json_is_one_value(pressmark: Pressmark) -> None:
    value = json.loads(pressmark("branches", "ah", "--json").stdout)
    assert (value["code"], value["article_url"], value["charset"]) == ("ah", None, None)
    assert (value["seen"], value["unknown"]) == ({"sections": "2020-03"}, ["article_url", "charset"])
    assert value["layouts"][0]["headline"] == ".branch_con_box > .branch_con_title h1"


def test_an_unknown_branch_is_answered_with_the_nearest(pressmark: Pressmark) -> None:
    done = pressmark("branches", "江苏省")
    assert (done.returncode, "js" in done.stderr) == (2, True)


def test_the_table_in_the_docs_is_current() -> None:
    assert PAGE.read_text("utf-8") == render(find_portal("chinanews"), fixture_names()), "run python -m docs.branches"


def test_a_row_tells_fixtures_and_what_is_unverified() -> None:
    page = render(find_portal("chinanews"), ["gz-2023-a", "gz-2020-b", "gz-generic-c", "gz-listing-d", "gzx-2020-e"])
    (row,) = (line for line in page.splitlines() if line.startswith("| gz |"))
    assert row == (
        "| gz | 贵州 | 2026 | gb2312 (2015) | 5 (2020-03) | gz-2023 (2023)<br>gz-2020 (2020-03) |"
        " 2 articles, 1 generic, 1 lists | charset, sections, gz-2023, gz-2020 |  |"
    )


def test_the_blocks_of_the_guide_are_a_portal(tmp_path: Path) -> None:
    named, known, layout = (
        part.partition("```")[0] for part in PAGE.with_name("add-a-branch.md").read_text("utf-8").split("```toml\n")[1:]
    )
    toml = tmp_path / "guide.toml"
    head = 'name = "guide"\ntitle = "指南"\n'
    toml.write_text(head + named, "utf-8")
    assert load_portal(toml).branches[0].unknown == ("article_url", "charset", "sections", "layouts")
    toml.write_text(head + known + layout, "utf-8")
    (branch,) = load_portal(toml).branches
    assert (branch.unknown, [one.name for one in branch.layouts]) == ((), ["lw-2026"])


def test_a_table_in_a_pipe_is_neither_folded_nor_cut(pressmark: Pressmark, tmp_path: Path) -> None:
    name = "湖畔新闻网" * 80
    text = f'name = "lake"\ntitle = "湖"\n[branches.hu]\nname = "{name}"\nscheme = "http"\nhosts = ["www.lake.test"]\n'
    (tmp_path / "lake.toml").write_text(text, "utf-8")
    done = pressmark("branches", "--portal", "lake.toml")
    assert done.returncode == 0, done.stderr
    _, row = done.stdout.splitlines()
    assert row.split()[:3] == ["hu", name, "www.lake.test"]


def test_a_log_line_in_a_pipe_is_one_line(tmp_path: Path) -> None:
    program = (
        "import logging; from crawler.commands.terminal import log_to_terminal; log_to_terminal('WARNING');"
        "logging.getLogger('crawler').warning('%s: 不见了', '很长的路径/' * 300)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT[\d:.]+Z WARNING {'很长的路径/' * 300}: 不见了\n", done.stderr)
