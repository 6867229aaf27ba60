"""A parsed page with an index of its ids and classes: most selectors of a layout become look-ups."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias, cast

from lxml import etree
from parsel import css2xpath

from crawler.reading.extract.wording import clean

Element: TypeAlias = etree._Element

# Elements whose text is never read.
SILENT = frozenset(
    ("script", "style", "noscript", "template", "title", "textarea", "select", "option", "button", "svg", "object")
)
# A str would be parsed as UTF-16, which takes a quarter longer.
_PARSER = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
# Bytes that lxml refuses; in UTF-8 they are never part of another character.
_CONTROLS = bytes([*range(0x09), 0x0B, *range(0x0E, 0x20)])
# Bounds on what one page may cost: a page within them is read in about a second. The largest news pages seen have a
# twentieth of either.
_MOST_CHARACTERS = 5_000_000
_MOST_TAGS = 50_000
# libxml2 compares the attributes of one element each with each.
_MOST_ATTRIBUTES = 1_000
_LONG_TAG = re.compile(rf"<[a-zA-Z][^<>]{{{3 * _MOST_ATTRIBUTES},}}")
# libxml2 ends the page without a word where elements nest deeper than 2048 levels.
_DEEPEST = 2_000
_NAMED = etree.XPath("descendant-or-self::*[@id or @class]")
# Some titles are filled with the headline's markup, which a `<title>` shows as it stands.
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_LONGEST_TITLE = 1000
_COMPOUND = re.compile(r"(?P<tag>[a-zA-Z][a-zA-Z0-9]*)?(?P<rest>(?:[#.][\w-]+)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compound:
    """One part of a selector, such as `div#cont.wide`; `is_child` tells `a > b` from `a b`."""

    tag: str | None
    name: str | None
    classes: tuple[str, ...]
    is_child: bool


class Tree:
    """A page's elements. Selectors are CSS; elements come in document order.

    `is_cut` tells that the page is larger than the bounds and its end was left unread, `is_too_deep` that the parser
    gave up where elements nest too deep: what follows there is missing.
    """

    def __init__(self, html: str) -> None:
        self.html = _within_bounds(html)
        self.is_cut = len(self.html) < len(html)
        self.root = _parse(self.html)
        self.is_too_deep = _ends_too_deep(self.root)
        self._firsts: dict[str, Element | None] = {}

    def first(self, selector: str | None) -> Element | None:
        """Return the first element of the first alternative that is there: `a, b` prefers any `a` to every `b`.

        What stands in an element whose text is never read does not count.
        """
        if selector is None:
            return None
        if selector not in self._firsts:
            self._firsts[selector] = self._first(selector)
        return self._firsts[selector]

    def _first(self, selector: str) -> Element | None:
        for chain in _alternatives(selector):
            found = self._find(chain) if isinstance(chain, tuple) else _by_xpath(self.root, chain)
            for element in found:
                if not is_silent(element):
                    return element
        return None

    def every(self, selector: str) -> list[Element]:
        """Return the elements of the first alternative that is there, empty if none is."""
        for chain in _alternatives(selector):
            found = self._find(chain) if isinstance(chain, tuple) else _by_xpath(self.root, chain)
            if found:
                return found
        return []

    @cached_property
    def title(self) -> str | None:
        """The text of the page's first `<title>`: documents included in the body have further ones."""
        first = next(self.root.iter("title"), None)
        return clean(_TAG.sub("", (first.text or "")[:_LONGEST_TITLE])) or None if first is not None else None

    @cached_property
    def scripts(self) -> str:
        """The text of all scripts."""
        return "\n".join(script.text for script in self.root.iter("script") if script.text)

    def has_script(self, word: str) -> bool:
        """Tell whether a script holds the word. The page is asked first, so that its scripts are seldom collected."""
        return word in self.html and word in self.scripts

    def by_id(self, name: str) -> Element | None:
        """Return the first element with that id."""
        found = self._with_id(name)
        return found[0] if found else None

    def _with_id(self, name: str) -> list[Element]:
        return self._index[0].get(name, []) if name in self.html else []

    @cached_property
    def _index(self) -> tuple[dict[str, list[Element]], dict[str, list[Element]]]:
        """The elements by their id and by their class attribute; many pages hold no name that is asked for."""
        ids: dict[str, list[Element]] = {}
        classes: dict[str, list[Element]] = {}
        for element in _named(self.root):
            name, tokens = element.get("id"), element.get("class")
            if name:
                ids.setdefault(name, []).append(element)
            if tokens:
                classes.setdefault(tokens, []).append(element)
        return ids, classes

    def _find(self, chain: tuple[_Compound, ...]) -> list[Element]:
        last = chain[-1]
        return [element for element in self._candidates(last) if _matches(element, last) and _has_chain(element, chain)]

    def _candidates(self, compound: _Compound) -> list[Element]:
        if compound.name:
            return self._with_id(compound.name)
        if not compound.classes:
            return list(self.root.iter(compound.tag))
        wanted = compound.classes[0]
        if wanted not in self.html:
            return []
        groups = [found for tokens, found in self._index[1].items() if wanted in tokens and wanted in tokens.split()]
        if len(groups) <= 1:
            return groups[0] if groups else []
        chosen = {id(element) for group in groups for element in group}
        return [element for element in self.root.iter(etree.Element) if id(element) in chosen]


def is_silent(element: Element) -> bool:
    """Tell whether an element stands in one whose text is never read: in `<noscript>`, say, on a spoilt page."""
    return any(outer.tag in SILENT for outer in element.iterancestors())


def text_of(element: Element | None) -> str:
    """Return the element's visible text on one line."""
    if element is None or element.tag in SILENT:
        return ""
    if not len(element):
        return clean(element.text)
    return clean("".join(text for _, text in texts_of(element)))


def text_of_link(link: Element) -> str:
    """Return a link's visible text on one line, up to the next link: browsers end a link there, the parser may not."""
    return clean("".join(text for _, text in texts_of(link, stop="a"))) if len(link) else text_of(link)


def texts_of(element: Element, *, stop: str | None = None) -> Iterator[tuple[Element, str]]:
    """Yield the pieces of text under an element with the element that holds each, without scripts and their like.

    The first element inside that has the tag `stop` ends them.
    """
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, inner in walker:
        if inner.tag == stop and inner is not element:
            return
        if event == "end":
            if inner is not element and inner.tail:
                holder = inner.getparent()
                yield (element if holder is None else holder), inner.tail
        elif inner.tag in SILENT or not isinstance(inner.tag, str):
            walker.skip_subtree()
        elif inner.text:
            yield inner, inner.text


def _within_bounds(html: str) -> str:
    """Return as much of a page as its bounds allow."""
    html = html[:_MOST_CHARACTERS]
    for tag in _LONG_TAG.finditer(html):
        if len(tag[0].split(maxsplit=_MOST_ATTRIBUTES)) > _MOST_ATTRIBUTES:
            html = html[: tag.start()]
            break
    if html.count("<") <= _MOST_TAGS:
        return html
    end = -1
    for _ in range(_MOST_TAGS + 1):
        end = html.find("<", end + 1)
    return html[:end]


def _ends_too_deep(root: Element) -> bool:
    """Tell whether the last element of a page lies as deep as the parser goes: then it has stopped there."""
    depth = 0
    while len(root) and depth < _DEEPEST:
        root = root[-1]
        depth += 1
    return depth == _DEEPEST


def _parse(html: str) -> Element:
    root: Element | None = None
    with suppress(etree.LxmlError):
        root = etree.fromstring(html.encode("utf-8", "replace").translate(None, _CONTROLS), _PARSER)
    return etree.Element("html") if root is None else root


@lru_cache(maxsize=512)
def _alternatives(selector: str) -> tuple[tuple[_Compound, ...] | str, ...]:
    """Return each alternative as a chain of compounds, or as XPath where it says more than tags, ids and classes."""
    parts = [selector] if "(" in selector or "[" in selector else selector.split(",")
    return tuple(_chain(part.strip()) or css2xpath(part.strip()) for part in parts)


def _chain(selector: str) -> tuple[_Compound, ...] | None:
    chain: list[_Compound] = []
    is_child = False
    for word in selector.replace(">", " > ").split():
        if word == ">":
            is_child = True
            continue
        match = _COMPOUND.fullmatch(word)
        if match is None:
            return None
        names = re.findall(r"#([\w-]+)", match["rest"])
        classes = re.findall(r"\.([\w-]+)", match["rest"])
        tag = match["tag"].lower() if match["tag"] else None
        name = names[0] if names else None
        chain.append(_Compound(tag=tag, name=name, classes=tuple(classes), is_child=is_child))
        is_child = False
    return tuple(chain) or None


def _matches(element: Element, compound: _Compound) -> bool:
    if compound.tag is not None and element.tag != compound.tag:
        return False
    if compound.name is not None and element.get("id") != compound.name:
        return False
    return not compound.classes or set(compound.classes).issubset((element.get("class") or "").split())


def _has_chain(element: Element, chain: tuple[_Compound, ...]) -> bool:
    """Tell whether the element's ancestors satisfy all but the last compound; the nearest fit is taken."""
    above = element.getparent()
    for number in range(len(chain) - 2, -1, -1):
        if chain[number + 1].is_child:
            if above is None or not _matches(above, chain[number]):
                return False
        else:
            while above is not None and not _matches(above, chain[number]):
                above = above.getparent()
            if above is None:
                return False
        above = above.getparent()
    return True


@lru_cache(maxsize=512)
def _compiled(xpath: str) -> etree.XPath:
    return etree.XPath(xpath)


def _named(root: Element) -> list[Element]:
    """Return the elements with an id or a class, in document order."""
    return cast("list[Element]", _NAMED(root))


def _by_xpath(root: Element, xpath: str) -> list[Element]:
    found = _compiled(xpath)(root)
    return [element for element in found if isinstance(element, etree._Element)] if isinstance(found, list) else []
