"""A portal, its branches and their page templates: plain values."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of a branch: the path of its front page, and its name as the portal prints it."""

    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One page template: CSS selectors, chosen by `marker`, never by date. None: the template has no such part."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One regional site. The first of `hosts` is the canonical one; `article_url` is matched against the path.

    Groups of `article_url`: `id`; `year`, `month`, `day` (all or none); `series`, where a host counts in several
    series (articles, galleries), so that one number may stand for two documents.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A family of branches. `asset_hosts` serve pictures and styles."""

    name: str
    title: str
    branches: tuple[Branch, ...]
    asset_hosts: tuple[str, ...]
