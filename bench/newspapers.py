"""Synthetic article lines by the hundred thousand, for the benchmarks of the views; the same number, the same lines."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import accumulate
from pathlib import Path
from random import Random

from msgspec.structs import replace

from crawler.lines import ArticleLine, encode_line
from crawler.store.collection import Collection
from tests.lines import sample_line

BRANCHES = ("js", "zj", "sh", "bj", "gd", "fj", "sc", "xj")
CHINA = timezone(timedelta(hours=8))
FIRST = datetime(2020, 1, 1, tzinfo=CHINA)
# Words of one to three characters, used as often as words are (Zipf); these are among them.
WORDS = 30_000
KNOWN = ("苏州", "人工智能", "江苏", "企业", "发展", "运河", "早稻", "太湖")
# One article in so many is a copy of an earlier one: whole, lightly edited, or cut to two thirds.
COPIES = 5


def write_collection(folder: Path, articles: int) -> Collection:
    """Write a collection of so many article lines, and nothing else."""
    collection = Collection(folder)
    collection.make_folders()
    files: dict[Path, list[bytes]] = {}
    for number, line in enumerate(make_lines(articles), 1):
        path = collection.articles / str(line.branch) / f"{line.captured_at[:7]}.jsonl"
        files.setdefault(path, []).append(encode_line(line) + b"\n")
        if number % 10_000 == 0 or number == articles:
            for target, lines in files.items():
                target.parent.mkdir(exist_ok=True)
                with target.open("ab") as file:
                    file.writelines(lines)
            files.clear()
    return collection


def make_lines(articles: int) -> Iterator[ArticleLine]:
    """Yield so many lines of some 700 characters each, ordered by time."""
    random = Random(1)
    words = _vocabulary(random)
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    sample = sample_line()
    recent: list[str] = []
    for number in range(articles):
        if number % COPIES == 0 and recent:
            text = _copied(random.choice(recent), random)
        else:
            text = _text(random.choices(words, cum_weights=weights, k=random.randint(200, 560)), random)
        recent = [*recent[-500:], text]
        branch = random.choice(BRANCHES)
        at = FIRST + timedelta(minutes=10 * number)
        yield replace(
            sample,
            id=f"bench:{branch}:{number}",
            branch=branch,
            headline="".join(random.choices(words, cum_weights=weights, k=9)),
            body=f"中新网{branch}{at.month}月{at.day}日电 (记者 沈望舒){text}",
            blocks=(),
            published_at=at.isoformat(),
            captured_at=at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )


def _vocabulary(random: Random) -> list[str]:
    characters = [chr(code) for code in random.sample(range(0x4E00, 0x9FA5), 4_000)]
    weights = list(accumulate(1 / rank for rank in range(20, len(characters) + 20)))
    words = [
        "".join(random.choices(characters, cum_weights=weights, k=random.choice((1, 2, 2, 2, 3)))) for _ in range(WORDS)
    ]
    for number, word in enumerate(KNOWN):
        words[50 * (number + 1)] = word
    return words


def _text(words: list[str], random: Random) -> str:
    marks = random.choices(("", "，", "。", "。\n\n"), (10, 2, 1, 0.3), k=len(words))
    return "".join(word + mark for word, mark in zip(words, marks, strict=True))


def _copied(text: str, random: Random) -> str:
    kind = random.randrange(3)
    if kind == 0:
        return text
    if kind == 1:
        return text[: 2 * len(text) // 3]
    place = random.randrange(len(text) - 10)
    return text[:place] + "据悉" + text[place + 6 :]
