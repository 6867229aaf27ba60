"""Sixty days of a portal that changes: the ledger must equal what the portal did, event by event."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.reading.portals import load_portal
from tests.simulation import Crawl, SimulatedPortal, deeds, make_portal

PORTAL = load_portal(Path(__file__).parent / "fixtures" / "portal" / "sample.toml")
BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 60


@pytest.fixture(scope="module")
def crawl() -> Crawl:
    world = make_portal(BEGIN, DAYS)
    world.outages = [(BEGIN + timedelta(days=20, hours=3), BEGIN + timedelta(days=20, hours=9))]
    world.redesigned_at = BEGIN + timedelta(days=40)
    found = Crawl(portal=PORTAL, world=world)
    found.run(BEGIN + timedelta(days=DAYS))
    return found


def told(crawl: Crawl) -> Counter[tuple[str, str]]:
    return Counter((event.type, event.url) for event in crawl.events)


def settled(world: SimulatedPortal) -> Counter[tuple[str, str]]:
    """Return the deeds that the crawl has had time to see: the last days' may still be on their way."""
    return Counter(deeds(world, until=BEGIN + timedelta(days=DAYS - 3)))


def test_the_ledger_says_what_the_portal_did_and_nothing_else(crawl: Crawl) -> None:
    found, done = told(crawl), settled(crawl.world)
    assert done - found == Counter()
    assert found - Counter(deeds(crawl.world, until=BEGIN + timedelta(days=DAYS))) == Counter()
    assert all(done[kind, url] == 1 for kind, url in done)


def test_the_events_of_an_article_come_in_the_order_of_its_deeds(crawl: Crawl) -> None:
    for story in crawl.world.stories:
        names = [event.type for event in crawl.events if event.url == story.url]
        wanted = [{"published": "new"}.get(deed, deed) for _, deed, _ in story.deeds]
        assert names == wanted[: len(names)]


def test_an_edit_names_its_field_and_counts_its_characters(crawl: Crawl) -> None:
    edits = [event for event in crawl.events if event.type == "edited"]
    assert len(edits) > 5
    assert {event.fields for event in edits} == {("body",)}
    assert {(event.added, event.removed) for event in edits} <= {(1, 1), (2, 1), (1, 0)}
    assert {event.version for event in edits} == {2}


def test_requests_stay_few_and_the_state_made_anew_is_the_same(crawl: Crawl) -> None:
    # Some 90 looks at an article in its first month, and the list.
    assert crawl.requests < 110 * len(crawl.world.stories) + 144 * DAYS
    again = crawl.replayed()
    assert again.events == crawl.events
    for query in (
        "SELECT url, kind, via, hops, status, first_seen_at, fetched_at, etag, last_modified, location, changed_at,"
        " interval_seconds, failures, gone_at, withdrawn_at, due_at FROM visits ORDER BY url",
        "SELECT * FROM captures ORDER BY url",
        "SELECT * FROM versions ORDER BY id, version",
        "SELECT * FROM hosts ORDER BY host",
        "SELECT * FROM drafts",
        "SELECT * FROM needs",
    ):
        assert again.state._db.execute(query).fetchall() == crawl.state._db.execute(query).fetchall()
