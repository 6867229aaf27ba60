"""Hold what a live branch answered against its block in the TOML file: pure, from answers to a report."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from w3lib.encoding import resolve_encoding

from crawler.probes.survey import FORBIDDEN, Answer, Answers, find_home, host_of, own_articles
from crawler.reading.article import Article
from crawler.reading.extract.discovery import find_sections, is_same_list
from crawler.reading.extract.frame import GENERIC
from crawler.reading.extract.listings import read_listing
from crawler.reading.extract.pages import read_page
from crawler.reading.page import Page
from crawler.reading.portals import Branch, Portal, Section

FIELDS = ("headline", "published_at", "source", "byline", "editors", "body", "images", "captions")
NO_LABEL = "none"
OLD_LINKS = 0.1

Kind = Literal["host", "robots", "certificate", "section", "new_section", "article_url", "charset", "layout", "field"]


class OriginReport(msgspec.Struct, frozen=True, kw_only=True):
    """One of a branch's hosts under http or https; `leads_to` where a redirect led elsewhere."""

    origin: str
    robots: str
    home: str
    leads_to: str | None
    protocol: str | None
    certificate: str | None


class SectionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One list; `newest` is the day of its newest article. `verdict` is ok, or what is wrong with it."""

    path: str
    name: str
    verdict: str
    articles: int
    newest: str | None


class ArticleReport(msgspec.Struct, frozen=True, kw_only=True):
    """One article page; `fields` maps a field to what was found: a word, a count, or None."""

    url: str
    verdict: str
    layout: str | None
    charset: str | None
    published_precision: str | None
    fields: dict[str, str | int | None]


class NewSection(msgspec.Struct, frozen=True, kw_only=True):
    """A list that the home page links to and the file does not name."""

    path: str
    name: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as the file says."""

    kind: Kind
    where: str
    found: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe found; `home` is the address that stands for the branch now, None where no host answers."""

    portal: str
    branch: str
    probed_at: str
    requests: int
    home: str | None
    origins: tuple[OriginReport, ...]
    sections: tuple[SectionReport, ...]
    sections_known: bool
    new_sections: tuple[NewSection, ...]
    article_url: str | None
    article_links: int
    matched_links: int
    charset: str | None
    charsets: dict[str, int]
    articles: tuple[ArticleReport, ...]
    changes: tuple[Change, ...]


def compare(branch: Branch, portal: Portal, answers: Answers, *, probed_at: str, requests: int) -> Report:
    """Return what holds and what has changed; without any home page the rest is empty."""
    home = find_home(answers.homes, branch)
    sections = tuple(_section_report(section, answer, branch, portal) for section, answer in answers.sections)
    lists = [page for page in (home, *(answer.page() for _, answer in answers.sections)) if page]
    links = sorted({url for page in lists for url, _ in own_articles(page, branch, portal)})
    matched = [url for url in links if branch.article_url and branch.article_url.search(urlsplit(url).path)]
    shown = find_sections(home, branch) if home and branch.sections else ()
    new = tuple(one for one in shown if not any(is_same_list(one.path, known.front) for known in branch.sections))
    articles = tuple(_article_report(answer, branch) for answer in answers.articles)
    pages = [answer.page() for answer in answers.articles]
    charsets = Counter(page.encoding.declared or NO_LABEL for page in (*lists, *pages) if page)
    origins = tuple(_origin_report(origin, answers) for origin in answers.robots)
    changes = list(_host_changes(branch, answers, home))
    if home:
        changes += [
            Change(kind="section", where=one.path, found=one.verdict) for one in sections if one.verdict != "ok"
        ]
        changes += [Change(kind="new_section", where=one.path, found=f"{one.name}, on the home page") for one in new]
        changes += _address_changes(branch, links, matched)
        changes += _charset_changes(branch, charsets)
        changes += _article_changes(branch, articles)
    return Report(
        portal=portal.name,
        branch=branch.code,
        probed_at=probed_at,
        requests=requests,
        home=home.url if home else None,
        origins=origins,
        sections=sections,
        sections_known=bool(branch.sections),
        new_sections=tuple(NewSection(path=one.path, name=one.name) for one in new),
        article_url=branch.article_url.pattern if branch.article_url else None,
        article_links=len(links),
        matched_links=len(matched),
        charset=branch.charset,
        charsets=dict(charsets),
        articles=articles,
        changes=tuple(changes),
    )


def _origin_report(origin: str, answers: Answers) -> OriginReport:
    robots, home = answers.robots[origin], answers.homes.get(origin)
    last = (home.last if home else None) or robots.last
    shown = home.url if home and not home.url.startswith(f"{origin}/") else None
    certificate = None
    if origin.startswith("https:") and last and last.certificate:
        certificate = last.certificate.fault or "good"
    secured = [name for name in (last.protocols if last else ()) if not name.startswith("http")]
    return OriginReport(
        origin=origin,
        robots=_robots_verdict(robots),
        home=(home.trouble or "ok") if home else "not asked",
        leads_to=shown,
        protocol=secured[0] if secured else None,
        certificate=certificate,
    )


def _robots_verdict(robots: Answer) -> str:
    missing = robots.status in range(400, 500) and robots.status != 429 and not robots.refused
    return f"none ({robots.trouble})" if missing else robots.trouble or "read"


def _section_report(section: Section, answer: Answer, branch: Branch, portal: Portal) -> SectionReport:
    page = answer.page()
    rows = own_articles(page, branch, portal) if page else []
    verdict = answer.trouble or "ok"
    if page and not is_same_list(_target(answer.asked), _target(page.url)):
        verdict = f"redirects to {page.url}"
    elif page is None and not answer.trouble:
        verdict = "cannot be read"
    elif page and not read_listing(page, branch, portal).articles:
        verdict = "lists no article"
    newest = rows[0][1] if rows else None
    return SectionReport(
        path=section.front,
        name=section.name,
        verdict=verdict,
        articles=len(rows),
        newest=newest.isoformat() if newest else None,
    )


def _article_report(answer: Answer, branch: Branch) -> ArticleReport:
    page = answer.page()
    reading = read_page(page, branch) if page else None
    article = reading.article if reading else None
    verdict = "ok" if article else (reading.reason if reading else None) or answer.trouble or "cannot be read"
    return ArticleReport(
        url=answer.asked,
        verdict=verdict,
        layout=article.layout if article else None,
        charset=page.encoding.declared if page else None,
        published_precision=article.published_precision if article else None,
        fields=_fields(article) if article else dict.fromkeys(FIELDS),
    )


def _fields(article: Article) -> dict[str, str | int | None]:
    captions = sum(1 for image in article.images if image.caption)
    return {
        "headline": article.headline,
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "source": article.source.name if article.source else None,
        "byline": "、".join(one.name for one in article.byline) or None,
        "editors": "、".join(article.editors) or None,
        "body": len(article.body) or None,
        "images": len(article.images) or None,
        "captions": captions or None,
    }


def _host_changes(branch: Branch, answers: Answers, home: Page | None) -> Iterator[Change]:
    canonical = f"{branch.scheme}://{branch.hosts[0]}"
    for host in branch.hosts:
        origins = [origin for origin in answers.robots if host_of(origin) == host]
        troubles = {origin: _origin_trouble(origin, answers) for origin in origins}
        if origins and all(troubles.values()):
            yield Change(kind="host", where=host, found=troubles[origins[0]] or "")
        elif canonical in troubles and (trouble := troubles[canonical]):
            yield Change(kind="host", where=canonical, found=f"{trouble}; the other scheme answers")
    if home and not home.url.startswith(f"{canonical}/"):
        yield Change(kind="host", where=canonical, found=f"the home page is {home.url}")
    for origin, robots in answers.robots.items():
        fault = robots.last.certificate.fault if robots.last and robots.last.certificate else None
        if fault and origin.startswith(f"{branch.scheme}:"):
            yield Change(kind="certificate", where=origin, found=fault)
    for answer in (*answers.homes.values(), *(one for _, one in answers.sections), *answers.articles):
        if answer.refused == FORBIDDEN:
            yield Change(kind="robots", where=answer.asked, found=FORBIDDEN)


def _origin_trouble(origin: str, answers: Answers) -> str | None:
    home = answers.homes.get(origin)
    return home.trouble if home else answers.robots[origin].trouble or "no answer"


def _address_changes(branch: Branch, links: list[str], matched: list[str]) -> Iterator[Change]:
    unmatched = [url for url in links if url not in set(matched)] if branch.article_url else []
    # Old pages keep their old addresses; a form of its own shows on more than a few.
    if len(unmatched) > len(links) * OLD_LINKS:
        found = f"{len(unmatched)} of {len(links)} links to articles have another form, e.g. {unmatched[-1]}"
        yield Change(kind="article_url", where="article_url", found=found)
    elif not links:
        yield Change(kind="article_url", where="article_url", found="no link has the form of an article's address")


def _charset_changes(branch: Branch, charsets: Counter[str]) -> Iterator[Change]:
    known = resolve_encoding(branch.charset) if branch.charset else None
    for label, count in charsets.items():
        if known and label != NO_LABEL and resolve_encoding(label) != known:
            yield Change(kind="charset", where=branch.charset or "", found=f"{label}, on {count} pages")


def _article_changes(branch: Branch, articles: tuple[ArticleReport, ...]) -> Iterator[Change]:
    for one in articles:
        if one.verdict != "ok":
            yield Change(kind="field", where=one.url, found=one.verdict)
        elif one.layout == GENERIC and branch.layouts:
            yield Change(kind="layout", where=one.url, found="bears the marker of no known layout")
        for name in ("headline", "body"):
            if one.verdict == "ok" and one.fields[name] is None:
                yield Change(kind="field", where=one.url, found=f"no {name}")
    read = [one for one in articles if one.verdict == "ok"]
    # A single page may well lack its time; all of them do where the template has changed. A day comes from the address.
    if read and not any(one.published_precision in {"minute", "second"} for one in read):
        yield Change(kind="field", where="published_at", found=f"no time on any of {len(read)} articles")


def _target(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
