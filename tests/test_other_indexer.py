"""Index lines agree with those of cdxj-indexer on the same files; it gets an environment of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from archive.cdxj import index_records
from tests.conftest import Crawled
from tests.exchanges import WHOLE, answered, write_file
from tests.test_revisits import write_three
from tests.test_surt import KEYS
from tests.test_writer import CHUNKED, CUT, FAILED, PACKED, SECURE, UNSENT

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ODD = (
    answered(b"HTTP/1.1 200 OK\r\nContent-Type:  text/html ; charset=gb2312\r\n\r\nx"),
    answered(b"HTTP/1.1 404\r\nContent-Type:\r\n\r\nx"),
    answered(b"HTTP/1.0 200 OK\nContent-type: TEXT/html\n\nx"),
    answered(b"HTTP/1.1 301 Moved\r\nLocation: /a\r\n\r\n"),
)


@pytest.fixture(scope="session")
def indexer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """cdxj-indexer, installed beside Pressmark and not into it."""
    folder = tmp_path_factory.mktemp("indexer")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "cdxj-indexer==1.5.0"]
    subprocess.run(pip, check=True, timeout=300, capture_output=True)
    return folder / "bin" / "cdxj-indexer"


def our_lines(path: Path) -> list[str]:
    """Return our lines; like pywb's they say `unk` where there is no type, which cdxj-indexer leaves out."""
    return [line.replace('"mime": "unk", ', "") for line in index_records(path)]


def their_lines(indexer: Path, path: Path) -> list[str]:
    """Return their lines; they keep the label of a digest and an empty type, which pywb's own indexer does not."""
    done = subprocess.run([str(indexer), str(path)], capture_output=True, check=True, timeout=300)
    return done.stdout.decode().replace('"digest": "sha1:', '"digest": "').replace('"mime": "", ', "").splitlines()


def test_all_kinds_of_exchanges_are_indexed_alike(indexer: Path, tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE, CHUNKED, PACKED, CUT, FAILED, UNSENT, SECURE, *ODD)
    assert our_lines(path) == their_lines(indexer, path)


def test_revisits_are_indexed_alike(indexer: Path, tmp_path: Path) -> None:
    path, _ = write_three(tmp_path)
    assert our_lines(path) == their_lines(indexer, path)


def test_addresses_get_the_same_keys(indexer: Path, tmp_path: Path) -> None:
    # cdxj-indexer gives up on a port that cannot be one.
    urls = [
        url
        for url in KEYS
        if url.startswith(("http:", "https:"))
        and url.isascii()
        and url == "".join(url.split())
        and ":12345678901" not in url
    ]
    path = write_file(tmp_path, *(answered(b"HTTP/1.1 200 OK\r\n\r\n", url=url) for url in urls))
    assert our_lines(path) == their_lines(indexer, path)


def test_the_sample_portal_is_indexed_alike(indexer: Path, crawled: Crawled) -> None:
    ours = [line for path in crawled.warcs() for line in our_lines(path)]
    theirs = [line for path in crawled.warcs() for line in their_lines(indexer, path)]
    assert ours == theirs
