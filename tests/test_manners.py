"""robots.txt, Crawl-delay and Retry-After, as hosts send them."""

from datetime import UTC, datetime

import pytest

from archive.capture import Capture
from crawler.fetching.manners import read_robots
from crawler.folding.tracks import retry_after_seconds

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def answer(head: str, body: bytes = b"") -> Capture:
    return Capture(
        url="http://www.js.sample.test/robots.txt",
        started_at=NOW,
        seconds=0.1,
        request=b"GET /robots.txt HTTP/1.1\r\n\r\n",
        response=head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body,
    )


def test_a_disallowed_path_is_not_allowed_and_the_delay_is_read() -> None:
    robots = read_robots(answer("HTTP/1.1 200 OK", b"User-agent: *\nDisallow: /inside/\nCrawl-delay: 2.5\n"))
    assert robots
    assert not robots.allows("http://www.js.sample.test/inside/1.html")
    assert robots.allows("http://www.js.sample.test/news/1.html")
    assert robots.delay_seconds == 2.5


def test_rules_for_pressmark_come_before_those_for_all() -> None:
    robots = read_robots(answer("HTTP/1.1 200 OK", b"User-agent: *\nDisallow: /\n\nUser-agent: Pressmark\nAllow: /\n"))
    assert robots
    assert robots.allows("http://www.js.sample.test/news/1.html")


def test_a_missing_robots_txt_allows_everything() -> None:
    robots = read_robots(answer("HTTP/1.1 404 Not Found"))
    assert robots
    assert robots.allows("http://www.js.sample.test/news/1.html")
    assert robots.delay_seconds is None


@pytest.mark.parametrize("head", ["HTTP/1.1 500 Internal Server Error", "HTTP/1.1 429 Too Many Requests", "nonsense"])
def test_a_robots_txt_that_cannot_be_read_stops_the_host(head: str) -> None:
    assert read_robots(answer(head)) is None


def test_retry_after_is_read_in_seconds_and_as_a_date() -> None:
    assert retry_after_seconds(answer("HTTP/1.1 503 Busy\nRetry-After: 7"), NOW) == 7
    assert retry_after_seconds(answer("HTTP/1.1 503 Busy\nRetry-After: Fri, 01 May 2026 12:01:00 GMT"), NOW) == 60


@pytest.mark.parametrize("value", ["soon", "-3", "Fri, 99 May"])
def test_a_retry_after_that_says_nothing_is_passed_over(value: str) -> None:
    assert retry_after_seconds(answer(f"HTTP/1.1 503 Busy\nRetry-After: {value}"), NOW) is None
