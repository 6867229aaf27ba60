"""Errors of the crawler."""


class CrawlerError(Exception):
    """The crawler cannot go on; the message names the thing, the value and the remedy."""


class UsageError(CrawlerError):
    """The operator asked for something that does not exist or does not fit together (exit code 2)."""
