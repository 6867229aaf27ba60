"""Read a page of links: articles in page order with the list's headline and time, and the list's further pages."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from urllib.parse import urljoin, urlsplit

from lxml import etree

from crawler.reading.addresses import ArticleAddress, read_article_url
from crawler.reading.extract.dates import read_row_moment
from crawler.reading.extract.pagers import list_pages
from crawler.reading.extract.reading import ListedArticle, Listing
from crawler.reading.extract.tree import Element, Tree, text_of_link
from crawler.reading.extract.wording import clean
from crawler.reading.page import Page
from crawler.reading.portal import Branch, Portal

# Blocks that hold one row of a list, however many links it has.
_ROWS = frozenset(("li", "tr", "dd", "dl", "p"))
_HIGHEST_ROW = 4
_LONGEST_ROW = 400
_MOST_PARTS_OF_A_ROW = 100
_LONGEST_HEADLINE = 80
_ARRAY = re.compile(r"(?:\bvar\s+\w+|\b\w+)\s*=\s*(?=\[\s*\{)")
_ENTRY = re.compile(r"""["']?url["']?\s*:\s*["'](?P<url>(?:https?:)?//[^"'\s]+|/[^"'\s]+\.s?html?)["']""")
_ENTRY_TITLE = re.compile(r"""["']?title["']?\s*:\s*"(?P<title>(?:[^"\\]|\\.)*)\"""")
_ELLIPSIS = re.compile(r"(?:\.{2,}|…+)\s*$")
_TITLE_CLASS = re.compile(r"title|biaoti|headline|(?:^|[\s_-])(?:bt|tit)(?=$|[\s_-])")
_MARKUP = re.compile(r"<[^>]*>")
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_NO_LINKS = ("#", "javascript:", "mailto:", "tel:")


@dataclass(slots=True)
class _Entry:
    """What is known of one article on the list; several links may tell it."""

    url: str
    headline: str | None
    listed_at: datetime | None


def read_listing(page: Page, branch: Branch | None, portal: Portal) -> Listing:
    """Return the articles that a page of links lists. Links are told by the form of their address and by their place.

    Addresses are canonical, each comes once, articles of other branches included. `listed_at` is the row's own time;
    a row that shows a day alone gives midnight. Lists that a script makes are read from the script's array.
    """
    tree = Tree(page.html)
    entries: dict[str, _Entry] = {}
    links = dict(_to_articles(tree.root.iter("a"), page, portal))
    for link in _listed_links(tree, links, branch):
        _add(entries, links[link].canonical, _headline_of(link), None)
    _read_times([(link, target) for link, target in links.items() if target.canonical in entries], entries, page)
    for entry in _scripted_entries(page, portal):
        _add(entries, entry.url, entry.headline, entry.listed_at)
    return Listing(
        articles=tuple(
            ListedArticle(url=entry.url, headline=entry.headline, listed_at=entry.listed_at)
            for entry in entries.values()
        ),
        next_pages=list_pages(tree, page.url) or _counted_page(page.url, branch, entries),
        encoding=page.encoding,
    )


def _counted_page(url: str, branch: Branch | None, entries: Mapping[str, _Entry]) -> tuple[str, ...]:
    """Return the next page of a section whose path counts its pages, as long as this one lists articles.

    Such lists have pagers that a script makes, so the page has no link to follow.
    """
    if branch is None or not entries:
        return ()
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    for section in branch.sections:
        if (number := section.number(path)) is not None:
            return (urljoin(url, section.page(number + 1)),)
    return ()


def _add(entries: dict[str, _Entry], url: str, headline: str | None, listed_at: datetime | None) -> None:
    """Add an article, or what a further link tells of it: the longer headline counts."""
    known = entries.setdefault(url, _Entry(url, None, None))
    if headline and len(headline) > len(known.headline or ""):
        known.headline = headline
    known.listed_at = known.listed_at or listed_at


def _listed_links(tree: Tree, links: Mapping[Element, ArticleAddress], branch: Branch | None) -> Iterable[Element]:
    """Return the links to articles: those where a layout has its list, else those of the whole page."""
    for layout in branch.layouts if branch else ():
        if layout.listing is None:
            continue
        inside: set[Element] = set()
        for place in tree.every(layout.listing):
            if place not in inside:  # a place may hold others
                inside.update(place.iter())
        if found := [link for link in links if link in inside]:
            return found
    return links


def _to_articles(links: Iterator[Element], page: Page, portal: Portal) -> Iterator[tuple[Element, ArticleAddress]]:
    targets: dict[str, ArticleAddress | None] = {}
    for link in links:
        href = link.get("href")
        if href and href not in targets:
            url = _address(href, page.url)
            targets[href] = read_article_url(url, portal) if url else None
        if href and (target := targets[href]) is not None:
            yield link, target


def _address(href: str | None, base: str) -> str | None:
    href = (href or "").strip()
    if not href or href.startswith(_NO_LINKS):
        return None
    try:
        return urljoin(base, href)
    except ValueError:
        return None


def _headline_of(link: Element) -> str | None:
    """Return the link's headline: its `title` where that is fuller than a shortened text, else its text."""
    text = _shown_headline(link)
    title = clean(link.get("title"))
    if title and (not text or _is_fuller(title, text)):
        return title
    if not text:
        picture = next(link.iter("img"), None)
        text = clean(picture.get("alt")) if picture is not None else ""
    return text or None


def _is_fuller(title: str, text: str) -> bool:
    return len(title) > len(text) or bool(_ELLIPSIS.search(text))


def _shown_headline(link: Element) -> str:
    """Return the link's text; where it wraps a headline and a summary, the headline alone."""
    text = text_of_link(link)
    if len(link) == 0:
        return text
    is_short = len(text) <= _LONGEST_HEADLINE // 2
    if heading := _heading_in(link, is_short=is_short):
        return heading
    if is_short:
        return text
    first = next((part for child in link if (part := text_of_link(child))), "")
    return first if 4 < len(first) <= _LONGEST_HEADLINE else text


def _heading_in(link: Element, *, is_short: bool) -> str:
    """Return the text of the first element in a link that is a headline by its tag or class, before the next link."""
    walker = etree.iterwalk(link, events=("start",))
    for _, inner in walker:
        if inner is link:
            continue
        if inner.tag == "a":
            break
        # In a short link a class for titles may hold a mere label (【视频】).
        if inner.tag in _HEADINGS or (not is_short and _TITLE_CLASS.search((inner.get("class") or "").lower())):
            if text := text_of_link(inner):
                return text
            walker.skip_subtree()
    return ""


def _read_times(links: list[tuple[Element, ArticleAddress]], entries: Mapping[str, _Entry], page: Page) -> None:
    """Give each article the time that its row shows: the widest block around its links that no other article shares."""
    holders: dict[Element, set[str]] = {}
    for link, target in links:
        for height, outer in enumerate(link.iterancestors()):
            if height > _HIGHEST_ROW:
                break
            holders.setdefault(outer, set()).add(target.canonical)
    for link, target in links:
        entry = entries[target.canonical]
        if entry.listed_at is None:
            row = _row_of(link, holders)
            text = _text_beside(row, link) if row is not None else (link.tail or "")
            moment = read_row_moment(text, target.day, page.captured_at)
            entry.listed_at = moment.at if moment else None


def _row_of(link: Element, holders: Mapping[Element, set[str]]) -> Element | None:
    row: Element | None = None
    for height, outer in enumerate(link.iterancestors()):
        if height > _HIGHEST_ROW or outer.tag in {"ul", "ol", "body", "html"} or len(holders.get(outer, ())) != 1:
            break
        row = outer
        if outer.tag in _ROWS and outer.tag != "p":
            break
    return row


def _text_beside(row: Element, link: Element) -> str:
    """Return the row's text without the link's own, which may name days of its own."""
    texts: list[str] = []
    walker = etree.iterwalk(row, events=("start", "end"))
    for _, (event, element) in zip(range(2 * _MOST_PARTS_OF_A_ROW), walker, strict=False):
        if event == "end":
            texts.append((element.tail or "") if element is not row else "")
        elif element is link:
            walker.skip_subtree()
        else:
            texts.append(element.text or "")
    return clean(" ".join(texts))[:_LONGEST_ROW] or _last_text(link)


def _last_text(link: Element) -> str:
    """Return the last piece of a link that wraps the whole row."""
    parts = islice(link.iter(), _MOST_PARTS_OF_A_ROW)
    inner = [text for element in parts for text in (element.text,) if text and text.strip()]
    return clean(inner[-1]) if len(inner) > 1 else ""


def _scripted_entries(page: Page, portal: Portal) -> Iterator[_Entry]:
    """Yield the articles of arrays like `var docArr = [{"title": …, "url": …, "pubtime": …}]` in the page's scripts."""
    html = page.html
    if "url" not in html or "[" not in html:
        return
    read_to = 0
    for match in _ARRAY.finditer(html):
        if match.start() < read_to:
            continue
        values = _array_at(html, match.end())
        if values is None:
            read_to = html.find("</script", match.end()) % (len(html) + 1)
            yield from _entries_by_pattern(html[match.end() : read_to], page, portal)
            continue
        for value in values:
            if isinstance(value, dict):
                entry = _entry(value, page, portal)
                if entry is not None:
                    yield entry


def _array_at(html: str, start: int) -> list[object] | None:
    try:
        values, _ = json.JSONDecoder(strict=False).raw_decode(html, start)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, list) else None


def _entry(value: Mapping[str, object], page: Page, portal: Portal) -> _Entry | None:
    address, title, time = value.get("url"), value.get("title"), value.get("pubtime") or value.get("createtime")
    url = _address(address, page.url) if isinstance(address, str) else None
    target = read_article_url(url, portal) if url else None
    if target is None:
        return None
    return _Entry(
        url=target.canonical,
        headline=clean(_MARKUP.sub("", title)) or None if isinstance(title, str) else None,
        listed_at=_listed_at(time, target.day, page.captured_at),
    )


def _listed_at(time: object, day: date | None, base: datetime) -> datetime | None:
    moment = read_row_moment(time, day, base) if isinstance(time, str) else None
    return moment.at if moment else None


def _entries_by_pattern(script: str, page: Page, portal: Portal) -> Iterator[_Entry]:
    """Read an array that is JavaScript and no JSON (unquoted keys, trailing commas) object by object."""
    for part in script.split("}"):
        match = _ENTRY.search(part)
        url = _address(match["url"], page.url) if match else None
        target = read_article_url(url, portal) if url else None
        if target is None:
            continue
        title = _ENTRY_TITLE.search(part)
        headline = clean(_MARKUP.sub("", title["title"].replace('\\"', '"'))) if title else None
        time = re.search(r"""["']?pubtime["']?\s*:\s*["'](?P<time>[^"']+)["']""", part)
        listed_at = _listed_at(time["time"] if time else None, target.day, page.captured_at)
        yield _Entry(url=target.canonical, headline=headline or None, listed_at=listed_at)
