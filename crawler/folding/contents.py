"""What the payload of a capture brings: the links of a list, an article's draft and needs, what a style sheet names."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from archive.reader import Exchange
from crawler.folding.asking import asked_url, day_of, first_page, host_of, is_own_host
from crawler.folding.composing import decode_capture, read_decoded
from crawler.folding.outcome import CapturedPage, Outcome
from crawler.lines import ArticleLine
from crawler.reading.extract.discovery import find_sections
from crawler.reading.extract.listings import read_listing
from crawler.reading.extract.requisites import page_requisites, style_requisites
from crawler.reading.portals import Portal, article_id, find_branch, is_article_url
from crawler.store.rows import Link, Visit
from crawler.store.state import State
from crawler.store.versions import Version

# A page may name a style sheet, that one another, and that one a font.
MAX_REQUISITE_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """How the fold gets at what is not in its record.

    `line_of` gives the line of a version that the state knows, None where it cannot be read. `read`, where it is given,
    gives the page of an article as it was read elsewhere; lists and requisites are then left alone.
    """

    line_of: Callable[[Version], ArticleLine | None]
    read: Callable[[Exchange], CapturedPage | None] | None = None


def fold_listing(state: State, exchange: Exchange, visit: Visit, portal: Portal) -> Outcome:
    """Return the links of a list: to articles, to its further pages, to sections that it names, to requisites."""
    try:
        page = decode_capture(exchange.capture)
        branch = find_branch(portal, visit.url)
        listing = read_listing(page, branch, portal)
        sections = find_sections(page, branch) if branch and not branch.sections else ()
        requisites = page_requisites(page)
    except Exception as error:  # noqa: BLE001 - the capture is kept; live crawl and replay must count the same fault
        return Outcome(visit=visit, fault=f"{type(error).__name__}: {error}")
    hops = visit.hops + "L"
    articles = list(dict.fromkeys(first_page(asked_url(one.url), portal) for one in listing.articles))
    articles = _each_once(state, (url for url in articles if is_own_host(url, portal)), portal)
    links = [
        Link(url=url, host=host_of(url), kind="article", via=visit.url, hops=hops, day=day_of(url, visit.kind, portal))
        for url in articles
    ]
    # The further pages of a list are asked again only where this page shows something new.
    fresh = any(state.visits.row(url) is None for url in articles)
    newest = max((link.day for link in links if link.day), default=None)
    links += [
        Link(url=url, host=host_of(url), kind="listing", via=visit.url, hops=hops, day=newest, again=fresh)
        for url in map(asked_url, listing.next_pages)
        if is_own_host(url, portal)
    ]
    links += [
        Link(url=url, host=host_of(url), kind="listing", via=visit.url, hops=hops)
        for url in (asked_url(urljoin(visit.url, section.path)) for section in sections)
    ]
    return Outcome(visit=visit, links=(*links, *_requisite_links(requisites, visit, portal)))


def fold_page(state: State, exchange: Exchange, visit: Visit, portal: Portal, readers: Readers) -> Outcome:
    """Return the draft that a page of an article opens, with the pictures and further pages that it waits for."""
    try:
        if readers.read:
            page = readers.read(exchange)
            requisites: tuple[Link, ...] = ()
        else:
            decoded = decode_capture(exchange.capture)
            page = read_decoded(decoded, exchange, portal)
            requisites = _requisite_links(page_requisites(decoded), visit, portal)
    except Exception as error:  # noqa: BLE001 - the capture is kept; live crawl and replay must count the same fault
        return Outcome(visit=visit, fault=f"{type(error).__name__}: {error}")
    if page is None or page.reading.article is None:
        return Outcome(visit=visit, links=requisites, not_article=page.reading.reason if page else None)
    article = page.reading.article
    pages = tuple(url for url in map(asked_url, page.reading.next_pages) if is_own_host(url, portal))
    pictures = [url for url in (asked_url(image.url) for image in article.images) if is_own_host(url, portal)]
    wanted = [("picture", url, "E") for url in pictures] + [("page", url, "L") for url in pages]
    links = tuple(
        Link(url=url, host=host_of(url), kind=kind, via=visit.url, hops=visit.hops + hop)  # type: ignore[arg-type]
        for kind, url, hop in wanted
    )
    opened = (visit.url,) if visit.kind == "article" else _articles_of(state, visit)
    drafts = []
    for one in opened:
        known = state.versions.draft(one) or state.versions.pages(one) or (one,) if visit.kind == "page" else (one,)
        drafts.append((one, tuple(dict.fromkeys((*known, *pages)))))
    needs = tuple(
        (one, url) for one in opened for _, url, _ in wanted if url != visit.url and not state.visits.is_settled(url)
    )
    # A picture of the article stands before the requisites, so it is asked for as a picture, and its line waits for it.
    return Outcome(visit=visit, links=(*links, *requisites), drafts=tuple(drafts), needs=needs, page=page)


def _articles_of(state: State, visit: Visit) -> tuple[str, ...]:
    """Return the articles that a further page belongs to: those that wait for it, else the one that it was found by."""
    waiting = state.versions.needed_by(visit.url)
    if waiting:
        return waiting
    owner = state.visits.article_of(visit.url)
    return (owner,) if owner and state.versions.pages(owner) else ()


def fold_requisite(exchange: Exchange, visit: Visit, portal: Portal) -> Outcome:
    """Return what a style sheet names in turn; other requisites name nothing."""
    head = exchange.capture.head()
    media_type = (head.value("content-type") or "" if head else "").partition(";")[0].strip().lower()
    if media_type != "text/css" and not urlsplit(visit.url).path.lower().endswith(".css"):
        return Outcome(visit=visit)
    try:
        requisites = style_requisites(decode_capture(exchange.capture))
    except Exception as error:  # noqa: BLE001 - the capture is kept; live crawl and replay must count the same fault
        return Outcome(visit=visit, fault=f"{type(error).__name__}: {error}")
    return Outcome(visit=visit, links=_requisite_links(requisites, visit, portal))


def _requisite_links(urls: tuple[str, ...], visit: Visit, portal: Portal) -> tuple[Link, ...]:
    """Return the links to a page's or a style sheet's requisites, none beyond the depth to which they may nest."""
    embedded = len(visit.hops) - len(visit.hops.rstrip("ER"))
    if visit.hops[len(visit.hops) - embedded :].count("E") >= MAX_REQUISITE_DEPTH:
        return ()
    return tuple(
        Link(url=url, host=host_of(url), kind="requisite", via=visit.url, hops=visit.hops + "E")
        for url in map(asked_url, urls)
        if is_own_host(url, portal) and not is_article_url(url, portal)
    )


def _each_once(state: State, urls: Iterable[str], portal: Portal) -> list[str]:
    """Return the addresses without those of a document that has an article line, or stands before, under another one.

    A document may be listed in several sections; its number tells that it is the same.
    """
    documents: dict[str, str] = {}
    for url in urls:
        documents.setdefault(article_id(url, portal), url)
    return [
        url for document, url in documents.items() if state.visits.row(url) or state.versions.newest(document) is None
    ]
