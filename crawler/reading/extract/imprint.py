"""Read the imprint of an article: when it was published, by which outlet, by whom, and who edited it.

The visible line under the headline and the hidden block are weighed against what the body itself says.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from crawler.reading.addresses import address_date, address_number
from crawler.reading.article import Contributor, Source
from crawler.reading.extract import cautions
from crawler.reading.extract.bylines import read_brackets, read_byline_line
from crawler.reading.extract.content import Content
from crawler.reading.extract.dates import Moment, day_moment, read_moment, read_row_moment
from crawler.reading.extract.frame import Frame
from crawler.reading.extract.hidden import read_hidden_time, read_meta_source, read_meta_time, read_metas, read_modified
from crawler.reading.extract.mastheads import (
    SEAM,
    imprint_below,
    line_of,
    plain_line,
    read_editors,
    read_masthead_lines,
    read_named_author,
    read_named_editors,
    read_source,
)
from crawler.reading.extract.surroundings import Surroundings, after, between
from crawler.reading.extract.tree import Tree, text_of
from crawler.reading.extract.wording import clean
from crawler.reading.page import Page
from crawler.reading.portal import Branch

# A printed day has two numbers; 3天前 has one.
_NAMES_A_DAY = re.compile(r"\d\s*[-/.年月－]\s*\d")
_LONGEST_OUTLET = 20
_SIGNATURES = 4
_NAMED_SOURCE = ".source, #source"
_NAMED_AUTHOR = ".author"
_UNDER_HEADLINE = "under the headline"
_AFTER_BODY = "after the body"


@dataclass(slots=True, kw_only=True)
class Imprint:
    """When, by which outlet, by whom; `origins` tells which rule gave each."""

    published: Moment | None = None
    modified_at: datetime | None = None
    source: Source | None = None
    editors: tuple[str, ...] = ()
    byline: tuple[Contributor, ...] = ()
    origins: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class Sight:
    """What the readers of an imprint look at; the stretches around the body are collected when first asked for."""

    def __init__(self, page: Page, branch: Branch | None, tree: Tree, frame: Frame) -> None:
        self.page = page
        self.branch = branch
        self.tree = tree
        self.frame = frame
        self.metas = read_metas(tree)

    @cached_property
    def above(self) -> Surroundings:
        """What stands between headline and body."""
        headline, body = self.frame.headline_element, self.frame.body
        if body is None:
            return Surroundings()
        return between(headline, body, inside=headline is not None and text_of(headline) != self.frame.headline)

    @cached_property
    def below(self) -> Surroundings:
        """What stands after the body."""
        return after(self.frame.body) if self.frame.body is not None else Surroundings()

    @cached_property
    def hidden_editors(self) -> tuple[str, ...]:
        """The editors that the hidden block of national pages names."""
        text = text_of(self.tree.by_id("editor_baidu"))
        return read_editors(text) or read_named_editors(text)


def read_imprint(sight: Sight, content: Content) -> Imprint:
    """Return the imprint of the page whose body holds `content`."""
    imprint = Imprint()
    _read_published(sight, imprint)
    _read_modified(sight, imprint)
    _read_source(sight, content, imprint)
    _read_editors(sight, content, imprint)
    _read_byline(sight, content, imprint)
    return imprint


def _read_published(sight: Sight, imprint: Imprint) -> None:
    day = address_date(sight.page.url, sight.branch)
    found = _find_published(sight)
    if found is not None:
        imprint.published, imprint.origins["published_at"] = found
        if day and abs((imprint.published.at.date() - day).days) > 1:
            imprint.warnings.append(cautions.PUBLISHED_DISAGREES_WITH_URL)
        if imprint.published.at > sight.page.captured_at + timedelta(days=1):
            imprint.warnings.append(cautions.PUBLISHED_AFTER_CAPTURE)
    elif day is not None:
        imprint.published = day_moment(day)
        imprint.origins["published_at"] = "url"
        imprint.warnings.append(cautions.PUBLISHED_FROM_URL)
    else:
        imprint.warnings.append(cautions.NO_PUBLISHED_TIME)


def _find_published(sight: Sight) -> tuple[Moment, str] | None:
    base = sight.page.captured_at
    found = read_hidden_time(sight.tree, base) or find_visible_time(sight)
    from_meta = read_meta_time(sight.metas, base)
    if from_meta is not None and (found is None or _is_finer(from_meta[0], found[0])):
        return from_meta
    if found is not None:
        return found
    below = sight.below.text
    if "时间" in below and (moment := _read_line(below[below.index("时间") :], base)):
        return moment, _AFTER_BODY
    return None


def _is_finer(one: Moment, other: Moment) -> bool:
    """Tell whether a time says more of the same day, or names the day that another counts back to (3天前)."""
    if one.precision == "day" or other.precision != "day":
        return False
    return one.at.date() == other.at.date() or not _NAMES_A_DAY.search(other.raw)


def find_visible_time(sight: Sight) -> tuple[Moment, str] | None:
    """Return the time that the page prints where its layout has it, else under the headline, with its origin."""
    base = sight.page.captured_at
    layout = sight.frame.layout
    element = sight.tree.first(layout.time) if layout and layout.time else None
    if layout and layout.time and element is not None and (moment := read_moment(text_of(element), base)):
        return moment, layout.time
    if moment := _read_line(sight.above.text, base):
        return moment, _UNDER_HEADLINE
    if moment := _read_without_year(sight):
        return moment, _UNDER_HEADLINE
    return None


def _read_without_year(sight: Sight) -> Moment | None:
    """Return the time under the headline that lacks its year, if the day in the address is its own."""
    day = address_date(sight.page.url, sight.branch)
    line = plain_line(sight.above.text.replace(SEAM, " "))
    moment = read_row_moment(line, day, sight.page.captured_at) if day else None
    if day is None or moment is None or not _NAMES_A_DAY.search(moment.raw):
        return None
    return moment if moment.precision != "day" and abs((moment.at.date() - day).days) <= 1 else None


def _read_line(text: str, base: datetime) -> Moment | None:
    """Return the first time in a stretch of the page, one with a clock before one without."""
    text = plain_line(text.replace(SEAM, " "))
    first = read_moment(text, base)
    if first is None or first.precision != "day":
        return first
    later = read_moment(text[text.index(first.raw) + len(first.raw) :], base) if first.raw in text else None
    return later if later is not None and later.precision != "day" else first


def _read_modified(sight: Sight, imprint: Imprint) -> None:
    number = address_number(sight.page.url, sight.branch)
    found = read_modified(sight.tree, sight.metas, number, sight.page.captured_at)
    # A file published again at the very time of publication has not been changed.
    if found and (imprint.published is None or found[0].at > imprint.published.at):
        imprint.modified_at, imprint.origins["modified_at"] = found[0].at, found[1]


def _read_source(sight: Sight, content: Content, imprint: Imprint) -> None:
    for source, origin in _sources(sight, content):
        if source is not None:
            imprint.source = source
            imprint.origins["source"] = origin
            return


def _sources(sight: Sight, content: Content) -> Iterable[tuple[Source | None, str]]:
    layout, url = sight.frame.layout, sight.page.url
    if layout and layout.source and (element := sight.tree.first(layout.source)) is not None:
        line, links = line_of(element)
        yield read_source(line, links, url), layout.source
        if layout.source != layout.time:
            yield _bare_outlet(plain_line(line)), layout.source
    yield find_hidden_source(sight), "#source_baidu"
    yield read_source(sight.above.text, sight.above.links, url), _UNDER_HEADLINE
    if layout is None and (element := sight.tree.first(_NAMED_SOURCE)) is not None:
        yield _bare_outlet(text_of(element)), _NAMED_SOURCE
    if found := read_meta_source(sight.metas):
        yield Source(name=found.value), found.origin
    if content.source_name:
        yield Source(name=content.source_name), "body"
    yield read_source(imprint_below(sight.below.text), sight.below.links, url), _AFTER_BODY


def find_hidden_source(sight: Sight) -> Source | None:
    """Return the outlet that the hidden block of national pages names."""
    span = sight.tree.by_id("source_baidu")
    if span is None:
        return None
    line, links = line_of(span)
    return read_source(line, links, sight.page.url)


def _bare_outlet(text: str) -> Source | None:
    """Return the outlet of an element that holds nothing else, not even the word 来源."""
    is_name = 1 < len(text) <= _LONGEST_OUTLET and not any(mark in text for mark in ":：0123456789")
    return Source(name=text) if is_name and "来源" not in text else None


def _read_editors(sight: Sight, content: Content, imprint: Imprint) -> None:
    readers: tuple[tuple[str, Callable[[], tuple[str, ...]]], ...] = (
        (sight.frame.layout.editor or "" if sight.frame.layout else "", lambda: _placed_editors(sight)),
        ("body", lambda: content.editors),
        (_AFTER_BODY, lambda: read_editors(sight.below.text)),
        (_UNDER_HEADLINE, lambda: read_editors(sight.above.text)),
        ("#editor_baidu", lambda: sight.hidden_editors),
    )
    for origin, read in readers:
        imprint.editors = read()
        if imprint.editors:
            imprint.origins["editors"] = origin
            break
    if imprint.origins.get("editors") == "body":
        # A reprint may end with the editor of its own outlet.
        imprint.editors = tuple(dict.fromkeys([*read_editors(sight.above.text), *imprint.editors]))


def _placed_editors(sight: Sight) -> tuple[str, ...]:
    layout = sight.frame.layout
    element = sight.tree.first(layout.editor) if layout else None
    text = text_of(element)
    return read_editors(text) or read_named_editors(text)


def _read_byline(sight: Sight, content: Content, imprint: Imprint) -> None:
    """Take the body's byline; else a visible 作者 who is no editor, a 记者, a bare name; else the hidden author.

    As a rule the hidden author is the editor on duty, so he counts only where another editor is named beside him.
    """
    if content.byline:
        imprint.byline, imprint.origins["byline"] = content.byline, content.origins["byline"]
        return
    editors = {*imprint.editors, *sight.hidden_editors}
    visible = [name for name in read_named_author(sight.above.text) if name not in editors]
    if visible:
        imprint.byline = tuple(Contributor(name=name, role="author") for name in visible)
        imprint.origins["byline"] = _UNDER_HEADLINE
        return
    lines = [read_byline_line(line) for line in read_masthead_lines(sight.above.text)]
    reported = [one for line in lines for one in line if one.role != "photographer"]
    if reported:
        imprint.byline, imprint.origins["byline"] = tuple(dict.fromkeys(reported)), _UNDER_HEADLINE
        return
    signed = [one for line in _lines_after_body(sight) for one in read_byline_line(line) if one.role != "photographer"]
    if signed:
        imprint.byline, imprint.origins["byline"] = tuple(dict.fromkeys(signed)), _AFTER_BODY
        return
    named = [name for name in _bare_author(sight) if name not in editors]
    if named:
        imprint.byline = tuple(Contributor(name=name, role="author") for name in named)
        imprint.origins["byline"] = _NAMED_AUTHOR
        return
    hidden = [name for name in read_named_author(text_of(sight.tree.by_id("author_baidu"))) if name not in editors]
    if hidden and sight.hidden_editors:
        imprint.byline = tuple(Contributor(name=name, role="author") for name in hidden)
        imprint.origins["byline"] = "#author_baidu"
        imprint.warnings.append(cautions.BYLINE_FROM_HIDDEN_AUTHOR)


def _bare_author(sight: Sight) -> tuple[str, ...]:
    """Return the names in an element of the class author that stands under the headline and holds nothing else."""
    text = text_of(sight.tree.first(_NAMED_AUTHOR))
    if not text or text not in map(clean, sight.above.text.split(SEAM)):
        return ()
    return tuple(one.name for one in read_brackets(text) if one.role == "author")


def _lines_after_body(sight: Sight) -> list[str]:
    """Return what may be bylines among the short lines just after the body, which sign the text."""
    pieces = sight.below.text.split(SEAM)[:_SIGNATURES]
    short = itertools.takewhile(lambda piece: len(piece.strip()) <= _LONGEST_OUTLET, pieces)
    return read_masthead_lines(SEAM.join(short))
