"""Find the body of a page of unknown layout: the block that holds the most running Chinese text outside of links."""

import re
from dataclasses import dataclass
from typing import cast

from lxml import etree

from crawler.reading.extract.furniture import is_furniture
from crawler.reading.extract.roles import classify
from crawler.reading.extract.tree import SILENT, Element
from crawler.reading.extract.wording import HAN

_LONG_TEXTS = etree.XPath("descendant::text()[string-length(.) > 14]")
_LEAST_HAN = 8
_ENOUGH_HAN = re.compile(f"(?:[^{HAN}]*+[{HAN}]){{{_LEAST_HAN}}}")
_PUNCTUATION = "，。；！？、,"
# Elements that hold lines of text; what holds these is the body.
_LINES = frozenset(["p", "li", "dd", "dt", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "center"])
_INLINE = frozenset(
    ("span", "font", "strong", "b", "em", "i", "u", "big", "small", "a", "sub", "sup", "ins", "section")
)
_NEVER = SILENT | {"a", "head", "nav", "footer", "aside", "h1"}
_LEAST_TEXT = 40
_LEAST_MISNAMED = 200
# A list with summaries, and how many times denser it may be than brief news beside it.
_LINKS_OF_A_LIST = 2
_MOST_OF_A_LIST = 5
_LEVELS_ABOVE = 3
# The block around gets a share, too: in it the body's further parts may stand. It gets all where two paragraphs or more
# have a block each.
_WORTH_OF_A_PARAGRAPH = 60
_SHARE_OF_OUTER = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Densest:
    """The block with the most running text; `margin` is how many times that of the next block apart from it.

    `score` counts its characters, and each mark of punctuation as ten.
    """

    element: Element
    margin: float
    score: float


def find_densest(root: Element) -> Densest | None:
    """Return the block with the most running text, None if no block holds a paragraph's worth.

    Where names leave nothing, they are not believed: the text may stand in a block called social or comment.
    """
    found = _find_densest(root, believes_names=True)
    if found is not None:
        return found
    misnamed = _find_densest(root, believes_names=False)
    return misnamed if misnamed is not None and misnamed.score >= _LEAST_MISNAMED else None


def find_densest_near(headline: Element, best: Densest) -> Densest:
    """Return the densest block, or one around the headline where the densest is a list with summaries apart from it.

    The text of brief news is shorter than what stands beside it.
    """
    if not _is_of_a_list(best.element):
        return best
    for outer, _ in zip(headline.iterancestors(), range(_LEVELS_ABOVE), strict=False):
        if outer.tag == "body" or outer is best.element or outer in best.element.iterancestors():
            break
        near = _find_densest(outer, believes_names=True)
        if near is not None and near.score * _MOST_OF_A_LIST >= best.score:
            return near
    return best


def _is_of_a_list(element: Element) -> bool:
    """Tell whether a block holds several links, or is one of several blocks of its class that hold links."""
    outer = element.getparent()
    beside = outer.iterchildren(element.tag) if outer is not None else ()
    alike = [one for one in beside if one is not element and one.get("class") == element.get("class")]
    links = sum(1 for _ in element.iter("a"))
    if links and any(other.find(".//a") is not None for other in alike):
        return True
    return links >= _LINKS_OF_A_LIST


def _find_densest(root: Element, *, believes_names: bool) -> Densest | None:
    scores: dict[Element, float] = {}
    wrapped: dict[Element, list[float]] = {}
    unread: dict[Element, bool] = {}
    for text in cast("list[etree._ElementUnicodeResult]", _LONG_TEXTS(root)):
        holder = text.getparent()
        if holder is not None and text.is_tail:
            holder = holder.getparent()
        if holder is None or not _ENOUGH_HAN.match(text) or is_furniture(line_text := text.strip()):
            continue
        line, container = _line_and_container(holder)
        if line is None or container is None or _is_unread(holder, unread, believes_names=believes_names):
            continue
        worth = len(line_text) + 10 * sum(map(text.count, _PUNCTUATION))
        scores[container] = scores.get(container, 0.0) + worth
        outer = container.getparent()
        if outer is not None and outer.tag not in {"html", "body"}:
            scores[outer] = scores.get(outer, 0.0) + worth * _SHARE_OF_OUTER
            if worth >= _WORTH_OF_A_PARAGRAPH and _holds_one_line(container, line):
                wrapped.setdefault(outer, []).append(worth)
    for outer, worths in wrapped.items():
        if len(worths) > 1:
            scores[outer] += sum(worths) * (1 - _SHARE_OF_OUTER)
    if not scores:
        return None
    best = max(scores, key=lambda element: scores[element])
    if scores[best] < _LEAST_TEXT:
        return None
    return Densest(element=best, margin=_margin(best, scores), score=scores[best])


def _margin(best: Element, scores: dict[Element, float]) -> float:
    around = {best, *best.iterancestors()}
    apart = (
        score for element, score in scores.items() if element not in around and best not in element.iterancestors()
    )
    return scores[best] / max(apart, default=1.0)


def _line_and_container(holder: Element) -> tuple[Element | None, Element | None]:
    """Return the block that is the line of text, and the one that holds it: the same where `<br>` parts lines."""
    line: Element | None = holder
    while line is not None and line.tag in _INLINE:
        line = line.getparent()
    if line is None or line.tag == "html":
        return None, None
    container = line.getparent() if line.tag in _LINES else line
    while container is not None and container.tag in {"ul", "ol", "dl", "center"}:
        container = container.getparent()
    return line, container


def _holds_one_line(container: Element, line: Element) -> bool:
    """Tell whether a block holds one line of text and nothing else: `<div>` in place of `<p>`, or around it."""
    if container.tag not in {"div", "section"}:
        return False
    if container is line:
        return all(inner.tag in _INLINE for inner in line.iterdescendants("*"))
    return len(container) == 1


def _is_unread(element: Element, known: dict[Element, bool], *, believes_names: bool) -> bool:
    """Tell whether the element stands in a link, a script, a menu, or a block whose name says that it is no text."""
    path: list[Element] = []
    verdict = False
    at: Element | None = element
    while at is not None:
        if at in known:
            verdict = known[at]
            break
        path.append(at)
        if at.tag in _NEVER or (believes_names and _names_junk(at)):
            verdict = True
            break
        at = at.getparent()
    known.update(dict.fromkeys(path, verdict))
    return verdict


def _names_junk(element: Element) -> bool:
    if element.tag in {"body", "html"}:
        return False
    tokens = f"{element.get('id') or ''} {element.get('class') or ''}"
    return len(tokens) > 1 and classify(tokens) == "junk"
