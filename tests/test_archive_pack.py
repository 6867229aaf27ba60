"""`python -m archive pack`: WARC files of any tool become a package, with the pages that are in them."""

import gzip
import sys
from pathlib import Path

import pytest

from archive.manifest import verify_signature
from archive.members import MemberScanner
from archive.packages import check_package
from archive.pages import find_page, read_title
from tests import warcs
from tests.conftest import Crawled
from tests.packages import Package, member, response
from tests.test_archive_command import archive

DATE = "2025-02-27T10:15:00Z"


@pytest.mark.parametrize(
    ("markup", "content_type", "title"),
    [
        (b"<TITLE>\n a &amp; b\t c</title>", "", "a & b c"),
        ("<title>龙舟邀请赛</title>".encode(), "text/html", "龙舟邀请赛"),
        ("<title>龙舟邀请赛</title>".encode("gb18030"), "text/html; charset=GB2312", "龙舟邀请赛"),
        ('<meta charset="gbk"><title>龙舟邀请赛</title>'.encode("gb18030"), "text/html", "龙舟邀请赛"),
        (b'<meta http-equiv=x content="text/html; charset=gb2312"><title>\x9fh</title>', "", "焗"),
        ("\ufeff<title>龙舟</title>".encode("utf-16-le"), "text/html; charset=gb2312", "龙舟"),
        (b"<!-- <title>no</title> --><svg><title>no</title></svg><title lang=zh>yes</title>", "", "yes"),
        (b"<script>'<title>no</title>'</script><titles>no</titles><title>yes</title><title>no</title>", "", "yes"),
        (b"<title>\xff\xfe</title>", "text/html; charset=utf-8", None),
        (b"<title>a</title>", "text/html; charset=klingon", None),
        (b"<title> </title>", "", None),
        (b"<title>cut off", "", None),
        (b"<!-- <title>a</title>", "", None),
        (b"", "", None),
        (b"<title " * 10_000, "", None),
        (b"<svg" * 16_000, "", None),
    ],
)
def test_the_title_is_what_a_browser_would_show(markup: bytes, content_type: str, title: str | None) -> None:
    assert read_title(markup, content_type) == title


def found(content: bytes) -> tuple[str, str | None] | None:
    (record,) = MemberScanner("a.warc.gz").feed(content)
    page = find_page(record)
    return (page.url, page.title) if page else None


def answer(head: bytes, body: bytes) -> bytes:
    block = b"HTTP/1.1 " + head + b"\r\n\r\n" + body
    return member("response", "urn:uuid:1", warcs.URL, DATE, block)


MARKUP = b"<title>A</title>"
FOUND = (warcs.URL, "A")


@pytest.mark.parametrize(
    ("content", "page"),
    [
        (answer(b"200 OK\r\nContent-Type: text/html", MARKUP), FOUND),
        (answer(b"200 OK\r\nContent-Type: TEXT/HTML;charset=x-sjis", MARKUP), (warcs.URL, None)),
        (answer(b"200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip", gzip.compress(MARKUP, mtime=0)), FOUND),
        (answer(b"200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br", b"\x0b"), (warcs.URL, None)),
        (answer(b"200 OK\r\nContent-Type: application/xhtml+xml", MARKUP), FOUND),
        (answer(b"404 Not Found\r\nContent-Type: text/html", MARKUP), None),
        (answer(b"200 OK\r\nContent-Type: image/png", MARKUP), None),
        (answer(b"200 OK", MARKUP), None),
        (member("resource", "urn:uuid:1", warcs.URL, DATE, MARKUP), None),
        (member("request", "urn:uuid:1", warcs.URL, DATE, b"GET / HTTP/1.1\r\n\r\n"), None),
        (response("urn:uuid:1", "dns:www.js.sample.test", DATE), None),
    ],
)
def test_a_page_is_a_whole_answer_in_html(content: bytes, page: tuple[str, str | None] | None) -> None:
    assert found(content) == page


def test_files_are_packed_with_their_pages(crawled: Crawled, tmp_path: Path) -> None:
    done = archive("pack", *crawled.warcs(), "-o", tmp_path / "all.wacz", "--title", "样例新闻网")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(check_package(tmp_path / "all.wacz", check_signature=verify_signature)) == []
    package = Package(tmp_path / "all.wacz")
    assert package.faults() == []
    assert package.manifest["title"] == "样例新闻网"
    header, *pages = package.pages()
    titles = {page["url"]: page["title"] for page in pages}
    assert header["hasText"] is False
    assert titles["http://www.js.sample.test/news/2025/0311/227437.html"].startswith("无锡：一座城市的“神经末梢”")
    assert "http://www.js.sample.test/" in titles
    for page in pages:
        assert package.look_up(page["url"], page["ts"])


def test_a_key_is_made_and_the_package_signed(tmp_path: Path) -> None:
    warc = tmp_path / "a.warc.gz"
    warc.write_bytes(warcs.members(warcs.response()))
    done = archive("pack", warc, "-o", tmp_path / "a.wacz", "--sign", tmp_path / "key.pem", "--make-key")
    assert (done.returncode, done.stdout.endswith(b", signed\n")) == (0, True)
    assert verify_signature(tmp_path / "a.wacz") is not None


def test_a_revisit_without_its_target_is_told(tmp_path: Path) -> None:
    warc = tmp_path / "a.warc.gz"
    warc.write_bytes(member("revisit", "urn:uuid:1", warcs.URL, DATE, b"", Refers_To="<urn:uuid:2>"))
    done = archive("pack", warc, "-o", tmp_path / "a.wacz")
    assert (done.returncode, done.stderr.count(b"\n")) == (3, 1)
    assert b"1 revisits refer to" in done.stderr


WHOLE = warcs.members(warcs.response())


@pytest.mark.parametrize(
    ("name", "content", "words", "code", "named"),
    [
        ("a.warc", gzip.decompress(WHOLE), (), 2, "a.warc: packages hold .warc.gz"),
        ("a.warc.gz.open", WHOLE, (), 2, "a.warc.gz.open: packages hold .warc.gz"),
        ("a.warc.gz", b"", (), 1, "a.warc.gz: at offset 0 lies nothing"),
        ("a.warc.gz", WHOLE[:-9], (), 1, "a.warc.gz: at offset 0 lies a gzip member that is cut off"),
        (
            "a.warc.gz",
            gzip.compress(gzip.decompress(WHOLE) * 2, mtime=0),
            (),
            1,
            "a.warc.gz: at offset 0 lies a member that",
        ),
        ("a.warc.gz", WHOLE + b"\x00junk", (), 1, f"a.warc.gz: at offset {len(WHOLE)} lies no gzip member"),
        ("a.warc.gz", WHOLE, ("none.warc.gz",), 1, "none.warc.gz: No such file"),
        ("a.warc.gz", WHOLE, ("a.warc.gz",), 2, "has the same name"),
        ("a.warc.gz", WHOLE, (".",), 2, "is a directory"),
        ("a.warc.gz", WHOLE, ("-o", "a.zip"), 2, "a.zip: replay programs"),
        ("a.warc.gz", WHOLE, ("-o", "none/a.wacz"), 1, "none"),
        ("a.warc.gz", WHOLE, ("--make-key",), 2, "--sign KEY.pem"),
        ("a.warc.gz", WHOLE, ("--sign", "none.pem"), 2, "none.pem: no such file"),
        ("a.warc.gz", WHOLE, ("--sign", "a.warc.gz"), 1, "a.warc.gz: holds no private key"),
    ],
)
def test_what_cannot_be_packed_is_refused_in_one_line_and_leaves_nothing(
    tmp_path: Path, name: str, content: bytes, words: tuple[str, ...], code: int, named: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = archive("pack", "-o", "a.wacz", name, *words, cwd=tmp_path)
    assert (done.returncode, done.stderr.count(b"\n"), named in done.stderr.decode()) == (code, 1, True), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_package_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(WHOLE)
    (tmp_path / "a.wacz").write_bytes(b"precious")
    done = archive("pack", "a.warc.gz", "-o", "a.wacz", cwd=tmp_path)
    assert (done.returncode, b"--force" in done.stderr) == (2, True)
    assert (tmp_path / "a.wacz").read_bytes() == b"precious"
    assert archive("pack", "a.warc.gz", "-o", "a.wacz", "--force", cwd=tmp_path).returncode == 0


def test_without_cryptography_everything_but_signing_works(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(WHOLE)
    (tmp_path / "cryptography.py").write_text("raise ModuleNotFoundError(name='cryptography')")
    refused = archive("pack", "a.warc.gz", "-o", "a.wacz", "--sign", "key.pem", "--make-key", cwd=tmp_path)
    assert (refused.returncode, b"pip install cryptography" in refused.stderr) == (1, True)
    assert archive("pack", "a.warc.gz", "-o", "a.wacz", cwd=tmp_path, python=sys.executable).returncode == 0
