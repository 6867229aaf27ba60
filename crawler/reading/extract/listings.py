"""Read a page of links: articles in page order with the list's headline and time, and the list's further pages."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urljoin, urlsplit

from crawler.reading.addresses import canonical_url, is_article_url, url_date
from crawler.reading.extract.dates import read_row_moment
from crawler.reading.extract.pagers import list_pages
from crawler.reading.extract.reading import ListedArticle, Listing
from crawler.reading.extract.tree import Element, Tree, text_of
from crawler.reading.extract.wording import clean
from crawler.reading.page import Page
from crawler.reading.portal import Branch, Portal

# Blocks that hold one row of a list, however many links it has.
_ROWS = frozenset(("li", "tr", "dd", "dl", "p"))
_HIGHEST_ROW = 4
_LONGEST_ROW = 400
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
    for link, url in _article_links(tree, page, branch, portal):
        _add(entries, url, _headline_of(link), None)
    _read_times(tree, entries, page, portal)
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


def _article_links(tree: Tree, page: Page, branch: Branch | None, portal: Portal) -> list[tuple[Element, str]]:
    """Return the links to articles: those where a layout has its list, else those of the whole page."""
    for layout in branch.layouts if branch else ():
        if layout.listing is None:
            continue
        inside = (link for place in tree.every(layout.listing) for link in place.iter("a"))
        found = list(_to_articles(inside, page, portal))
        if found:
            return found
    return list(_to_articles(tree.root.iter("a"), page, portal))


def _to_articles(links: Iterator[Element], page: Page, portal: Portal) -> Iterator[tuple[Element, str]]:
    for link in links:
        url = _address(link.get("href"), page.url)
        if url is not None and is_article_url(url, portal):
            yield link, canonical_url(url, portal)


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
    text = _text_of_link(link)
    title = clean(link.get("title"))
    if title and (not text or _is_fuller(title, text)):
        return title
    if not text:
        picture = next(link.iter("img"), None)
        text = clean(picture.get("alt")) if picture is not None else ""
    return text or None


def _is_fuller(title: str, text: str) -> bool:
    return len(title) > len(text) or bool(_ELLIPSIS.search(text))


def _text_of_link(link: Element) -> str:
    """Return the link's text; where it wraps a headline and a summary, the headline alone."""
    text = text_of(link)
    if len(link) == 0:
        return text
    is_short = len(text) <= _LONGEST_HEADLINE // 2
    for inner in link.iterdescendants():
        # In a short link a class for titles may hold a mere label (【视频】).
        if inner.tag in _HEADINGS or (not is_short and _TITLE_CLASS.search((inner.get("class") or "").lower())):
            headline = text_of(inner)
            if headline:
                return headline
    if is_short:
        return text
    first = next((part for child in link if (part := text_of(child))), "")
    return first if 4 < len(first) <= _LONGEST_HEADLINE else text


def _read_times(tree: Tree, entries: dict[str, _Entry], page: Page, portal: Portal) -> None:
    """Give each article the time that its row shows: the widest block around its links that no other article shares."""
    holders: dict[Element, set[str]] = {}
    links: list[tuple[Element, str]] = []
    for link, url in _to_articles(tree.root.iter("a"), page, portal):
        if url not in entries:
            continue
        links.append((link, url))
        for height, outer in enumerate(link.iterancestors()):
            if height > _HIGHEST_ROW:
                break
            holders.setdefault(outer, set()).add(url)
    for link, url in links:
        entry = entries[url]
        if entry.listed_at is None:
            row = _row_of(link, holders)
            text = _text_beside(row, link) if row is not None else (link.tail or "")
            moment = read_row_moment(text, url_date(url, portal), page.captured_at)
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
    inside = set(link.iter())
    texts: list[str] = []
    for element in row.iter():
        if element not in inside and element.text:
            texts.append(element.text)
        if element.tail and element is not row and (element is link or element not in inside):
            texts.append(element.tail)
    return clean(" ".join(texts))[:_LONGEST_ROW] or _last_text(link)


def _last_text(link: Element) -> str:
    """Return the last piece of a link that wraps the whole row."""
    inner = [text for element in link.iter() for text in (element.text,) if text and text.strip()]
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
    if url is None or not is_article_url(url, portal):
        return None
    return _Entry(
        url=canonical_url(url, portal),
        headline=clean(_MARKUP.sub("", title)) or None if isinstance(title, str) else None,
        listed_at=_listed_at(time, url_date(url, portal), page.captured_at),
    )


def _listed_at(time: object, day: date | None, base: datetime) -> datetime | None:
    moment = read_row_moment(time, day, base) if isinstance(time, str) else None
    return moment.at if moment else None


def _entries_by_pattern(script: str, page: Page, portal: Portal) -> Iterator[_Entry]:
    """Read an array that is JavaScript and no JSON (unquoted keys, trailing commas) object by object."""
    for part in script.split("}"):
        match = _ENTRY.search(part)
        url = _address(match["url"], page.url) if match else None
        if url is None or not is_article_url(url, portal):
            continue
        title = _ENTRY_TITLE.search(part)
        headline = clean(_MARKUP.sub("", title["title"].replace('\\"', '"'))) if title else None
        time = re.search(r"""["']?pubtime["']?\s*:\s*["'](?P<time>[^"']+)["']""", part)
        listed_at = _listed_at(time["time"] if time else None, url_date(url, portal), page.captured_at)
        yield _Entry(url=canonical_url(url, portal), headline=headline or None, listed_at=listed_at)
