"""Text that a mirror has spoilt is told from healthy text, and mended beside it as far as that is sure."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.reading.article import Block, Damage, Image
from crawler.reading.extract.damage import find_damage
from crawler.reading.extract.shifts import find_slips

SHARED = Path(__file__).parents[1].parent / "shared"
EXPECTED = sorted((Path(__file__).parent / "fixtures").rglob("expected/*.json"))
SPOILT = (
    "渡口的早市開業(yè)了,菜農(nóng)挑著擔子過江。鎮(zhèn)上的商業(yè)街還沒有開門,茶館里已經(jīng)坐滿了人。",
    "“過了江,就是菜市場!”六十歲的船客說,他坐這班船已經(jīng)四十年;票價漲到兩元,風景倒是沒有變(biàn)過。",
)


def damage(*texts: str, headline: str | None = None) -> tuple[Damage, ...]:
    return find_damage(headline, [Block(type="paragraph", text=text) for text in texts], [])


def slipped(text: str, at: int) -> str:
    """Return the text as GBK without the first byte of the character at that place."""
    return (text[:at].encode("gbk") + text[at:].encode("gbk")[1:]).decode("gbk", "ignore")


def test_pinyin_is_found_with_converted_script_and_folded_punctuation() -> None:
    assert damage(*SPOILT, headline="渡口早市開業(yè)") == (
        Damage(kind="pinyin", block=None, text="業(yè)"),
        Damage(kind="converted_script", block=None, text="開"),
        Damage(kind="pinyin", block=0, text="業(yè)"),
        Damage(kind="folded_punctuation", block=0, text="了,菜"),
        Damage(kind="pinyin", block=1, text="經(jīng)"),
        Damage(kind="folded_punctuation", block=1, text="江,就"),
    )


def test_a_spoilt_caption_is_named_by_its_image_block() -> None:
    image = Image(url="http://i2.sample.test/a.jpg", caption="商業(yè)街的早晨")
    blocks = [*(Block(type="paragraph", text=text) for text in SPOILT), Block(type="image", image=0)]
    assert Damage(kind="pinyin", block=2, text="業(yè)") in find_damage(None, blocks, [image])


@pytest.mark.parametrize(
    ("text", "at", "stretch", "reading"),
    [
        ("园区以“平台+市场”模式对接各地资源，全年办成实事三十项。", 9, "蹦Ｊ蕉越痈鞯刈试矗", "\ufffd模式对接各地资源"),
        ("今年的稻谷收成好于往年，合作社早早订下了烘干设备。", 14, "缭缭缍┫铝撕娓缮璞浮", "\ufffd早早订下了烘干设备"),
    ],
)
def test_slipped_bytes_are_found_with_what_they_say(text: str, at: int, stretch: str, reading: str) -> None:
    spoilt = slipped(text, at)
    assert [(spoilt[slip.start : slip.end], slip.reading) for slip in find_slips(spoilt)] == [(stretch, reading)]
    assert Damage(kind="shifted_bytes", block=0, text=stretch) in damage(spoilt)


def test_slipped_bytes_are_found_where_a_mirror_has_folded_them() -> None:
    assert [slip.reading for slip in find_slips("以“平台+市!蹦J蕉越痈鞯刈试矗全年办成")] == ["\ufffd”模式对接各地资源"]


def test_a_stretch_that_a_literal_reader_of_gb2312_spoils_is_found() -> None:
    spoilt = "记者胡喆、侯文坤）报道".encode("gb18030").decode("gb2312", "replace")
    assert [slip.reading for slip in find_slips(spoilt)] == ["\ufffd、侯文坤）报"]


@pytest.mark.parametrize(
    "text",
    [
        "合肥(Hefei)与六安(Lu'an)之间的高铁开通，垚(yáo)先生来自甪(lù)直，他说甪(lù)直古镇的游客多了。",
        "“長(zhǎng)大”和“音樂(yuè)”裏的多音字，難倒了不少學習中文的外國人。",
        "長江邊的渡口已經排起了隊，菜農挑著擔子等待頭班船靠岸，這條航線開了四十年。",
        "渡口的早市开张了,菜农挑着担子过江!镇上的茶馆里已经坐满了人;街上还没有人,真安静。",
        "穿T恤的游客做完B超去看A股，K线图上三家ST公司涨停，他在C919客机上拍了张X光片似的照片。",
        "第⒈组和第⒉组分别用α射线与β射线照射样本，し字写在封面上，Ω是电阻的单位。",
        "\ufffd\ufffd公司的网站打不开了，\ufffd号显示为方块。",
        "",
    ],
    ids=["names", "explained", "traditional", "ascii punctuation", "latin", "symbols", "replacement", "empty"],
)
def test_healthy_text_raises_no_alarm(text: str) -> None:
    assert damage(text, headline=text[:20]) == ()


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
def test_no_expected_article_is_taken_for_spoilt(expected: Path) -> None:
    article = json.loads(expected.read_text("utf-8"))
    captions = [image["caption"] for image in article["images"] if image["caption"]]
    assert damage(*article["body"].split("\n\n"), *captions, headline=article["headline"]) == ()


@pytest.mark.skipif(not SHARED.exists(), reason="the collected pages are not part of the repository")
def test_real_openings_are_healthy_and_the_real_mirror_text_is_not() -> None:
    rows = (SHARED / "facts" / "openings-2018-11-28.jsonl").read_text("utf-8").splitlines()
    openings = [json.loads(row) for row in rows]
    assert len(openings) == 120
    assert [row["url"] for row in openings if damage(*row["opening"].split("\n"), headline=row["headline"])] == []
    mirror = (SHARED / "pages" / "seed_js_2025-02-27_mirror-text.txt").read_text("utf-8")
    found = damage(*filter(None, mirror.splitlines()))
    assert {one.kind for one in found} == {"pinyin", "folded_punctuation", "converted_script", "shifted_bytes"}
    assert [one.text for one in found if one.kind == "shifted_bytes"] == ["!蹦J芥溄尤\ue084蛸Y"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_may_be_looked_at(headline: str, text: str) -> None:
    for one in damage(text, text, headline=headline):
        assert one.text in (headline if one.block is None else text)
