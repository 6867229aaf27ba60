"""The queue: each URL once, each row to one asker, and nothing lost by a crash."""

import sqlite3
from pathlib import Path

from crawler.store.rows import Kind, Link, Visit
from crawler.store.state import State

HOST = "www.js.sample.test"
KINDS: tuple[Kind, ...] = ("article", "page", "picture", "listing")


def link(name: str, kind: Kind = "article", *, hops: str = "L", day: str | None = None) -> Link:
    return Link(url=f"http://{HOST}/{name}", host=HOST, kind=kind, via=None, hops=hops, day=day)


def leased(state: State) -> str | None:
    row = state.queue.lease(HOST, kinds=KINDS)
    return row.url.rpartition("/")[2] if row else None


def visit(name: str, kind: Kind = "article") -> Visit:
    return Visit(
        url=f"http://{HOST}/{name}", host=HOST, kind=kind, via=None, hops="L", condition="done", attempts=0,
        status=200, fetched_at="2026-11-20T00:00:00.000Z",
    )  # fmt: skip


def test_a_url_is_added_once_and_leased_to_one() -> None:
    state = State(None)
    assert [state.queue.add(link("a")), state.queue.add(link("a"))] == [True, False]
    assert [leased(state), leased(state)] == ["a", None]
    state.queue.requeue(f"http://{HOST}/a")
    assert [leased(state), leased(state)] == ["a", None]
    state.queue.done(visit("a"))
    assert (state.queue.add(link("a")), leased(state)) == (False, None)


def test_fronts_come_first_then_the_newest_articles_then_further_lists() -> None:
    state = State(None)
    state.queue.add(link("list-2", "listing"))
    for day in ("2026-11-18", "2026-11-20", "2026-11-19"):
        state.queue.add(link(day, day=day))
    state.queue.add(link("list-1", "listing", hops=""))
    state.queue.add(link("picture", "picture"))
    order = [leased(state) for _ in range(6)]
    assert order == ["picture", "list-1", "2026-11-20", "2026-11-19", "2026-11-18", "list-2"]


def test_a_new_run_takes_back_what_a_crash_left_leased(tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite")
    state.queue.add(link("a"))
    state.queue.add(link("b"))
    leased(state)
    state.commit()
    state.shut()
    state = State(tmp_path / "state.sqlite")
    assert state.queue.counts() == {("article", "leased"): 1, ("article", "pending"): 1}
    state.queue.begin_run("2026-11-20T00:00:00.000Z")
    assert {leased(state), leased(state)} == {"a", "b"}
    state.shut()


def test_what_is_forbidden_is_given_back_when_it_is_allowed() -> None:
    state = State(None)
    state.queue.add(link("a"))
    state.queue.close(f"http://{HOST}/a", "excluded")
    assert state.queue.pending_hosts() == []
    state.queue.requeue_excluded(HOST)
    assert (state.queue.pending_hosts(), leased(state)) == ([HOST], "a")


def test_a_url_that_was_never_added_has_a_row_once_it_was_visited() -> None:
    state = State(None)
    state.queue.done(visit("robots.txt", "robots"))
    state.visits.put_visit(visit("robots.txt", "robots"))
    row = state.visits.row(f"http://{HOST}/robots.txt")
    assert row is not None
    assert (row.kind, row.status, state.queue.counts()) == ("robots", 200, {("robots", "done"): 1})


def test_a_state_of_an_earlier_day_gets_the_indexes_that_came_later(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    State(path).shut()
    db = sqlite3.connect(path)
    made = "SELECT name FROM sqlite_master WHERE type = 'index' AND name IN ('visits_by_kind', 'versions_by_branch')"
    db.executescript("DROP INDEX visits_by_kind; DROP INDEX versions_by_branch;")
    assert db.execute(made).fetchall() == []
    State(path).shut()
    assert len(db.execute(made).fetchall()) == 2
    db.close()
