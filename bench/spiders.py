"""What Pressmark is measured against: stock Scrapy that only fetches, and one that reads the same parts of a page.

`python -m bench.spiders bare|feed ADDRESS ARTICLES FEED` runs one of them.
"""

import sys
from collections.abc import AsyncIterator, Iterator

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response

from bench.portal import list_paths

SETTINGS = {
    "ROBOTSTXT_OBEY": False,
    "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS": 8,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    # Scrapy makes this many tasks for each response: with the default of 100 it is half as fast.
    "CONCURRENT_ITEMS": 8,
    "LOG_LEVEL": "ERROR",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
}


class BareSpider(Spider):
    """Fetches the lists and the articles, and looks at no article."""

    name = "bare"

    def __init__(self, address: str, articles: int) -> None:
        super().__init__()
        self._lists = [f"http://{address}{path}" for path in list_paths(articles)]

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the lists."""
        for url in self._lists:
            yield Request(url, self.parse_list)

    def parse_list(self, response: Response) -> Iterator[Request]:
        """Ask for what a list links."""
        for path in response.css("#list > ul > li > a::attr(href)").getall():
            yield response.follow(path, self.parse_article)

    def parse_article(self, response: Response) -> Iterator[dict[str, object]]:  # noqa: ARG002 - the signature is Scrapy's
        """Give nothing."""
        yield from ()


class FeedSpider(BareSpider):
    """Reads headline, time, source and paragraphs with the selectors of the js layout."""

    name = "feed"

    def parse_article(self, response: Response) -> Iterator[dict[str, object]]:
        """Give one article."""
        yield {
            "url": response.url,
            "headline": response.css("#cont > h1::text").get(),
            "published": response.css("#time::text").get(),
            "source": response.css("#come::text").get(),
            "paragraphs": response.css("#txt > p::text").getall(),
        }


def main(kind: str, address: str, articles: int, feed: str) -> None:
    process = CrawlerProcess({**SETTINGS, "FEEDS": {feed: {"format": "jsonlines"}}} if kind == "feed" else SETTINGS)
    crawler = process.create_crawler({"bare": BareSpider, "feed": FeedSpider}[kind])
    process.crawl(crawler, address=address, articles=articles)
    process.start()
    fetched = crawler.stats.get_value("downloader/response_status_count/200", 0) if crawler.stats else 0
    if fetched != articles + len(list_paths(articles)):
        sys.exit(f"{kind}: {fetched} answers of 200, not {articles} articles and their lists")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
