"""Read the opening of a wire text, e.g. 中新网江苏新闻2月27日电(记者 王远): agency, place, date, brackets."""

import re
from dataclasses import dataclass

from crawler.reading.article import Dateline
from crawler.reading.extract.wording import HAN

_KNOWN_AGENCIES = (
    "中新经纬客户端|中新经纬APP|中新经纬|中新网客户端|中新社客户端|中新社|中新网|中新财经|中新健康|中国新闻社|中国新闻网|中国新闻周刊|新华社客户端|新华社|新华网|新华网客户端|"
    "人民日报海外版|人民日报客户端|人民日报|人民网|央视新闻客户端|央视新闻|央视网|央广网|光明日报|光明网|经济日报|中国经济网|中国日报网|中国日报|中国青年报|中国青年网|"
    "中国侨网|中国网|中国江苏网|国际在线|环球网|环球时报|科技日报|法制日报|法治日报|工人日报|农民日报|参考消息网|海外网|澎湃新闻|界面新闻|新京报|北京青年报|"
    "南方日报|羊城晚报|欧联通讯社|欧洲时报|红网时刻新闻|红网时刻|红网|本报|本网|本台|本刊|本社|法新社|路透社|美联社|塔斯社|共同社|韩联社|中央社|"
    "中新社記者|新華社|中新網|人民網|人民日報"
)
# An agency that the list lacks: it ends like one, and what follows does not make another word of its last character.
_ANY_AGENCY = (
    rf"(?:[{HAN}]{{2,6}}[/／])?[{HAN}A-Za-z·]{{1,10}}?(?:通讯社|日报|晚报|早报|晨报|时报|商报|周报|都市报|青年报|报社|电视台|广播台|在线|新闻网|"
    r"(?<=[\u4e00-\u9fff])社(?![会区科团])|(?<=[\u4e00-\u9fff])[网網](?!络|[上球友红点民])|(?<=[\u4e00-\u9fff])报(?![告道名考到社])|融媒体中心|融媒|传媒"
    r"|(?<=[\u4e00-\u9fff]{2})新闻(?=客户端|\d|讯))"
    r"(?:海外版)?(?:社?[全融]媒体(?:中心)?)?(?:客户端|APP)?"
)
_NUMBER = r"(?:\d{1,2}|[一二三四五六七八九十廿]{1,3})"
_DATE = rf"(?:\d{{4}}年)?(?:{_NUMBER}\s?月\s?)?{_NUMBER}\s?日(?:\s?[-至—]\s?(?:{_NUMBER}月)?{_NUMBER}日)?"
_KIND = r"(?:(?:新媒体|综合|体育)?[专特急]?[电電][讯訊]?(?![商话影力子网视动池站器台信缆机压脑竞])|[讯訊]|消息)"
_DATELINE = re.compile(
    rf"""^(?:[【\[（(《][^】\]）)》]{{1,24}}[】\]）)》]\s?)*(?!据)
    (?P<agency>(?:{_KNOWN_AGENCIES}|{_ANY_AGENCY})(?:[·•][{HAN}]{{1,6}}客户端)?)\s?(?:[·•]\s?)?
    (?: (?P<place>[^\d\s(（，。,、：:“”"]{{0,14}}?)\s?(?:新闻|新聞)?\s?(?P<date>{_DATE})\s?{_KIND}
      | (?P<late_date>{_DATE})\s?(?P<late_place>[{HAN}]{{2,6}}?){_KIND}
      | (?P<place_alone>[{HAN}]{{2,6}}?)[讯訊](?=[\s\u3000]?[(（](?:[^()（）]{{0,10}}记者|通讯员))
      | (?:新闻)?(?:讯|訊|消息)(?=[\s\u3000(（:：,，]|记者) )
    [:：]?\s*""",
    re.VERBOSE,
)
# Looked for first: most paragraphs have none of these near their head.
_TELLS = re.compile("[电電讯訊]|消息")
_HEAD = 90
_BRACKET = re.compile(r"[\s\u3000]*[(（\[【](?P<inside>[^()（）\[\]【】]{1,80})[)）\]】]")
_TOPIC = re.compile(r"^[\s\u3000]*题\s*[:：]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A dateline with what stands in the brackets after it (None: no brackets) and the text that follows."""

    dateline: Dateline
    brackets: str | None
    rest: str


def read_opening(paragraph: str) -> Opening | None:
    """Return the dateline at the head of a clean paragraph, None if it opens without one."""
    match = _DATELINE.match(paragraph) if _TELLS.search(paragraph, 0, _HEAD) else None
    if match is None:
        return None
    place = (match["place"] or match["late_place"] or match["place_alone"] or "").strip(" ·-—")
    rest = paragraph[match.end() :]
    bracket = _BRACKET.match(rest)
    return Opening(
        dateline=Dateline(agency=match["agency"], place=place or None, date=match["date"] or match["late_date"]),
        brackets=bracket["inside"] if bracket else None,
        rest=rest[bracket.end() :] if bracket else rest,
    )


def has_topic(opening: Opening) -> bool:
    """Tell whether the dateline goes on with 题：, so that the byline stands later or in a paragraph of its own."""
    return bool(_TOPIC.match(opening.rest))
