"""What a probe asks of a live branch, and what became of it: pure, no client."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from urllib.parse import urlsplit, urlunsplit

from archive.capture import Capture
from archive.errors import ArchiveError
from crawler.folding.composing import decode_capture
from crawler.reading.extract.discovery import find_sections
from crawler.reading.extract.listings import read_listing
from crawler.reading.page import Page
from crawler.reading.portals import Branch, Portal, Section, find_branch, url_date

ARTICLES_ASKED = 5
FORBIDDEN = "robots.txt forbids it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of asking one address, redirects followed; `refused` says why it was not asked, or not to the end."""

    asked: str
    captures: tuple[Capture, ...] = ()
    refused: str | None = None

    @property
    def last(self) -> Capture | None:
        """The last exchange of the chain."""
        return self.captures[-1] if self.captures else None

    @property
    def url(self) -> str:
        """The address that the redirects led to."""
        return self.last.url if self.last else self.asked

    @property
    def status(self) -> int | None:
        """The last status, None where no whole head came."""
        head = self.last.head() if self.last else None
        return head.status if head else None

    @property
    def trouble(self) -> str | None:
        """Why there is no page to read, in a few words; None where there is one."""
        if self.refused:
            return self.refused
        if self.last is None or self.status is None:
            return (self.last.failure if self.last else None) or "no answer"
        if self.last.failure and self.last.truncated != "length":
            return self.last.failure
        return None if self.status == 200 else f"status {self.status}"

    def page(self) -> Page | None:
        """Return the page that came, None where none did or where its coding cannot be undone."""
        if self.trouble or self.last is None:
            return None
        try:
            return decode_capture(self.last)
        except ArchiveError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that a probe asked: robots.txt and home page by origin (https://host), sections, articles."""

    robots: dict[str, Answer]
    homes: dict[str, Answer]
    sections: tuple[tuple[Section, Answer], ...] = ()
    articles: tuple[Answer, ...] = ()


def list_origins(branch: Branch) -> list[str]:
    """Return the branch's hosts under both schemes, the canonical address first."""
    other = "http" if branch.scheme == "https" else "https"
    return [f"{scheme}://{host}" for host in branch.hosts for scheme in (branch.scheme, other)]


def origin_of(url: str) -> str:
    """Return an address's scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def on_origin(url: str, home: str) -> str:
    """Return an address of the branch at the origin that its home page came from."""
    parts, there = urlsplit(url), urlsplit(home)
    return urlunsplit((there.scheme, there.netloc, parts.path, parts.query, ""))


def find_home(homes: dict[str, Answer], branch: Branch) -> Page | None:
    """Return the home page of the first origin that has one of the branch's own; None where none has."""
    pages = (answer.page() for answer in homes.values())
    return next((page for page in pages if page and host_of(page.url) in branch.hosts), None)


def sections_of(branch: Branch, home: Page) -> tuple[Section, ...]:
    """Return the sections to ask: those that the file names, else those that the home page shows."""
    return branch.sections or find_sections(home, branch)


def choose_articles(lists: Sequence[Page], branch: Branch, portal: Portal) -> list[str]:
    """Return up to five of the branch's own articles, the newest of each list in turn."""
    rows = [[url for url, _ in own_articles(page, branch, portal)] for page in lists]
    spread = (url for row in zip_longest(*rows) for url in row if url is not None)
    return list(dict.fromkeys(spread))[:ARTICLES_ASKED]


def own_articles(page: Page, branch: Branch, portal: Portal) -> list[tuple[str, date | None]]:
    """Return the branch's own articles on a list with their days, the newest first."""
    found = [
        (one.url, one.listed_at.date() if one.listed_at else url_date(one.url, portal))
        for one in read_listing(page, branch, portal).articles
        if find_branch(portal, one.url) is branch
    ]
    return sorted(found, key=lambda row: row[1] or date.min, reverse=True)


def host_of(url: str) -> str:
    """Return an address's host, "" for none."""
    return urlsplit(url).hostname or ""
