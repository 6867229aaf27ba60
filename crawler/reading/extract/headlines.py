"""Find the headline of a page of unknown layout, and take the portal's name off a `<title>`."""

import re
from itertools import islice

from crawler.reading.extract.tree import Element, Tree, is_silent, text_of
from crawler.reading.extract.wording import clean

_SEPARATOR = r"\s*[-—–|｜_·»>]+\s*"
_SEPARATORS = re.compile(r"\s*[-—–|｜_]+\s*")
# The end of a title that names the portal, the branch or the section: …-中新网, …_中国新闻网·江苏, …--江苏新闻网.
_PORTAL = re.compile(
    rf"{_SEPARATOR}(?:[^-—–|｜_]{{0,16}}?(?:网|網|新闻|新聞|频道|在线|日报|晚报|视频|图片|门户|客户端|正文|首页)(?:[^-—–|｜_，。]{{0,6}})?"
    r"|[A-Za-z. ]{2,30}(?:\.com|\.cn|News))\s*$"
)
_ONLY_PORTAL = re.compile(r"^\S{0,12}(?:新闻网|中新网|中国新闻网|新闻中心|新闻频道|首页|列表)$")
_CANDIDATES = ("h2", "h3", "div", "p", "td", "span", "dt", "strong", "font", "b", "center")
_LONGEST = 120
# A page may nest elements by the thousand, each with the text of all within.
_MOST_CANDIDATES = 20
_LEAST_OWN = 6


def find_headline(tree: Tree) -> tuple[Element | None, str | None, str]:
    """Return the headline's element (None if only the title has it), the text, and where it was found."""
    title = tree.title
    tops = [
        (top, text)
        for top in islice(tree.root.iter("h1"), _MOST_CANDIDATES)
        if not is_silent(top) and (text := text_of(top)) and len(text) <= _LONGEST
    ]
    agreed = next((found for top, text in tops if (found := _agreed(top, text, title))), None)
    if agreed is not None:
        return agreed[0], agreed[1], "h1"
    if title is None and tops:
        return tops[0][0], tops[0][1], "h1"
    main = strip_portal(title) if title else None
    for candidate in _shortened(main) if main else ():
        element = _element_with(tree, candidate)
        if element is not None:
            return element, text_of(element), str(element.tag)
    if len(tops) == 1 and not _ONLY_PORTAL.match(tops[0][1]):
        return tops[0][0], tops[0][1], "h1"
    if main and not _ONLY_PORTAL.match(main):
        return None, main.partition("_")[0].strip() or main, "title"
    return None, None, ""


def _agreed(top: Element, text: str, title: str | None) -> tuple[Element, str] | None:
    """Return the heading with its text, or the text before its first element, if the title agrees with it."""
    if _agrees(text, title):
        return top, text
    own = clean(top.text)  # the `<h1>` of phpcms goes on with time and source
    return (top, own) if len(own) >= _LEAST_OWN and _agrees(own, title) else None


def strip_portal(title: str) -> str:
    """Return the title without the names of portal, branch and section at its end."""
    for _ in range(3):
        shorter = _PORTAL.sub("", title)
        if shorter == title or len(shorter) < 4:
            break
        title = shorter
    return title.strip(" -—–_|｜")


def _shortened(title: str) -> list[str]:
    """Return the title, and the title without its last part, its last two parts: sections stand there, too."""
    ends = [match.start() for match in _SEPARATORS.finditer(title)]
    shortened = [title, *(title[:end].strip() for end in reversed(ends))][:4]
    # 江海日报数字报-渡口的早晨: the portal's name comes first.
    return [*shortened, *(title[match.end() :].strip() for match in list(_SEPARATORS.finditer(title))[:2])]


def _agrees(text: str, title: str | None) -> bool:
    if title is None:
        return False
    bare_text, bare_title = _bare(text), _bare(title)
    return bool(bare_text) and (bare_title.startswith(bare_text) or (len(bare_text) >= 6 and bare_text in bare_title))


def _bare(text: str) -> str:
    return "".join(text.split())


def _element_with(tree: Tree, headline: str) -> Element | None:
    """Return the first element whose whole text is the headline."""
    wanted = _bare(headline)
    if len(wanted) < 4:
        return None
    probe = wanted[:4]
    elements = (element for tag in _CANDIDATES for element in tree.root.iter(tag))
    opening = (element for element in elements if element.text and probe in _bare(element.text))
    candidates = (one for one in islice(opening, _MOST_CANDIDATES) if not is_silent(one))
    return next((one for one in candidates if _bare(text_of(one)) == wanted), None)
