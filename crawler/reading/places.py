"""Find where a text that was read from a page stands in the page's bytes.

The text of an element need not stand in one piece: tags, entities and line breaks lie between its characters. So the
page is laid out twice, as it is shown (without tags and white space) and as it stands, each character with its bytes.
"""

import html
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from cssselect import SelectorError
from lxml import etree

from crawler.reading.extract.tree import Tree
from crawler.reading.page import Encoding, read_characters

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,30});?")
_UNSHOWN = re.compile(
    r"<!--.*?-->|<(?P<name>script|style|title|noscript|textarea)\b.*?</(?P=name)\s*>|<[!/?a-zA-Z][^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
# Left out of a text when it is read: indents (also in the form that GB18030 of 2000 gives them), marks without width.
_BLANK = re.compile("[\\s\ue5e5\u200b\ufeff\x00-\x1f]")
# Private characters that no page uses in such a row.
_MARK = "\uf8ff\uf8fe{}\uf8ff"
_MOST_FOUND = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A text in a page's body, transfer and content coding undone: `offset` and `length` in bytes.

    `within` tells whether it stands in the element that the selector finds, None where it finds none.
    """

    offset: int
    length: int
    within: bool | None


@dataclass(frozen=True, slots=True)
class _Layout:
    """A text with the number of the page's character at which each of its characters begins and ends."""

    text: str
    starts: list[int]
    ends: list[int]

    def find(self, wanted: str) -> Iterator[tuple[int, int]]:
        """Yield the page's characters, from and to, that hold a text."""
        at = self.text.find(wanted) if wanted else -1
        while at >= 0:
            yield self.starts[at], self.ends[at + len(wanted) - 1]
            at = self.text.find(wanted, at + 1)


class PageText:
    """The characters of a page with their bytes."""

    def __init__(self, body: bytes, encoding: Encoding) -> None:
        """Take the body without transfer and content coding."""
        characters = list(read_characters(body, encoding))
        self._text = "".join(character for character, _, _ in characters)
        self._bytes = [(start, end) for _, start, end in characters]

    def find(
        self, texts: Iterable[str], selector: str | None, around: str | None = None, *, hidden: bool = False
    ) -> Place | None:
        """Return where one of the texts stands, the first that is there at all; None where none is found.

        What stands in the selector's element comes first, or where there is none, in that of `around`; then what a
        reader sees, or does not see where the text is `hidden`, as in an attribute.
        """
        for text in texts:
            shown = list(islice(self._shown.find(_BLANK.sub("", text)), _MOST_FOUND))
            standing = list(islice(self._standing.find(text), _MOST_FOUND))
            unseen = [place for place in standing if place not in shown]
            found = [*unseen, *shown] if hidden else [*shown, *unseen]
            if found:
                inside = self._inside(found, selector)
                nearest = inside if inside is not None else self._inside(found, around)
                start, end = next((place for place in found if place in (nearest or ())), found[0])
                offset = self._bytes[start][0]
                within = None if inside is None else (start, end) in inside
                return Place(offset=offset, length=self._bytes[end - 1][1] - offset, within=within)
        return None

    @cached_property
    def _standing(self) -> _Layout:
        """The page as it stands, but for its entities."""
        return self._lay_out(_ENTITY)

    @cached_property
    def _shown(self) -> _Layout:
        """The page without what is not shown, and without white space."""
        return self._lay_out(re.compile(f"{_UNSHOWN.pattern}|{_ENTITY.pattern}", _UNSHOWN.flags), blanks=False)

    def _lay_out(self, special: re.Pattern[str], *, blanks: bool = True) -> _Layout:
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []

        def add(piece: str, start: int, end: int | None) -> None:
            for number, character in enumerate(piece, start):
                if blanks or not _BLANK.match(character):
                    text.append(character)
                    starts.append(number if end is None else start)
                    ends.append(number + 1 if end is None else end)

        at = 0
        for match in special.finditer(self._text):
            add(self._text[at : match.start()], at, None)
            if match[0].startswith("&"):
                add(html.unescape(match[0]), match.start(), match.end())
            at = match.end()
        add(self._text[at:], at, None)
        return _Layout("".join(text), starts, ends)

    def _inside(self, found: list[tuple[int, int]], selector: str | None) -> list[tuple[int, int]] | None:
        """Return those places that lie in the element that a selector finds, None where it is none, or finds none."""
        if selector is None:
            return None
        marked, at = [], 0
        for number, (start, _) in sorted(enumerate(found), key=lambda one: one[1]):
            marked += [self._text[at:start], _MARK.format(number)]
            at = start
        tree = Tree("".join([*marked, self._text[at:]]))
        element = None
        with suppress(SelectorError):
            element = tree.first(selector)
        if element is None:
            return None
        held = etree.tostring(element, encoding="unicode", with_tail=False)
        return [place for number, place in enumerate(found) if _MARK.format(number) in held]
