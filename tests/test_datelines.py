"""The openings of wire texts."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.reading.article import Dateline
from crawler.reading.extract.datelines import has_topic, read_opening

OPENINGS = Path(__file__).parents[1].parent / "shared" / "facts" / "openings-2018-11-28.jsonl"


@pytest.mark.parametrize(
    ("text", "agency", "place", "date", "brackets"),
    [
        ("中新网11月28日电 入冬以来", "中新网", None, "11月28日", None),
        ("中新网北京4月18日电(记者 李京统)会议", "中新网", "北京", "4月18日", "记者 李京统"),
        ("中新社广东湛江4月18日电 (梁盛  赵宇清)湛江", "中新社", "广东湛江", "4月18日", "梁盛  赵宇清"),
        ("中新网青海茫崖11月24日电 茫崖", "中新网", "青海茫崖", "11月24日", None),
        ("中新网客户端北京11月28日电 (邱宇)近期", "中新网客户端", "北京", "11月28日", "邱宇"),
        ("中新网客户端11月27日电(记者 阮晓 张炜) 昨天", "中新网客户端", None, "11月27日", "记者 阮晓 张炜"),
        ("中新经纬客户端11月26日电 周一，沪深两市", "中新经纬客户端", None, "11月26日", None),
        ("中新网北京7月29日消息：今天", "中新网", "北京", "7月29日", None),
        ("中新社北京九月二十七日电 题：秋收", "中新社", "北京", "九月二十七日", None),
        ("极光新闻4月26日讯　五点半，", "极光新闻", None, "4月26日", None),
        ("江海新闻客户端讯（记者 王远）", "江海新闻客户端", None, None, "记者 王远"),
        ("湖南日报·新湖南客户端9月11日讯（记者 王远）", "湖南日报·新湖南客户端", None, "9月11日", "记者 王远"),
        ("江海日报社融媒体中心9月11日讯（记者 王远）", "江海日报社融媒体中心", None, "9月11日", "记者 王远"),
        ("红网时刻长沙9月11日讯(记者 王远)", "红网时刻", "长沙", "9月11日", "记者 王远"),
        ("中新网江苏新闻7月2日电 7月1日，", "中新网", "江苏", "7月2日", None),
        ("中新网浙江新闻1月31日电(见习记者 王远)杭州", "中新网", "浙江", "1月31日", "见习记者 王远"),
        ("中新网 · 苏州2月27日电 (张敏)", "中新网", "苏州", "2月27日", "张敏"),
        ("中新网南京2月27日讯 记者", "中新网", "南京", "2月27日", None),
        ("【东盟专线】中新社金边4月1日电 (记者 杨强)湄公河", "中新社", "金边", "4月1日", "记者 杨强"),
        ("（走进中国乡村）中新社浙江丽水10月4日电 题：稻海", "中新社", "浙江丽水", "10月4日", None),
        ("新华社伦敦4月18日电(记者高文成)英国", "新华社", "伦敦", "4月18日", "记者高文成"),
        ("新华社北京27日电 国务院", "新华社", "北京", "27日", None),
        ("新华社北京11月27日新媒体专电 国家", "新华社", "北京", "11月27日", None),
        ("人民日报北京11月27日电 （记者彭波）最高", "人民日报", "北京", "11月27日", "记者彭波"),
        ("人民网深圳11月26日电 (吕绍刚、陈育柱)深圳", "人民网", "深圳", "11月26日", "吕绍刚、陈育柱"),
        ("本报成都11月27日电 (记者张文)成都", "本报", "成都", "11月27日", "记者张文"),
        ("本报讯（记者 周敏）昨日", "本报", None, None, "记者 周敏"),
        ("央视网消息：今晨", "央视网", None, None, None),
        ("江苏经济报南京3月1日电 开春", "江苏经济报", "南京", "3月1日", None),
        ("中国侨网11月28日电 侨胞", "中国侨网", None, "11月28日", None),
        ("太湖观察网无锡6月3日电 (许静)", "太湖观察网", "无锡", "6月3日", "许静"),
        ("河西日报社融媒体中心4月11日讯　记者", "河西日报社融媒体中心", None, "4月11日", None),
        ("河西日报全媒体讯（记者 许静）", "河西日报全媒体", None, None, "记者 许静"),
        ("江海日报通州讯（全媒体记者 王远 通讯员 李晨）入秋", "江海日报", "通州", None, "全媒体记者 王远 通讯员 李晨"),
        ("江海云/江海日报讯（记者王远报道）入秋", "江海云/江海日报", None, None, "记者王远报道"),
        ("中新社4月18日北京电 外交部", "中新社", "北京", "4月18日", None),
    ],
)  # fmt: skip
def test_a_dateline_gives_agency_place_and_date(
    text: str, agency: str, place: str | None, date: str | None, brackets: str | None
) -> None:
    opening = read_opening(text)
    assert opening is not None
    assert opening.dateline == Dateline(agency=agency, place=place, date=date)
    assert opening.brackets == brackets


@pytest.mark.parametrize(
    "text",
    [
        "11月11日，互联网公司的仓库里灯火通明。",
        "据新华社北京4月1日电，国务院决定如下。",
        "新华社5月1日的消息说，长江水位回落。",
        "互联网11月1日电商节开始预热。",
        "《自然》研究称，人类活动可致未来降雨增加。",
        "中新网记者27日从南京海关获悉",
        "社会11月11日",
        "中央新闻11月11日的头条",
        "",
    ],
)
def test_a_text_without_a_dateline_has_none(text: str) -> None:
    assert read_opening(text) is None


def test_a_topic_after_the_dateline_is_noticed() -> None:
    opening = read_opening("中新社浙江丽水10月4日电 题：稻海飘香")
    assert opening is not None
    assert has_topic(opening)


@given(st.text(max_size=120))
def test_any_paragraph_can_be_asked_for_its_dateline(text: str) -> None:
    for paragraph in (text, f"中新网{text}", f"中新网北京4月18日电({text}"):
        opening = read_opening(paragraph)
        assert opening is None or opening.rest in paragraph


@pytest.mark.skipif(not OPENINGS.exists(), reason="the collected openings are not part of the repository")
def test_all_datelines_of_a_real_day_are_found() -> None:
    records = [json.loads(line) for line in OPENINGS.read_text("utf-8").splitlines()]
    paragraphs = [part.strip("\u3000 ") for record in records for part in record["opening"].strip().split("\n")]
    found = [paragraph for paragraph in paragraphs if read_opening(paragraph)]
    assert len(found) == 72
    assert not [part for part in paragraphs if "日电" in part[:40] and part not in found]
