"""What was seen at a visit: what the track of a URL is made from."""

from datetime import datetime, timedelta, timezone

from crawler.folding.asking import is_own_host, names_sections
from crawler.folding.outcome import Outcome
from crawler.folding.tracks import Found, Sight, moment
from crawler.reading.portals import Portal, url_date
from crawler.store.rows import Visit
from crawler.store.state import State
from crawler.store.versions import Version

CHINA = timezone(timedelta(hours=8))
# Answers, and pages under the article's own address, that say that an article is there no more.
GONE = frozenset({404, 410})
GONE_PAGES = frozenset({"soft_404", "home_page"})


def sight_of(state: State, outcome: Outcome, known: Version | None, portal: Portal) -> Sight:
    """Return what the visit of an outcome has seen; `known` is the newest version of the article at its address."""
    visit = outcome.visit
    assert visit is not None
    if visit.kind == "listing":
        articles = (link.url for link in outcome.links if link.kind == "article")
        return Sight(
            is_front=_is_front(visit, portal), brought_new=any(state.visits.row(url) is None for url in articles)
        )
    if visit.kind == "page":
        owner = state.visits.article_of(visit.url)
        since = state.visits.track(owner).changed_at if owner else None
        return Sight(found="article", is_version=True, since=moment(since) if since else None)
    return Sight(found=_found(outcome, portal), is_version=known is not None, since=_since(outcome, portal))


def _found(outcome: Outcome, portal: Portal) -> Found:
    """Return what stands at an article's address now; a page that cannot be told for gone is not called so."""
    visit = outcome.visit
    if visit is None or outcome.fault:
        return "other"
    if visit.status in GONE or outcome.not_article in GONE_PAGES:
        return "gone"
    if visit.location:
        # Away from the article, yet still on the portal; elsewhere may be a guard's page or a provider's.
        return "gone" if outcome.not_article and is_own_host(visit.location, portal) else "other"
    return "article" if visit.capture and not outcome.not_article else "other"


def _since(outcome: Outcome, portal: Portal) -> datetime | None:
    """Return when the article was published, by its page, else by its URL."""
    article = outcome.page.reading.article if outcome.page else None
    if article and article.published_at:
        return article.published_at
    day = url_date(outcome.visit.url, portal) if outcome.visit else None
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) if day else None


def _is_front(visit: Visit, portal: Portal) -> bool:
    """Tell whether a list is asked for on its own: a seed, its redirect, or a section that a home page names."""
    return not visit.hops.strip("R") or (visit.via is not None and names_sections(visit.via, portal))
