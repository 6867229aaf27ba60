"""What was read from one page."""

from dataclasses import dataclass
from datetime import datetime

from crawler.reading.article import Article
from crawler.reading.page import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """What one page says. `article` is None where the page is no article, and `reason` then says why.

    `next_pages` are the absolute addresses of the further pages of the same article, in order, without this one.
    `canonical` is the address that the page names as its canonical one (absolute);
    `signs` are what shows the reason.
    """

    article: Article | None
    reason: str | None
    next_pages: tuple[str, ...]
    encoding: Encoding
    canonical: str | None = None
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedArticle:
    """A link to an article on a list, with the list's own headline and time as a cross-check."""

    url: str
    headline: str | None
    listed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a page of links gives: articles in page order, each once, and the list's further pages (absolute)."""

    articles: tuple[ListedArticle, ...]
    next_pages: tuple[str, ...]
    encoding: Encoding
