"""The sample portal's server: each kind of answer, as a client on a socket sees it."""

import gzip
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from tests.portal.answers import Answer, render
from tests.portal.responses import ResponsesError, load_responses
from tests.portal.server import PortalServer

HOST = "www.js.portal.test"
ROOT = f"http://{HOST}"
REPOSITORY = Path(__file__).parents[1]
ARTICLE = "<html><head><meta charset=gb2312></head><body><h1>苏州河畔的清晨</h1></body></html>".encode("gb2312")
LONG_PAGE = ("<p>" + "太湖水暖，渔船归来。" * 1000 + "</p>").encode("gb2312")
PICTURE = b"\xff\xd8\xff\xe0 a picture"
RESPONSES = f"""
[[response]]
url = "{ROOT}/packed.html"
coding = "gzip"

[[response]]
url = "{ROOT}/pieces.html"
framing = "chunked"

[[response]]
url = "{ROOT}/open-end.html"
framing = "close"

[[response]]
url = "{ROOT}/cut.html"
cut_at = 1000

[[response]]
url = "{ROOT}/slow.html"
delay_seconds = 0.05

[[response]]
url = "{ROOT}/moved.html"
status = 301
headers = {{Location = "/news/2026/0511/230110.html"}}

[[response]]
url = "{ROOT}/busy.html"
status = 503
reason = "Busy"
headers = {{Retry-After = "1"}}
first = 2

[[response]]
url = "{ROOT}/list.d.html?nid=63&p=2"
file = "hosts/{HOST}/slow.html"
headers = {{content-type = "text/html; charset=gb2312", ETag = ""}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    reason: str
    headers: http.client.HTTPMessage
    content: bytes


Ask = Callable[..., Reply]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "portal" / "hosts" / HOST
    pages = {
        "index.html": ARTICLE,
        "news/2026/0511/230110.html": ARTICLE,
        "picture.jpg": PICTURE,
        "robots.txt": b"User-agent: *\nAllow: /\n",
        **dict.fromkeys(
            ["packed.html", "pieces.html", "open-end.html", "cut.html", "slow.html", "busy.html"], LONG_PAGE
        ),
    }
    for path, body in pages.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    (tmp_path / "portal" / "responses.toml").write_text(RESPONSES, "utf-8")
    (tmp_path / "portal" / "hosts" / "secret.html").write_bytes(b"not to be served")
    (tmp_path / "portal" / "secret.html").write_bytes(b"not to be served")
    return tmp_path / "portal"


@pytest.fixture
def server(folder: Path) -> Iterator[PortalServer]:
    with PortalServer(folder) as server:
        yield server


@pytest.fixture
def connection(server: PortalServer) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(server.address, timeout=10)
    yield connection
    connection.close()


@pytest.fixture
def ask(connection: http.client.HTTPConnection) -> Ask:
    def ask(path: str, method: str = "GET", host: str = HOST, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Host": host, **named})
        response = connection.getresponse()
        return Reply(status=response.status, reason=response.reason, headers=response.headers, content=response.read())

    return ask


def exchange(address: str, request: bytes) -> bytes:
    """Return all that comes back for these bytes, until the server closes."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def get(path: str, *, host: str = HOST) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


def test_a_page_comes_with_the_headers_of_a_plain_file(ask: Ask) -> None:
    response = ask("/news/2026/0511/230110.html")
    assert (response.status, response.content) == (200, ARTICLE)
    assert response.headers["Content-Type"] == "text/html"
    assert response.headers["Content-Length"] == str(len(ARTICLE))
    assert response.headers["Server"] == "nginx"
    assert "11 May 2026" in response.headers["Last-Modified"]
    assert response.headers["ETag"].startswith('"')
    assert response.headers["Date"].endswith("GMT")


def test_last_modified_is_of_the_content_and_not_of_the_file(ask: Ask, folder: Path) -> None:
    before = ask("/picture.jpg").headers
    os.utime(folder / "hosts" / HOST / "picture.jpg", (0, 0))
    after = ask("/picture.jpg").headers
    assert (after["Last-Modified"], after["ETag"]) == (before["Last-Modified"], before["ETag"])


@pytest.mark.parametrize(
    ("path", "expected"), [("/", "text/html"), ("/robots.txt", "text/plain"), ("/picture.jpg", "image/jpeg")]
)
def test_the_content_type_follows_the_extension(ask: Ask, path: str, expected: str) -> None:
    assert ask(path).headers["Content-Type"] == expected


def test_the_port_of_the_host_header_does_not_matter(ask: Ask, server: PortalServer) -> None:
    assert ask("/", host=f"{HOST}:80").status == 200
    assert server.requests[0].host == HOST


def test_a_page_that_is_not_there_gives_a_chinese_404(ask: Ask) -> None:
    response = ask("/news/none.html")
    assert (response.status, response.reason) == (404, "Not Found")
    assert "页面不存在" in response.content.decode()


def test_a_host_that_is_not_there_gives_404(ask: Ask) -> None:
    assert ask("/", host="www.zj.portal.test").status == 404


@pytest.mark.parametrize(
    "path", ["/../secret.html", "/../../secret.html", "/%2e%2e/secret.html", "/news/..%2f..%2f../secret.html", "/a%00b"]
)
def test_no_path_leads_out_of_its_host(server: PortalServer, path: str) -> None:
    assert exchange(server.address, get(path)).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("host", ["..", "", ".", "../hosts"])
def test_no_host_leads_out_of_the_folder(server: PortalServer, host: str) -> None:
    assert exchange(server.address, get("/secret.html", host=host)).startswith(b"HTTP/1.1 404 ")


def test_a_link_out_of_the_host_is_not_followed(ask: Ask, folder: Path) -> None:
    (folder / "hosts" / HOST / "link.html").symlink_to(folder / "secret.html")
    assert ask("/link.html").status == 404


def test_a_packed_page_unpacks_to_the_file(ask: Ask) -> None:
    response = ask("/packed.html")
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Length"] == str(len(response.content))
    assert gzip.decompress(response.content) == LONG_PAGE


def test_a_packed_page_has_the_same_bytes_each_time(ask: Ask) -> None:
    assert ask("/packed.html").content == ask("/packed.html").content


def test_a_page_in_chunks_is_whole(ask: Ask) -> None:
    response = ask("/pieces.html")
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert response.headers["Content-Length"] is None
    assert response.content == LONG_PAGE


def test_chunks_can_be_packed(server: PortalServer, ask: Ask) -> None:
    server.override(f"{ROOT}/pieces.html", framing="chunked", coding="gzip")
    assert gzip.decompress(ask("/pieces.html").content) == LONG_PAGE


def test_a_page_without_a_length_ends_with_the_connection(server: PortalServer) -> None:
    wire = exchange(server.address, f"GET /open-end.html HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    head, _, body = wire.partition(b"\r\n\r\n")
    assert b"Content-Length" not in head
    assert b"Connection: close" in head
    assert body == LONG_PAGE


def test_a_cut_page_breaks_off_where_it_is_told_to(server: PortalServer) -> None:
    wire = exchange(server.address, f"GET /cut.html HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    head, _, body = wire.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(LONG_PAGE)}".encode() in head
    assert body == LONG_PAGE[:1000]


def test_a_cut_in_chunks_leaves_out_the_end(server: PortalServer) -> None:
    server.override(f"{ROOT}/cut.html", framing="chunked", cut_at=500)
    wire = exchange(server.address, get("/cut.html"))
    assert wire.partition(b"\r\n\r\n")[2] == b"ffd\r\n" + LONG_PAGE[:495]


def test_a_slow_page_comes_after_its_delay(ask: Ask) -> None:
    started = monotonic()
    assert ask("/slow.html").content == LONG_PAGE
    assert monotonic() - started >= 0.05


def test_a_delay_does_not_hold_up_the_end(folder: Path) -> None:
    with PortalServer(folder) as server:
        server.override(f"{ROOT}/slow.html", delay_seconds=60)
        host, _, port = server.address.rpartition(":")
        sock = socket.create_connection((host, int(port)))
        sock.sendall(get("/slow.html"))
        server.wait_for_request()
        started = monotonic()
    assert monotonic() - started < 2
    sock.close()


def test_a_redirect_names_its_location(ask: Ask) -> None:
    response = ask("/moved.html")
    assert (response.status, response.reason) == (301, "Moved Permanently")
    assert response.headers["Location"] == "/news/2026/0511/230110.html"
    assert response.headers["ETag"] is None


def test_the_first_requests_fail_and_the_next_gets_the_page(ask: Ask) -> None:
    answers = [ask("/busy.html") for _ in range(3)]
    assert [(answer.status, answer.reason) for answer in answers] == [(503, "Busy"), (503, "Busy"), (200, "OK")]
    assert answers[0].headers["Retry-After"] == "1"
    assert answers[2].content == LONG_PAGE


def test_a_query_names_a_page_of_its_own(ask: Ask) -> None:
    response = ask("/list.d.html?nid=63&p=2")
    assert response.content == LONG_PAGE
    assert response.headers.get_all("Content-Type") == ["text/html; charset=gb2312"]
    assert response.headers["ETag"] is None
    assert ask("/list.d.html?nid=63&p=3").status == 404


@pytest.mark.parametrize(("asked", "told"), [("If_None_Match", "ETag"), ("If_Modified_Since", "Last-Modified")])
def test_a_page_that_the_client_has_gives_304_without_a_body(ask: Ask, asked: str, told: str) -> None:
    value = ask("/picture.jpg").headers[told]
    response = ask("/picture.jpg", **{asked: value})
    assert (response.status, response.content) == (304, b"")
    assert response.headers["Content-Length"] is None
    assert response.headers["ETag"]


def test_an_edited_page_is_sent_anew(server: PortalServer, ask: Ask) -> None:
    etag = ask("/").headers["ETag"]
    server.override(f"{ROOT}/", body=b"<h1>edited</h1>")
    response = ask("/", If_None_Match=etag)
    assert (response.status, response.content) == (200, b"<h1>edited</h1>")
    assert response.headers["ETag"] != etag


def test_head_gives_the_head_of_get_alone(server: PortalServer) -> None:
    whole = exchange(server.address, get("/picture.jpg"))
    head = exchange(server.address, get("/picture.jpg").replace(b"GET", b"HEAD"))
    dateless = [[line for line in wire.split(b"\r\n") if not line.startswith(b"Date:")] for wire in (whole, head)]
    assert dateless[1] == [*dateless[0][:-1], b""]


def test_two_requests_go_over_one_connection(ask: Ask, connection: http.client.HTTPConnection) -> None:
    assert ask("/").headers["Connection"] == "keep-alive"
    used = connection.sock
    assert ask("/picture.jpg").content == PICTURE
    assert connection.sock is used


def test_connection_close_is_honoured(server: PortalServer) -> None:
    wire = exchange(server.address, get("/") + get("/picture.jpg"))
    assert wire.count(b"HTTP/1.1 200 OK") == 1
    assert b"\r\nConnection: close\r\n" in wire


def test_an_overridden_page_can_be_removed_and_restored(server: PortalServer, ask: Ask) -> None:
    server.override(f"{ROOT}/", status=500)
    statuses = [ask("/").status]
    server.remove(f"{ROOT}/")
    statuses.append(ask("/").status)
    server.restore(f"{ROOT}/")
    assert [*statuses, ask("/").status] == [500, 404, 200]


def test_restoring_starts_the_first_requests_again(server: PortalServer, ask: Ask) -> None:
    before = [ask("/busy.html").status for _ in range(3)]
    server.restore(f"{ROOT}/busy.html")
    assert (before[2], ask("/busy.html").status) == (200, 503)


def test_a_new_page_can_be_put_up(server: PortalServer, ask: Ask) -> None:
    server.override(f"{ROOT}/style.css", body=b"p {}")
    response = ask("/style.css")
    assert (response.status, response.headers["Content-Type"], response.content) == (200, "text/css", b"p {}")


def test_a_test_can_decide_every_byte(server: PortalServer) -> None:
    wire = b"HTTP/1.0 200\nx:  two  spaces\n\nbody"
    server.override_bytes(f"{ROOT}/", wire)
    assert exchange(server.address, get("/")) == wire


def test_a_failing_host_drops_the_connection_until_it_is_mended(server: PortalServer) -> None:
    server.fail(HOST)
    assert exchange(server.address, get("/")) == b""
    server.mend(HOST)
    assert exchange(server.address, get("/")).startswith(b"HTTP/1.1 200 OK")


def test_requests_are_kept_in_order(server: PortalServer, ask: Ask) -> None:
    ask("/", User_Agent="Pressmark")
    ask("/picture.jpg?x=1", method="HEAD")
    seen = server.requests
    assert [(request.host, request.target, request.method) for request in seen] == [
        (HOST, "/", "GET"),
        (HOST, "/picture.jpg?x=1", "HEAD"),
    ]
    assert ("User-Agent", "Pressmark") in seen[0].headers
    assert server.wait_for_request(count=2) == seen[1]


def test_waiting_for_requests_that_do_not_come_ends(server: PortalServer) -> None:
    with pytest.raises(TimeoutError, match="0 of 1 requests"):
        server.wait_for_request(timeout_seconds=0.01)


@pytest.mark.parametrize("request_bytes", [b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET x HTTP/2 y\r\n\r\n"])
def test_what_is_no_request_gives_400(server: PortalServer, request_bytes: bytes) -> None:
    assert exchange(server.address, request_bytes).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_starting_and_stopping_are_quick(folder: Path) -> None:
    started = monotonic()
    with PortalServer(folder) as server:
        exchange(server.address, get("/"))
    assert monotonic() - started < 1


def test_the_server_also_listens_on_ipv6(folder: Path) -> None:
    with PortalServer(folder, host="::1") as server:
        _, _, port = server.address.rpartition(":")
        connection = http.client.HTTPConnection("::1", int(port), timeout=10)
        connection.request("GET", "/", headers={"Host": HOST})
        assert connection.getresponse().read() == ARTICLE
        connection.close()


def test_an_answer_can_tell_a_wrong_length() -> None:
    answer = Answer(headers=(("content-length", "9"),), body=b"four")
    assert render(answer) == b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfour"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('url = "http://a.test/"\nstatsu = 404', "unknown key 'statsu' (did you mean 'status'?)"),
        ("status = 404", "key 'url' is missing"),
        ('url = "/x.html"', "'/x.html' is no URL of the portal"),
        ('url = "http://a.test/"\nstatus = "404"', "key 'status' must be a number"),
        ('url = "http://a.test/"\nframing = "chunks"', "key 'framing' must be 'length', 'chunked' or 'close'"),
        ('url = "http://a.test/"\nheaders = {A = 1}', "key 'headers' must be a table of texts"),
        ('url = "http://a.test/"\nfile = "../x.html"', "file '../x.html' is not in the portal's folder"),
        ('url = "http://a.test/"\n[[response]]\nurl = "http://A.test"', "has a response already"),
        ('url = "http://a.test/"\n[other]', "unknown key 'other'"),
        ("url = ", "is no TOML"),
    ],
)
def test_a_wrong_response_is_refused_with_the_key_and_the_remedy(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "responses.toml").write_text(f"[[response]]\n{entry}\n", "utf-8")
    with pytest.raises(ResponsesError) as refused:
        load_responses(tmp_path)
    assert str(refused.value).startswith(("responses.toml", "'/x.html'"))
    assert message in str(refused.value)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "tests.portal", *words]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False)


FETCH = f"""
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1].removeprefix("at="))
connection.request("GET", "/robots.txt", headers={{"Host": "{HOST}"}})
print(connection.getresponse().read().decode())
sys.exit(7)
"""
WAIT = "import sys, time; print('up', flush=True); time.sleep(60)"
ENDS_WELL = """
import signal, sys, time
def stop(number, frame):
    print(number, flush=True)
    sys.exit(100 + number)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
time.sleep(60)
"""


def test_the_command_gets_the_address_and_gives_its_exit_code(folder: Path) -> None:
    done = run("--folder", str(folder), "--", sys.executable, "-c", FETCH, "at={address}")
    assert done.stdout.startswith("User-agent: *")
    assert done.returncode == 7


def test_words_after_a_second_pair_of_dashes_are_the_commands_own(folder: Path) -> None:
    done = run("--folder", str(folder), "--", "printf", "%s ", "--", "--folder", "x")
    assert done.stdout == "-- --folder x "


def test_a_command_killed_by_a_signal_gives_128_and_its_number(folder: Path) -> None:
    done = run("--folder", str(folder), "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert done.returncode == 128 + signal.SIGKILL


def test_a_command_that_is_not_there_gives_127(folder: Path) -> None:
    done = run("--folder", str(folder), "--", "no-such-command")
    assert (done.returncode, "no-such-command: cannot be run" in done.stderr) == (127, True)


def test_a_folder_that_is_no_portal_is_refused(tmp_path: Path) -> None:
    done = run("--folder", str(tmp_path), "--", "true")
    assert (done.returncode, "has no folder 'hosts'" in done.stderr) == (2, True)


def started(*words: str) -> tuple[subprocess.Popen[str], str]:
    """Start a command in a process group of its own, as a shell does, and wait for its first line."""
    process = subprocess.Popen(
        command(*words), cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_ctrl_c_reaches_the_command_once_and_its_exit_code_comes_through(folder: Path) -> None:
    process, _ = started("--folder", str(folder), "--", sys.executable, "-c", ENDS_WELL)
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert (rest, process.returncode) == ("2\n", 102)


def test_sigterm_is_passed_on_to_the_command(folder: Path) -> None:
    process, _ = started("--folder", str(folder), "--", sys.executable, "-c", ENDS_WELL)
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=20)
    assert (rest, process.returncode) == ("15\n", 115)


def test_a_command_ended_by_sigterm_gives_143(folder: Path) -> None:
    process, _ = started("--folder", str(folder), "--", sys.executable, "-c", WAIT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143


def test_without_a_command_the_portal_is_served_until_ctrl_c(folder: Path) -> None:
    process, address = started("--folder", str(folder))
    wire = exchange(address, get("/robots.txt"))
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert (wire.startswith(b"HTTP/1.1 200 OK"), process.returncode) == (True, 0)
