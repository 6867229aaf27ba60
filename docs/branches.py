"""`python -m docs.branches`: write docs/branches.md out of the portal's TOML file and the fixtures."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crawler.reading.portals import Branch, Portal, find_portal

PAGE = Path(__file__).with_name("branches.md")
FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures" / "chinanews"
# What was last seen before this year may well have been redesigned since.
RECENT = "2024"
HEAD = """# The branches of China News Service

Made by `python -m docs.branches` from `crawler/portals/chinanews.toml` and `tests/fixtures/chinanews/`; do not edit.

What is known of each branch, with the year, month or day on which it was last seen to hold, as far as that is known. No
fact here was checked against the live sites: they come from public crawlers and dated links. Where a fact is unknown,
the generic rules stand in for it. `pressmark probe BRANCH` tells what holds today, `pressmark branches BRANCH` shows a
branch in full; [add-a-branch.md](add-a-branch.md) tells how to add one.

- **addresses**: when articles were last seen under the form in `article_url`.
- **sections**: how many lists are known.
- **layouts**: the page templates that are known; a page of another one is read by the generic extractor.
- **fixtures**: invented pages that the tests read: articles of a known layout, articles of no known layout, lists.
- **unverified**: what was not seen since {recent}, or nobody knows when.

"""
COLUMNS = ("code", "branch", "addresses", "charset", "sections", "layouts", "fixtures", "unverified", "unknown")


def render(portal: Portal, fixtures: list[str]) -> str:
    """Return the page; `fixtures` are the names of the fixture pairs, without their endings."""
    rows = [_row(branch, fixtures) for branch in portal.branches]
    lines = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    return HEAD.format(recent=RECENT) + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def fixture_names(folder: Path = FIXTURES) -> list[str]:
    """Return the names of the fixture pairs."""
    return sorted(path.stem for path in folder.glob("*.json"))


def _row(branch: Branch, fixtures: list[str]) -> tuple[str, ...]:
    sections = f"{len(branch.sections)}{_seen(branch.seen.get('sections'))}" if branch.sections else ""
    layouts = "<br>".join(f"{layout.name}{_seen(layout.seen)}" for layout in branch.layouts)
    return (
        branch.code,
        branch.name,
        branch.seen.get("article_url", ""),
        f"{branch.charset}{_seen(branch.seen.get('charset'))}" if branch.charset else "",
        sections,
        layouts or "generic",
        _count(branch, fixtures),
        ", ".join(_unverified(branch)),
        ", ".join(branch.unknown),
    )


def _seen(day: str | None) -> str:
    return f" ({day})" if day else ""


def _count(branch: Branch, fixtures: list[str]) -> str:
    kinds = Counter(name.split("-")[1] for name in fixtures if name.partition("-")[0] == branch.code)
    lists, generic = kinds.pop("listing", 0), kinds.pop("generic", 0)
    counts = ((kinds.total(), "articles"), (generic, "generic"), (lists, "lists"))
    return ", ".join(f"{count} {kind}" for count, kind in counts if count)


def _unverified(branch: Branch) -> Iterator[str]:
    yield from branch.unverified
    yield from (fact for fact, day in branch.seen.items() if day < RECENT)
    yield from (layout.name for layout in branch.layouts if (layout.seen or "") < RECENT)


if __name__ == "__main__":
    PAGE.write_text(render(find_portal("chinanews"), fixture_names()), "utf-8")
