"""Say how sure each field of an article is, from the rule that gave it and from signs for and against it.

* high: the layout's own selector held; hidden data of the page (#pubtime_baidu, its keywords, the CMS comment);
  a label or a fixed form of words (记者, 【编辑, ▌来源, 电, (完)) in a body that the layout names.
* medium: a generic rule with a label (来源 under the headline, a breadcrumb, a meta tag), or one with a second sign
  that agrees: a heading that the title repeats, a time on the day that the URL names, a dense body with a dateline or
  (完) in it or a wide margin over the next block.
* low: a fallback (the title for the headline, the URL for the time, the hidden author for the byline), a generic rule
  with neither label nor second sign, and whatever another sign contradicts: the
  printed time by the URL or the capture, the hidden time, source or editors by the visible ones, the headline by the
  title.

What was read out of a body that is low is medium at most.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import lru_cache

from crawler.reading.addresses import address_date
from crawler.reading.article import Article, Confidence
from crawler.reading.extract import cautions
from crawler.reading.extract.frame import Frame
from crawler.reading.extract.headlines import strip_portal
from crawler.reading.extract.imprint import Sight, find_hidden_source, find_visible_time
from crawler.reading.portal import Layout

_ORDER: tuple[Confidence, ...] = ("low", "medium", "high")
_HIDDEN = frozenset(
    (
        *("#pubtime_baidu", "input[name=newsdate]", "#source_baidu", "#editor_baidu"),
        *("comment: published at", "meta[keywords]"),
    )
)
_FALLBACKS = frozenset((("headline", "title"), ("published_at", "url"), ("byline", "#author_baidu")))
# Rules that read a label or a fixed form of words inside the body.
_INSIDE = frozenset(("body", "dateline", "byline line", "last line", "(完)"))
# Fields whose generic rules know no label: only a second sign speaks for them.
_UNLABELLED = frozenset(("headline", "published_at", "body"))
_LEAST_MARGIN = 2.0
_LEAST_COMMON = 0.3
_LEAST_TITLE = 6
# A page corrected soon after its publication may print the later time.
_ONE_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signs:
    """The fields that a second sign bears out, and those that one contradicts."""

    agreed: frozenset[str]
    contradicted: frozenset[str]


def rate(sight: Sight, article: Article, origins: Mapping[str, str]) -> tuple[tuple[str, Confidence], ...]:
    """Return how sure each field of a page's article is that has an origin."""
    signs = _read_signs(sight, article, origins)
    levels = {name: _level(name, origin, sight.frame, signs) for name, origin in origins.items()}
    if levels.get("body") == "low":
        read_there = [name for name, origin in origins.items() if origin in _INSIDE]
        levels |= {name: lowest((levels[name], "medium")) for name in read_there}
    return tuple(levels.items())


def lowest(levels: Iterable[Confidence]) -> Confidence:
    """Return the least sure of some levels."""
    return min(levels, key=_ORDER.index)


def _read_signs(sight: Sight, article: Article, origins: Mapping[str, str]) -> _Signs:
    agreed: set[str] = set()
    contradicted: set[str] = set()
    for name, verdict in (
        ("headline", _headline_sign(sight, article)),
        ("published_at", _time_sign(sight, article, origins.get("published_at"))),
        ("source", _source_sign(sight, article)),
        ("editors", _editors_sign(sight, article)),
        ("body", True if article.dateline or article.end_mark or sight.frame.margin >= _LEAST_MARGIN else None),
    ):
        if verdict is not None:
            (agreed if verdict else contradicted).add(name)
    return _Signs(agreed=frozenset(agreed), contradicted=frozenset(contradicted))


def _level(name: str, origin: str, frame: Frame, signs: _Signs) -> Confidence:
    if name in signs.contradicted or (name, origin) in _FALLBACKS:
        return "low"
    layout = frame.layout
    is_placed = layout is not None and origin in _selectors(layout)
    if is_placed or origin in _HIDDEN or (layout is not None and origin in _INSIDE):
        return "high"
    return "low" if name in _UNLABELLED and name not in signs.agreed else "medium"


@lru_cache(maxsize=256)
def _selectors(layout: Layout) -> frozenset[str]:
    return frozenset(getattr(layout, part.name) for part in fields(layout) if part.name not in {"name", "seen"})


def _headline_sign(sight: Sight, article: Article) -> bool | None:
    """Compare headline and title; a title that only names the portal says nothing."""
    title = _bare(sight.tree.title or "")
    headline = _bare(article.headline or "")
    if not headline or not title:
        return None
    if headline in title:
        return True
    main = strip_portal(title)
    common = len(set(headline) & set(main)) / len(set(headline))
    is_other = main != title and len(main) >= _LEAST_TITLE and common < _LEAST_COMMON
    return False if is_other else None


def _time_sign(sight: Sight, article: Article, origin: str | None) -> bool | None:
    """Compare the time with the URL's day, the capture and, where it is hidden, the visible one (within an hour)."""
    if {cautions.PUBLISHED_DISAGREES_WITH_URL, cautions.PUBLISHED_AFTER_CAPTURE} & set(article.warnings):
        return False
    visible = find_visible_time(sight) if origin in _HIDDEN else None
    if visible and visible[0].precision != "day" and article.published_at:
        return abs(visible[0].at - article.published_at) <= _ONE_TIME
    return True if address_date(sight.page.url, sight.branch) else None


def _source_sign(sight: Sight, article: Article) -> bool | None:
    hidden = find_hidden_source(sight)
    if hidden is None or article.source is None:
        return None
    return hidden.name in article.source.name or article.source.name in hidden.name


def _editors_sign(sight: Sight, article: Article) -> bool | None:
    hidden = set(sight.hidden_editors)
    return bool(hidden & set(article.editors)) if hidden and article.editors else None


def _bare(text: str) -> str:
    return "".join(text.split())
