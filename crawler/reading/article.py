"""The article and its parts, as read from one or more pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ContentType = Literal["article", "gallery", "video"]
Precision = Literal["second", "minute", "day"]
Role = Literal[
    "reporter",
    "trainee_reporter",
    "intern",
    "correspondent",
    "author",
    "photographer",
    "text_and_photo",
    "producer",
]
Confidence = Literal["high", "medium", "low"]
DamageKind = Literal["pinyin", "folded_punctuation", "converted_script", "shifted_bytes"]
BlockType = Literal["paragraph", "heading", "image", "table", "video", "quote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The outlet that the page names after 来源."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """One name of the byline with its role."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Dateline:
    """The opening of a wire text, as printed: 中新网 | 江苏 | 2月27日."""

    agency: str | None
    place: str | None
    date: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One piece of the body in reading order.

    `text` is the text of a paragraph, heading, quote or table (rows by newline, cells by tab);
    `image` is the index of an image block in `Article.images`; `url` the file of a video block.
    """

    type: BlockType
    text: str | None = None
    image: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of the article. `caption` keeps its credit words, `credit` is the name alone."""

    url: str
    caption: str | None = None
    credit: str | None = None
    alt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One stretch of text that a mirror has spoilt, as it stands on the page.

    `block` is its index in `Article.blocks` (for an image block: in the caption), None for the headline.
    """

    kind: DamageKind
    block: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What is on the page(s) of one article; what is not there is None or empty, never guessed.

    `published_at` and `modified_at` are aware. `body` is the text of the paragraph, heading,
    quote and table blocks joined by a blank line. `origins` maps a field to the selector or rule that gave it,
    `confidence` says how sure that one is (see extract/confidence.py). `damage` tells what a mirror has
    spoilt.
    """

    content_type: ContentType
    language: str
    headline: str | None
    published_at: datetime | None
    published_precision: Precision | None
    published_raw: str | None
    body: str
    blocks: tuple[Block, ...]
    layout: str
    sections: tuple[str, ...] = ()
    kicker: str | None = None
    subheadline: str | None = None
    modified_at: datetime | None = None
    source: Source | None = None
    byline: tuple[Contributor, ...] = ()
    editors: tuple[str, ...] = ()
    dateline: Dateline | None = None
    images: tuple[Image, ...] = ()
    end_mark: bool = False
    keywords: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()
    confidence: tuple[tuple[str, Confidence], ...] = ()
    damage: tuple[Damage, ...] = ()
    warnings: tuple[str, ...] = ()
