"""Make the line of an article out of its captures, as they are read today."""

from collections.abc import Callable, Iterator

from archive.capture import Capture
from archive.pressmark import Pressmark
from archive.reader import Exchange
from crawler.folding.asking import MAX_REDIRECTS, asked_url
from crawler.folding.outcome import CapturedPage
from crawler.lines import ArticleLine, Http, LinePage, Provenance, Revisit, make_line, utc_text
from crawler.reading.extract.pages import EXTRACTOR_VERSION, join, read_page
from crawler.reading.page import Page, decode_page
from crawler.reading.portals import Portal, article_id, find_branch, told_canonical_url
from crawler.store.state import State
from crawler.store.versions import Version


def compose(
    state: State,
    article: str,
    portal: Portal,
    read: Callable[[str], CapturedPage | None],
    reread: Callable[[Version], str | None],
) -> ArticleLine | None:
    """Return the line of an article whose pages and pictures are settled; `read` gives the last good capture of a URL.

    None where none of its pages can be read as an article any more, and where its text is that of the version before.
    `reread` gives the text digest of that version's captures as they are read today, so that a mended extractor makes
    no false edit.
    """
    addresses = state.versions.draft(article) or (article,)
    pages = [page for page in map(read, addresses) if page and page.reading.article]
    if not pages or pages[0].url != addresses[0]:
        return None
    first = pages[0]
    joined = join([page.reading for page in pages])
    branch = find_branch(portal, first.url)
    identity = article_id(first.url, portal)
    known = state.versions.newest(identity)
    origin = Provenance(
        id=identity,
        url=first.url,
        canonical_url=told_canonical_url(first.url, first.reading.canonical, portal),
        portal=portal.name,
        branch=branch.code if branch else None,
        region=branch.region if branch else None,
        captured_at=first.captured.started_at,
        encoding=first.reading.encoding,
        extractor_version=EXTRACTOR_VERSION,
        version=known.version + 1 if known else 1,
        first_seen_at=known.first_seen_at if known else None,
        pressmark=first.pressmark,
        revisit=describe_revisit(first),
        http=describe_http(first.captured),
        pages=tuple(LinePage(url=p.url, pressmark=p.pressmark) for p in pages) if len(addresses) > 1 else (),
        pictures=tuple(_last_capture(state, image.url) for image in joined.images),
        warnings=("pages_missing",) if len(pages) < len(addresses) else (),
    )
    line = make_line(joined, origin)
    is_same = known is not None and (line.digests.text == known.text_digest or line.digests.text == reread(known))
    return None if is_same else line


def read_capture(exchange: Exchange, portal: Portal) -> CapturedPage | None:
    """Return an exchange's page as it reads today, None where it holds no response."""
    if exchange.refers_to and not exchange.original:
        return None
    return read_decoded(decode_capture(exchange.capture), exchange, portal)


def decode_capture(capture: Capture) -> Page:
    """Return the page of a capture as text."""
    head = capture.head()
    content_type = head.value("content-type") if head else None
    return decode_page(capture.body(), url=capture.url, content_type=content_type, captured_at=capture.started_at)


def read_decoded(page: Page, exchange: Exchange, portal: Portal) -> CapturedPage | None:
    """Return what a decoded page says, with the record of its exchange; None where that has no record."""
    mark = exchange.original or exchange.pressmark
    if not mark:
        return None
    reading = read_page(page, find_branch(portal, page.url))
    revisit = exchange.pressmark if exchange.original else None
    return CapturedPage(url=page.url, pressmark=mark, revisit=revisit, captured=exchange.capture, reading=reading)


def describe_http(capture: Capture) -> Http | None:
    """Return what an article line keeps of a response's head."""
    head = capture.head()
    if not head:
        return None
    return Http(status=head.status, last_modified=head.value("last-modified"), etag=head.value("etag"))


def describe_revisit(page: CapturedPage) -> Revisit | None:
    """Return what an article line keeps of the revisit record by which its page was seen again."""
    if not page.revisit:
        return None
    return Revisit(record_id=page.revisit.record_id, date=utc_text(page.captured.started_at))


def redirected(state: State, url: str) -> Iterator[str]:
    """Yield the form in which an address is asked for, and what it redirects to, to the last that is known."""
    asked: str | None = asked_url(url)
    for _ in range(MAX_REDIRECTS + 1):
        if not asked:
            return
        yield asked
        location = state.visits.location(asked)
        asked = asked_url(location) if location else None


def _last_capture(state: State, image_url: str) -> Pressmark | None:
    captures = (state.visits.capture(url) for url in redirected(state, image_url))
    return next((stored.pressmark for stored in captures if stored), None)
