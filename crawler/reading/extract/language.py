"""Tell simplified from traditional Chinese by characters that only one of the two scripts has."""

import re

_SIMPLIFIED = re.compile(
    "[们这国说时对动发经过开关问门业产东书长见车马鸟鱼飞电话语让认识讲论记报纪级济进运还选边达远连现观规视觉费资贸购质责贵财败货贫贯贺]"
)
_TRADITIONAL = re.compile(
    "[們這國說時對動發經過開關問門業產東書長見車馬鳥魚飛電話語讓認識講論記報紀級濟進運還選邊達遠連現觀規視覺費資貿購質責貴財敗貨貧貫賀]"
)
_HAN = re.compile("[\u4e00-\u9fff]")
_SAMPLE = 500
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def read_language(text: str, declared: str | None = None) -> str:
    """Return zh-Hans or zh-Hant for Chinese text, else the page's own `lang`, else `und`.

    `declared` is the page's lang attribute; it is asked last, since Chinese pages declare `en` out of habit.
    """
    sample = text[:_SAMPLE]
    simplified, traditional = len(_SIMPLIFIED.findall(sample)), len(_TRADITIONAL.findall(sample))
    if traditional > simplified:
        return "zh-Hant"
    if simplified or len(_HAN.findall(sample)) * 3 > len(sample):
        return "zh-Hans"
    return declared if declared and _TAG.fullmatch(declared) else "und"
