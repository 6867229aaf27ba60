"""Tell captions from paragraphs, and read whose picture it is: 小镇供图, 中新社记者 盛佳鹏 摄, 图片来源：新华网."""

import re

from crawler.reading.extract.names import has_surname, is_labelled_name, is_name
from crawler.reading.extract.wording import HAN

POINTS_UP = "△▲↑⬆▴"
POINTS_DOWN = "▽▼↓⬇▾"
_OPENS = re.compile(
    rf"^[{POINTS_UP}{POINTS_DOWN}◀▶◎●■]?\s*(?:图为|圖為|图[一二三四五六七八九十\d①-⑳]{{0,2}}\s*[:：]|图片?说明|图示|资料图|資料圖|[上下左右]图[:：为]?|"
    r"[(（]?资料图片?[)）]?|效果图|示意图|海报|剧照)"
)
_MARKED = re.compile(rf"^[{POINTS_UP}{POINTS_DOWN}]")
# Words for a role or an outlet before a photographer's name.
_ROLE = re.compile(
    rf"^(?:(?:[{HAN}]{{0,10}}?(?:见习记者|实习记者|摄影记者|记者|通讯员|實習生|实习生|摄影师|特约摄影师|记者站))|(?:中新社|新华社|中新网|[{HAN}]{{2,6}}社)\s*发|作者|摄影)[\s\u3000]*[:：]?[\s\u3000]*"
)
_CLOSERS = "。.)）】]” \u3000"
_END = rf"[{re.escape(_CLOSERS)}]*$"
_PIECES = re.compile(r"[。！？!?；;：:，,“”‘’《》()（）\[\]【】]+")
_LABELLED = re.compile(
    rf"(?:图片来源|圖片來源|图源|图片提供|供图|图据|图片|摄影|来源|攝影|摄)\s*[:：/／|｜]\s*(?P<name>[^。；;，,：:()（）\[\]【】/]{{1,30}}?){_END}"
)
_FROM = re.compile(
    rf"(?:图片|照片|以?上?[图圖]|影像|均)*由(?P<name>[^。，,；;：:]{{2,24}}?)(?:提供|供图|拍摄|摄){_END}"
)
_GIVEN = re.compile(
    rf"(?:^|[。！？；;，,：:()（）\[\]【】\s\u3000|｜/])(?P<name>[^。！？；;，,：:()（）\[\]【】\s\u3000]{{2,24}})\s*(?:供图|供圖|提供(?:图片)?|图片){_END}"
)
_TAKEN = re.compile(rf"(?P<before>.+?)[\s\u3000]*(?:摄影(?:报道)?|[摄攝]|拍摄){_END}")
_ISSUED = re.compile(
    rf"(?P<name>中新社|新华社|cnsphoto|视觉中国|CFP|IC\s?photo|东方IC|中新图片)\s*(?:发|图|供图|供稿)?{_END}",
    re.IGNORECASE,
)
# 某馆供图 江海网发: who passed the picture on, after who gave it.
_ISSUER = re.compile(rf"(?<=[图圖摄攝供])[)）]?[\s\u3000]+[{HAN}]{{2,8}}发{_END}")
_SHORT_FOR_PICTURE = re.compile(rf"[\s\u3000/／|｜](?P<name>[{HAN}]{{2,12}})\s+[图圖]{_END}")
# Looked for first: without one of these no pattern for a credit holds.
_TELLS = re.compile("[图圖摄攝影供提据源拍社觉照]|[Cc]")
_KIND_OF_PICTURE = re.compile(
    r"[\s\u3000]*(?:[(（【](?:资料照片|资料图片?|视频截图|图片|照片|本文图片.{0,6})[)）】]|(?<![\u4e00-\u9fff])资料(?:图片?|照片))[。]?$"
)
_LONGEST_CAPTION = 220
_LONGEST_SENTENCE = 60


def read_credit(caption: str) -> str | None:
    """Return the photographer or giver that the end of a caption names, the name alone; None if it names none."""
    if not _TELLS.search(caption):
        return None
    caption = _ISSUER.sub("", _KIND_OF_PICTURE.sub("", caption))
    for pattern in (_LABELLED, _ISSUED, _FROM, _GIVEN):
        match = pattern.search(caption)
        if match is not None:
            return _stripped(match["name"])
    match = _TAKEN.fullmatch(caption)
    if match is not None:
        return _photographer(match["before"])
    match = _SHORT_FOR_PICTURE.search(caption)
    return _stripped(match["name"]) if match else None


def opens_like_caption(text: str) -> bool:
    """Tell whether a short paragraph opens as captions do (图为…, 资料图：…, △…)."""
    return len(text) <= _LONGEST_CAPTION and bool(_OPENS.match(text) or _MARKED.match(text))


def closes_like_caption(text: str) -> bool:
    """Tell whether a short paragraph ends with a credit (…供图, … 摄, 图片来源：…)."""
    if len(text) > _LONGEST_CAPTION or (len(text) > _LONGEST_SENTENCE and text.endswith(("提供。", "拍摄。"))):
        return False  # a sentence of the body may end with what somebody gives
    return read_credit(text) is not None


def without_pointer(text: str) -> str:
    """Return a caption without the triangle that points to its picture."""
    return text.lstrip(POINTS_UP + POINTS_DOWN + " \u3000")


def _stripped(name: str) -> str | None:
    name = _ROLE.sub("", name.strip(" \u3000、/")).strip(" \u3000、")
    return name or None


def _photographer(before: str) -> str | None:
    """Return the names at the end of what stands before 摄: after the last punctuation, without role and outlet."""
    piece = _PIECES.split(before.rstrip(_CLOSERS))[-1].strip(" \u3000、|｜/")
    names: list[str] = []
    for word in reversed([word for word in re.split(r"[\s\u3000、]+", piece) if word]):
        bare = _ROLE.sub("", word)
        # After a full stop a word that stands alone is a name, of whatever people: 九美旦增 摄.
        is_announced = bare != word or (word == piece != before.strip())
        name = _name_at_end(bare, is_announced=is_announced) if not names else _further_name(bare)
        if name:
            names.insert(0, name)
        if name != word:
            break
    return "、".join(names) or None


def _name_at_end(word: str, *, is_announced: bool) -> str | None:
    if is_announced and is_labelled_name(word):
        return word
    if is_name(word) and (len(word) < 4 or has_surname(word) or "·" in word):
        return word
    return _glued_name(word)


def _further_name(word: str) -> str | None:
    """Return a word before the last name if it is a second name, not the end of the sentence."""
    return word if is_name(word) and has_surname(word) and len(word) <= 3 else None


def _glued_name(word: str) -> str | None:
    """Return the name at the end of a sentence that runs into it (图为救援现场李增军): three characters, else two."""
    for length in (3, 2):
        name = word[-length:]
        if len(word) > length and has_surname(name) and is_name(name):
            return name
    return None
