"""A crawl in a process of its own: requests come in as JSON on stdin, captures and results go out as JSON lines."""

import base64
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from twisted.python.failure import Failure

from archive.capture import Capture

HANDLER = "crawler.fetching.wire.CapturingDownloadHandler"
SETTINGS = {
    "DOWNLOAD_HANDLERS": {"http": HANDLER, "https": HANDLER},
    "TWISTED_DNS_RESOLVER": "scrapy.resolver.CachingHostnameResolver",
    "CONCURRENT_REQUESTS": 64,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 0,
    "RETRY_ENABLED": False,
    "REDIRECT_ENABLED": False,
    "ROBOTSTXT_OBEY": False,
    "HTTPERROR_ALLOW_ALL": True,
    "DEFAULT_REQUEST_HEADERS": {"Accept-Encoding": "gzip"},
    "USER_AGENT": "Pressmark-test",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "LOG_LEVEL": "ERROR",
}


def tell(event: str, url: str, **fields: Any) -> None:
    """Write one event for the parent."""
    sys.stdout.write(json.dumps({"event": event, "url": url, **fields}) + "\n")


def tell_capture(capture: Capture, request: Request) -> None:
    """Write a capture; the sink of the crawl."""
    fields = asdict(capture) | {
        "started_at": capture.started_at.isoformat(),
        "request": base64.b64encode(capture.request).decode("ascii"),
        "response": base64.b64encode(capture.response).decode("ascii"),
        "key": request.meta["key"],
    }
    tell("capture", fields.pop("url"), **fields)
    if request.meta.get("sink_fails"):
        raise RuntimeError("the sink is full")


class WireSpider(Spider):
    """Asks for what it is told to, in the order of the list for each host."""

    name = "wire"
    orders: list[dict[str, Any]]

    async def start(self) -> AsyncIterator[Request]:
        """Yield the requests."""
        for place, order in enumerate(self.orders):
            meta = {**order.get("meta", {}), "key": order["key"]}
            yield Request(
                order["url"],
                method=order.get("method", "GET"),
                body=base64.b64decode(order.get("body", "")),
                meta=meta,
                priority=-place,
                errback=self.fail,
                dont_filter=True,
            )

    def parse(self, response: Response, **kwargs: Any) -> None:
        """Tell of a response."""
        assert response.request
        tell(
            "response", response.url, key=response.request.meta["key"], status=response.status, size=len(response.body)
        )

    def fail(self, failure: Failure) -> None:
        """Tell of an error."""
        request = failure.request  # type: ignore[attr-defined]
        tell(
            "error",
            request.url,
            key=request.meta["key"],
            type=type(failure.value).__name__,
            message=failure.getErrorMessage(),
        )

    def closed(self, reason: str) -> None:
        """Tell the numbers."""
        assert self.crawler.stats
        tell("stats", "", **{key: value for key, value in self.crawler.stats.get_stats().items() if "capture" in key})


def main() -> None:
    """Crawl."""
    told = json.load(sys.stdin)
    process = CrawlerProcess({**SETTINGS, "CONNECT_TO": told["connect_to"]})
    sink = {"capture_sink": staticmethod(tell_capture)} if told["sink"] else {}
    process.crawl(type("ToldSpider", (WireSpider,), {"orders": told["orders"], **sink}))
    process.start()


if __name__ == "__main__":
    main()
