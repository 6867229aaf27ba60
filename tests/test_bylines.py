"""Who wrote, photographed and edited: names, roles, outlets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.reading.article import Contributor
from crawler.reading.extract.bylines import read_brackets, read_byline_line, read_last_brackets
from crawler.reading.extract.mastheads import (
    SEAM,
    imprint_below,
    is_editor_line,
    read_editors,
    read_named_author,
    read_source,
    read_source_line,
    split_editor_tail,
)


def shown(contributors: tuple[Contributor, ...]) -> str:
    return " ".join(f"{one.name}:{one.role}" for one in contributors)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("记者 李京统", "李京统:reporter"),
        ("记者高文成", "高文成:reporter"),
        ("梁盛  赵宇清", "梁盛:author 赵宇清:author"),
        ("梁盛　赵宇清", "梁盛:author 赵宇清:author"),
        ("吕绍刚、陈育柱", "吕绍刚:author 陈育柱:author"),
        ("张丽君，朱城铖", "张丽君:author 朱城铖:author"),
        ("张丽君和朱城铖", "张丽君:author 朱城铖:author"),
        ("邱宇", "邱宇:author"),
        ("欧阳娜", "欧阳娜:author"),
        ("鲜于岚 池映月 张鹤年", "鲜于岚:author 池映月:author 张鹤年:author"),
        ("近日 三月 当日上午", ""),
        ("茅向南", "茅向南:author"),
        ("骆守湖", "骆守湖:author"),
        ("张丰 Somchai Vong", "张丰:author Somchai Vong:author"),
        ("通讯员 诸葛明月 文/图", "诸葛明月:text_and_photo"),
        ("记者 索清和", "索清和:reporter"),
        ("作者：司空晓，退休教师", "司空晓:author"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提:author"),
        ("张伟 贡桑拉姆", "张伟:author 贡桑拉姆:author"),
        ("见习记者 王  远", "王远:trainee_reporter"),
        ("记者 赵晔娇 实习生 梅芳燕", "赵晔娇:reporter 梅芳燕:intern"),
        ("记者赵晔娇 通讯员梅芳燕", "赵晔娇:reporter 梅芳燕:correspondent"),
        ("记者赵晔娇通讯员梅芳燕", "赵晔娇:reporter 梅芳燕:correspondent"),
        ("记者赵晔娇、李晨，特约通讯员梅芳燕", "赵晔娇:reporter 李晨:reporter 梅芳燕:correspondent"),
        ("杨文 通讯员 李辉", "杨文:author 李辉:correspondent"),
        ("总台记者 林曦", "林曦:reporter"),
        ("中新社记者 盛佳鹏", "盛佳鹏:reporter"),
        ("本报记者 王远 发自北京", "王远:reporter"),
        ("文/张丰 图/李辉", "张丰:author 李辉:photographer"),
        ("张丰 文 李辉 摄", "张丰:author 李辉:photographer"),
        ("文/图 王远", "王远:text_and_photo"),
        ("记者 王远 文/图", "王远:text_and_photo"),
        ("王远 摄影报道", "王远:text_and_photo"),
        ("记者 王远 摄", "王远:photographer"),
        ("通讯员王远、古丽娜尔报道", "王远:correspondent 古丽娜尔:correspondent"),
        ("记者 王远 李晨/文 张华/摄", "王远:reporter 李晨:reporter 张华:photographer"),
        ("视频制作 王远", "王远:producer"),
        ("作者 Maya Linden、Tom Fox", "Maya Linden:author Tom Fox:author"),
        ("记者 王远 编辑 李晨", "王远:reporter"),
        ("ALS", ""),
        ("完", ""),
        ("综合报道", ""),
        ("以下简称“大会”", ""),
        ("资料图片", ""),
        ("北京时间", ""),
    ],
)
def test_the_brackets_after_a_dateline_give_names_with_roles(inside: str, expected: str) -> None:
    assert shown(read_brackets(inside)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("(作者：方敏北京大学经济学院教授)", "方敏:author"),
        ("（作者：方敏，北京大学经济学院教授）", "方敏:author"),
        ("(作者：王小明中国社会科学院研究员)", "王小明:author"),
        ("(作者系北京大学经济学院教授方敏)", "方敏:author"),
        ("作者：王远（南京大学教授）", "王远:author"),
        ("(作者系北京大学经济学院教授)", ""),
        ("作者 周健", "周健:author"),
        ("中新社记者 王辛莉 张蔚然", "王辛莉:reporter 张蔚然:reporter"),
        ("(总台记者 林曦)", "林曦:reporter"),
        ("文/王远", "王远:author"),
        ("图文：王远", "王远:text_and_photo"),
        ("文/图：昂噶", "昂噶:text_and_photo"),
        ("王远 摄影报道", "王远:text_and_photo"),
        ("记者：王远 摄影：李晨", "王远:reporter 李晨:photographer"),
        ("□ 本报记者 王远", "王远:reporter"),
        ("●江海晚报全媒体记者 王远 实习生 李晨", "王远:reporter 李晨:intern"),
        ("记者丨王远 摄影丨李晨", "王远:reporter 李晨:photographer"),
        ("采写：江海晚报记者 王远", "王远:reporter"),
        ("文/江海报记者 王远 图/市考古研究院提供", "王远:reporter"),
        ("文/记者 王远 图/通讯员 李晨", "王远:reporter 李晨:photographer"),
        ("文/图 本报记者 王远", "王远:text_and_photo"),
        ("记者 王远 摄像 李晨 报道", "王远:reporter 李晨:photographer"),
        ("（本文仅代表作者个人观点）", ""),
        ("供稿：王远 李晨", "王远:author 李晨:author"),
        ("（王远 供稿）", "王远:author"),
        ("王远 供稿", "王远:author"),
        ("供稿：江海市水利局", ""),
        ("图片由王远供稿", ""),
        ("作者/王远 编辑/李晨", "王远:author"),
        ("作者｜王远　责编｜李晨", "王远:author"),
        ("编辑/李晨 作者/王远", "王远:author"),
        ("通讯员 权海山", "权海山:correspondent"),
        ("通讯员权海山 同建国", "权海山:correspondent 同建国:correspondent"),
        ("本网通讯员 普布次仁", "普布次仁:correspondent"),
        ("记者 同建国", "同建国:reporter"),
        ("通讯员 培训班开班", ""),
        ("记者 回应", ""),
        ("□ 从渡口到菜市场", ""),
        ("记者从会上获悉，今年收成看好", ""),
        ("记者手记", ""),
        ("作者单位：南京大学", ""),
        ("编辑：王远", ""),
        ("会议由王远主持", ""),
    ],
)
def test_a_line_that_is_nothing_but_a_byline_is_read(line: str, expected: str) -> None:
    assert shown(read_byline_line(line)) == expected


def test_the_last_brackets_count_only_with_a_label() -> None:
    assert shown(read_last_brackets("夜色中船只缓缓离港。(记者 王远)")) == "王远:reporter"
    assert read_last_brackets("夜色中船只缓缓离港。(王远摄)") == ()
    assert read_last_brackets("它又名白鹭(Egretta garzetta)") == ()
    assert read_last_brackets("参会的有三国代表(中国、老挝、泰国)") == ()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("【编辑:陈海峰】", ("陈海峰",)),
        ("责任编辑：【叶攀】", ("叶攀",)),
        ("【编辑：李骏】", ("李骏",)),
        ("编辑：张丰、李辉", ("张丰", "李辉")),
        ("编辑：张丰 李辉", ("张丰", "李辉")),
        ("(责任编辑：王  远)", ("王远",)),
        ("责编：王远 校对：李晨", ("王远",)),
        ("（责编 王远）", ("王远",)),
        (f"责任编辑：王远{SEAM}热门推荐{SEAM}渡口的早晨", ("王远",)),
        (f"责任编辑{SEAM}：{SEAM} 王远 李晨{SEAM}图片", ("王远", "李晨")),
        (f"编辑{SEAM}王远{SEAM}时政", ("王远",)),
        ("编辑：王远审核：李晨", ("王远",)),
        ("编辑/王远", ("王远",)),
        ("作者｜李晨　责编｜王远", ("王远",)),
        ("来源：新华社 编辑：王远 点击：12", ("王远",)),
        ("责编：王远 编审：李晨", ("王远",)),
        ("责任编辑：王远（实习）", ("王远",)),
        ("编辑：", ()),
        ("编辑部在三楼", ()),
        (f"编辑：{SEAM}池漫{SEAM}打印本页{SEAM}关闭窗口", ("池漫",)),
        ("编辑：阳小满　打印本文", ("阳小满",)),
    ],
)
def test_editors_are_read_in_every_form(line: str, names: tuple[str, ...]) -> None:
    assert read_editors(line) == names


def test_lines_that_only_name_editors_are_told_from_text() -> None:
    assert is_editor_line("责任编辑：王远")
    assert is_editor_line("校对：李晨")
    assert is_editor_line("一审：王远 二审：李晨 三审：张华")
    assert not is_editor_line("编辑部的灯亮到凌晨两点，校样还没有改完。")


def test_an_editor_glued_to_the_last_paragraph_is_cut_off() -> None:
    assert split_editor_tail("大桥今天通车。(完)【编辑:王远】") == ("大桥今天通车。(完)", ("王远",))
    assert split_editor_tail("大桥今天通车。") == ("大桥今天通车。", ())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"2020年07月04日 12:10　来源：求是网{SEAM}参与互动", "求是网"),
        (f"来源：{SEAM}求是网", "求是网"),
        ("来源:中新网江苏", "中新网江苏"),
        ("来源：江海晚报作者：李辉 编辑：王远", "江海晚报"),
        ("来源：江海晚报 点击：123", "江海晚报"),
        ("来源：新华网点击12次", "新华网"),
        ("来源：南京日报2025-01-01", "南京日报"),
        ("来源：China Daily 编辑：王远", "China Daily"),
        ("稿源：浙江在线", "浙江在线"),
        ("【来源：新华社】", "新华社"),
        ("来源：中国记者网 分享到：", "中国记者网"),
        ("来源：", None),
        (f"来源：{SEAM}作者：{SEAM}王远", None),
        ("2025-01-01 08:00", None),
    ],
)
def test_the_outlet_ends_where_the_next_label_begins(line: str, name: str | None) -> None:
    source = read_source(line)
    assert (source.name if source else None) == name


@pytest.mark.parametrize(
    ("below", "imprint"),
    [
        (["来源：江海晚报 编辑：王远"], 1),
        (["打印本页", "编辑：", "王远", "来源：", "江海晚报"], 5),
        (["|", "责任编辑：王远", "　", "稿件来源：江海晚报"], 4),
        (["编辑：王远", "图片新闻", "大雪封山", "来源：江海晚报"], 1),
        (["热点", "来源：江海晚报"], 0),
        (["记者从会上获悉，航线今天开通。", "来源：江海晚报"], 0),
    ],
)
def test_what_follows_the_body_is_the_articles_as_far_as_it_is_labelled(below: list[str], imprint: int) -> None:
    assert imprint_below(SEAM.join(below)) == SEAM.join(below[:imprint])


def test_the_outlet_has_the_address_of_its_link_if_that_is_not_empty() -> None:
    found = read_source(f"来源：{SEAM}新华社", [("新华社", "/xhs/")], "http://a.test/b/c.html")
    assert found is not None
    assert found.url == "http://a.test/xhs/"
    empty = read_source(f"来源：{SEAM}求是网", [("求是网", "#"), ("求是网", "")], "http://a.test/")
    assert empty is not None
    assert empty.url is None


@pytest.mark.parametrize("bar", ["|", "｜", "丨", " | "])
def test_a_bar_stands_for_the_colon_after_a_label(bar: str) -> None:
    assert is_editor_line(f"值班编辑{bar}王远")
    assert is_editor_line(f"审核{bar}李晨")
    assert read_editors(f"编辑{bar}王远　审核{bar}李晨") == ("王远",)
    assert read_source_line(f"来源{bar}江海晚报") == "江海晚报"
    found = read_source(f"2025-02-27 08:00 来源{bar}江海晚报")
    assert found is not None
    assert found.name == "江海晚报"


def test_the_source_of_a_portal_on_discuz_stands_after_its_own_word() -> None:
    found = read_source("2013-5-7 08:36 | 发布者: admin | 查看: 12 | 评论: 0 | 来自: 江海晚报")
    assert found is not None
    assert found.name == "江海晚报"


def test_an_author_and_a_source_on_lines_of_their_own() -> None:
    assert read_named_author("2025-01-01 来源：江海晚报 作者：张丰 李辉 点击：5") == ("张丰", "李辉")
    assert read_source_line("▌本文来源：江海晚报") == "江海晚报"
    assert read_source_line("【来源：江海晚报】") == "江海晚报"
    assert read_source_line("来源：江海晚报　编辑：王远（实习）　审核：李晨") == "江海晚报"
    assert read_source_line("来源：江海晚报（综合）") == "江海晚报（综合）"
    assert read_source_line("水的来源：山上的三眼泉。") is None


@given(st.text(max_size=90))
def test_any_text_can_be_asked_for_its_names(text: str) -> None:
    for line in (text, f"记者 {text}", f"作者：{text}", f"来源：{text}", f"【编辑:{text}】"):
        for one in (*read_brackets(line), *read_byline_line(line), *read_last_brackets(line)):
            assert one.name.strip() == one.name != ""
        assert all(read_editors(line))
        source = read_source(line)
        assert source is None or source.name
