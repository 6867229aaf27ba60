"""What second looks cost and catch: the ladder against fixed intervals, on the simulated portal of the tests.

Run with `python -m bench.rechecks [DAYS]`. Caught is the share of edits, withdrawals and returns that the ledger told;
delay the mean time from the deed to its telling.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.folding.schedule import DAY, HOUR, Schedule, Step
from crawler.reading.portals import load_portal
from tests.simulation import Crawl, SimulatedPortal, deeds, make_portal

SAMPLE = Path(__file__).parents[1] / "tests" / "fixtures" / "portal" / "sample.toml"
BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
# As long as the ladder is: behind it nothing is looked at again.
LONGEST = 180 * DAY
SCHEDULES = {
    "ladder": Schedule(),
    "every hour": Schedule(ladder=(Step(under=LONGEST, every=HOUR),)),
    "every day": Schedule(ladder=(Step(under=LONGEST, every=DAY),)),
}


def main(days: int) -> None:
    print(f"{days} simulated days, an article a day; second looks")
    print(f"{'schedule':<12}{'requests':>10}{'caught':>8}{'delay':>10}")
    for name, schedule in SCHEDULES.items():
        world = make_portal(BEGIN, days)
        crawl = Crawl(portal=load_portal(SAMPLE), world=world, schedule=schedule)
        crawl.run(BEGIN + timedelta(days=days))
        caught, delay = judge(crawl, world, BEGIN + timedelta(days=days - 3))
        print(f"{name:<12}{crawl.requests:>10}{caught:>8.0%}{delay.total_seconds() / 3600:>8.1f} h")


def judge(crawl: Crawl, world: SimulatedPortal, until: datetime) -> tuple[float, timedelta]:
    """Return the share of the deeds after publication that were told, and the mean delay of those."""
    told = {(event.type, event.url): datetime.fromisoformat(event.at) for event in crawl.events}
    done = [deed for deed in deeds(world, until=until) if deed[0] != "new"]
    times = {(kind, story.url): when for story in world.stories for when, kind, _ in story.deeds}
    delays = [told[deed] - times[deed] for deed in done if deed in told]
    return len(delays) / len(done), sum(delays, timedelta()) / len(delays)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
