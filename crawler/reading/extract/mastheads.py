"""Read the line under the headline and the lines around the body: 来源：新华社, 【编辑:陈海峰】, 作者：李晨."""

import re
from collections.abc import Iterable
from urllib.parse import urljoin

from crawler.reading.article import Source
from crawler.reading.extract.furniture import is_furniture
from crawler.reading.extract.names import is_labelled_name, split_names
from crawler.reading.extract.tree import Element, texts_of
from crawler.reading.extract.wording import HAN, clean

# Stands between pieces of text that different elements hold.
SEAM = "\x1f"
_LABELS = (
    r"(?:责任|执行|值班)?编辑|责编|作者|记者|通讯员|摄影|供稿|撰稿|审核|校对|监制|编审|审校|[初复终一二三]审|统筹|点击数?|点击量|浏览次?数?|浏览量|阅读次?数?|阅读量|访问次?数?|人气|评论数?|"
    r"发布时间|发布日期|发表时间|时间|日期|字号|字体|分享到?|关键词|栏目|频道"
)
# Where the name of an outlet ends, though nothing separates it from what follows.
_GLUED = re.compile(
    rf"(?:{_LABELS})\s*[:：]|[(（\[【]?(?:字号|字体|大字体|小字体|参与互动|我要评论|参与评论|我有话说|打印|收藏|纠错|分享|大\s?中\s?小)|"
    r"(?:点击|浏览|阅读)\d|(?:19|20)\d\d[-年/.]|【|\[|[|｜]"
)
# Searched for in long stretches, so these begin with the word itself, whatever stands before it: 稿件来源, 责任编辑.
_SOURCE = re.compile(
    rf"(?:(?:来\s?源|來源|稿源)(?:{SEAM}|\s)*[:：|｜丨]|来自(?:{SEAM}|\s)*[:：])(?:{SEAM}|[\s\u3000])*(?P<name>[^{SEAM}\u3000]+)"
)
_EDITOR = re.compile(
    r"(?:编\s?辑|編輯|责\s?编)\s*(?:[:：]\s*[【\[]?\s*|\s*[|｜丨]\s*|[/／]|(?:(?<=编辑)|(?<=责编))[\s\u3000]+)(?P<names>[^】\])）:：|｜丨]*)"
)
_AUTHOR = re.compile(r"作\s?者\s*[:：]\s*(?P<names>[^】\])）:：]*)")
_EDITOR_LINE = re.compile(
    r"^[\[【(（—\-\s]*(?:(?:责任|責任|执行|值班|网络|本文|本期|图片|文字)?(?:编\s?辑|編輯)|责\s?编|校对|审核|审校|编审|监制|[初复终一二三]审|主编)\s*(?:[:：/／|｜丨]|[\s\u3000]+(?=[\u4e00-\u9fff]{2,4}\b))"
)
_EDITOR_TAIL = re.compile(r"[【\[(（]\s*(?:责任)?(?:编辑|編輯|责编)\s*[:：]\s*(?P<names>[^】\])）]{1,40})[】\])）]\s*$")
_SOURCE_LINE = re.compile(
    r"^[▌■●◆▍【\[(（\s]*(?:本文|文章|稿件|信息|综合)?(?:来源|來源|稿源)\s*[:：|｜丨]\s*(?P<name>[^。]{1,60})$"
)
_IMPRINT = re.compile(rf"^[\[【(（\s]*(?:文章|稿件|信息|新闻|本文)?(?:{_LABELS}|来\s?源|來源|稿源)")
_SENTENCE = re.compile(r"[。！？]")
_WORD = re.compile(rf"[{HAN}A-Za-z0-9]")
_OTHER_LABEL = re.compile(rf"[\s\u3000]*(?:{_LABELS})\s*$")
_WRITERS = re.compile(r"记者|通讯员|实习生|文\s?[/／]\s?图|图\s?[/／]\s?文")
_BLANK = f"{SEAM} \t\r\n\xa0\u3000"
# A label and its names may stand in elements of their own, and two facts in one.
_LABEL_AHEAD = re.compile(rf"(?:记者|通讯员|实习生)\s*[:：][{_BLANK}]+")
_BETWEEN_FACTS = re.compile(
    rf"[{SEAM}|｜\u3000]+|[\s\xa0]{{2,}}|\s(?=(?:[{HAN}]{{2,6}})?(?:记者|通讯员|实习生)\s*[:：])"
)
# 王远（实习）
_BRACKET = re.compile(r"[(（]")
_CLOSING = ("】", "]", ")", "）")
_AROUND_NAME = re.compile(rf"^[^{HAN}A-Za-z]+|[^{HAN}A-Za-z.·]+$")
_LAST_LABEL = re.compile(rf"(?:{_LABELS})$")
_NAME_END = re.compile(r"(?<![A-Za-z])\s+|\s+(?![A-Za-z])")
_NO_ADDRESS = re.compile(r"\s*(?:#|javascript:|$)", re.IGNORECASE)
_LONGEST_LINE = 80


def read_source(text: str, links: Iterable[tuple[str, str]] = (), base: str = "") -> Source | None:
    """Return the outlet that a line of pieces (see `line_of`) names after 来源, None if it names none.

    The name ends at a space, at the end of its element, or at the next label (作者：, 编辑：, 点击：).
    `links` are the texts and addresses of the line's links.
    """
    match = _SOURCE.search(text)
    if match is None:
        return None
    name = _GLUED.split(match["name"], maxsplit=1)[0]
    name = _cut_at_space(name.strip()).strip("[]【】()（）:：|、，, ")
    if not name or _OTHER_LABEL.fullmatch(name):
        return None
    href = next((href for linked, href in links if linked == name and not _NO_ADDRESS.match(href)), None)
    return Source(name=name, url=_absolute(href, base) if href else None)


def line_of(element: Element) -> tuple[str, list[tuple[str, str]]]:
    """Return an element's text, with a mark between what different elements hold, and its links as (text, href)."""
    pieces: list[str] = []
    links: list[tuple[str, str]] = []
    for holder, text in texts_of(element):
        piece = text.replace("\xa0", " ")
        pieces.append(piece)
        if holder.tag == "a":
            links.append((clean(piece), holder.get("href") or ""))
    return SEAM.join(pieces), links


def imprint_below(text: str) -> str:
    """Return the pieces that open a stretch after the body as far as each is labelled or a control of the page.

    What comes after them is no longer the article's: the outlets that cards and lists name are other articles'.
    """
    pieces: list[str] = []
    announces = False
    for piece in text.split(SEAM):
        line = clean(piece)
        is_labelled = bool(_IMPRINT.search(line)) and not _SENTENCE.search(line)
        if _WORD.search(line) and not (announces or is_labelled or is_furniture(line)):
            break
        announces = line.endswith((":", "："))
        pieces.append(piece)
    return SEAM.join(pieces)


def plain_line(line: str) -> str:
    """Return a line of pieces as a reader sees it."""
    return clean(line.replace(SEAM, ""))


def read_editors(text: str) -> tuple[str, ...]:
    """Return the editors that a line names, in order, each once; empty if it names none."""
    if "编" not in text and "編" not in text:
        return ()
    names: list[str] = []
    for match in _EDITOR.finditer(text):
        names += _labelled(_first_piece(match["names"]))
    return tuple(dict.fromkeys(names))


def read_named_editors(text: str) -> tuple[str, ...]:
    """Return the names in an element that holds the editors' names alone."""
    names = _labelled(text.strip("【】[]()（） \u3000"))
    return tuple(names) if len(text) <= _LONGEST_LINE // 2 else ()


def read_named_author(text: str) -> tuple[str, ...]:
    """Return the names after 作者： in a line under the headline."""
    match = _AUTHOR.search(text)
    return tuple(_labelled(_first_piece(match["names"]))) if match else ()


def read_masthead_lines(text: str) -> list[str]:
    """Return what may be bylines in a line under the headline: 记者：王远, 文/图 本报记者 李晨."""
    words = _BETWEEN_FACTS.split(_LABEL_AHEAD.sub(lambda match: match[0].strip(_BLANK), text))
    return [line for word in words if _WRITERS.search(line := clean(word)) and len(line) <= _LONGEST_LINE // 2]


def _first_piece(names: str) -> str:
    """Return what one element holds of the names after a label: what the next one holds may be a button."""
    return names.strip(f"{SEAM} \t\r\n\u3000").partition(SEAM)[0]


def is_editor_line(paragraph: str) -> bool:
    """Tell whether the paragraph only names editors, proof-readers and the like."""
    return len(paragraph) <= _LONGEST_LINE and bool(_EDITOR_LINE.match(paragraph))


def split_editor_tail(paragraph: str) -> tuple[str, tuple[str, ...]]:
    """Return the paragraph without a 【编辑:X】 at its end, and the names in it."""
    is_closed = paragraph.endswith(_CLOSING)
    match = _EDITOR_TAIL.search(paragraph, max(0, len(paragraph) - _LONGEST_LINE)) if is_closed else None
    if match is None:
        return paragraph, ()
    return paragraph[: match.start()].rstrip(), tuple(_labelled(match["names"]))


def read_source_line(paragraph: str) -> str | None:
    """Return the outlet of a paragraph that says where the text is from (▌本文来源：观察者网) and who edited it."""
    match = _SOURCE_LINE.match(paragraph) if len(paragraph) <= _LONGEST_LINE else None
    if match is None:
        return None
    name = _cut_at_space(_GLUED.split(match["name"], maxsplit=1)[0].strip())
    return (name if _BRACKET.search(name) else name.rstrip("】])） ")) or None


def _labelled(text: str) -> list[str]:
    """Return the leading words that can be names: what follows may be the next label."""
    if not text:
        return []
    names: list[str] = []
    for word in split_names(_BRACKET.split(text.lstrip("(（"), maxsplit=1)[0]):
        word = _AROUND_NAME.sub("", word)  # noqa: PLW2901 - brackets and dots around it
        name = _LAST_LABEL.sub("", word)  # 王远校对：李晨
        if not is_labelled_name(name) or is_furniture(name):
            break
        names.append(name)
    return names


def _cut_at_space(name: str) -> str:
    """Cut at the first space that does not stand between Latin words (China Daily)."""
    return _NAME_END.split(name, maxsplit=1)[0]


def _absolute(href: str, base: str) -> str | None:
    try:
        return urljoin(base, href.strip())
    except ValueError:
        return None
