"""A portal, its branches and their page templates: plain values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# What a branch's `seen` may date.
FACTS = ("hosts", "article_url", "charset", "sections")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of a branch: its path, and its name as the portal prints it.

    `path` may hold `{page}`, which counts the pages of the list from 1.
    """

    path: str
    name: str

    @property
    def front(self) -> str:
        """The path of the list's first page."""
        return self.page(1)

    def page(self, number: int) -> str:
        """Return the path of a page of the list; the same for all numbers where the path holds no `{page}`."""
        return self.path.replace("{page}", str(number))

    def number(self, path: str) -> int | None:
        """Return which page of the list a path (with its query) is, None if it is none or cannot be counted."""
        before, counted, after = self.path.partition("{page}")
        if not counted or not path.startswith(before) or not path.endswith(after):
            return None
        number = path[len(before) : len(path) - len(after)]
        return int(number) if number.isascii() and number.isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One page template: CSS selectors, chosen by `marker`, never by date. None: the template has no such part.

    `seen` tells when the template was last seen on a page, as far as that is known: `2020-03`.
    """

    name: str
    marker: str
    headline: str
    body: str
    time: str | None = None
    source: str | None = None
    kicker: str | None = None
    subheadline: str | None = None
    editor: str | None = None
    listing: str | None = None
    seen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileForm:
    r"""A form that the branch's articles have for telephones: on a `host` of its own, else on the branch's hosts.

    `path` is matched against the whole path; `to` is the path of the same document on the branch's first host, with
    the groups of `path` as \1 or \g<name>. Without `to` the form does not tell that path; `path` then has a group
    `id`, by which the document is known.
    """

    path: re.Pattern[str]
    host: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One regional site. The first of `hosts` is the canonical one; `article_url` is matched against the path.

    Groups of `article_url`: `id`; `year`, `month`, `day` (all or none); `series`, where a host counts in several
    series (articles, galleries), so that one number may stand for two documents. `day_archive` is the path of the list
    of one day, as strftime writes it. `charset` is the label that its pages declare. `seen` tells when `article_url`,
    `charset` and `sections` were last seen to hold. What is not known is None or empty.
    """

    portal: str
    code: str
    name: str
    region: str | None
    scheme: str
    hosts: tuple[str, ...]
    article_url: re.Pattern[str] | None
    sections: tuple[Section, ...]
    layouts: tuple[Layout, ...]
    charset: str | None = None
    day_archive: str | None = None
    seen: Mapping[str, str] = field(default_factory=dict, hash=False)
    mobile: tuple[MobileForm, ...] = ()

    @property
    def every_host(self) -> tuple[str, ...]:
        """The branch's hosts, with those for telephones."""
        return self.hosts + tuple(dict.fromkeys(form.host for form in self.mobile if form.host))

    def serves(self, host: str) -> bool:
        """Tell whether a host is one of the branch's."""
        return host in self.every_host

    @property
    def unknown(self) -> tuple[str, ...]:
        """The facts that the file does not tell; the generic rules stand in for them."""
        known = (self.hosts, self.article_url, self.charset, self.sections, self.layouts)
        return tuple(fact for fact, value in zip((*FACTS, "layouts"), known, strict=True) if not value)

    @property
    def unverified(self) -> tuple[str, ...]:
        """The facts that the file tells without saying when they were seen; an article seen is its host seen."""
        dated = {*self.seen, "hosts"} if "article_url" in self.seen else {*self.seen}
        return tuple(fact for fact in FACTS if fact not in self.unknown and fact not in dated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the portal says of copying: its own words, what they mean in English, and where they stand."""

    text: str
    english: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A family of branches. `asset_hosts` serve pictures and styles."""

    name: str
    title: str
    branches: tuple[Branch, ...]
    asset_hosts: tuple[str, ...]
    notice: Notice | None = None
    _by_host: Mapping[str, Branch] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_host = {host: branch for branch in reversed(self.branches) for host in branch.every_host}
        object.__setattr__(self, "_by_host", by_host)

    def branch_of(self, host: str) -> Branch | None:
        """Return the first branch that serves a host, None if none does."""
        return self._by_host.get(host)
