"""What one record changes: the result of the fold, before it is stored."""

from dataclasses import dataclass

from archive.capture import Capture
from archive.pressmark import Pressmark
from crawler.folding.changes import Event
from crawler.lines import ArticleLine
from crawler.reading.extract.reading import PageReading
from crawler.store.rows import HostTrack, Link, Track, Visit
from crawler.store.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedPage:
    """A page as it was read, with the record that it was read from; `revisit` is the record that saw it again."""

    url: str
    pressmark: Pressmark
    revisit: Pressmark | None
    captured: Capture
    reading: PageReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one record changes. `settled` names the articles that are ready for their conversion record.

    `tidings` are withdrawals and returns that this record tells; they become `events` by a conversion record each.
    `not_article` says why an address of an article's form holds none; `fault` what went wrong in reading a page.
    """

    visit: Visit | None = None
    host: HostTrack | None = None
    tracks: tuple[tuple[str, Track], ...] = ()
    links: tuple[Link, ...] = ()
    drafts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    met: tuple[tuple[str, str], ...] = ()
    settled: tuple[str, ...] = ()
    versions: tuple[Version, ...] = ()
    lines: tuple[tuple[ArticleLine, bytes], ...] = ()
    tidings: tuple[Event, ...] = ()
    events: tuple[Event, ...] = ()
    page: CapturedPage | None = None
    not_article: str | None = None
    fault: str | None = None
