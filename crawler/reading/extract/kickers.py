"""Find the lines that go with a headline: the kicker (肩题) just above it, the subheadline (副题) just below."""

import itertools
import re
from collections.abc import Iterator

from crawler.reading.extract.tree import Element, text_of

# What the content systems of Chinese papers call the two lines in id and class: yinti 引题, jianti 肩题, futi 副题.
_KICKER = re.compile(
    r"(?:^|[\s_-])(?:kicker|eyebrow|shoulder|(?:pre|over|up|top|intro)[_-]?titl?e?|pre|yin_?(?:ti|biaoti)|yt|jian_?(?:ti|biaoti)|jt)(?=$|[\s_-])"
)
_SUBHEADLINE = re.compile(
    r"(?:^|[\s_-])(?:sub[_-]?(?:tit(?:le)?|headline|head)|(?:second|vice|fu)[_-]?titl?e?|sub|fu_?(?:ti|biaoti|bt))(?=$|[\s_-])"
)
_LABEL = re.compile(r"^(?:副标?题|引题|肩题)\s*[:：]\s*")
_DASH = re.compile(r"^(?:[—―─]{1,3}|--)[^\s—―─-]")
# A line with one of these is the one of time and source, or the path to the page.
_OTHER = re.compile(r"来源|作者|编辑|时间|日期|首页|位置|\d{4}\s?[-/.年]\s?\d|\d[:：]\d\d|[>＞»]")
_LONGEST = 60
_NEAREST = 2


def find_kicker(headline: Element | None) -> Element | None:
    """Return the element of the line above the headline that its id or class calls a kicker, None if there is none."""
    for element in _neighbours(headline, is_above=True):
        if _KICKER.search(_tokens(element)) and _line(element):
            return element
    return None


def find_subheadline(headline: Element | None) -> Element | None:
    """Return the element of the line under the headline: by its id or class, a dash (——), or the label 副标题."""
    for element in _neighbours(headline, is_above=False):
        line = _line(element)
        if line and (_SUBHEADLINE.search(_tokens(element)) or _DASH.match(line) or _LABEL.match(line)):
            return element
    return None


def text_beside(element: Element | None) -> str | None:
    """Return the text of a kicker or subheadline without its label, None if it is empty."""
    return _LABEL.sub("", text_of(element)) or None


def _neighbours(headline: Element | None, *, is_above: bool) -> Iterator[Element]:
    """Yield the elements nearest to the headline on one side, beside it or beside a block that holds it alone."""
    if headline is None:
        return
    yield from itertools.islice(headline.itersiblings("*", preceding=is_above), _NEAREST)
    outer = headline.getparent()
    if outer is not None and outer.tag in {"div", "dt", "td"} and text_of(outer) == text_of(headline):
        yield from itertools.islice(outer.itersiblings("*", preceding=is_above), _NEAREST)


def _tokens(element: Element) -> str:
    return f"{element.get('id') or ''} {element.get('class') or ''}".lower()


def _line(element: Element) -> str:
    """Return the text of an element that holds one short line and nothing of the imprint, else nothing."""
    text = text_of(element)
    return text if 1 < len(text) <= _LONGEST and not _OTHER.search(text) else ""
