"""Find what a replayed page needs beside its text: style sheets, scripts, fonts, icons, the pictures of its furniture.

Nothing is judged here but the form: which of the addresses are asked is for the caller, who knows the portal's hosts.
Films, sound and frames are left out: they are not needed to read a page, and may be of any size.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urldefrag, urljoin

from w3lib.url import safe_url_string

from crawler.reading.extract.tree import Element, Tree
from crawler.reading.page import Page

# Requisites of one page or style sheet; what comes after, in the order of the page, is not captured.
MAX_PER_PAGE = 200

_LINKED = frozenset(("stylesheet", "icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "preload"))
_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "script": ("src",),
    # Scripts put the address of a lazily loaded picture into `src`, or on replay nothing does.
    "img": ("src", "data-original", "data-src", "data-lazy-src", "data-echo", "original"),
    "input": ("src",),
    "video": ("poster",),
    "image": ("href", "{http://www.w3.org/1999/xlink}href", "xlink:href"),
    **dict.fromkeys(("body", "table", "tr", "td", "th", "div"), ("background",)),
}
_NO_ADDRESS = ("#", "data:", "blob:", "about:", "javascript:")

_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_URL = re.compile(
    r"""@import\s+(?P<quote>["'])(?P<imported>(?:\\.|(?!(?P=quote))[^\\\n])*)(?P=quote)
      | \burl\(\s*(?: "(?P<double>(?:\\.|[^"\\\n])*)"
                    | '(?P<single>(?:\\.|[^'\\\n])*)'
                    | (?P<bare>(?:\\[0-9a-f]{1,6}\s?|\\.|[^\s"'()\\])+) )\s*\)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CSS_ESCAPE = re.compile(r"\\(?:(?P<code>[0-9a-fA-F]{1,6})\s?|(?P<char>.))", re.DOTALL)
_LAST_CHARACTER = 0x10FFFF


def page_requisites(page: Page) -> tuple[str, ...]:
    """Return the absolute addresses that a page's markup and inline styles name, in page order, each once."""
    tree = Tree(page.html)
    return _addresses(_named_in_markup(tree), _base(tree, page.url), page.url)


def style_requisites(style: Page) -> tuple[str, ...]:
    """Return the absolute addresses that a style sheet names by @import and url(), each once."""
    return _addresses(_named_in_style(style.html), style.url, style.url)


def _addresses(written: Iterable[str], base: str, own: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in written:
        url = _absolute(text, base)
        if url is not None and url != own:
            found.setdefault(url)
        if len(found) == MAX_PER_PAGE:
            break
    return tuple(found)


def _absolute(text: str, base: str) -> str | None:
    text = text.strip()
    if not text or text.lower().startswith(_NO_ADDRESS):
        return None
    try:
        # In the form in which it is asked for, so that each is known again by its address.
        url = safe_url_string(urldefrag(urljoin(base, text))[0])
    except ValueError:
        return None
    return url if url.startswith(("http://", "https://")) else None


def _base(tree: Tree, url: str) -> str:
    written = next((href for element in tree.root.iter("base") if (href := element.get("href"))), "")
    try:
        return urljoin(url, written.strip())
    except ValueError:
        return url


def _named_in_markup(tree: Tree) -> Iterator[str]:
    for element in tree.root.iter("*"):
        tag = str(element.tag)
        if tag == "link":
            yield from _linked(element)
        elif tag == "style":
            yield from _named_in_style(element.text or "")
        for name in _ATTRIBUTES.get(tag, ()):
            if value := element.get(name):
                yield value
        if tag in {"img", "source"} and (srcset := element.get("srcset") or element.get("data-srcset")):
            yield from _candidates(srcset)
        if style := element.get("style"):
            yield from _named_in_style(style)


def _candidates(srcset: str) -> Iterator[str]:
    """Yield the addresses of a srcset (WHATWG HTML, 4.8.4.3.9): commas may stand in one, but not at its end."""
    is_address = True
    for word in srcset.split():
        address = word
        if not is_address:
            _, comma, address = word.partition(",")
            if not comma:
                continue
        if address.strip(","):
            yield address.strip(",")
        is_address = address.endswith(",") or not address


def _linked(link: Element) -> Iterator[str]:
    if _LINKED & set((link.get("rel") or "").lower().split()) and (href := link.get("href")):
        yield href


def _named_in_style(css: str) -> Iterator[str]:
    if "url(" not in css.lower() and "@import" not in css.lower():
        return
    for match in _CSS_URL.finditer(_CSS_COMMENT.sub(" ", css)):
        written = match["imported"] or match["double"] or match["single"] or match["bare"] or ""
        yield _CSS_ESCAPE.sub(_unescape, written)


def _unescape(match: re.Match[str]) -> str:
    """Return the character that an escape stands for (CSS Syntax 3, 4.3.7)."""
    if match["char"] is not None:
        return "" if match["char"] == "\n" else match["char"]
    code = int(match["code"], 16)
    return chr(code) if 0 < code <= _LAST_CHARACTER and not 0xD800 <= code < 0xE000 else "\ufffd"
