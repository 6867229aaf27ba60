"""How well and how fast Pressmark and other extractors read the same pages, field by field.

Run with `make peers`, or `python -m bench.peers PYTHON` where PYTHON has the other libraries. The pages are the
fixtures of all branches and those of the sample portal, whose articles were written down with the pages. A field counts
where the page has it: `headline`, `source` and `captions` as they stand, `minute` the time of publication to the
minute, `author` the names of the byline. `body` is the mean F1 of four-character shingles, in hundredths. `editor as
author` counts the pages on which an editor is given as an author. Pressmark stands there twice: with its layouts, and
with the generic rules alone. Articles of several pages are left out, as no other library joins them.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

from bench.machine import machine
from crawler.reading.extract.pages import join, read_page
from crawler.reading.page import Page, decode_page
from crawler.reading.portals import Branch, Portal, find_branch, find_portal, load_portal

FIXTURES = Path(__file__).parents[2] / "tests" / "fixtures"
WORKER = Path(__file__).parent / "worker.py"
LIBRARIES = ("trafilatura", "newspaper4k", "GNE", "news-please")
SECONDS = 4.0
FIELDS = ("headline", "day", "minute", "source", "author", "captions")
SHARED = Path(__file__).parents[3] / "shared" / "pages"
SHINGLE = 4
_DAY = re.compile(r"(\d{4})\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})")
_MINUTE = re.compile(r"(\d{1,2}):(\d\d)")
_NOT_HAN = re.compile(r"[^\u4e00-\u9fff\w]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A page with its true article (the keys of the article line)."""

    page: Page
    branch: Branch | None
    truth: Mapping[str, Any]


@dataclass(slots=True)
class Score:
    """Per field how often it was right; `fooled` counts editors given as authors, `bodies` is the sum of F1."""

    right: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIELDS, 0))
    fooled: int = 0
    bodies: float = 0.0
    speed: float = 0.0


def main(python: str) -> None:
    cases = [*branch_cases(), *sample_cases(), *real_cases()]
    print(f"{machine()}; {len(cases)} pages")
    scores = {
        "Pressmark": score_pressmark(cases, by_layout=True),
        "Pressmark, generic": score_pressmark(cases, by_layout=False),
    }
    for library in LIBRARIES:
        scores[library] = score_library(python, library, cases)
    write_table(cases, scores)


def branch_cases() -> Iterator[Case]:
    """Yield the article pages of `fixtures/chinanews`."""
    portal = find_portal("chinanews")
    for path in sorted((FIXTURES / "chinanews").glob("*.json")):
        described = json.loads(path.read_bytes())
        if "article" in described and not described["article"]["next_pages"]:
            body = path.with_suffix(".html").read_bytes()
            yield case(body, described["url"], described["content_type"], portal, described["article"])


def sample_cases() -> Iterator[Case]:
    """Yield the first pages of the sample portal's articles."""
    folder = FIXTURES / "portal"
    portal = load_portal(folder / "sample.toml")
    pages = {(url_name(path)): path for path in sorted((folder / "hosts").rglob("*.*html"))}
    for path in sorted((folder / "expected").glob("*.json")):
        file = pages.get(path.stem)
        if file is not None:
            url = "http://" + file.relative_to(folder / "hosts").as_posix()
            one = case(file.read_bytes(), url, None, portal, json.loads(path.read_bytes()))
            if not read_page(one.page, one.branch).next_pages:
                yield one


def real_cases() -> Iterator[Case]:
    """Yield the one real article page that is at hand, with what is known of it, where the collected pages are."""
    file = SHARED / "www_2020-07-04_9229287_rendered.html"
    if file.exists():
        truth = {
            "headline": "",
            "body": "",
            "images": [],
            "published_at": "2020-07-04T12:10:24+08:00",
            "published_precision": "second",
            "source": {"name": "求是网"},
            "byline": [{"name": "方敏"}],
            "editors": ["陈海峰"],
        }
        url = "https://www.chinanews.com/ll/2020/07-04/9229287.shtml"
        yield case(file.read_bytes(), url, None, find_portal("chinanews"), truth)


def url_name(path: Path) -> str:
    """Return the name of the expected article of a file of the sample portal: js-230110."""
    host = next(part for part in path.parts if part.endswith(".sample.test"))
    code = host.split(".")[1]
    return f"{'national' if code == 'sample' else code}-{path.stem.removeprefix('detail-').removeprefix('doc-')}"


def case(body: bytes, url: str, content_type: str | None, portal: Portal, truth: Mapping[str, Any]) -> Case:
    page = decode_page(body, url=url, content_type=content_type, captured_at=datetime.now(UTC))
    return Case(page=page, branch=find_branch(portal, url), truth=truth)


def score_pressmark(cases: Sequence[Case], *, by_layout: bool) -> Score:
    score = Score()
    for one in cases:
        reading = read_page(one.page, one.branch if by_layout else None)
        if reading.article is None:
            continue
        article = join([reading])
        found = {
            "headline": article.headline,
            "published": article.published_at and article.published_at.isoformat(" "),
            "source": article.source and article.source.name,
            "author": "、".join(contributor.name for contributor in article.byline),
            "body": article.body,
            "captions": [image.caption for image in article.images if image.caption],
        }
        count(score, one.truth, found)
    done, start = 0, process_time()
    while (spent := process_time() - start) < SECONDS:
        one = cases[done % len(cases)]
        read_page(one.page, one.branch if by_layout else None)
        done += 1
    score.speed = done / spent
    return score


def score_library(python: str, library: str, cases: Sequence[Case]) -> Score:
    pages = "".join(json.dumps({"url": one.page.url, "html": one.page.html}) + "\n" for one in cases)
    run = subprocess.run(
        [python, str(WORKER), library, str(SECONDS)], input=pages, capture_output=True, text=True, check=False
    )
    if run.returncode:
        reason = run.stderr.strip().rpartition("\n")[2]
        sys.exit(f"{library}: cannot be run by {python} ({reason}); run `make peers`, which installs it")
    *readings, last = map(json.loads, run.stdout.splitlines())
    if last["errors"]:
        print(f"{library} raised on {len(last['errors'])} pages, the first: {last['errors'][0][:100]}", file=sys.stderr)
    score = Score(speed=last["pages_per_second"])
    for one, found in zip(cases, readings, strict=True):
        count(score, one.truth, found)
    return score


def count(score: Score, truth: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Add one page to a score: a field that the page has counts where it was found."""
    for name in FIELDS:
        score.right[name] += has(truth, name) and is_right(name, truth, found)
    if truth["body"]:
        score.bodies += shared(truth["body"], found.get("body") or "")
    authors = str(found.get("author") or "")
    names = {one["name"] for one in truth["byline"]}
    score.fooled += any(editor in authors for editor in truth["editors"] if editor not in names)


def has(truth: Mapping[str, Any], name: str) -> bool:
    """Tell whether the true article has the field."""
    if name == "minute":
        return truth["published_precision"] in {"minute", "second"}
    if name == "captions":
        return any(image["caption"] for image in truth["images"])
    return bool(truth[{"day": "published_at", "author": "byline"}.get(name, name)])


def is_right(name: str, truth: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Tell whether a field that the page has was read."""
    match name:
        case "day" | "minute":
            right = moment(truth["published_at"]), moment(found.get("published"))
            length = 3 if name == "day" else 5
            return right[1] is not None and right[0][:length] == right[1][:length]
        case "author":
            return {one["name"] for one in truth["byline"]} == set(re.split(r"[、,，\s]+", found.get("author") or ""))
        case "source":
            return bool(truth["source"]["name"] == found.get("source"))
        case "captions":
            return [image["caption"] for image in truth["images"] if image["caption"]] == found.get("captions")
        case _:
            return plain(truth["headline"]) == plain(found.get("headline") or "")


def moment(text: str | None) -> tuple[int, ...] | None:
    """Return year, month, day and, if it names one, hour and minute of a time as a library prints it."""
    day = _DAY.search(text or "")
    if day is None:
        return None
    minute = _MINUTE.search(text or "", day.end())
    return tuple(map(int, (*day.groups(), *(minute.groups() if minute else ()))))


def plain(text: str) -> str:
    return _NOT_HAN.sub("", text)


def shared(one: str, other: str) -> float:
    """Return the F1 of the four-character shingles of two texts, blind to spacing and punctuation."""
    first, second = set(shingles(plain(one))), set(shingles(plain(other)))
    return 2 * len(first & second) / (len(first) + len(second)) if first or second else 1.0


def shingles(text: str) -> Iterable[str]:
    return (text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1)))


def write_table(cases: Sequence[Case], scores: Mapping[str, Score]) -> None:
    totals = {name: sum(has(one.truth, name) for one in cases) for name in FIELDS}
    bodies = sum(bool(one.truth["body"]) for one in cases)
    edited = sum(bool(one.truth["editors"]) for one in cases)
    titles = [
        *(f"{name} ({totals[name]})" for name in FIELDS),
        "body",
        f"editor as author ({edited})",
        "pages per CPU second",
    ]
    print("| library | " + " | ".join(titles) + " |")
    print("|---|" + "---|" * len(titles))
    for name, score in scores.items():
        right = " | ".join(str(score.right[one]) for one in FIELDS)
        print(f"| {name} | {right} | {100 * score.bodies / bodies:.0f} | {score.fooled} | {score.speed:.0f} |")


if __name__ == "__main__":
    main(*sys.argv[1:2] or [sys.executable])
