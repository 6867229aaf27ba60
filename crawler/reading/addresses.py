"""What the URL of a page says: its branch, its day, its number, and the one form that stands for all others."""

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit, urlunsplit

from crawler.reading.portal import Branch, MobileForm, Portal

# The forms of article URLs that the branches of chinanews use: a day in the folders or in the file name, then a number.
_DATED = re.compile(
    r"""^/(?:[\w-]+/)*?
    (?:20\d\d/(?=20\d\d-))?                                          # /2026/2026-08-08/449065.shtml
    (?: (?P<year>(?:19|20)\d\d) [/-]? (?P<month>\d\d) [/-]? (?P<day>\d\d)
      | (?P<month_first>\d\d)(?P<day_first>\d\d) / (?P<year_last>20\d\d) )  # /news/0327/2016/262080.html
    (?:/\d{1,4})? (?:/|(?<=\d{8})(?=\d))                             # /kjww/20250924455061.shtml
    (?:(?:doc|detail)-)?(?P<id>(?:[a-z]{1,10})?\d+(?:-\d+)?)
    (?:_\d{1,3})?\.s?html?$""",
    re.VERBOSE,
)
_SCHEMES = {"http", "https"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleAddress:
    """What the URL of an article says: its canonical form, and the day that it names if any."""

    canonical: str
    day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What an article's path names: a number that is unique on its host, and the day if it tells one."""

    number: str
    day: date | None


def find_branch(portal: Portal, url: str) -> Branch | None:
    """Return the branch that serves the URL's host, also one for telephones; None for a host in no branch."""
    parts = _split(url)
    return portal.branch_of(_host(parts)) if parts else None


def nearest_branches(portal: Portal, code: str) -> list[str]:
    """Return up to five codes of branches near to what was typed: a misspelt code, or a name (江苏, 江苏省)."""
    by_name = [branch.code for branch in portal.branches if branch.name in code or (code and code in branch.name)]
    by_code = get_close_matches(code.lower(), [branch.code for branch in portal.branches], n=3, cutoff=0.5)
    return list(dict.fromkeys([*by_name, *by_code]))[:5]


def canonical_url(url: str, portal: Portal) -> str:
    """Return the one address that stands for all forms of an article's URL (host, scheme, fragment, default port).

    The query of an article's URL goes too: it says how a reader came. A form for telephones becomes the branch's own
    where it tells enough for that. What is no HTTP URL comes back as it is.
    """
    parts = _split(url)
    if parts is None:
        return url
    branch = portal.branch_of(_host(parts))
    return _canonical(parts, branch, "" if _names(parts, branch) else parts.query)


def read_article_url(url: str, portal: Portal) -> ArticleAddress | None:
    """Return what the URL of an article says, None for a URL of another form; one call instead of three."""
    parts = _split(url)
    branch = portal.branch_of(_host(parts)) if parts else None
    named = _names(parts, branch) if parts else None
    return ArticleAddress(canonical=_canonical(parts, branch, ""), day=named.day) if parts and named else None


def told_canonical_url(url: str, told: str | None, portal: Portal) -> str:
    """Return the canonical URL of an article whose page names `told` as such; that counts for the same article only."""
    if told is not None and is_article_url(told, portal) and article_id(told, portal) == article_id(url, portal):
        return canonical_url(told, portal)
    return canonical_url(url, portal)


def article_id(url: str, portal: Portal) -> str:
    """Return e.g. `chinanews:js:230110`; for a host in no branch the host stands in place of the code.

    Where the URL names no number, its path (and query) takes the place.
    """
    parts = _split(url)
    if parts is None:
        return f"{portal.name}:{url}"
    branch = find_branch(portal, url)
    named = _names(parts, branch)
    rest = named.number if named else parts.path + (f"?{parts.query}" if parts.query else "")
    return f"{portal.name}:{branch.code if branch else _host(parts)}:{rest}"


def is_article_url(url: str, portal: Portal) -> bool:
    """Tell whether the URL has the form of an article's: the branch's own form, or a day and a number."""
    return is_article_address(url, find_branch(portal, url))


def is_article_address(url: str, branch: Branch | None) -> bool:
    """Tell whether the URL has the form of an article's, where the branch of its host is known."""
    parts = _split(url)
    return parts is not None and _names(parts, branch) is not None


def url_date(url: str, portal: Portal) -> date | None:
    """Return the day that the URL names, by the branch's form, else by the generic rule; None if it names none."""
    return address_date(url, find_branch(portal, url))


def address_date(url: str, branch: Branch | None) -> date | None:
    """Return the day that the URL names, where the branch of its host is known."""
    parts = _split(url)
    named = _names(parts, branch) if parts else None
    return named.day if named else None


def address_number(url: str, branch: Branch | None) -> str | None:
    """Return the number that the URL of an article names, where the branch of its host is known."""
    parts = _split(url)
    named = _names(parts, branch) if parts else None
    return named.number.rpartition("-")[2] if named else None


def _canonical(parts: SplitResult, branch: Branch | None, query: str) -> str:
    port, host, path = _port(parts), _host(parts), _desktop_path(parts, branch)
    if branch is not None and port is None:
        is_own = host in branch.hosts or path != parts.path
        return urlunsplit((branch.scheme, branch.hosts[0] if is_own else host, path or "/", query, ""))
    return urlunsplit((parts.scheme, host + (f":{port}" if port else ""), path or "/", query, ""))


def _mobile_form(parts: SplitResult, branch: Branch | None) -> tuple[MobileForm, re.Match[str]] | None:
    """Return the form for telephones that the URL has, with its match."""
    if branch is None or not branch.mobile:
        return None
    host = _host(parts)
    for form in branch.mobile:
        is_its_host = form.host == host if form.host else host in branch.hosts
        if is_its_host and (match := form.path.fullmatch(parts.path)):
            return form, match
    return None


def _desktop_path(parts: SplitResult, branch: Branch | None) -> str:
    """Return the URL's path as the branch's first host has it; the same where it has no form for telephones."""
    found = _mobile_form(parts, branch)
    return found[1].expand(found[0].to) if found and found[0].to else parts.path


def _names(parts: SplitResult, branch: Branch | None) -> _Named | None:
    found = _mobile_form(parts, branch)
    if found and not found[0].to:
        return _Named(number=found[1]["id"], day=None)
    return _names_of_path(_desktop_path(parts, branch), branch)


def _names_of_path(path: str, branch: Branch | None) -> _Named | None:
    if branch is not None and branch.article_url is not None and (own := branch.article_url.search(path)):
        found = own.groupdict()
        series = found.get("series")
        day = _day(found.get("year"), found.get("month"), found.get("day"))
        return _Named(number=f"{series}-{found['id']}" if series else found["id"], day=day)
    return _names_of_dated(path)


@lru_cache(maxsize=64)
def _names_of_dated(path: str) -> _Named | None:
    """Return what a path with a day names; a page is asked several times for its own."""
    dated = _DATED.match(path)
    if dated is None:
        return None
    year, month, day_text = (
        dated["year"] or dated["year_last"],
        dated["month"] or dated["month_first"],
        dated["day"] or dated["day_first"],
    )
    generic = _day(year, month, day_text)
    # Without a day that exists the numbers mean something else.
    return _Named(number=dated["id"], day=generic) if generic else None


def _day(year: str | None, month: str | None, day: str | None) -> date | None:
    if year is None or month is None or day is None:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _split(url: str) -> SplitResult | None:
    """Return the parts of an HTTP URL with a host, None for anything else."""
    try:
        parts = urlsplit(url.strip())
        parts.port  # noqa: B018 - raises ValueError for a port that is no number
    except ValueError:
        return None
    return parts if parts.scheme in _SCHEMES and (parts.hostname or "").strip(".") else None


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _port(parts: SplitResult) -> int | None:
    """Return the port where it is not the scheme's own."""
    return None if parts.port in {None, 80, 443} else parts.port
