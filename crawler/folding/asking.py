"""Which addresses a crawl asks for, and in which form; pure."""

import re
from urllib.parse import urldefrag, urljoin, urlsplit

from w3lib.url import safe_url_string

from crawler.reading.extract.refusals import is_home_address
from crawler.reading.portals import Portal, find_branch, is_article_url, url_date
from crawler.store.rows import Kind

FURTHER_PAGE = re.compile(r"_\d{1,3}(\.s?html?)$")
MAX_REDIRECTS = 5


def asked_url(url: str) -> str:
    """Return the form in which an address is asked for and captured: escaped as Scrapy does it, without fragment.

    Rows, needs and captures bear this form, so that they find each other; "" for what is no address.
    """
    try:
        return urldefrag(safe_url_string(url)).url
    except ValueError:
        return ""


def join_location(url: str, location: str) -> str | None:
    """Return where a redirect leads to, None where its Location is no address."""
    try:
        return urljoin(url, location)
    except ValueError:
        return None


def first_page(url: str, portal: Portal) -> str:
    """Return the address of an article's first page for that of a further one: lists name both."""
    first = FURTHER_PAGE.sub(r"\1", url)
    return first if first != url and is_article_url(first, portal) else url


def names_sections(url: str, portal: Portal) -> bool:
    """Tell whether an address is the home page of a branch whose sections are found there."""
    branch = find_branch(portal, url)
    return branch is not None and not branch.sections and is_home_address(url)


def is_own_host(url: str, portal: Portal) -> bool:
    """Tell whether an address is one that a crawl of this portal may ask: http(s), on its hosts or its asset hosts."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in {"http", "https"} and (host in portal.asset_hosts or find_branch(portal, url) is not None)


def host_of(url: str) -> str:
    """Return the host of an address."""
    return urlsplit(url).hostname or ""


def day_of(url: str, kind: Kind, portal: Portal) -> str | None:
    """Return the day that the address of a list or an article names."""
    day = url_date(url, portal) if kind in {"listing", "article"} else None
    return day.isoformat() if day else None
