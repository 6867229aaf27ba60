"""The fold: what each captured record means for the frontier, the articles and the ledger.

Live crawl, recovery after a crash, rebuild and re-extraction all feed their records through `fold`. It changes nothing
and looks at no clock: it reads the state, and returns an `Outcome` that `apply` then stores.
"""

from dataclasses import replace

import msgspec

from archive.pressmark import Pressmark
from archive.reader import Conversion, Exchange
from crawler.folding.asking import MAX_REDIRECTS, asked_url, day_of, host_of, is_own_host, join_location, names_sections
from crawler.folding.changes import Event, compare, decode_event, is_event
from crawler.folding.contents import Readers, fold_listing, fold_page, fold_requisite
from crawler.folding.outcome import Outcome
from crawler.folding.schedule import Schedule
from crawler.folding.sights import sight_of
from crawler.folding.tracks import (
    changed,
    is_return,
    is_withdrawal,
    moment,
    next_host_track,
    next_track,
    returned,
    withdrawn,
)
from crawler.lines import decode_line, utc_text
from crawler.reading.portals import Portal, article_id, canonical_url, is_article_url
from crawler.store.rows import Condition, Kind, Link, Row, Track, Visit
from crawler.store.state import State
from crawler.store.versions import Version

MAX_ATTEMPTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Answers of a guard that may think better of it by the next run.
REFUSALS = frozenset({401, 403})
TEXT_KINDS: frozenset[Kind] = frozenset({"listing", "article", "page"})
# Answers that a later request may change: too early, too many, and all of the server's own troubles.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def fold(
    state: State,
    record: Exchange | Conversion,
    portal: Portal,
    schedule: Schedule,
    readers: Readers,
) -> Outcome:
    """Return what a record changes; nothing where the state has seen it already."""
    if isinstance(record, Conversion):
        is_tiding = is_event(record.content_type)
        return _fold_event(state, record, schedule) if is_tiding else _fold_line(state, record, schedule, readers)
    outcome = _fold_exchange(state, record, portal, readers)
    return _track(state, outcome, record, portal, schedule)


def _fold_exchange(state: State, record: Exchange, portal: Portal, readers: Readers) -> Outcome:
    visit = _visit(state, record, portal)
    if visit.condition == "pending":
        return Outcome(visit=visit)
    if visit.location:
        found = _follow(state, visit, portal)
    elif record.refers_to and not record.original:
        found = Outcome(visit=visit, fault=f"its payload, record {record.refers_to.record_id}, cannot be read")
    elif visit.revisit and not state.visits.track(visit.url).gone_at and _is_known(state, visit, portal):
        found = Outcome(visit=visit)
    elif visit.capture and visit.kind in {"article", "page"}:
        found = fold_page(state, record, visit, portal, readers)
    elif visit.capture and visit.kind == "listing" and not readers.read:
        found = fold_listing(state, record, visit, portal)
    elif visit.capture and visit.kind == "requisite" and not readers.read:
        found = fold_requisite(record, visit, portal)
    else:
        found = Outcome(visit=visit)
    return _settle(state, found, visit.url)


def give_up(state: State, url: str) -> Outcome:
    """Return what follows when a URL will not be asked for (robots.txt, no route): articles wait for it no longer."""
    return _settle(state, Outcome(), url)


def apply(state: State, outcome: Outcome) -> tuple[Link, ...]:
    """Store an outcome, and return those of its links that are new."""
    if outcome.visit:
        state.queue.done(outcome.visit)
        state.visits.put_visit(outcome.visit)
    if outcome.host:
        state.visits.put_host(outcome.host)
    for url, track in outcome.tracks:
        state.visits.put_track(url, track)
    seen_at = outcome.visit.fetched_at if outcome.visit else None
    new = tuple(link for link in outcome.links if state.queue.add(link, seen_at))
    for article, pages in outcome.drafts:
        state.versions.put_draft(article, pages)
    for article, url in outcome.needs:
        state.versions.put_need(article, url)
    for article, url in outcome.met:
        state.versions.meet_need(article, url)
    for version in outcome.versions:
        state.versions.put_version(version)
        state.versions.drop_draft(version.url)
    return new


def _is_known(state: State, visit: Visit, portal: Portal) -> bool:
    """Tell whether a page was seen again with the payload that it had, and no article waits to be written from it.

    A home page that names the sections is never done with: they are asked again whatever it says.
    """
    if visit.kind == "listing" and names_sections(visit.url, portal):
        return False
    before = state.visits.capture(visit.url)
    if not before or not visit.capture or before.pressmark.record_id != visit.capture.record_id:
        return False
    if visit.kind == "article":
        return (
            state.versions.draft(visit.url) is None and state.versions.newest(article_id(visit.url, portal)) is not None
        )
    return not state.versions.needed_by(visit.url)


def _visit(state: State, exchange: Exchange, portal: Portal) -> Visit:
    capture, head = exchange.capture, exchange.capture.head()
    row = state.visits.row(capture.url) or _row_from_notes(exchange, portal)
    attempts = row.attempts + 1
    whole = capture.failure is None and capture.truncated is None
    status = head.status if head else None
    condition: Condition = "done"
    if not whole and capture.truncated != "length":
        # A picture that is cut each time is kept as far as it came; for the rest the next run asks again.
        last: Condition = "done" if status and row.kind not in TEXT_KINDS else "failed"
        condition = "pending" if attempts < MAX_ATTEMPTS else last
    elif status in PASSING:
        condition = "pending" if attempts < MAX_ATTEMPTS else "failed"
    elif status in REFUSALS and row.kind in TEXT_KINDS:
        condition = "failed"
    kept = whole and status == 200
    location = head.value("location") if head and status in REDIRECTS else None
    return Visit(
        url=row.url,
        host=host_of(row.url),
        kind=row.kind,
        via=row.via,
        hops=row.hops,
        condition=condition,
        attempts=0 if condition == "done" else attempts,
        status=status,
        fetched_at=utc_text(capture.started_at),
        location=join_location(row.url, location) if location else None,
        etag=head.value("etag") if head else None,
        last_modified=head.value("last-modified") if head else None,
        capture=(exchange.original if exchange.refers_to else exchange.pressmark) if kept else None,
        revisit=exchange.pressmark if kept and exchange.original else None,
    )


def _row_from_notes(exchange: Exchange, portal: Portal) -> Row:
    """Return the row of a URL that the state has never heard of: from the metadata record, else from the URL's form."""
    notes, url = dict(exchange.notes), exchange.capture.url
    kind: Kind = "article" if is_article_url(url, portal) else "listing"
    return Row(
        url=url,
        kind=msgspec.convert(notes.get("kind", kind), Kind),
        via=notes.get("via"),
        hops=notes.get("hopsFromSeed", ""),
    )


def _follow(state: State, visit: Visit, portal: Portal) -> Outcome:
    """Let a redirect's target take its place, if it is one of the portal's addresses and no home page."""
    target = asked_url(visit.location or "")
    if visit.kind == "article":
        canonical = canonical_url(target, portal) if is_article_url(target, portal) else ""
        # Another scheme or host of the same article is followed as it stands.
        target = target if canonical == visit.url else canonical
    hops = visit.hops + "R"
    loop = len(visit.hops) - len(visit.hops.rstrip("R")) >= MAX_REDIRECTS or target == visit.url
    if visit.kind == "robots" or not target or loop or not is_own_host(target, portal):
        lost = f"redirect to {visit.location}" if visit.kind == "article" else None
        return Outcome(visit=visit, not_article=lost)
    link = Link(
        url=target,
        host=host_of(target),
        kind=visit.kind,
        via=visit.url,
        hops=hops,
        day=day_of(target, visit.kind, portal),
    )
    needs = tuple(
        (article, target) for article in state.versions.needed_by(visit.url) if not state.visits.is_settled(target)
    )
    return Outcome(visit=visit, links=(replace(link, again=visit.kind == "listing"),), needs=needs)


def _settle(state: State, outcome: Outcome, url: str) -> Outcome:
    """Add to an outcome which needs end with this URL, and which articles wait for nothing any more."""
    waiting = state.versions.needed_by(url)
    settled = []
    for article in dict.fromkeys((*waiting, *(article for article, _ in outcome.drafts))):
        open_needs = state.versions.needs(article) | {need for one, need in outcome.needs if one == article}
        if not open_needs - {url}:
            settled.append(article)
    return replace(outcome, met=tuple((article, url) for article in waiting), settled=tuple(settled))


def _track(state: State, outcome: Outcome, record: Exchange, portal: Portal, schedule: Schedule) -> Outcome:
    """Add to an outcome when URL and host are asked again, and whether the article was withdrawn or has come back."""
    visit = outcome.visit
    if visit is None:
        return outcome
    before = state.visits.track(visit.url)
    known = state.versions.newest(article_id(visit.url, portal)) if visit.kind == "article" else None
    after = next_track(before, visit, sight_of(state, outcome, known, portal), schedule)
    tidings: tuple[Event, ...] = ()
    if known and record.pressmark and (is_withdrawal(before, after) or is_return(before, after)):
        gone = is_withdrawal(before, after)
        event = Event(
            type="withdrawn" if gone else "restored",
            id=known.id,
            version=known.version,
            url=visit.url,
            at=visit.fetched_at,
            record_id=record.pressmark.record_id,
            reason=(outcome.not_article or f"status {visit.status}") if gone else None,
        )
        tidings = (event,)
    if is_withdrawal(before, after) or is_return(before, after):
        # The event's own record sets it.
        after = replace(after, withdrawn_at=before.withdrawn_at)
    host_before = state.visits.host(visit.host)
    host = next_host_track(host_before, visit, record.capture, schedule)
    return replace(
        outcome,
        visit=replace(visit, track=after),
        host=host if host != host_before else None,
        tidings=tidings,
    )


def _fold_event(state: State, record: Conversion, schedule: Schedule) -> Outcome:
    """Return what the record of a withdrawal or a return says; the ledger never depends on how a page reads later."""
    event = decode_event(record.block)
    before = state.visits.track(event.url)
    gone = event.type == "withdrawn"
    if gone == (before.withdrawn_at is not None):
        return Outcome()
    after = withdrawn(before, event.url, moment(event.at), schedule) if gone else returned(before)
    return Outcome(events=(event,), tracks=((event.url, after),))


def _fold_line(state: State, record: Conversion, schedule: Schedule, readers: Readers) -> Outcome:
    line = decode_line(record.block)
    known = state.versions.newest(line.id)
    version = Version(
        id=line.id,
        branch=line.branch,
        url=line.url,
        canonical_url=line.canonical_url,
        version=line.version or 1,
        text_digest=line.digests.text,
        first_seen_at=line.first_seen_at or line.captured_at,
        captured_at=line.captured_at,
        published_at=line.published_at,
        line=record.pressmark,
    )
    if known and _place(known.line) == _place(record.pressmark):
        return Outcome(versions=(known,))
    old = readers.line_of(known) if known else None
    edit = compare(old, line) if old else None
    event = Event(
        type="edited" if known else "new",
        id=line.id,
        version=version.version,
        url=line.url,
        at=line.captured_at,
        record_id=record.pressmark.record_id,
        fields=edit.fields if edit else (),
        added=edit.added if edit else 0,
        removed=edit.removed if edit else 0,
    )
    tracks: tuple[tuple[str, Track], ...] = ()
    if known:
        track = changed(state.visits.track(line.url), line.url, moment(line.captured_at), schedule)
        tracks = ((line.url, track),)
    return Outcome(versions=(version,), lines=((line, record.block),), events=(event,), tracks=tracks)


def _place(mark: Pressmark) -> tuple[str, str, int]:
    return mark.record_id, mark.file, mark.offset
