"""The table of the articles: JSON Lines by branch and month, Parquet by branch."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import groupby
from pathlib import Path

import msgspec

from crawler.lines import ArticleLine
from crawler.views.export.choice import Choice
from crawler.views.export.dataset import WrittenFile, WrittenTable
from crawler.views.export.plan import Plan, Shard
from crawler.views.export.rows import ROW_TYPES, make_row
from crawler.views.export.tables import LinesFile, ParquetFile, written_file

_ABOUT = {
    "full": "The articles with all that was read of them",
    "text": "The texts of the articles, with what is needed to cite them",
    "bare": "The articles without their texts: addresses, times, names, counts of characters, digests, pressmarks",
}


def write_articles(folder: Path, plan: Plan, choice: Choice, see: Callable[[ArticleLine, bool], None]) -> WrittenTable:
    """Write the chosen lines; `see` is shown each, with whether it is its article's newest version."""
    files: list[WrittenFile] = []
    columns: list[WrittenFile] = []
    for branch, shards in groupby(plan.shards(), key=lambda shard: shard.branch):
        path = f"parquet/articles/{branch}.parquet"
        rows = 0
        with ExitStack() as stack:
            parquet = None
            if "parquet" in choice.formats:
                parquet = stack.enter_context(closing(ParquetFile(folder / path, ROW_TYPES[choice.part])))
            for shard in shards:
                rows += shard.lines
                files += _write_shard(folder, shard, _rows(plan, shard, choice, see), (choice, parquet))
        if parquet:
            columns.append(written_file(folder, path, "parquet", rows))
    what = "the newest version of each" if choice.latest else "a row for each version"
    return WrittenTable(
        name="articles",
        about=f"{_ABOUT[choice.part]}; {what}.",
        row_type=ROW_TYPES[choice.part],
        rows=plan.counts.lines,
        files=(*files, *columns),
    )


def _write_shard(
    folder: Path, shard: Shard, rows: Iterator[bytes], where: tuple[Choice, ParquetFile | None]
) -> Iterator[WrittenFile]:
    choice, parquet = where
    path = f"articles/{shard.branch}/{shard.month}{choice.suffix}"
    lines = LinesFile(folder / path, choice.compression) if "jsonl" in choice.formats else None
    try:
        for row in rows:
            if lines:
                lines.write(row)
            if parquet:
                parquet.write(row)
        if parquet:
            parquet.may_end_group()
    finally:
        if lines:
            lines.close()
    if lines:
        yield written_file(folder, path, "jsonl", shard.lines)


def _rows(plan: Plan, shard: Shard, choice: Choice, see: Callable[[ArticleLine, bool], None]) -> Iterator[bytes]:
    for line, newest in plan.lines(shard):
        see(line, newest)
        yield msgspec.json.encode(make_row(line, choice.part))
