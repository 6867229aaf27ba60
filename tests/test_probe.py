"""`pressmark probe`: a live branch held against its block in the TOML file."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.certificates import LONG_AGO, Issued, dns
from tests.conftest import PRESSMARK, Run, sample_words
from tests.portal.server import PortalServer
from tests.raw_server import RawServer, Reply

Pressmark = Callable[..., Run]

HOST, OTHER = "www.odd.test", "old.odd.test"
HOME, LIST = f"http://{HOST}/", f"http://{HOST}/list/"
TOML = rf"""
name = "odd"
title = "怪站"
asset_hosts = []
[branches.odd]
name = "怪站"
scheme = "http"
hosts = ["{HOST}", "{OTHER}"]
article_url = '''^/news/(?P<year>\d{{4}})/(?P<month>\d\d)(?P<day>\d\d)/(?P<id>\d+)\.html$'''
charset = "utf-8"
layouts = ["plain"]
sections = [{{ path = "/list/", name = "要闻" }}, {{ path = "/lake/index.shtml", name = "湖上" }}]
[layouts.plain]
marker = "#text"
headline = "h1"
time = ".time"
body = "#text"
"""
TEXT = "<p>　　湖边的渔民天不亮就下了网，岸上的人等着第一船银鱼靠岸，这样的早晨已经延续了许多年。</p>" * 3
MENU = '<a href="/list/index.html">要闻</a><a href="/lake/">湖上</a><a href="/about.html">关于我们</a>'


def article(number: int, headline: str = "银鱼开捕", *, frame: str = "text", time: str = "2026-05-01 08:30") -> bytes:
    return (
        f'<html><head><meta charset="utf-8"><title>{headline}</title></head><body><h1>{headline}{number}</h1>'
        f'<div class="time">{time} 来源：湖上日报</div><div id="{frame}">{TEXT}</div></body></html>'
    ).encode()


def links(*numbers: int, form: str = "/news/2026/0501/{}.html") -> bytes:
    rows = "".join(f'<li><a href="{form.format(number)}">湖上的早晨第{number}日</a></li>' for number in numbers)
    return f'<html><head><meta charset="utf-8"></head><body>{MENU}<ul>{rows}</ul></body></html>'.encode()


class Odd:
    """A portal of two lists and six articles, as its TOML file says; and the command that probes it."""

    def __init__(self, server: PortalServer, folder: Path) -> None:
        self.server, self.folder, self.toml = server, folder, TOML
        for host in (HOST, OTHER):
            server.override(f"http://{host}/robots.txt", body=b"User-agent: *\nCrawl-delay: 0.01\n")
        server.override(HOME, body=links(101))
        server.override(f"http://{OTHER}/", status=301, headers={"Location": HOME})
        server.override(LIST, body=links(101, 102, 103, 104))
        server.override(f"http://{HOST}/lake/index.shtml", body=links(105, 106))
        for number in range(101, 107):
            server.override(f"http://{HOST}/news/2026/0501/{number}.html", body=article(number))

    def probe(self, *words: str) -> subprocess.CompletedProcess[str]:
        path = self.folder / "odd.toml"
        path.write_text(self.toml, "utf-8")
        pair = f"*.test:{self.server.address}"
        command = [str(PRESSMARK), "probe", "odd", "--portal", str(path), "--connect-to", pair, *words]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)

    def report(self, code: int) -> dict:
        done = self.probe("--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def changes(self) -> list[tuple[str, str, str]]:
        return [(one["kind"], one["where"], one["found"]) for one in self.report(3)["changes"]]


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Odd]:
    (tmp_path / "portal" / "hosts").mkdir(parents=True)
    with PortalServer(tmp_path / "portal") as server:
        yield Odd(server, tmp_path)


@pytest.fixture(scope="module")
def holding(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The report on a portal that is as its file says, and the names that the probe left in its folder."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "portal" / "hosts").mkdir(parents=True)
    with PortalServer(folder / "portal") as server:
        report = Odd(server, folder).report(0)
    return {**report, "left": sorted(path.name for path in folder.iterdir())}


def test_a_branch_that_is_as_its_file_says_holds(holding: dict) -> None:
    report = holding
    assert (report["home"], report["changes"], report["charsets"]) == (HOME, [], {"utf-8": 8})
    assert [(one["verdict"], one["articles"]) for one in report["sections"]] == [("ok", 4), ("ok", 2)]
    assert (report["matched_links"], report["article_links"]) == (6, 6)
    fields = report["articles"][0]["fields"]
    assert (fields["headline"], fields["source"]) == ("银鱼开捕101", "湖上日报")
    assert fields["published_at"] == "2026-05-01T08:30:00+08:00"
    assert {one["layout"] for one in report["articles"]} == {"plain"}


def test_five_articles_are_asked_spread_over_the_sections_and_nothing_is_kept(holding: dict) -> None:
    assert [one["url"].rpartition("/")[2] for one in holding["articles"]] == [
        "101.html", "105.html", "102.html", "106.html", "103.html",
    ]  # fmt: skip
    assert holding["left"] == ["odd.toml", "portal"]


def test_both_schemes_of_each_host_are_told(holding: dict) -> None:
    origins = {one["origin"]: one for one in holding["origins"]}
    assert origins[f"http://{OTHER}"]["leads_to"] == HOME
    assert origins[f"https://{HOST}"]["robots"].startswith("tls: ")
    assert list(origins) == [f"{scheme}://{host}" for host in (HOST, OTHER) for scheme in ("http", "https")]


@pytest.mark.long
def test_the_table_names_what_was_asked(odd: Odd) -> None:
    done = odd.probe()
    assert (done.returncode, done.stderr) == (0, "")
    assert all(word in done.stdout for word in (LIST.removeprefix(f"http://{HOST}"), "plain", "101.html", "All holds."))


def test_sections_that_are_gone_empty_or_moved_and_new_ones_are_changes(odd: Odd) -> None:
    odd.toml = TOML.replace(
        "sections = [", 'sections = [{ path = "/gone/", name = "旧栏目" }, { path = "/moved/", name = "搬走" }, '
    )
    odd.server.override(f"http://{HOST}/moved/", status=302, headers={"Location": "/"})
    odd.server.override(f"http://{HOST}/lake/index.shtml", body=links())
    odd.server.override(HOME, body=links(101).replace(b"<ul>", '<a href="/boats/">船讯</a><ul>'.encode()))
    assert odd.changes() == [
        ("section", "/gone/", "status 404"),
        ("section", "/moved/", f"redirects to {HOME}"),
        ("section", "/lake/index.shtml", "lists no article"),
        ("new_section", "/boats/", "船讯, on the home page"),
    ]


@pytest.mark.long
def test_another_form_of_article_addresses_is_a_change(odd: Odd) -> None:
    form = "/lake/2026-05-01/detail-{}.shtml"
    odd.server.override(LIST, body=links(101, 102, form=form))
    for number in (101, 102):
        odd.server.override(f"http://{HOST}{form.format(number)}", body=article(number))
    (change,) = odd.changes()
    assert change[:2] == ("article_url", "article_url")
    assert "2 of 5" in change[2]
    assert "detail-102.shtml" in change[2]


def test_another_charset_another_template_and_a_lost_page_are_changes(odd: Odd) -> None:
    other = article(101, frame="newtext").replace(b"utf-8", b"gb2312").decode().encode("gb18030")
    odd.server.override(f"http://{HOST}/news/2026/0501/101.html", body=other)
    odd.server.remove(f"http://{HOST}/news/2026/0501/105.html")
    found = odd.changes()
    assert ("charset", "utf-8", "gb2312, on 1 pages") in found
    assert ("layout", f"http://{HOST}/news/2026/0501/101.html", "bears the marker of no known layout") in found
    assert ("field", f"http://{HOST}/news/2026/0501/105.html", "status 404") in found
    assert len(found) == 3


@pytest.mark.long
def test_a_time_that_no_article_shows_any_more_is_a_change(odd: Odd) -> None:
    for number in range(101, 107):
        odd.server.override(f"http://{HOST}/news/2026/0501/{number}.html", body=article(number, time=""))
    (change,) = odd.changes()
    assert change[:2] == ("field", "published_at")


@pytest.mark.long
def test_a_host_that_is_dead_and_one_that_moved_are_changes(odd: Odd) -> None:
    odd.server.fail(OTHER)
    assert [change[:2] for change in odd.changes()] == [("host", OTHER)]
    odd.server.mend(OTHER)
    odd.server.override(HOME, status=301, headers={"Location": f"http://{OTHER}/"})
    odd.server.override(f"http://{OTHER}/", body=links(101))
    assert odd.changes()[0] == ("host", f"http://{HOST}", f"the home page is http://{OTHER}/")


@pytest.mark.long
def test_what_robots_txt_forbids_is_told_and_not_asked(odd: Odd) -> None:
    odd.server.override(f"http://{HOST}/robots.txt", body=b"User-agent: *\nCrawl-delay: 0.01\nDisallow: /lake/\n")
    assert ("robots", f"http://{HOST}/lake/index.shtml", "robots.txt forbids it") in odd.changes()
    assert not [request for request in odd.server.requests if request.target.startswith("/lake/")]


@pytest.mark.long
def test_a_branch_without_known_sections_shows_those_of_its_home_page(odd: Odd) -> None:
    odd.toml = TOML[: TOML.index("sections =")] + TOML[TOML.index("[layouts") :]
    home = links(101).replace(b"/list/index.html", b"/list/").replace(b"/lake/", b"/lake/index.shtml")
    odd.server.override(HOME, body=home)
    report = odd.report(0)
    assert (report["sections_known"], [one["name"] for one in report["sections"]]) == (False, ["要闻", "湖上"])


@pytest.mark.long
def test_a_host_that_asks_to_be_left_alone_is_left_alone(odd: Odd) -> None:
    odd.server.override(LIST, status=429, headers={"Retry-After": "86400"})
    found = [change for change in odd.changes() if change[0] == "section"]
    assert found == [
        ("section", "/list/", "status 429"),
        ("section", "/lake/index.shtml", "asks to wait 86400 s"),
    ]


@pytest.mark.long
def test_a_list_that_is_cut_is_not_read(odd: Odd) -> None:
    odd.server.override(LIST, body=links(101, 102), cut_at=60)
    (change,) = odd.changes()
    assert change[:2] == ("section", "/list/")
    assert "disconnect" in change[2]


def test_no_host_that_answers_is_exit_code_1(odd: Odd) -> None:
    for host in (HOST, OTHER):
        odd.server.fail(host)
    report = odd.report(1)
    assert (report["home"], [change["where"] for change in report["changes"]]) == (None, [HOST, OTHER])


@pytest.mark.parametrize("words", [["probe"], ["probe", "nosuch"], ["probe", "js", "--connect-to", "x"]])
def test_wrong_usage_is_exit_code_2(pressmark: Pressmark, words: list[str]) -> None:
    done = pressmark(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_a_private_address_is_not_asked(odd: Odd) -> None:
    odd.toml = TOML.replace(HOST, "localhost").replace(OTHER, "127.0.0.1")
    report = odd.report(1)
    assert all("not a public address" in one["robots"] for one in report["origins"])


def test_the_sample_portal_holds(sample_server: PortalServer, pressmark: Pressmark) -> None:
    done = pressmark(*sample_words(sample_server, "probe", "zj", "--json", "--contact", "archive@example.test"))
    assert done.returncode == 0, done.stdout
    agents = {request.header("User-Agent") for request in sample_server.requests}
    assert len(agents) == 1
    assert "archive@example.test" in (agents.pop() or "")


@pytest.mark.long
def test_a_bad_certificate_is_told_and_ends_the_probe_unless_it_is_let_pass(tmp_path: Path) -> None:
    expired = Issued.server(*dns(HOST), by=None, since=LONG_AGO).context(tmp_path)
    body = links(101)
    reply = Reply(pieces=(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body,))
    toml = tmp_path / "odd.toml"
    toml.write_text(TOML.replace('scheme = "http"', 'scheme = "https"').replace(f', "{OTHER}"', ""), "utf-8")
    with RawServer({"www": reply}, expired) as server:
        words = [str(PRESSMARK), "probe", "odd", "--portal", str(toml), "--json", "--delay", "0"]
        words += ["--connect-to", f"{HOST}:{server.addresses['https4']}"]
        strict = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert (strict.returncode, server.requests["https4/www"]) == (1, [])
        lenient = subprocess.run([*words, "--insecure-tls"], capture_output=True, text=True, timeout=60, check=False)
    assert "expired" in json.loads(strict.stdout)["origins"][0]["certificate"]
    report = json.loads(lenient.stdout)
    assert (lenient.returncode, report["home"]) == (3, f"https://{HOST}/")
    assert ("certificate", f"https://{HOST}") in [(one["kind"], one["where"]) for one in report["changes"]]


@pytest.mark.long
def test_sigterm_ends_a_probe_at_once(odd: Odd) -> None:
    odd.server.override(LIST, body=links(101), delay_seconds=30)
    path = odd.folder / "odd.toml"
    path.write_text(TOML, "utf-8")
    words = [str(PRESSMARK), "probe", "odd", "--portal", str(path), "--connect-to", f"*.test:{odd.server.address}"]
    # robots.txt and home page of both hosts, where the second leads to the first, then the list.
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        odd.server.wait_for_request(count=6)
        running.terminate()
        told, _ = running.communicate(timeout=30)
    assert (running.returncode, told) == (143, b"")


def test_an_address_that_nothing_listens_at_is_one_row(pressmark: Pressmark, tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text(TOML, "utf-8")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        pair = f"*.test:127.0.0.1:{closed.getsockname()[1]}"
        done = pressmark("probe", "odd", "--portal", "odd.toml", "--connect-to", pair)
    assert (done.returncode, "refused" in done.stdout) == (1, True)
