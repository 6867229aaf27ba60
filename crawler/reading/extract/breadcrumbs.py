"""Read the sections of an article from the page's breadcrumb (首页 → 江苏要闻 → 正文), else from its URL."""

import re
from itertools import islice
from urllib.parse import urlsplit

from crawler.reading.extract.tree import Element, Tree, text_of
from crawler.reading.extract.wording import INDENT, clean
from crawler.reading.portal import Branch

_HOME = re.compile(r"首页|首頁")
_HOME_ADDRESS = re.compile(r"^(?:(?:https?:)?//[^/?#]+)?/?(?:index\.s?html?)?$", re.IGNORECASE)
_ARROWS = re.compile(r"[>＞»›→/\-—|·:：\s\u3000]+")
_ARROW = re.compile(r"[>＞»›→]|-{1,2}|/")
_BETWEEN = re.compile(r"\s*[>＞»›→]\s*")
_SIGN = re.compile(r"[>＞»›→/-]{1,2}")
_NO_SECTION = re.compile(
    r"^(?:(?:浏览|查看|阅读)?(?:正文|内容|文章|新闻|详情)?|新闻正文|返回.*|本页|.*首页|新闻内容|[A-Za-z]{1,2}|[\W\d_]+)$"
)
# The elements that hold one step of the path each, in lists of steps.
_STEPS = frozenset(("li", "span"))
_ARROW_TAGS = frozenset(("i", "em", "b", "s", "span", "img"))
_PATH = re.compile(r"bread|crumb|mianbao|position|location|weizhi|dangqian|(?:^|[\s_-])path(?=$|[\s_-])")
_POSITION = re.compile(r"位置\s*[:：]?$")
_HERE = frozenset(("正文", "新闻正文", "内容", "详情", "浏览正文"))
_LONGEST_NAME = 12
_MOST_NAMES = 5


def read_sections(tree: Tree, url: str, branch: Branch | None) -> tuple[tuple[str, ...], str | None]:
    """Return the sections, the widest first, with their origin; empty if neither page nor URL names one."""
    for link in tree.root.iter("a"):
        if (_opens_path(link, _after(link)) or _opens_drawn_path(link)) and (names := _names_after(link)):
            return names, "breadcrumb"
    named = _section_of_url(url, branch)
    return ((named,), "url") if named else ((), None)


def _after(link: Element) -> str:
    """Return the text after a link: its tail, or the sign in an element of its own."""
    tail = (link.tail or "").strip(INDENT)
    beside = link.getnext()
    if tail or beside is None or len(beside) or beside.tag == "a":
        return tail
    sign = clean(beside.text)
    return sign if _SIGN.fullmatch(sign) else ""


def _opens_path(link: Element, tail: str) -> bool:
    """Tell whether a link to a home page is the first step of a path; footers link to home pages, too."""
    if not _ARROW.search(tail):
        return False
    if _HOME.search(link.text or ""):
        return True
    href = (link.get("href") or "").strip()
    return href != "" and bool(_HOME_ADDRESS.match(href)) and bool(_ARROW.match(tail))


def _opens_drawn_path(link: Element) -> bool:
    """Tell whether a link to a home page opens a path whose arrows the style sheet draws.

    Menus open so, too: the path calls itself one by id, class or 当前位置, has an empty element for its arrow,
    or ends at the article.
    """
    step = _step_of(link)
    steps = [step, *islice(step.itersiblings(), 2 * _MOST_NAMES + 1)]
    if not _leads_home(link) or (step.tail or "").strip(INDENT) or not 1 < len(steps) <= 2 * _MOST_NAMES:
        return False
    if any(map(_leads_home, steps[1].iter("a"))):
        return False  # from the portal's home page to the branch's, where the path begins
    holders = [outer for outer, _ in zip(step.iterancestors(), range(2), strict=False)]
    names_itself = any(_PATH.search(f"{one.get('id') or ''} {one.get('class') or ''}".lower()) for one in holders)
    is_announced = any(_POSITION.search(clean(one.text)) for one in holders)
    has_arrow = not text_of(steps[1]) and steps[1].tag in _ARROW_TAGS and steps[1].get("class") is not None
    last = steps[-1]
    ends_here = next(last.iter("a"), None) is None and text_of(last) in _HERE
    return names_itself or is_announced or has_arrow or ends_here


def _leads_home(link: Element) -> bool:
    return bool(_HOME.search(link.text or "") or _HOME_ADDRESS.match((link.get("href") or "#").strip()))


def _names_after(home: Element) -> tuple[str, ...]:
    """Return the names that follow the link to the home page, if arrows part them; a menu has no arrows."""
    names = _plain(home.tail)
    for sibling in _step_of(home).itersiblings():
        text = text_of(sibling)
        if text:
            names += [part for part in (clean(part) for part in _BETWEEN.split(text)) if part]
        names += _plain(sibling.tail)
        if "|" in (sibling.tail or "") or len(names) > _MOST_NAMES + 1:
            return ()
    return tuple(dict.fromkeys(name for name in names if len(name) <= _LONGEST_NAME and not _NO_SECTION.match(name)))


def _step_of(home: Element) -> Element:
    """Return the first step of the path: the link to the home page, or the element that holds nothing beside it."""
    outer = home.getparent()
    if outer is None or outer.tag not in _STEPS or home.getnext() is not None or _plain(home.tail):
        return home
    return outer


def _plain(tail: str | None) -> list[str]:
    return [part for part in _ARROWS.split(tail or "") if part]


def _section_of_url(url: str, branch: Branch | None) -> str | None:
    if branch is None:
        return None
    try:
        folder = urlsplit(url).path
    except ValueError:
        return None
    fits = [
        section
        for section in branch.sections
        if section.path.endswith("/") and len(section.path) > 1 and folder.startswith(section.path)
    ]
    return max(fits, key=lambda section: len(section.path)).name if fits else None
