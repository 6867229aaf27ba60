"""The takedown list."""

from pathlib import Path

import pytest

from crawler.errors import CrawlerError
from crawler.takedowns import read_takedowns


def test_ids_and_addresses_are_withheld_and_remarks_are_not(tmp_path: Path) -> None:
    path = tmp_path / "takedowns.txt"
    path.write_text("\ufeff# 应当事人要求\nchinanews:js:230110  # 2025-03-01\n\nhttps://www.sample.test/a.html#top\n")
    takedowns = read_takedowns(path)
    assert takedowns.names == {"chinanews:js:230110", "https://www.sample.test/a.html#top"}
    assert takedowns.covers("chinanews:js:230110", "https://elsewhere.test/", None)
    assert takedowns.covers("chinanews:js:1", "https://www.sample.test/a.html#top")
    assert not takedowns.covers("chinanews:js:2", None)


def test_an_address_is_withheld_however_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "takedowns.txt"
    path.write_text("HTTPS://sample.test/News/a.html#top\n")
    takedowns = read_takedowns(path)
    assert takedowns.covers("chinanews:js:1", "http://www.sample.test/news/a.html")
    assert not takedowns.covers("chinanews:js:1", "http://www.sample.test/news/b.html")


def test_without_a_file_nothing_is_withheld(tmp_path: Path) -> None:
    assert not read_takedowns(tmp_path / "takedowns.txt").covers("chinanews:js:230110")


@pytest.mark.parametrize("text", [b"230110\n", "中文\n".encode("gb18030"), b"chinanews:js:1 chinanews:js:2\n"])
def test_a_list_that_is_half_understood_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "takedowns.txt"
    path.write_bytes(text)
    with pytest.raises(CrawlerError, match=r"takedowns\.txt"):
        read_takedowns(path)
