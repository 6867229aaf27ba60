"""A crawl in a process of its own: requests come in as JSON on stdin, results go out as JSON lines.

Captures go into WARC files, each with the key of its order as a note.
"""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.exceptions import DownloadCancelledError, StopDownload
from scrapy.http import Response
from twisted.python.failure import Failure

from archive.capture import Capture
from archive.writer import WarcWriter
from crawler.fetching.wire import CapturingDownloadHandler

SETTINGS = {
    "TWISTED_DNS_RESOLVER": "scrapy.resolver.CachingHostnameResolver",
    "CONCURRENT_REQUESTS": 64,
    "DOWNLOAD_TIMEOUT": 15,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 0,
    "RETRY_ENABLED": False,
    "COMPRESSION_ENABLED": False,
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


class MeddlingHandler(CapturingDownloadHandler):
    """Breaks off at the first byte of a body where an order says how: `stop`, as a signal may, or `cancel`."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._tasks: dict[Request, asyncio.Future[Response]] = {}
        crawler.signals.connect(self._meddle, signals.bytes_received)

    async def download_request(self, request: Request) -> Response:
        task = asyncio.ensure_future(super().download_request(request))
        self._tasks[request] = task
        try:
            return await task
        except asyncio.CancelledError as error:
            raise DownloadCancelledError("cancelled") from error

    def _meddle(self, data: bytes, request: Request, spider: Spider) -> None:
        # The handler of the other scheme hears of it as well.
        if request.meta.get("meddle") == "cancel" and request in self._tasks:
            self._tasks[request].cancel()
        if request.meta.get("meddle") == "stop":
            raise StopDownload(fail=True)
        if request.meta.get("meddle") == "stop_quietly":
            raise StopDownload(fail=False)


class DeafHandler(CapturingDownloadHandler):
    """Has connections that capture nothing, as after a change in Twisted that no check has noticed."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = self._pool._factory.__mro__[1]


class Sink:
    """Writes captures; fails afterwards where an order says so."""

    def __init__(self, folder: Path) -> None:
        self.writer = WarcWriter(folder, prefix="wire", software=(), now=lambda: datetime.now(UTC))

    def __call__(self, capture: Capture, request: Request) -> None:
        self.writer.write_capture(capture, (("key", request.meta["key"]),))
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
                headers=order.get("headers"),
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
    handler = f"tests.wire_crawl.{told['handler']}"
    process = CrawlerProcess({**SETTINGS, **told["settings"], "DOWNLOAD_HANDLERS": {"http": handler, "https": handler}})
    sink = Sink(Path(told["folder"]))
    spider = type("ToldSpider", (WireSpider,), {"orders": told["orders"]})
    if told["sink"]:
        spider.capture_sink = sink  # type: ignore[attr-defined]
    process.crawl(spider)
    process.start()
    sink.writer.close()


if __name__ == "__main__":
    main()
