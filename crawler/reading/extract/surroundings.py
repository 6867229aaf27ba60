"""The text around the body: the line between headline and body, and the lines after the body."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from crawler.reading.extract.mastheads import SEAM
from crawler.reading.extract.pictures import image_address
from crawler.reading.extract.roles import classify
from crawler.reading.extract.tree import SILENT, Element
from crawler.reading.extract.wording import clean

_LONGEST_LINE = 80
_LONGEST_CAPTION = 200
_SENTENCE = re.compile(r"[。！？]")
_DIGITS = re.compile(r"\d")
_DIGITS_OF_AN_UPLOAD = 6
_LEVELS_OF_A_WIDGET = 4
_MOST_ELEMENTS = 250
_MOST_TEXT = 1200
_LEFT_OUT = SILENT | {"head"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A stretch of the page: its text with a seam between elements, and its links.

    `pictures` are the pictures in it that look uploaded for the article, each with the text that follows it.
    """

    text: str = ""
    anchors: tuple[Element, ...] = ()
    pictures: tuple[tuple[Element, str], ...] = ()

    @property
    def links(self) -> Iterator[tuple[str, str]]:
        """The links as (text, href), read as they are asked for: few pages need them."""
        return ((clean(anchor.text), anchor.get("href") or "") for anchor in self.anchors)


def between(headline: Element | None, body: Element, *, inside: bool = False) -> Surroundings:
    """Return what stands between headline and body, up to the first line of running text.

    Without an element for the headline it is what opens the body, after what stands just before it. `inside`: the
    headline's element holds more than the headline, as the `<h1>` of phpcms holds time and source.
    """
    if headline is None:
        above = body.getprevious()
        start = [element for element in (above,) if element is not None]
        return _collect(_chained(start, body), stop=None)
    if body in headline.iterancestors():
        return _collect(_opening(headline, body), stop=None)
    held = headline.iterdescendants() if inside else ()
    return _collect(itertools.chain(held, following(headline)), stop=body if headline is not body else None)


def after(body: Element) -> Surroundings:
    """Return what stands after the body, as far as editors and times are named there."""
    return _collect(following(body), stop=None, most_elements=40)


def following(element: Element, *, within: Element | None = None) -> Iterator[Element]:
    """Yield the elements after this one in document order, without its own descendants, to the end of `within`."""
    at: Element | None = element
    while at is not None and at is not within:
        for sibling in at.itersiblings():
            yield from sibling.iter()
        at = at.getparent()


def is_uploaded(image: Element) -> bool:
    """Tell whether a picture stands for itself and bears the number of an upload: buttons and logos do not."""
    address = image_address(image)
    if address is None or len(_DIGITS.findall(address)) < _DIGITS_OF_AN_UPLOAD:
        return False
    around = [outer for outer, _ in zip(image.iterancestors(), range(_LEVELS_OF_A_WIDGET), strict=False)]
    return not any(classify(f"{outer.get('id') or ''} {outer.get('class') or ''}") == "junk" for outer in around)


def _opening(headline: Element, body: Element) -> Iterator[Element]:
    """Yield what follows a headline that stands inside of the body, up to the first line that is a sentence.

    Days and outlets that the text speaks of are not the article's own.
    """
    for element in following(headline, within=body):
        if _SENTENCE.search(f"{element.text or ''}{element.tail or ''}"):
            return
        yield element


def _chained(first: list[Element], body: Element) -> Iterator[Element]:
    for element in first:
        yield from element.iter()
    yield from body.iter()


def _collect(elements: Iterator[Element], *, stop: Element | None, most_elements: int = _MOST_ELEMENTS) -> Surroundings:
    texts: list[str] = []
    anchors: list[Element] = []
    pictures: list[tuple[Element, str]] = []
    left_out: set[Element | None] = set()
    length = 0
    for element in islice(elements, most_elements):
        if element is stop or length > _MOST_TEXT:
            break
        tag = element.tag
        if tag in _LEFT_OUT or (left_out and element.getparent() in left_out):
            if len(element):
                left_out.add(element)
            continue
        if tag == "img":
            if is_uploaded(element):
                pictures.append((element, ""))
        elif tag == "a":
            anchors.append(element)
        pieces = [piece for piece in (element.text, element.tail) if piece and not piece.isspace()]
        if not pieces:
            continue
        most, length_here = _LONGEST_CAPTION if pictures else _LONGEST_LINE, sum(map(len, pieces))
        if length_here > most and max(len(piece.strip()) for piece in pieces) > most:
            break
        if pictures:
            pictures[-1] = (pictures[-1][0], clean(f"{pictures[-1][1]} {' '.join(pieces)}"))
        texts += pieces
        length += length_here
    return Surroundings(text=SEAM.join(texts), anchors=tuple(anchors), pictures=tuple(pictures))
