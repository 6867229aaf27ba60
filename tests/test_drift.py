"""Alarms: what has fallen off a portal's pages is told from the ups and downs of every day."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.health.drift import GENERIC, LayoutCounts, PastRun, Shape, find_alarms
from crawler.health.runs import read_history
from tests.portal.server import PortalServer
from tests.test_trouble import HOST, LIST, PARAGRAPH, Odd

FIELDS = ("headline", "published", "source", "byline", "editors", "body", "captions", "sections")
START = datetime(2026, 5, 1, tzinfo=UTC)
FRONT = "http://www.js.sample.test/highlights/"


def counts(lines: int, *, length: int = 800, **having: int) -> LayoutCounts:
    shares = {name: having.get(name, lines) for name in FIELDS}
    step = {800: 19, 200: 15}[length]
    return LayoutCounts(lines=lines, fields=shares, body_lengths={step: shares["body"]})


def run(day: float = 0, layout: str = "js-2018", front: int | None = None, **of: int) -> PastRun:
    layouts = {"js": {layout: counts(**of)}} if of else {}
    fronts = {} if front is None else {FRONT: front}
    return PastRun(
        started_at=START + timedelta(days=day), asked_branches=("js",), shape=Shape(layouts=layouts, fronts=fronts)
    )


def told(now: PastRun, history: Sequence[PastRun] = ()) -> list[tuple[str, str]]:
    return [(alarm.where, alarm.why) for alarm in find_alarms(now, history)]


@pytest.mark.parametrize("field", ["headline", "published", "body"])
def test_a_first_run_without_a_field_on_half_of_its_articles_is_alarming(field: str) -> None:
    assert [(where, why.split()[0]) for where, why in told(run(lines=10, **{field: 4}))] == [("js", field)]


@pytest.mark.parametrize("now", [run(), run(lines=9, headline=0), run(lines=10, headline=5), run(lines=10, byline=0)])
def test_a_first_run_with_few_articles_or_without_a_byline_is_not(now: PastRun) -> None:
    assert told(now) == []


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_has_gone_is_named_once(field: str) -> None:
    history = [run(day, lines=12) for day in range(10)]
    assert told(run(10, lines=12, **{field: 0}), history) == [("js", f"{field} on 0 of 12 lines; usually on 100%")]


def test_the_ups_and_downs_of_every_day_are_not_alarming() -> None:
    bylines = (9, 5, 7, 10, 3, 8, 6, 9, 4, 8)
    history = [run(day, lines=12, byline=byline) for day, byline in enumerate(bylines)]
    assert [told(run(10, lines=12, byline=byline), history) for byline in range(3, 13)] == [[]] * 10


def test_a_few_lines_are_not_alarming() -> None:
    assert told(run(10, lines=4, headline=0), [run(day, lines=12) for day in range(10)]) == []


def test_runs_with_one_line_each_are_looked_at_together() -> None:
    history = [run(hour / 24, lines=1) for hour in range(20)]
    changed = [run((20 + hour) / 24, lines=1, source=0) for hour in range(10)]
    alarming = [bool(told(now, [*history, *changed[:hour]])) for hour, now in enumerate(changed)]
    assert (alarming[0], alarming[-1]) == (False, True)


def test_what_has_changed_for_good_is_usual_after_some_runs() -> None:
    runs = [run(day, lines=12) for day in range(10)] + [run(10 + day, lines=12, source=0) for day in range(20)]
    alarming = [bool(told(now, runs[:day])) for day, now in enumerate(runs)]
    assert (alarming[10], alarming[-1]) == (True, False)


def test_bodies_that_are_much_shorter_are_alarming() -> None:
    history = [run(day, lines=12) for day in range(3)]
    ((where, why),) = told(run(3, lines=12, length=200), history)
    assert (where, why) == ("js", "a body of 362 characters on 0 of 12 lines; usually on 100%")


def test_a_rise_of_unknown_layouts_is_alarming() -> None:
    history = [run(day, lines=12) for day in range(3)]
    assert told(run(3, layout=GENERIC, lines=12), history) == [
        ("js", "a known layout on 0 of 12 lines; usually on 100%")
    ]


def test_a_branch_that_was_always_of_unknown_layout_is_not() -> None:
    assert told(run(3, layout=GENERIC, lines=12), [run(day, layout=GENERIC, lines=12) for day in range(3)]) == []


def test_a_layout_that_changes_in_a_mixed_branch_is_named() -> None:
    def mixed(day: int, **old: int) -> PastRun:
        layouts = {"js": {"js-2018": counts(10, **old), "js-2024": counts(90)}}
        return PastRun(started_at=START + timedelta(days=day), shape=Shape(layouts=layouts))

    found = told(mixed(5, editors=0), [mixed(day) for day in range(5)])
    assert found == [("js/js-2018", "editors on 0 of 10 lines; usually on 100%")]


def test_a_section_front_that_has_become_empty_is_named() -> None:
    history = [run(day, front=20) for day in range(3)]
    assert told(run(3, front=0), history) == [(FRONT, "the list is empty; it usually has 20 articles")]


@pytest.mark.parametrize("before", [[], [0, 0, 20], [1, 2, 3]])
def test_a_front_that_was_often_empty_or_nearly_so_is_not(before: list[int]) -> None:
    assert told(run(9, front=0), [run(day, front=links) for day, links in enumerate(before)]) == []


def test_a_branch_that_has_fallen_silent_is_named() -> None:
    history = [run(day, lines=1) for day in range(6)]
    assert told(run(8), history) == []
    assert told(run(11), history) == [("js", "nothing new for 6 days; before it was 24 hours at most")]
    assert find_alarms(run(11), history, may_be_silent=True) == []


def test_a_very_long_run_is_judged_as_well() -> None:
    history = [run(day, lines=1_000_000) for day in range(3)]
    now = run(3, lines=1_000_000, headline=500_000)
    assert [why.split()[0] for _, why in told(now, history)] == ["headline"]


def test_a_broken_summary_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text('{"started_at": "2026-05-01T00:00:00.000Z"}')
    (tmp_path / "2.json").write_text('{"started_at"')
    assert [past.started_at for past in read_history(tmp_path)] == [START]


@pytest.fixture
def odd(tmp_path: Path):
    (tmp_path / "portal" / "hosts").mkdir(parents=True)
    with PortalServer(tmp_path / "portal") as server:
        yield Odd(server, tmp_path)


def publish(odd: Odd, numbers: range, template: str) -> None:
    """List the articles of these numbers alone, made by a template."""
    links = ""
    for number in numbers:
        url = f"http://{HOST}/news/2026/0501/{number}.html"
        links += f'<a href="{url}">银鱼开捕第{number}网</a> '
        html = template.format(number=number, text=PARAGRAPH * 3)
        odd.server.override(url, body=f'<html><head><meta charset="utf-8"></head><body>{html}</body></html>'.encode())
    odd.server.override(LIST, body=f"<html><body>{links}</body></html>".encode())


def test_a_template_that_changes_between_two_runs_raises_an_alarm_and_is_captured(odd: Odd) -> None:
    publish(
        odd, range(100, 112), "<h1>银鱼开捕第{number}网</h1><div>2026-05-01 08:30 来源：湖上日报</div><div>{text}</div>"
    )
    first = odd.crawl()
    publish(odd, range(200, 212), "<h1>银鱼开捕第{number}网</h1><div>{text}</div>")
    second = odd.crawl()
    assert (first.returncode, second.returncode) == (0, 3)
    (told_line,) = [line for line in second.stdout.splitlines() if line.startswith("Alarm")]
    assert "odd: published on 0 of 12 lines; usually on 100%" in told_line
    summary = json.loads(sorted((odd.folder / "data/collections/odd/runs").glob("*.json"))[-1].read_bytes())
    alarms = [finding["why"].split()[0] for finding in summary["findings"] if finding["kind"] == "alarm"]
    assert (alarms, summary["exit_code"]) == (["published", "source"], 3)
    assert len(odd.lines()) == 24


def test_a_list_that_becomes_empty_raises_an_alarm_and_an_unchanged_one_does_not(odd: Odd) -> None:
    publish(
        odd, range(100, 106), "<h1>银鱼开捕第{number}网</h1><div>2026-05-01 08:30 来源：湖上日报</div><div>{text}</div>"
    )
    assert [odd.crawl().returncode, odd.crawl().returncode] == [0, 0]
    odd.server.override(LIST, body="<html><body>栏目改版，敬请期待</body></html>".encode())
    done = odd.crawl()
    assert (done.returncode, LIST in done.stdout) == (3, True)
