"""Reading article lines as typed values."""

import gzip
import json
from pathlib import Path

import msgspec
import pyarrow
import pytest

from crawler.article import read_articles, read_located
from crawler.errors import CrawlerError
from crawler.lines import SCHEMA, encode_line
from tests.lines import sample_line


def test_files_of_a_folder_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    line = encode_line(sample_line()) + b"\n"
    for name in ("js/2025-03.jsonl", "bj/2025-02.jsonl"):
        path = tmp_path / "articles" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(line)
    (tmp_path / "changes.jsonl").write_bytes(b"{}\n")
    (tmp_path / "articles" / "js" / "2025-03.jsonl.before-1").write_bytes(b"{}\n")
    assert list(read_articles(tmp_path)) == [sample_line()] * 2


def test_compressed_files_read_as_plain_ones(tmp_path: Path) -> None:
    text = encode_line(sample_line()) + b"\n"
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text, mtime=0))
    with pyarrow.CompressedOutputStream(str(tmp_path / "b.jsonl.zst"), "zstd") as file:
        file.write(text)
    assert list(read_articles(tmp_path)) == [sample_line()] * 2


def test_reading_goes_on_at_an_offset_and_leaves_out_an_unfinished_line(tmp_path: Path) -> None:
    text = encode_line(sample_line()) + b"\n"
    path = tmp_path / "a.jsonl"
    path.write_bytes(text * 2 + text[:50])
    ends = [end for end, _ in read_located(path)]
    assert ends == [len(text), 2 * len(text)]
    assert list(read_located(path, ends[0])) == [(ends[1], sample_line())]


def test_an_earlier_line_is_lifted(tmp_path: Path) -> None:
    value = json.loads(encode_line(sample_line()))
    del value["extractor"]["damage"], value["extractor"]["confidence"], value["keywords"], value["modified_at"]
    value["schema"] = "pressmark.article/0.9.0"
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(value) + "\n")
    (line,) = read_articles(path)
    extractor = msgspec.structs.replace(sample_line().extractor, damage=(), confidence={})
    assert line == msgspec.structs.replace(sample_line(), extractor=extractor, keywords=(), modified_at=None)
    assert line.schema == SCHEMA


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"{}\n", "schema None"),
        (b"[]\n", "schema None"),
        (b'{"schema": "pressmark.article/2.0.0"}\n', "upgrade it"),
        (b'{"schema": "pressmark.article/1.0.0"}\n', "Expected `str`, got `null`"),
        (b"\xff\n", "JSON is malformed"),
    ],
)
def test_what_is_no_line_is_named_with_its_place(tmp_path: Path, text: bytes, told: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(text)
    with pytest.raises(CrawlerError) as caught:
        list(read_articles(path))
    assert f"{path}: byte 0: no article line (" in str(caught.value)
    assert told in str(caught.value)


def test_a_folder_without_lines_is_told(tmp_path: Path) -> None:
    with pytest.raises(CrawlerError, match="no article lines there"):
        list(read_articles(tmp_path))
