"""How a host wants to be asked: robots.txt, Crawl-delay, Retry-After."""

from dataclasses import dataclass

from protego import Protego

from archive.capture import Capture
from archive.errors import ArchiveError

ROBOTS_NAME = "Pressmark"
# RFC 9309, 2.5: a crawler may stop reading robots.txt after 500 kibibytes.
ROBOTS_MAX_BYTES = 500 * 1024
# No host is asked to wait for longer than this; a run that is told to is over for the host.
LONGEST_PAUSE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one host."""

    rules: Protego

    def allows(self, url: str) -> bool:
        """Tell whether the URL may be asked for."""
        return bool(self.rules.can_fetch(url, ROBOTS_NAME))

    @property
    def delay_seconds(self) -> float | None:
        """The Crawl-delay, None if there is none."""
        delay = self.rules.crawl_delay(ROBOTS_NAME)
        return float(delay) if delay is not None else None


def read_robots(capture: Capture) -> Robots | None:
    """Return the rules that an answer to /robots.txt sets, None where the host is not to be asked at all.

    RFC 9309, 2.3.1: a 4xx answer allows everything; a 5xx answer, or none, forbids everything.
    Redirects are for the caller to follow.
    """
    head = capture.head()
    cut = capture.truncated not in {None, "length"} or (capture.failure and capture.truncated != "length")
    if not head or cut or head.status >= 500 or head.status == 429:
        return None
    if head.status != 200:
        return Robots(Protego.parse(""))
    try:
        body = capture.body()[:ROBOTS_MAX_BYTES]
    except ArchiveError:
        return None
    return Robots(Protego.parse(body.decode("utf-8", "replace")))
