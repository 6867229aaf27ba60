"""Find the further pages of an article, of a gallery and of a list."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

from crawler.reading.extract.tree import Element, Tree, text_of, text_of_link

_PAGE_OF_ARTICLE = re.compile(r"^(?P<stem>.*?)(?:_(?P<number>\d{1,3}))?(?P<ending>\.s?html?)$")
# createPageHTML(count, current, "t20250227_1", "shtml"): pages are counted from 0, the first has no number.
_SCRIPTED = re.compile(
    r"""createPage(?:HTML|Html)\w*\(\s*["']?(?P<count>\d{1,4})["']?\s*,\s*["']?(?P<current>\d{1,4})["']?\s*,\s*["'](?P<name>[\w./-]+)["']\s*,\s*["'](?P<ending>s?html?)["']"""
)
_NEXT = re.compile(
    r"^[\[【(]?\s*(?:下一?页|下一頁|后一?页|下页|[>＞»›]{1,2}|下一页\s*[>＞»›]{0,2}|[Nn]ext)\s*[\])】>＞»›]*$"
)
_PAGE_OF_GALLERY = re.compile(r"(?P<stem>https?://[^?#]*/)(?P<number>[1-9]\d{0,9})(?P<ending>\.s?html?)")
_NEXT_PICTURE = re.compile(r"[\[【(]?\s*下一?[张張页頁幅图圖]\s*[\])】>＞»›]*")
_COUNTED = re.compile(r"(?<!\d)(?P<place>\d{1,3})\s*/\s*(?P<count>\d{1,3})(?!\d)")
_NUMBERED = re.compile(r"^[\[【(]?\s*(?:第\s*)?(?P<number>\d{1,4})(?:\s*页)?\s*[\])】]?$")
PAGE_KEYS = frozenset(("p", "page", "pageno", "pagenum", "pageindex", "currentpage", "pn", "page_no"))
_MOST_PAGES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A list page's address taken apart: what all pages of one list share, and the page's number (None: unnumbered)."""

    shared: tuple[str, ...]
    number: int | None


def article_pages(tree: Tree, url: str) -> tuple[str, ...]:
    """Return the addresses of the pages after this one (<id>_2.shtml, <id>_3.shtml), in order."""
    parts = _path(url)
    match = _PAGE_OF_ARTICLE.match(parts) if parts else None
    if match is None:
        return ()
    name = match["stem"].rpartition("/")[2]
    here = int(match["number"] or 1)
    numbers: set[int] = set()
    if f"{name}_" in tree.html:
        pattern = re.compile(rf"(?<![\w-]){re.escape(name)}_(\d{{1,3}}){re.escape(match['ending'])}\b")
        numbers = {int(found) for found in pattern.findall(tree.html)}
    pages = [f"{match['stem']}_{number}{match['ending']}" for number in sorted(numbers) if number > here]
    if not pages and tree.has_script("createPage"):
        pages = list(_scripted_pages(tree.scripts, name, match))
    return tuple(urljoin(url, page) for page in pages[:_MOST_PAGES])


def _scripted_pages(html: str, name: str, address: re.Match[str]) -> Iterator[str]:
    script = _SCRIPTED.search(html)
    if script is None or script["name"].rpartition("/")[2] != name:
        return
    for number in range(int(script["current"]) + 1, int(script["count"])):
        yield f"{address['stem']}_{number}{address['ending']}"


def gallery_pages(tree: Tree, url: str) -> tuple[str, ...]:
    """Return the further pages of a gallery of one picture a page: their numbers count on from this page's.

    The number after a gallery's last is another document's, so a page counts only where this one tells of it: by its
    place among all (2/8, with the count in span#showTotal), else by a link to the next picture.
    """
    match = _PAGE_OF_GALLERY.fullmatch(url)
    total, frame = tree.first("#showTotal"), tree.first("#eFramePic")
    if match is None or (total is None and frame is None):
        return ()
    number = int(match["number"])
    if (place := _place_in_gallery(total)) is not None:
        numbers = range(number + 1, number + 1 + min(place[1] - place[0], _MOST_PAGES))
    else:
        numbers = range(number + 1, number + 2)
    pages = tuple(f"{match['stem']}{one}{match['ending']}" for one in numbers)
    return pages if place is not None or (pages and pages[0] in _next_pictures(tree, frame, url)) else ()


def _place_in_gallery(total: Element | None) -> tuple[int, int] | None:
    """Return the number of the picture and how many there are, None where the page does not print both."""
    around = total.getparent() if total is not None else None
    match = _COUNTED.search(text_of(around)) if around is not None else None
    return (int(match["place"]), int(match["count"])) if match else None


def _next_pictures(tree: Tree, frame: Element | None, url: str) -> set[str]:
    """Return where the links to the next picture lead: those that say so, and the one around the picture."""
    around = set(frame.iter("a")) | set(frame.iterancestors("a")) if frame is not None else set()
    found: set[str] = set()
    for link in tree.root.iter("a"):
        label = text_of_link(link) or (link.get("title") or "").strip()
        if link in around or _NEXT_PICTURE.fullmatch(label):
            with suppress(ValueError):
                found.add(urljoin(url, (link.get("href") or "").strip()).partition("#")[0])
    return found


def list_pages(tree: Tree, url: str) -> tuple[str, ...]:
    """Return the addresses of the list's pages after this one that the page links to, in order.

    A link counts by what it says (下一页, 3, 第3页) and by its address, which must differ from this page's in a number
    alone: an m<N>, a news<N>, an index_<N>, or ?p=N.
    """
    here = _place(url)
    if here is None:
        return ()
    # /focus/3.html is the third page of /focus/, or a list of its own with the pages 3_2.html, 3_3.html.
    numbers_here = {here.shared: here.number, _whole(url): None}
    found: dict[tuple[str, ...], dict[str, int]] = {}
    counted_from_one: set[tuple[str, ...]] = set()
    for target, text in _pager_links(tree, url):
        there = _place(target)
        if there is None or there.number is None or there.shared not in numbers_here:
            continue
        label = _NUMBERED.match(text)
        found.setdefault(there.shared, {}).setdefault(target, there.number)
        if label and int(label["number"]) == there.number == 1:
            counted_from_one.add(there.shared)
    for shared, pages in found.items():
        number_here = numbers_here[shared]
        first = 1 if shared in counted_from_one else _smallest_missing(pages.values())
        first = first if number_here is None else number_here
        later = sorted((number, target) for target, number in pages.items() if number > first)
        if later:
            return tuple(target for _, target in later)[:_MOST_PAGES]
    return tuple(dict.fromkeys(_scripted_list(tree.scripts, url)))[:_MOST_PAGES]


def _pager_links(tree: Tree, url: str) -> Iterator[tuple[str, str]]:
    """Yield the links that say a number or 下一页, with what they say."""
    for link in tree.root.iter("a"):
        href = (link.get("href") or "").strip()
        if not href or href.startswith(("#", "javascript:", "mailto:")):
            continue
        text = text_of_link(link) or (link.get("title") or "").strip()
        if not _NUMBERED.match(text) and not _NEXT.match(text):
            continue
        try:
            yield urljoin(url, href).partition("#")[0], text
        except ValueError:
            continue


def _smallest_missing(numbers: Iterable[int]) -> int:
    """Return the number of a first page that does not show it: 0 where the others begin with 1, else 1."""
    return 0 if min(numbers, default=2) == 1 else 1


def _place(url: str) -> _Place | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    folder, _, name = parts.path.rpartition("/")
    stem, dot, ending = name.partition(".")
    query = parse_qsl(parts.query)
    paged = [value for key, value in query if key.lower() in PAGE_KEYS and value.isdigit()]
    rest = tuple(f"{key}={value}" for key, value in query if key.lower() not in PAGE_KEYS)
    if paged:
        return _Place(shared=(parts.hostname or "", folder, name, *rest), number=int(paged[0]))
    match = re.fullmatch(r"(?P<word>.*?)[_-]?(?P<number>\d{1,4})?", stem)
    word, number = (match["word"], match["number"]) if match else (stem, None)
    word = "" if word in {"index", "list", "default"} else word
    if query and number is None:
        return _Place(shared=(parts.hostname or "", folder, name, *rest), number=None)
    ending = "" if not word else dot + ending
    return _Place(shared=(parts.hostname or "", folder, word + ending, *rest), number=int(number) if number else None)


def _whole(url: str) -> tuple[str, ...]:
    """Return what the pages share whose names add a number to this page's whole name."""
    parts = urlsplit(url)
    folder, _, name = parts.path.rpartition("/")
    return (parts.hostname or "", folder, name, *(f"{key}={value}" for key, value in parse_qsl(parts.query)))


def _scripted_list(html: str, url: str) -> Iterator[str]:
    script = _SCRIPTED.search(html) if "createPage" in html else None
    if script is None:
        return
    for number in range(int(script["current"]) + 1, int(script["count"])):
        yield urljoin(url, f"{script['name']}_{number}.{script['ending']}")


def _path(url: str) -> str | None:
    try:
        return urlsplit(url).path
    except ValueError:
        return None
