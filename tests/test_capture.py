"""Responses are taken apart as RFC 9112 says, and a cut one gives what came."""

import gzip
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.capture import Capture, Head
from archive.errors import ArchiveError
from tests.exchanges import PAGE, WHOLE, answered, chunked


def head_of(response: bytes) -> Head:
    head = answered(response).head()
    assert head is not None
    return head


def with_headers(body: bytes, *headers: bytes) -> Capture:
    return answered(b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"", body]))


def test_a_head_keeps_order_case_and_repeats() -> None:
    head = head_of(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\ncontent-TYPE:text/html\r\nSet-Cookie: b=2\r\n\r\n")
    assert head.headers == ((b"Set-Cookie", b"a=1"), (b"content-TYPE", b"text/html"), (b"Set-Cookie", b"b=2"))
    assert (head.value("Content-Type"), head.value("set-cookie"), head.value("etag")) == ("text/html", "a=1", None)


def test_folded_lines_are_joined() -> None:
    head = head_of(b"HTTP/1.1 200 OK\r\nX-Note: one\r\n\t two\r\n  three\r\nServer: nginx\r\n\r\n")
    assert head.headers == ((b"X-Note", b"one two three"), (b"Server", b"nginx"))


def test_a_line_without_a_colon_is_skipped_with_its_folds() -> None:
    head = head_of(b"HTTP/1.1 200 OK\r\nnonsense\r\n folded: nonsense\r\nServer: nginx\r\n\r\n")
    assert head.headers == ((b"Server", b"nginx"),)


def test_a_head_of_bare_line_feeds_is_read() -> None:
    capture = answered(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi")
    assert (capture.head(), capture.payload()) == (
        Head(status=200, reason=b"OK", headers=((b"Content-Length", b"2"),)),
        b"hi",
    )


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 404 Not Found", 404, b"Not Found"),
        (b"HTTP/1.1 200", 200, b""),
        (b"HTTP/1.1 200 ", 200, b""),
        (b"HTTP/1.0 500 Fehler \xfc", 500, b"Fehler \xfc"),
    ],
)
def test_the_reason_is_kept_as_bytes_and_may_be_missing(line: bytes, status: int, reason: bytes) -> None:
    head = head_of(line + b"\r\n\r\n")
    assert (head.status, head.reason) == (status, reason)


def test_a_value_outside_ascii_is_read_as_latin_1() -> None:
    assert head_of(b"HTTP/1.1 200 OK\r\nServer: \xe9\r\n\r\n").value("server") == "é"


@pytest.mark.parametrize("response", [b"", b"HTTP/1.1 200 OK\r\nServer: x\r\n", b"hello\r\n\r\n", b"\x00\xff" * 40])
def test_bytes_that_are_no_whole_head_give_none(response: bytes) -> None:
    capture = answered(response)
    assert (capture.head(), capture.payload(), capture.body()) == (None, b"", b"")


def test_chunks_with_extensions_and_trailers_become_the_body() -> None:
    assert with_headers(chunked(PAGE), b"Transfer-Encoding: chunked").body() == PAGE


def test_bytes_after_the_last_chunk_are_no_part_of_the_body() -> None:
    assert with_headers(b"2\r\nhi\r\n0\r\n\r\ngarbage", b"Transfer-Encoding: chunked").payload() == b"hi"


@pytest.mark.parametrize(
    ("body", "came"),
    [
        (b"5\r\nhel", b"hel"),
        (b"2\r\nhi\r\n5\r\n", b"hi"),
        (b"2\r\nhi\r\n5", b"hi"),
        (b"2\r\nhi\r\nzz\r\n", b"hi"),
        (b"F" * 40 + b"\r\nhi", b"hi"),
    ],
)
def test_a_cut_chunked_body_gives_what_came(body: bytes, came: bytes) -> None:
    assert with_headers(body, b"Transfer-Encoding: chunked").payload() == came


def test_a_body_that_is_wrongly_called_chunked_comes_back_as_it_is() -> None:
    assert with_headers(b"<html>", b"Transfer-Encoding: chunked").payload() == b"<html>"


def test_chunked_counts_more_than_content_length() -> None:
    headers = (b"Content-Length: 3", b"Transfer-Encoding: chunked")
    assert with_headers(b"2\r\nhi\r\n0\r\n\r\n", *headers).payload() == b"hi"


@pytest.mark.parametrize(
    ("headers", "payload"),
    [
        ((b"Content-Length: 2",), b"ab"),
        ((b"Content-Length: 2", b"Content-Length: 2"), b"ab"),
        ((b"Content-Length: 2, 2",), b"ab"),
        ((b"Content-Length: 2", b"Content-Length: 3"), b"abcd"),
        ((b"Content-Length: many",), b"abcd"),
        ((b"Content-Length: 99",), b"abcd"),
        ((b"Content-Length: " + b"9" * 5000,), b"abcd"),
        ((b"Content-Length: " + b"0" * 5000 + b"2",), b"ab"),
        ((), b"abcd"),
    ],
)
def test_content_length_bounds_the_body_where_it_is_clear(headers: tuple[bytes, ...], payload: bytes) -> None:
    assert with_headers(b"abcd", *headers).payload() == payload


@pytest.mark.parametrize("status", [b"204", b"304"])
def test_some_answers_have_no_body(status: bytes) -> None:
    assert answered(b"HTTP/1.1 " + status + b" -\r\nContent-Length: 2\r\n\r\nhi").payload() == b""


def test_an_answer_to_head_has_no_body() -> None:
    assert answered(WHOLE.response, request=b"HEAD / HTTP/1.1\r\n\r\n").payload() == b""


@pytest.mark.parametrize("framing", [b"Transfer-Encoding: chunked", b"X-Framing: none"])
@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(PAGE, mtime=0)),
        (b"x-gzip", gzip.compress(PAGE[:20], mtime=0) + gzip.compress(PAGE[20:], mtime=0)),
        (b"GZIP", gzip.compress(PAGE, mtime=0) + b"garbage"),
        (b"deflate", zlib.compress(PAGE)),
        (b"deflate", zlib.compress(PAGE, wbits=-15)),
        (b"deflate, gzip", gzip.compress(zlib.compress(PAGE), mtime=0)),
        (b"gzip, gzip", gzip.compress(gzip.compress(PAGE, mtime=0), mtime=0)),
        (
            b"gzip\r\nContent-Encoding: identity\r\nContent-Encoding: gzip",
            gzip.compress(gzip.compress(PAGE, mtime=0), mtime=0),
        ),
        (b"identity", PAGE),
        (b"gzip", PAGE),
    ],
)
def test_content_codings_are_undone(framing: bytes, coding: bytes, packed: bytes) -> None:
    sent = {b"Transfer-Encoding: chunked": chunked(packed)}.get(framing, packed)
    capture = with_headers(sent, b"Content-Encoding: " + coding, framing)
    assert (capture.body(), capture.payload()) == (PAGE, packed)


@given(st.integers(min_value=0, max_value=200))
def test_a_cut_gzip_stream_gives_a_beginning_of_the_page(cut: int) -> None:
    assert PAGE.startswith(with_headers(gzip.compress(PAGE, mtime=0)[:cut], b"Content-Encoding: gzip").body())


def test_a_damaged_gzip_stream_gives_what_came_before_the_damage() -> None:
    page = b"".join(b"%d." % number for number in range(300_000))
    packed = bytearray(gzip.compress(page, mtime=0))
    packed[len(packed) // 2 :] = b"\x00" * 4000
    body = with_headers(bytes(packed), b"Content-Encoding: gzip").body()
    assert len(body) > len(page) // 4
    assert page.startswith(body[: len(page) // 4])


@pytest.mark.parametrize("coding", [b"br", b"zstd"])
def test_an_unknown_coding_is_named(coding: bytes) -> None:
    with pytest.raises(ArchiveError, match=coding.decode()):
        with_headers(b"\x0b\x02", b"Content-Encoding: " + coding).body()


def test_a_bomb_is_refused_before_it_fills_the_memory() -> None:
    bomb = with_headers(gzip.compress(b"\x00" * 3_000_000, mtime=0), b"Content-Encoding: gzip")
    with pytest.raises(ArchiveError, match="max_bytes"):
        bomb.body(max_bytes=1_000_000)
    assert len(bomb.body(max_bytes=3_000_000)) == 3_000_000


@given(st.binary(max_size=300))
def test_no_bytes_break_the_parser(response: bytes) -> None:
    capture = replace(WHOLE, response=b"HTTP/1.1 200 OK\r\n" + response)
    assert len(capture.payload()) <= len(response)
