"""What a page says of itself without showing it: meta tags, hidden spans and fields, comments of the CMS."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crawler.reading.extract.dates import Moment, read_moment
from crawler.reading.extract.tree import Tree, text_of
from crawler.reading.extract.wording import clean

# The last publication of a file, with the number of its document; most such comments belong to included fragments.
_PUBLISHED_COMMENT = re.compile(
    r"<!--\s*\[[\d,\s]*?(?P<id>\d{4,})\]\s*published at\s+(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
)
_TIME_METAS = (
    "article:published_time",
    "og:article:published_time",
    "publishdate",
    "pubdate",
    "publish_time",
    "publishtime",
    "og:release_date",
    "weibo:article:create_at",
    "apub:time",
    "datepublished",
)
_MODIFIED_METAS = ("article:modified_time", "og:updated_time", "weibo:article:update_at", "lastmodified")
_SOURCE_METAS = ("source", "contentsource", "mediaid")
_KEYWORD_ENDS = re.compile(r"[,，;；、|]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value with the rule that found it."""

    value: str
    origin: str


def read_metas(tree: Tree) -> dict[str, str]:
    """Return the contents of the meta tags by their name or property in lower case; the first of a name counts."""
    metas: dict[str, str] = {}
    for meta in tree.root.iter("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("itemprop")
        content = meta.get("content")
        if name and content:
            metas.setdefault(name.strip().lower(), clean(content))
    return metas


def read_keywords(metas: Mapping[str, str]) -> tuple[str, ...]:
    """Return the page's own keywords, each once; keywords that only spaces part are parted there."""
    text = metas.get("keywords", "")
    parts = _KEYWORD_ENDS.split(text) if _KEYWORD_ENDS.search(text) else text.split()
    return tuple(dict.fromkeys(filter(None, map(clean, parts))))


def read_hidden_time(tree: Tree, base: datetime) -> tuple[Moment, str] | None:
    """Return the time of the hidden block or fields of national pages, with its origin."""
    span = tree.by_id("pubtime_baidu")
    if span is not None and (moment := read_moment(text_of(span), base)):
        return moment, "#pubtime_baidu"
    if "newsdate" in tree.html:
        day, clock = hidden_field(tree, "newsdate"), hidden_field(tree, "newstime")
        if day and (moment := read_moment(f"{day} {clock or ''}", base)):
            return moment, "input[name=newsdate]"
    return None


def read_meta_time(metas: Mapping[str, str], base: datetime) -> tuple[Moment, str] | None:
    """Return the time of publication that a meta tag gives, with its origin."""
    for name in _TIME_METAS:
        if name in metas and (moment := read_moment(metas[name], base)):
            return moment, f"meta[{name}]"
    return None


def read_meta_source(metas: Mapping[str, str]) -> Found | None:
    """Return the outlet that a meta tag names."""
    for name in _SOURCE_METAS:
        if metas.get(name):
            value = re.sub(r"^来源\s*[:：]\s*", "", metas[name])
            return Found(value=value, origin=f"meta[{name}]") if value else None
    return None


def read_modified(
    tree: Tree, metas: Mapping[str, str], number: str | None, base: datetime
) -> tuple[Moment, str] | None:
    """Return when the page was last changed: a meta tag, else the CMS's comment on the document of this number."""
    for name in _MODIFIED_METAS:
        if name in metas and (moment := read_moment(metas[name], base)):
            return moment, f"meta[{name}]"
    if number is None or "published at" not in tree.html:
        return None
    for match in _PUBLISHED_COMMENT.finditer(tree.html):
        if match["id"] == number and (moment := read_moment(match["at"], base)):
            return moment, "comment: published at"
    return None


def read_canonical(tree: Tree) -> str | None:
    """Return the address that the page names as its canonical one, as it stands there."""
    for link in tree.root.iter("link"):
        if (link.get("rel") or "").strip().lower() == "canonical":
            return (link.get("href") or "").strip() or None
    return None


def hidden_field(tree: Tree, name: str) -> str | None:
    """Return the value of the form field of that name."""
    for field in tree.root.iter("input"):
        if field.get("name") == name:
            return clean(field.get("value")) or None
    return None
