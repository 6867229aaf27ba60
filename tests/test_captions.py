"""Captions: whose picture it is, and which paragraph belongs to which picture."""

# ruff: noqa: E501 - a case, a page, a line

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.reading.extract.body import read_pieces
from crawler.reading.extract.captions import closes_like_caption, opens_like_caption, read_credit
from crawler.reading.extract.content import Content, compose
from crawler.reading.extract.tree import Tree

LONG = "清晨六点，长江边的渡口已经排起了队，菜农挑着担子等待头班船靠岸，船工把跳板搭好，又把缆绳系紧了一圈，江面上的雾还没有散。"


def content_of(html: str) -> Content:
    body = Tree(f"<div id=txt>{html}</div>").first("#txt")
    assert body is not None
    pieces = read_pieces(body)
    return compose(pieces, None, lambda address: f"http://a.test/{address}")


def captions(html: str) -> list[str | None]:
    return [image.caption for image in content_of(html).images]


def test_numbered_captions_go_to_the_pictures_of_a_run_in_order() -> None:
    lines = ("图①：渡口。", "图②：船客。", "图③：菜市场。", "本组图片由江海晚报记者 王远 摄", LONG)
    html = "<p><img src=1.jpg><img src=2.jpg><img src=3.jpg></p>" + "".join(f"<p>　　{line}</p>" for line in lines)
    assert captions(html) == [lines[0], lines[1], f"{lines[2]} {lines[3]}"]


@pytest.mark.parametrize(
    ("caption", "credit"),
    [
        ("图为孩子们在林间写生。 市植物园供图 江海网发", "市植物园"),
        ("雪原上的羊群。（王远 摄） 中新社发", "王远"),
        ("山里的花椒红了。　九美旦增 摄", "九美旦增"),
        ("国际科技园。苏州工业园区党工委供图", "苏州工业园区党工委"),
        ("山村秋色。小镇提供", "小镇"),
        ("松阳县委宣传部供图", "松阳县委宣传部"),
        ("活动现场 主办方 供图", "主办方"),
        ("图片由苏州市文旅局提供", "苏州市文旅局"),
        ("供图：南京大学", "南京大学"),
        ("守桥人的日记本。资料图片", None),
        ("守桥人的日记本。王远 摄 资料照片", "王远"),
        ("李增军摄", "李增军"),
        ("薛伟 摄", "薛伟"),
        ("渡口的早晨。本报记者 薛伟 摄影报道", "薛伟"),
        ("图为救援现场。中新社记者 盛佳鹏 摄", "盛佳鹏"),
        ("图为救援现场。中新社记者盛佳鹏摄", "盛佳鹏"),
        ("中新社发 王辛莉 摄", "王辛莉"),
        ("图为：西湖夜景 王远 摄", "王远"),
        ("图为渡口。通讯员 徐晓舟 摄", "徐晓舟"),
        ("图为渡口。王远 李晨 摄", "王远、李晨"),
        ("孩子们在玩耍。(倪丽摄)", "倪丽"),
        ("孩子们在玩耍李增军摄", "李增军"),
        ("摄影：王远", "王远"),
        ("资料图：球员。图片来源：新华网", "新华网"),
        ("图源：视觉中国", "视觉中国"),
        ("图/视觉中国", "视觉中国"),
        ("渡口晨雾。中新社发", "中新社"),
        ("大桥合龙。中建八局供图(资料图)", "中建八局"),
        ("资料图", None),
        ("视频截图", None),
        ("渡口的早晨", None),
        ("", None),
    ],
)
def test_the_credit_is_the_name_alone(caption: str, credit: str | None) -> None:
    assert read_credit(caption) == credit


def test_a_sentence_of_the_body_is_no_caption() -> None:
    assert not closes_like_caption(
        "会议期间的翻译和技术支持由三所大学的志愿者团队轮流承担，他们每天工作近十个小时，场地和设备由当地政府免费提供，食宿由企业提供。"
    )
    assert not opens_like_caption(LONG)


def test_a_caption_given_three_times_is_kept_once() -> None:
    content = content_of(
        f'<p>　　{LONG}</p><div style="text-align:center"><img src="1.jpg" alt="渡口。王远 摄" title="渡口。王远 摄"></div>'
        f'<div class="pictext">渡口。王远 摄</div><p>　　{LONG}</p>'
    )
    assert [(image.caption, image.credit, image.alt) for image in content.images] == [
        ("渡口。王远 摄", "王远", "渡口。王远 摄")
    ]
    assert content.body == f"{LONG}\n\n{LONG}"
    assert [block.type for block in content.blocks] == ["paragraph", "image", "paragraph"]


@pytest.mark.parametrize(
    "html",
    [
        "<p><img src=1.jpg></p><p>　　△渡口的早晨</p>",
        "<p><img src=1.jpg></p><p style='text-align: center'>渡口的早晨</p>",
        "<p align=center><img src=1.jpg><br>渡口的早晨</p>",
        "<center><img src=1.jpg></center><center>渡口的早晨</center>",
        "<table><tr><td><img src=1.jpg></td></tr><tr><td>渡口的早晨</td></tr></table>",
        "<figure><img src=1.jpg><figcaption>渡口的早晨</figcaption></figure>",
        "<p>▼渡口的早晨</p><p><img src=1.jpg></p>",
        "<p><img src=1.jpg alt='渡口的早晨'></p><p>　　渡口的早晨</p>",
        "<p><img src=1.jpg></p><p>渡口的早晨</p>",
    ],
)
def test_every_way_to_set_a_caption_is_understood(html: str) -> None:
    assert captions(f"<p>　　{LONG}</p><p>　　{LONG}</p>{html}<p>　　{LONG}</p>") == ["渡口的早晨"]


def test_a_short_paragraph_after_a_picture_stays_in_the_text() -> None:
    content = content_of(f"<p>　　{LONG}</p><p><img src=1.jpg></p><p>　　船开了。</p><p>　　{LONG}</p>")
    assert content.images[0].caption is None
    assert "船开了。" in content.body


def test_a_caption_before_the_dateline_goes_to_its_picture() -> None:
    content = content_of(
        f"<p><img src=1.jpg></p><p>　　资料图：渡口。图片来源：江海晚报</p><p>　　中新网南京3月1日电 (王远){LONG}</p>"
    )
    assert content.images[0].credit == "江海晚报"
    assert content.dateline is not None
    assert content.dateline.place == "南京"
    assert content.body.startswith("中新网南京")


def test_as_many_captions_as_pictures_go_in_order_and_one_goes_to_the_last() -> None:
    assert captions("<p><img src=1.jpg><img src=2.jpg></p><p>图为甲。</p><p>图为乙。</p>") == ["图为甲。", "图为乙。"]
    assert captions(f"<p><img src=1.jpg><img src=2.jpg></p><p>图为渡口。</p><p>　　{LONG}</p>") == [None, "图为渡口。"]


def test_a_credit_on_a_line_of_its_own_joins_its_caption() -> None:
    content = content_of(f"<p><img src=1.jpg></p><p>图为渡口。</p><p>王远 摄</p><p>　　{LONG}</p>")
    assert (content.images[0].caption, content.images[0].credit) == ("图为渡口。 王远 摄", "王远")


@pytest.mark.parametrize(
    "html",
    [
        '<img src="/fileftp/2019/canyu.jpg" alt="参与互动">',
        '<img src="https://image.cns.com.cn/default/x.png">',
        '<img src="//i8.test/gg/160711/ad_4.png">',
        '<img src="a.jpg" width=30 height="17">',
        '<img src="data:image/png;base64,AAAA">',
        '<img src="erweima.png">',
        '<img alt="渡口">',
        "<img src=''>",
    ],
)
def test_furniture_of_the_page_is_no_picture(html: str) -> None:
    assert content_of(f"<p>{LONG}</p><p>{html}</p>").images == ()


def test_a_lazily_loaded_picture_has_its_real_address() -> None:
    content = content_of(f'<p>{LONG}<img src="/loading.gif" data-original="1.jpg"></p>')
    assert [image.url for image in content.images] == ["http://a.test/1.jpg"]


@given(st.text(max_size=120))
def test_any_caption_can_be_asked_for_its_credit(text: str) -> None:
    for caption in (text, f"{text}摄", f"{text}供图", f"图片来源：{text}"):
        assert read_credit(caption) != ""
