"""`pressmark extract --explain` and `--mend`: how a page was read, and a mended copy beside it."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.reading.article import Article, Block, Image
from crawler.reading.extract.damage import find_damage
from crawler.reading.extract.mending import load_converter, mend
from tests.conftest import Run
from tests.test_damage import SPOILT, slipped
from tests.test_read_page import FIRST, JS, js_page, paragraphs

Pressmark = Callable[..., Run]
SLIPPED = slipped("园区以“平台+市场”模式对接各地资源，全年办成实事三十项。", 9)


def save(folder: Path, html: str) -> str:
    (folder / "page.html").write_text(html, "utf-8")
    return "page.html"


def article(*texts: str, headline: str = "渡口的早市", captions: tuple[str, ...] = ()) -> Article:
    images = tuple(Image(url=f"http://i2.sample.test/{n}.jpg", caption=one) for n, one in enumerate(captions))
    blocks = (
        *(Block(type="paragraph", text=text) for text in texts),
        *(Block(type="image", image=n) for n in range(len(images))),
    )
    return Article(
        content_type="article", language="zh-Hant", headline=headline, published_at=None, published_precision=None,
        published_raw=None, body="\n\n".join(texts), blocks=blocks, images=images, layout="generic",
        damage=find_damage(headline, blocks, images),
    )  # fmt: skip


def rows(done: Run) -> dict[str, list[str]]:
    return {words[0]: words[1:] for line in done.stdout.splitlines() if (words := line.split())}


def test_explain_prints_value_origin_and_confidence_of_each_field(pressmark: Pressmark, tmp_path: Path) -> None:
    page = save(tmp_path, js_page(paragraphs(FIRST)).replace('"time"', '"when"'))
    done = pressmark("extract", page, "--url", JS, "--explain")
    assert done.returncode == 0
    found = rows(done)
    assert found["headline"] == ["江边渡口的清晨", "#cont", ">", "h1", "high"]
    assert found["published_at"][-4:] == ["under", "the", "headline", "medium"]
    assert found["kicker"] == []
    assert found["body"][:2] == [str(len(FIRST)), "characters:"]
    assert "…" in done.stdout


def test_explain_tells_what_warnings_and_damage_mean(pressmark: Pressmark, tmp_path: Path) -> None:
    done = pressmark("extract", save(tmp_path, js_page(paragraphs(*SPOILT), line="")), "--url", JS, "--explain")
    assert "warning published_from_url: the page prints no time; the day is the one in its address" in done.stdout
    assert "damage pinyin in block 0: 業(yè) (pinyin in brackets behind traditional characters)" in done.stdout


def test_explain_tells_why_a_page_is_no_article(pressmark: Pressmark, tmp_path: Path) -> None:
    done = pressmark("extract", save(tmp_path, "<title>页面没有找到</title>"), "--url", JS, "--explain")
    assert done.returncode == 3
    assert done.stdout.splitlines()[0] == f"{JS}: not an article"
    assert "reason soft_404: " in done.stdout
    assert "sign title: 页面没有找到" in done.stdout


def test_explain_and_mend_are_not_taken_together(pressmark: Pressmark, tmp_path: Path) -> None:
    done = pressmark("extract", save(tmp_path, ""), "--url", JS, "--explain", "--mend")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--explain and --mend: take one of them" in done.stderr


def test_mend_puts_a_copy_beside_the_line_and_leaves_the_line_alone(pressmark: Pressmark, tmp_path: Path) -> None:
    page = save(tmp_path, js_page(paragraphs(*SPOILT)))
    plain = json.loads(pressmark("extract", page, "--url", JS, "--captured-at", "2026-11-20").stdout)
    line = json.loads(pressmark("extract", page, "--url", JS, "--captured-at", "2026-11-20", "--mend").stdout)
    mended = line.pop("mended")
    assert line == plain
    assert line["extractor"]["damage"]
    assert "業(yè)" in line["body"]
    assert "(y" not in mended["body"]
    healthy = pressmark("extract", save(tmp_path, js_page(paragraphs(FIRST))), "--url", JS, "--mend")
    assert json.loads(healthy.stdout)["mended"] is None


def test_pinyin_goes_and_punctuation_between_chinese_characters_is_widened() -> None:
    mended = mend(article(*SPOILT, captions=("商業(yè)街的早晨(資料圖)",)), None)
    assert mended is not None
    assert mended.body == (
        "渡口的早市開業了，菜農挑著擔子過江。鎮上的商業街還沒有開門，茶館里已經坐滿了人。\n\n"
        "“過了江，就是菜市場！”六十歲的船客說，他坐這班船已經四十年；票價漲到兩元，風景倒是沒有變過。"
    )
    assert mended.captions == ("商業街的早晨(資料圖)",)
    assert mended.mends == {"pinyin": 8, "folded_punctuation": 7}


def test_what_is_not_sure_is_left_and_told() -> None:
    texts = (*SPOILT, "行(háng)情看涨,共有30家,10家新开。")
    mended = mend(article(*texts), None)
    assert mended is not None
    assert mended.body.endswith("行(háng)情看涨，共有30家,10家新开。")
    assert [(one.kind, one.block, one.text) for one in mended.left] == [
        ("pinyin", 2, "行(háng)"),
        ("converted_script", 0, "開"),
    ]


def test_slipped_bytes_stay_with_their_reading_beside_them() -> None:
    mended = mend(article(SLIPPED), None)
    assert mended is not None
    assert mended.body == SLIPPED
    assert [(one.kind, one.text, one.reading) for one in mended.left] == [
        ("shifted_bytes", "蹦Ｊ蕉越痈鞯刈试矗", "\ufffd模式对接各地资源")
    ]


def test_a_healthy_article_has_no_mended_copy() -> None:
    assert mend(article(FIRST), load_converter()) is None


@pytest.mark.skipif(importlib.util.find_spec("opencc") is None, reason="OpenCC is an optional extra")
def test_converted_script_is_converted_back_where_opencc_is_installed() -> None:
    mended = mend(article(*SPOILT, headline="渡口早市開業(yè)"), load_converter())
    assert mended is not None
    assert mended.headline == "渡口早市开业"
    assert mended.body.startswith("渡口的早市开业了，菜农挑着担子过江。镇上的商业街还没有开门，")
    assert mended.left == ()
