"""Find the parts of a page: by the layout whose marker it bears, else by the generic rules."""

from dataclasses import dataclass, field

from crawler.reading.extract import cautions
from crawler.reading.extract.density import find_densest, find_densest_near
from crawler.reading.extract.headlines import find_headline, strip_portal
from crawler.reading.extract.kickers import find_kicker, find_subheadline
from crawler.reading.extract.tree import Element, Tree, text_of
from crawler.reading.portal import Branch, Layout

GENERIC = "generic"


@dataclass(slots=True, kw_only=True)
class Frame:
    """Where the parts of a page are. `layout` is None for a page of unknown layout.

    `margin` says, for a body found by its density, how many times as dense it is as the next block.
    """

    layout: Layout | None
    headline_element: Element | None
    headline: str | None
    body: Element | None
    kicker: Element | None = None
    subheadline: Element | None = None
    margin: float = 0.0
    origins: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The layout's name, `generic` for none."""
        return self.layout.name if self.layout else GENERIC


def find_frame(tree: Tree, branch: Branch | None) -> Frame:
    """Return the parts of the page by the first layout whose marker it bears, else by the generic rules."""
    known = (layout for layout in (branch.layouts if branch else ()) if tree.first(layout.marker) is not None)
    layout = next(known, None)
    frame = _by_layout(tree, layout) if layout else _by_rules(tree)
    _take_lines_around(tree, frame)
    return frame


def take_densest(tree: Tree, frame: Frame) -> bool:
    """Give the frame the densest block for its body; False if there is none, or it is the body already."""
    densest = find_densest(tree.root)
    if densest is None or densest.element is frame.body:
        return False
    frame.body, frame.margin = densest.element, densest.margin
    frame.origins["body"] = "density"
    frame.warnings.append(cautions.BODY_BY_DENSITY)
    return True


def _by_layout(tree: Tree, layout: Layout) -> Frame:
    element, body = tree.first(layout.headline), tree.first(layout.body)
    frame = Frame(layout=layout, headline_element=element, headline=text_of(element) or None, body=body)
    if frame.headline:
        frame.origins["headline"] = layout.headline
    else:
        _take_title(tree, frame)
    if body is not None:
        frame.origins["body"] = layout.body
    return frame


def _by_rules(tree: Tree) -> Frame:
    element, headline, origin = find_headline(tree)
    densest = find_densest(tree.root)
    if densest is not None and element is not None:
        densest = find_densest_near(element, densest)
    frame = Frame(layout=None, headline_element=element, headline=headline, body=None)
    frame.warnings.append(cautions.UNKNOWN_LAYOUT)
    if headline:
        frame.origins["headline"] = origin
        if origin == "title":
            frame.warnings.append(cautions.HEADLINE_FROM_TITLE)
    if densest is not None:
        frame.body, frame.margin = densest.element, densest.margin
        frame.origins["body"] = "density"
    return frame


def _take_title(tree: Tree, frame: Frame) -> None:
    frame.headline = (strip_portal(tree.title) or None) if tree.title else None
    if frame.headline:
        frame.origins["headline"] = "title"
        frame.warnings.append(cautions.HEADLINE_FROM_TITLE)


def _take_lines_around(tree: Tree, frame: Frame) -> None:
    """Find kicker and subheadline by the layout's selectors, else beside the headline."""
    layout, headline = frame.layout, frame.headline_element
    frame.kicker = _placed(tree, frame, "kicker", layout.kicker if layout else None)
    if frame.kicker is None and (kicker := find_kicker(headline)) is not None and kicker is not frame.body:
        frame.kicker, frame.origins["kicker"] = kicker, "above the headline"
    frame.subheadline = _placed(tree, frame, "subheadline", layout.subheadline if layout else None)
    if frame.subheadline is None and (line := find_subheadline(headline)) is not None and line is not frame.body:
        frame.subheadline, frame.origins["subheadline"] = line, "under the headline"


def _placed(tree: Tree, frame: Frame, name: str, selector: str | None) -> Element | None:
    element = tree.first(selector)
    if selector is None or not text_of(element):
        return None
    frame.origins[name] = selector
    return element
