"""Commands that show one article: extract from a saved page, show from a collection."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from archive.pressmark import Pressmark
from archive.reader import read_record
from crawler.commands.articles import ArticleArgument, find_versions, read_version
from crawler.commands.explaining import explain_line, explain_refusal
from crawler.commands.options import (
    DONE,
    FINDINGS,
    CollectionOption,
    DataOption,
    JsonOption,
    PortalOption,
    err,
    existing_collection,
    out,
    print_json,
)
from crawler.errors import UsageError
from crawler.lines import ArticleLine, Provenance, make_line
from crawler.reading.extract.mending import load_converter
from crawler.reading.extract.mending import mend as mend_article
from crawler.reading.extract.pages import EXTRACTOR_VERSION, join, read_page
from crawler.reading.extract.reading import PageReading
from crawler.reading.page import Page, decode_page
from crawler.reading.portals import Portal, article_id, find_branch, find_portal, told_canonical_url

ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Show instead where each field comes from and how sure it is.")
]


def extract(
    file: Annotated[str, typer.Argument(help="A saved page; - for standard input.")],
    *,
    url: Annotated[str, typer.Option(help="The address that the page was saved from.")],
    captured_at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"],
            help="When it was saved; now by default. Without a zone: UTC.",
        ),
    ] = None,
    content_type: Annotated[str | None, typer.Option(help="The Content-Type header that came with it.")] = None,
    explain: ExplainOption = False,
    mend: Annotated[
        bool,
        typer.Option(
            "--mend", help="Add a mended copy (key mended) of a text that a mirror has spoilt, null if none is."
        ),
    ] = False,
    portal: PortalOption = "chinanews",
) -> int:
    """Print the article line of a saved page as JSON; exit code 3 if it is no article.

    Example: pressmark extract page.html --url https://www.js.chinanews.com.cn/news/2025/0227/230110.html
    """
    if explain and mend:
        raise UsageError("--explain and --mend: take one of them; --explain prints a table, --mend the line as JSON")
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--url {url}: not an address of a page; it begins with http:// or https://")
    body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    moment = captured_at or datetime.now(UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    page = decode_page(body, url=url, content_type=content_type, captured_at=moment)
    described = find_portal(portal)
    reading = read_page(page, find_branch(described, url))
    if reading.article is None:
        if explain:
            explain_refusal(url, reading)
        else:
            print_json({"content_type": "not_an_article", "url": url, "reason": reading.reason, "signs": reading.signs})
        return FINDINGS
    line = _line_of_page(page, reading, described)
    if explain:
        explain_line(line)
    elif mend:
        print_json({**msgspec.to_builtins(line), "mended": mend_article(reading.article, load_converter())})
    else:
        print_json(line)
    return DONE


def show(
    what: ArticleArgument,
    *,
    version: Annotated[int | None, typer.Option(min=1, help="This version of it  [default: the newest]")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Write the captured response, byte for byte as it came.")] = False,
    page: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="With --raw: this page of an article that spans several.")
    ] = None,
    json: JsonOption = False,
    explain: ExplainOption = False,
    portal: PortalOption = "chinanews",
    data: DataOption = Path("data"),
    collection: CollectionOption = "",
) -> int:
    """Show an article and where its bytes lie.

    Example: pressmark show chinanews:js:230110 --raw > page.http
    """
    described = find_portal(portal)
    found = existing_collection(data, collection, described)
    line = read_version(found, *find_versions(found, what, described, (version,)))
    if page and not raw:
        raise UsageError(f"--page {page}: chooses the bytes of one page; add --raw")
    if raw:
        mark = _mark_of(line, page or 1)
        sys.stdout.buffer.write(read_record(found.archive, mark).block)
        sys.stdout.buffer.flush()
        for remark in _remarks(line, page or 1):
            err.print(remark, markup=False, soft_wrap=True)
    elif json:
        print_json(line)
    elif explain:
        explain_line(line)
    else:
        _print_article(line)
    return DONE


def _mark_of(line: ArticleLine, page: int) -> Pressmark:
    """Return where a page of the article lies, the first being 1."""
    marks = [line.pressmark, *(one.pressmark for one in line.pages[1:])]
    if page > len(marks):
        raise UsageError(f"--page {page}: the article has {len(marks)} page{'s' if len(marks) > 1 else ''}")
    mark = marks[page - 1]
    if mark is None:
        raise UsageError(f"{line.id}: its line names no record of page {page}")
    return mark


def _remarks(line: ArticleLine, page: int) -> Iterator[str]:
    """Yield what else belongs to the article, beside the bytes of this page."""
    if line.revisit and page == 1:
        yield (
            "The response of the first capture: the same payload was seen again at"
            f" {line.revisit.date}, by the revisit {line.revisit.record_id}"
        )
    if page < len(line.pages):
        yield f"This is page {page} of {len(line.pages)}; --page {page + 1} writes the next"


def _line_of_page(page: Page, reading: PageReading, portal: Portal) -> ArticleLine:
    """Return the line of a page that lies in no collection: no pressmark, no version."""
    branch = find_branch(portal, page.url)
    origin = Provenance(
        id=article_id(page.url, portal),
        url=page.url,
        canonical_url=told_canonical_url(page.url, reading.canonical, portal),
        portal=branch.portal if branch else None,
        branch=branch.code if branch else None,
        region=branch.region if branch else None,
        captured_at=page.captured_at,
        encoding=page.encoding,
        extractor_version=EXTRACTOR_VERSION,
    )
    return make_line(join([reading]), origin)


def _print_article(line: ArticleLine) -> None:
    out.print(line.headline or "(no headline)", style="bold", markup=False)
    byline = "、".join(f"{one.name} ({one.role})" for one in line.byline)
    outlet = line.source.name if line.source else None
    facts = (line.published_at, outlet, byline, "editor " + "、".join(line.editors) if line.editors else None)
    out.print("  ".join(fact for fact in facts if fact), markup=False)
    out.print()
    for block in line.blocks:
        if block.image is not None:
            image = line.images[block.image]
            out.print(f"[picture] {image.caption or image.alt or ''} {image.url}", markup=False, style="dim")
        else:
            out.print(block.text or block.url or "", markup=False)
        out.print()
    out.print(f"{line.id}  version {line.version}  {line.url}", markup=False, soft_wrap=True)
    if line.pressmark:
        _print_pressmark(line.pressmark)


def _print_pressmark(mark: Pressmark) -> None:
    out.print(f"{mark.file}  offset {mark.offset}  length {mark.length}", markup=False, soft_wrap=True)
    out.print(f"{mark.record_id}  {mark.payload_digest}", markup=False, soft_wrap=True)
