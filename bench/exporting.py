"""Export of many lines: seconds, memory, size against the JSON, and a query of the Parquet files against a scan.

Run with `python -m bench.exporting [LINES]`; 50,000 by default. The lines are synthetic: texts of random common
characters, which compress worse than prose does.
"""

import gzip
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import msgspec
import pyarrow.dataset
import pyarrow.parquet

from archive.pressmark import Pressmark
from bench.machine import machine
from crawler.lines import Provenance, encode_line, make_line
from crawler.reading.article import Article, Block, Contributor, Dateline, Image, Source
from crawler.reading.page import Encoding

LINES = 50_000
BRANCHES = ("ah", "bj", "cq", "fj", "gd", "gs", "gx", "gz", "hb", "js")
MONTHS = 60
START = datetime(2021, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
# The more common half of the common characters, by their order in GB 2312.
CHARACTERS = bytes(byte for high in range(0xB0, 0xC4) for low in range(0xA1, 0xFF) for byte in (high, low)).decode(
    "gb2312"
)
# So many that two texts hardly ever share a passage.
POOL = "".join(random.Random(0).choices(CHARACTERS, k=8_000_000))
PORTAL = 'name = "bench"\ntitle = "测速"\n' + "".join(
    f'[branches.{code}]\nname = "{code}"\nhosts = ["www.{code}.bench.test"]\n' for code in BRANCHES
)
# The child tells its own peak (Linux): what the system tells of children counts the parent's memory, too.
RUN = """
import atexit, pathlib, sys
from crawler.cli import main
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print(status.read_text().partition("VmHWM:")[2].partition("\\n")[0], file=sys.stderr))
main()
"""
BRANCH, MONTH = "js", "2023-05"


def main(lines: int) -> None:
    print(machine())
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        articles = folder / "data" / "collections" / "bench" / "articles"
        size = write_lines(articles, lines)
        (folder / "bench.toml").write_text(PORTAL, "utf-8")
        print(f"{lines:,} lines, {size / 1e6:,.0f} MB of JSON")
        report(folder, size, "all fields", ())
        look_up(folder / "all fields")
        report(folder, size, "texts only", ("--text-only",))


def report(folder: Path, size: int, name: str, options: tuple[str, ...]) -> None:
    """Export in a process of its own, and print what it took."""
    words = [sys.executable, "-c", RUN, "export", name]
    start = perf_counter()
    # Exit code 3: the WARC files that the lines name are not there.
    done = subprocess.run([*words, "--portal", "bench.toml", *options], cwd=folder, check=False, capture_output=True)
    assert done.returncode == 3, done.stderr.decode()
    seconds = perf_counter() - start
    memory = int(done.stderr.split()[-2]) / 1024
    lines, columns = (folder / name / "articles", folder / name / "parquet")
    print(
        f"{name}: {seconds:.0f} s, {size / seconds / 1e6:.0f} MB of JSON a second, {memory:.0f} MB of memory at the"
        f" most; JSON Lines {_size(lines) / size:.2f}, Parquet {_size(columns) / size:.2f} of the JSON"
    )


def look_up(made: Path) -> None:
    """Print how long the articles of one branch in one month take, by columns and by a scan of the lines."""
    start = perf_counter()
    field = pyarrow.dataset.field
    table = pyarrow.dataset.dataset(made / "parquet" / "articles").to_table(
        columns=["id", "headline", "body"],
        filter=(field("branch") == BRANCH) & (field("published_at") >= MONTH) & (field("published_at") < f"{MONTH}~"),
    )
    columns = perf_counter() - start
    start = perf_counter()
    found = sum(1 for _ in scan(made / "articles"))
    lines = perf_counter() - start
    start = perf_counter()
    one = sum(1 for _ in scan(made / "articles" / BRANCH, f"{MONTH}.jsonl.gz"))
    shard = perf_counter() - start
    assert table.num_rows == found == one
    print(
        f"{found:,} articles of one branch in one month: Parquet {columns * 1000:.0f} ms, scan of all lines"
        f" {lines * 1000:,.0f} ms ({lines / columns:.0f} times as long), of the one shard {shard * 1000:.0f} ms"
    )


def scan(folder: Path, pattern: str = "**/*.jsonl.gz") -> Iterator[dict[str, str]]:
    """Yield the articles of the branch and month out of JSON Lines, as a plain program would."""
    for path in sorted(folder.glob(pattern)):
        with gzip.open(path) as file:
            for text in file:
                line = msgspec.json.decode(text)
                if line["branch"] == BRANCH and (line["published_at"] or "").startswith(MONTH):
                    yield line


def write_lines(folder: Path, count: int) -> int:
    """Write lines as a crawl would, by branch and month of capture, and return their bytes."""
    draw = random.Random(1)  # the same lines every time
    size = 0
    for branch in BRANCHES:
        (folder / branch).mkdir(parents=True)
        for month in range(count // len(BRANCHES) // 20_000 + 1):
            with (folder / branch / f"2026-{month + 1:02}.jsonl").open("wb") as file:
                for number in range(month * 20_000, min((month + 1) * 20_000, count // len(BRANCHES))):
                    size += file.write(encode_line(_line(branch, number, draw)) + b"\n")
    return size


def _line(branch: str, number: int, draw: random.Random) -> "msgspec.Struct":
    paragraphs = tuple(_text(draw, draw.randint(40, 220)) for _ in range(draw.randint(3, 8)))
    published = START + timedelta(minutes=draw.randrange(MONTHS * 30 * 24 * 60))
    mark = Pressmark(
        file=f"bench-{number // 20_000:05}.warc.gz",
        offset=draw.randrange(10**9),
        length=draw.randrange(4_000, 20_000),
        record_id=f"urn:uuid:{draw.getrandbits(128):032x}",
        payload_digest=f"sha1:{draw.getrandbits(128):032X}",
    )
    url = f"https://www.{branch}.bench.test/news/{published:%Y/%m%d}/{number}.html"
    image = Image(url=f"https://i2.bench.test/{number}.jpg", caption=_text(draw, 24), credit=_text(draw, 3))
    article = Article(
        content_type="article",
        language="zh-Hans",
        headline=_text(draw, draw.randint(12, 28)),
        published_at=published,
        published_precision="second",
        published_raw=f"{published:%Y-%m-%d %H:%M:%S}",
        source=Source(name=_text(draw, 5)),
        byline=(Contributor(name=_text(draw, 3), role="reporter"),),
        editors=(_text(draw, 3),),
        dateline=Dateline(agency="中新网", place=_text(draw, 2), date=f"{published.month}月{published.day}日"),
        body="\n\n".join(paragraphs),
        blocks=(*(Block(type="paragraph", text=text) for text in paragraphs), Block(type="image", image=0)),
        images=(image,),
        end_mark=True,
        layout=f"{branch}-2018",
        origins=(("headline", "#cont > h1"), ("body", "#txt"), ("published_at", "#time"), ("source", "#source")),
        confidence=(("headline", "high"), ("body", "high"), ("published_at", "high"), ("source", "high")),
    )
    origin = Provenance(
        id=f"bench:{branch}:{number}",
        url=url,
        canonical_url=url,
        portal="bench",
        branch=branch,
        region=None,
        captured_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
        encoding=Encoding(declared="gb2312", used="gb18030", replacement_chars=0),
        extractor_version="1.0.0",
        version=1,
        pressmark=mark,
        pictures=(mark,),
    )
    return make_line(article, origin)


def _text(draw: random.Random, length: int) -> str:
    start = draw.randrange(len(POOL) - length)
    return POOL[start : start + length]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LINES)
