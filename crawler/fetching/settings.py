"""How Scrapy runs under Pressmark.

What is crawled stands in the portal's TOML file, what this run does on the command line.
"""

from importlib.metadata import version

BOT_NAME = "pressmark"
SPIDER_MODULES = ["crawler.fetching.spiders"]

# Pressmark's own; the command line sets them for a run, `scrapy crawl -s NAME=value` as well.
PRESSMARK_DATA = "data"
PRESSMARK_PORTAL = "chinanews"
PRESSMARK_COLLECTION = ""
PRESSMARK_CONTACT = ""
PRESSMARK_MAX_WARC_BYTES = 1_000_000_000
# "day": the next run goes on with the WARC file until its UTC day is over.
PRESSMARK_KEEP_OPEN = "run"
PRESSMARK_DIGEST = "sha1"
PRESSMARK_PAYLOAD_DIGEST = "always"
# All requests go through it; without one the variables http_proxy, https_proxy and no_proxy count, as elsewhere.
PRESSMARK_PROXY = ""
CONNECT_TO: list[str] = []

USER_AGENT = f"Pressmark/{version('pressmark')} (web archiver for news portals)"
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9",
    # br and zstd bodies do not replay everywhere.
    "Accept-Encoding": "gzip",
}

DOWNLOAD_HANDLERS = {
    "http": "crawler.fetching.wire.CapturingDownloadHandler",
    "https": "crawler.fetching.wire.CapturingDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
SCHEDULER = "crawler.fetching.frontier.Frontier"
DOWNLOAD_DELAY = 1.0
DOWNLOAD_DELAY_JITTER = 0.0
CONCURRENT_REQUESTS = 64
CONCURRENT_REQUESTS_PER_DOMAIN = 1
# Scrapy makes this many tasks for each response; the default of 100 halves the speed.
CONCURRENT_ITEMS = 4
# Scrapy would read the source of the callback anew for each response.
WARN_ON_GENERATOR_RETURN_VALUE = False
DOWNLOAD_TIMEOUT = 30
# --insecure-tls turns it off; certificates are judged all the same, and the verdict is kept.
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024

# Redirects, retries, robots.txt and hosts are the frontier's and the ledger's: they must survive a crash and be told
# by the records. Bodies are kept as sent, so nothing decodes them on the way.
DOWNLOADER_MIDDLEWARES_BASE = {
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": 750,
}
SPIDER_MIDDLEWARES_BASE: dict[str, int] = {}
COOKIES_ENABLED = False

# Nothing listens.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
EXTENSIONS_BASE = {
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.memusage.MemoryUsage": 0,
    "scrapy.extensions.feedexport.FeedExporter": 0,
    "scrapy.extensions.closespider.CloseSpider": 0,
    "scrapy.extensions.logstats.LogStats": 0,
}
# IPv6 needs the resolver that knows more than one address for a name.
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"
FEED_EXPORT_ENCODING = "utf-8"
LOG_LEVEL = "INFO"
