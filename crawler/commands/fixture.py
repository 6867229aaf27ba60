"""`pressmark fixture`: cut a page out of a WARC file, with a draft of what is to be read from it."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from archive.capture import Capture
from archive.pressmark import Pressmark
from archive.reader import Exchange, read_exchanges
from archive.revisits import resolve
from crawler.commands.options import DONE, FINDINGS, PortalOption, err, out
from crawler.errors import UsageError
from crawler.folding.asking import asked_url
from crawler.folding.composing import decode_capture
from crawler.lines import Provenance, make_line, utc_text
from crawler.reading.article import Article
from crawler.reading.extract.frame import GENERIC
from crawler.reading.extract.listings import read_listing
from crawler.reading.extract.pages import EXTRACTOR_VERSION, read_page
from crawler.reading.extract.reading import Listing, PageReading
from crawler.reading.page import Page
from crawler.reading.portals import Branch, address_number, find_branch, find_portal

# The fields of a line that the page alone decides, in the order of the line; the reading's own come last.
OF_A_LINE = (
    "content_type",
    "language",
    "headline",
    "kicker",
    "subheadline",
    "published_at",
    "published_precision",
    "published_raw",
    "modified_at",
    "source",
    "byline",
    "editors",
    "dateline",
    "body",
    "blocks",
    "images",
    "end_mark",
    "keywords",
    "links",
    "sections",
)
OF_AN_IMAGE = ("url", "caption", "credit", "alt")


def fixture(
    file: Annotated[Path, typer.Argument(metavar="FILE.warc.gz", help="A WARC file that holds the page.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="The page's address; its last capture in the file counts.")],
    *,
    name: Annotated[str, typer.Option(help="The name of the pair  [default: LAYOUT-NUMBER]")] = "",
    folder: Annotated[Path, typer.Option("--out", help="Where the pair is written.")] = Path(),
    portal: PortalOption = "chinanews",
) -> int:
    """Cut a fixture pair: NAME.html, the page's bytes without transfer and content coding, and NAME.json beside it.

    The JSON holds what Pressmark reads today: a draft, to be compared with the page by eye. Exit code 3 if the page is
    neither an article nor a list.

    Example: pressmark fixture data/collections/chinanews/archive/FILE.warc.gz URL --out tests/fixtures/chinanews
    """
    capture = _find_capture(file, url)
    described, page = find_portal(portal), decode_capture(capture)
    branch = find_branch(described, page.url)
    reading, listing = read_page(page, branch), read_listing(page, branch, described)
    if reading.article:
        draft, kind = {"article": _article(reading.article, reading, page)}, _layout(reading.article.layout, branch)
    elif listing.articles:
        draft, kind = _listing(listing), f"{_code(branch)}-listing"
    else:
        err.print(
            f"pressmark: {url}: neither an article nor a list ({reading.reason}); nothing is written", markup=False
        )
        return FINDINGS
    stem = name or f"{kind}-{address_number(page.url, branch) or _slug(page.url)}"
    head = capture.head()
    note = f"read by Pressmark's extractor {EXTRACTOR_VERSION}: compare each value with the page, then delete this line"
    expected = {
        "synthetic": False,
        "draft": note,
        "url": page.url,
        "captured_at": utc_text(page.captured_at),
        "content_type": head.value("content-type") if head else None,
        **draft,
    }
    _write(folder, stem, capture.body(), expected)
    return DONE


def _find_capture(file: Path, url: str) -> Capture:
    """Return the last good capture of a URL in a file, a revisit with its payload."""
    wanted, found, marks = asked_url(url), None, dict[str, Pressmark]()
    for record in read_exchanges(file):
        if not isinstance(record, Exchange) or record.pressmark is None:
            continue
        marks[record.pressmark.record_id] = record.pressmark
        head = record.capture.head()
        if asked_url(record.capture.url) == wanted and head and head.status == 200:
            found = record
    if found is None:
        raise UsageError(
            f"{url}: no capture with status 200 in {file}; `python -m archive show {file}` lists what it holds"
        )
    if found.refers_to is None:
        return found.capture
    original = marks.get(found.refers_to.record_id)
    if original is None:
        raise UsageError(f"{url}: {file} holds a revisit; name the file of the record {found.refers_to.record_id}")
    return resolve(file.parent, found, original).capture


def _article(article: Article, reading: PageReading, page: Page) -> dict[str, Any]:
    """Return the article as its line has it, without what the capture decides."""
    origin = Provenance(
        id="",
        url=page.url,
        canonical_url=page.url,
        portal=None,
        branch=None,
        region=None,
        captured_at=page.captured_at,
        encoding=page.encoding,
        extractor_version=EXTRACTOR_VERSION,
    )
    line = msgspec.to_builtins(make_line(article, origin))
    line["images"] = [{key: image[key] for key in OF_AN_IMAGE} for image in line["images"]]
    return {
        **{key: line[key] for key in OF_A_LINE},
        "layout": article.layout,
        "next_pages": reading.next_pages,
        "encoding": line["encoding"],
        "warnings": line["extractor"]["warnings"],
    }


def _listing(listing: Listing) -> dict[str, Any]:
    rows = [
        {"url": one.url, "headline": one.headline, "listed_at": one.listed_at.isoformat() if one.listed_at else None}
        for one in listing.articles
    ]
    return {"articles": rows, "next_pages": listing.next_pages}


def _layout(layout: str, branch: Branch | None) -> str:
    """Return how the name of a pair begins: with the branch's code, whosever the layout is."""
    code = _code(branch)
    if layout == GENERIC or layout.startswith(f"{code}-"):
        return f"{code}-{GENERIC}" if layout == GENERIC else layout
    return f"{code}-{layout.rpartition('-')[2]}"


def _code(branch: Branch | None) -> str:
    return branch.code if branch else "other"


def _slug(url: str) -> str:
    words = [part for part in url.partition("://")[2].partition("/")[2].split("/") if part]
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in (words[-1].partition(".")[0] if words else ""))
    return kept.strip("-") or "home"


def _write(folder: Path, stem: str, body: bytes, expected: dict[str, Any]) -> None:
    page, beside = folder / f"{stem}.html", folder / f"{stem}.json"
    for path in (page, beside):
        if path.exists():
            raise UsageError(f"{path}: is there already; choose another --name")
    page.write_bytes(body)
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(expected), indent=2) + b"\n")
    for path in (page, beside):
        out.print(f"{path}", markup=False, soft_wrap=True)
    out.print("The JSON is a draft, read by the extractor that it is to test: compare each value with the page by eye.")
    out.print(
        "The page is the portal's own: keep it to yourself, or put invented text in its place before you pass it on."
    )
