"""Pages per CPU second of reading an article, against parsing alone (lxml on the same str), and against trafilatura.

Run with `python -m bench.extraction [FOLDER ...]`. It reads the pages of the sample portal, which are short, pages
of the usual 20 KB made for the bench, and those of the folders; then it tells the seconds that one large page takes.
"""

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from lxml import etree

from bench.machine import machine
from bench.portal import article_page, article_path, portal_toml
from crawler.reading.extract.pages import read_page
from crawler.reading.page import Page, decode_page
from crawler.reading.portals import Portal, find_branch, is_article_url, load_portal

SAMPLE = Path(__file__).parents[1] / "tests" / "fixtures" / "portal"
SECONDS = 2.0
MADE_PAGES = 50


def main(folders: list[Path]) -> None:
    print(machine())
    portal = load_portal(SAMPLE / "sample.toml")
    report("sample portal", list(sample_pages(portal)), portal)
    report("pages of the bench", list(made_pages()), made_portal())
    report_large()
    for folder in folders:
        for path in sorted(folder.glob("*.html")):
            report(path.name, [page_of(path, "http://www.sample.test/gn/2020/07-04/9229287.shtml")], portal)


def sample_pages(portal: Portal) -> Iterable[Page]:
    hosts = SAMPLE / "hosts"
    for path in sorted(hosts.rglob("*.*html")):
        page = page_of(path, "http://" + path.relative_to(hosts).as_posix())
        if is_article_url(page.url, portal):
            yield page


def made_portal() -> Portal:
    with TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "bench.toml"
        path.write_text(portal_toml(MADE_PAGES), "utf-8")
        return load_portal(path)


def made_pages() -> Iterable[Page]:
    for number in range(MADE_PAGES):
        url = f"http://www.b0.bench.test{article_path(number)}"
        yield decode_page(article_page(number), url=url, content_type=None, captured_at=datetime.now(UTC))


def page_of(path: Path, url: str) -> Page:
    return decode_page(path.read_bytes(), url=url, content_type=None, captured_at=datetime.now(UTC))


def report(name: str, pages: list[Page], portal: Portal) -> None:
    parsing = speed(pages, lambda page: parse(page.html))
    by_layout = speed(pages, lambda page: read_page(page, find_branch(portal, page.url)))
    by_rules = speed(pages, lambda page: read_page(page, None))
    size = sum(len(page.html) for page in pages) // len(pages) // 1000
    print(f"{name}: {len(pages)} pages of {size}k characters; pages per CPU second")
    print(f"  parsing alone {parsing:8.0f}")
    print(f"  by layout     {by_layout:8.0f}   {by_layout / parsing:.2f} of parsing")
    print(f"  by rules      {by_rules:8.0f}   {by_rules / parsing:.2f} of parsing")
    trafilatura = speed_of_trafilatura(pages)
    if trafilatura:
        print(f"  trafilatura   {trafilatura:8.0f}   by layout is {by_layout / trafilatura:.0f} times as fast")


def report_large() -> None:
    """Print the seconds for one page by its size, up to the bounds of what is read and beyond them."""
    paragraph = "<p>　　湖边的渔民天不亮就下了网，岸上的人等着第一船银鱼靠岸，这样的早晨已经延续了许多年。</p>"
    bodies = {f"paragraphs, {size / 1e6:g} MB": paragraph * (size // 140) for size in (50_000, 500_000, 5_000_000)}
    bodies["one paragraph, 5 MB"] = f"<p>{'湖边的渔民天不亮就下了网，' * 128_000}</p>"
    bodies["pictures, 5 MB"] = "".join(f'<img src="/pic/2026050{number}.jpg">' for number in range(150_000))
    bodies["100,000 nested tags"] = paragraph + "<div>" * 100_000
    print("large pages; seconds for one")
    for name, body in bodies.items():
        html = f'<meta charset="utf-8"><title>银鱼开捕</title><h1>银鱼开捕</h1><div id="txt">{body}</div>'
        start = process_time()
        page = decode_page(
            html.encode(),
            url="http://www.sample.test/gn/2026/05-01/9229287.shtml",
            content_type=None,
            captured_at=datetime.now(UTC),
        )
        read_page(page, None)
        print(f"  {name:20} {process_time() - start:6.2f}")


def parse(html: str) -> object:
    return etree.fromstring(html, etree.HTMLParser(huge_tree=True))


def speed(pages: list[Page], read: Callable[[Page], object]) -> float:
    """Return pages per CPU second over rounds of all pages, about two seconds long."""
    for page in pages:
        read(page)
    rounds, start = 0, process_time()
    while (spent := process_time() - start) < SECONDS:
        for page in pages:
            read(page)
        rounds += 1
    return rounds * len(pages) / spent


def speed_of_trafilatura(pages: list[Page]) -> float | None:
    try:
        from trafilatura import bare_extraction  # noqa: PLC0415 - only where it is installed
    except ImportError as error:
        print(f"  trafilatura   not measured: {error}; `make bench` installs it")
        return None
    return speed(pages, lambda page: bare_extraction(page.html, url=page.url, with_metadata=True))


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]])
