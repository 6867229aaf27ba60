"""A document that is listed in several sections, or for telephones, is asked for once."""

from pathlib import Path

from archive.pressmark import Pressmark
from archive.reader import Exchange, read_exchanges
from crawler.folding.contents import Readers
from crawler.folding.ledger import fold
from crawler.folding.outcome import Outcome
from crawler.folding.schedule import Schedule
from crawler.reading.portals import find_portal
from crawler.store.rows import Link
from crawler.store.state import State
from crawler.store.versions import Version
from tests.exchanges import answered, write_file
from tests.test_trouble import ARTICLE, HOST, Odd, odd, page

__all__ = ["odd"]

CHINANEWS = find_portal("chinanews")
LIST = "https://www.chinanews.com.cn/society/"
MARK = Pressmark(file="a.warc.gz", offset=0, length=9, record_id="urn:uuid:1", payload_digest="sha1:AAAA")


def fold_listing(folder: Path, state: State, *links: str) -> Outcome:
    """Return what a captured list with these links changes."""
    body = "".join(f'<li><a href="{link}">一条长长的新闻标题</a></li>' for link in links).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body)
    file = write_file(folder, answered(head + body, url=LIST))
    state.queue.add(Link(url=LIST, host="www.chinanews.com.cn", kind="listing", via=None, hops=""))
    exchange = next(record for record in read_exchanges(file) if isinstance(record, Exchange))
    return fold(state, exchange, CHINANEWS, Schedule(), Readers(line_of=lambda _: None))


def articles(outcome: Outcome) -> list[str]:
    return [link.url.removeprefix("https://www.chinanews.com.cn") for link in outcome.links if link.kind == "article"]


def version_of(number: str, url: str) -> Version:
    day = "2024-05-08T02:00:00.000Z"
    return Version(
        id=f"chinanews:national:{number}", branch="national", url=url, canonical_url=url, version=1,
        text_digest="sha256:0", first_seen_at=day, captured_at=day, published_at=None, line=MARK,
    )  # fmt: skip


def test_a_document_in_several_sections_is_asked_for_under_its_first_address(tmp_path: Path) -> None:
    outcome = fold_listing(
        tmp_path,
        State(None),
        "/gn/2024/05-08/10213707.shtml",
        "/sh/2024/05-08/10213707.shtml",
        "//www.chinanews.com/gn/2024/05-08/10213707.shtml",
        "http://m.chinanews.com/wap/detail/chs/zw/10213707.shtml",
        "http://m.chinanews.com/wap/detail/zw/gj/2024/05-08/10213708.shtml",
    )
    assert articles(outcome) == ["/gn/2024/05-08/10213707.shtml", "/gj/2024/05-08/10213708.shtml"]


def test_a_document_with_a_line_is_not_asked_for_under_another_address(tmp_path: Path) -> None:
    state = State(None)
    state.versions.put_version(version_of("10213707", "https://www.chinanews.com.cn/gn/2024/05-08/10213707.shtml"))
    outcome = fold_listing(tmp_path, state, "/sh/2024/05-08/10213707.shtml", "/sh/2024/05-08/10213709.shtml")
    assert articles(outcome) == ["/sh/2024/05-08/10213709.shtml"]


def test_a_document_that_two_lists_name_by_two_addresses_is_asked_for_once(odd: Odd) -> None:
    other = ARTICLE.replace("/0501/", "/0430/")
    odd.toml = odd.toml.replace('name = "要闻" }', 'name = "要闻" }, { path = "/lake/", name = "湖区" }')
    odd.server.override(other, body=page(""))
    odd.server.override(
        f"http://{HOST}/lake/", body=f'<html><body><a href="{other}">银鱼开捕</a></body></html>'.encode()
    )
    done = odd.crawl()
    assert done.returncode == 0, done.stderr
    asked = [request.target for request in odd.server.requests if "/news/" in request.target]
    assert asked == ["/news/2026/0501/101.html"]
    assert len(odd.lines()) == 1
