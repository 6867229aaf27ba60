"""The rows of a data set's tables: the article line whole, its texts alone, or what it tells without the texts."""

from typing import Literal

import msgspec

from archive.pressmark import Pressmark
from crawler.folding.changes import Event, EventField, EventType
from crawler.lines import ArticleLine, Digests, Http, LinePage, Moment, Revisit
from crawler.reading.article import (
    BlockType,
    Confidence,
    ContentType,
    Contributor,
    DamageKind,
    Dateline,
    Precision,
    Source,
)
from crawler.reading.page import Encoding
from crawler.views.export.choice import Part

TEXT_SCHEMA: Literal["pressmark.article-text/1.0.0"] = "pressmark.article-text/1.0.0"
BARE_SCHEMA: Literal["pressmark.article-bare/1.0.0"] = "pressmark.article-bare/1.0.0"


class TextRow(msgspec.Struct, frozen=True, kw_only=True):
    """`--text-only`: what a reader of the texts needs, and the pressmark by which each can be defended."""

    schema: Literal["pressmark.article-text/1.0.0"] = TEXT_SCHEMA
    id: str
    version: int | None
    url: str
    branch: str | None
    sections: tuple[str, ...]
    content_type: ContentType
    headline: str | None
    kicker: str | None
    subheadline: str | None
    published_at: Moment | None
    published_precision: Precision | None
    source: Source | None
    byline: tuple[Contributor, ...]
    body: str
    pressmark: Pressmark | None
    digests: Digests


class BareBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the body without its text."""

    type: BlockType
    characters: int
    image: int | None
    url: str | None


class BareImage(msgspec.Struct, frozen=True, kw_only=True):
    """A picture without its texts."""

    url: str
    caption_characters: int
    pressmark: Pressmark | None


class BareDamage(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch that a mirror has spoilt, without its text."""

    kind: DamageKind
    block: int | None
    characters: int


class BareExtractor(msgspec.Struct, frozen=True, kw_only=True):
    """How the page was read; nothing in it is text of the page."""

    version: str
    layout: str
    origins: dict[str, str]
    confidence: dict[str, Confidence]
    warnings: tuple[str, ...]
    damage: tuple[BareDamage, ...]


class Characters(msgspec.Struct, frozen=True, kw_only=True):
    """How many characters (code points) each text has; 0 where there is none."""

    headline: int
    kicker: int
    subheadline: int
    body: int
    captions: int


class BareRow(msgspec.Struct, frozen=True, kw_only=True):
    """`--no-text`: everything but headline, kicker, subheadline, body, captions, credits, alt texts and keywords.

    `published_raw` is left out too: a passage of the page as it stands.
    """

    schema: Literal["pressmark.article-bare/1.0.0"] = BARE_SCHEMA
    id: str
    version: int | None
    url: str
    canonical_url: str
    portal: str | None
    branch: str | None
    region: str | None
    sections: tuple[str, ...]
    content_type: ContentType
    language: str
    published_at: Moment | None
    published_precision: Precision | None
    modified_at: Moment | None
    source: Source | None
    byline: tuple[Contributor, ...]
    editors: tuple[str, ...]
    dateline: Dateline | None
    characters: Characters
    blocks: tuple[BareBlock, ...]
    images: tuple[BareImage, ...]
    end_mark: bool
    links: tuple[str, ...]
    pages: tuple[LinePage, ...]
    first_seen_at: Moment | None
    captured_at: Moment
    pressmark: Pressmark | None
    revisit: Revisit | None
    http: Http | None
    encoding: Encoding
    extractor: BareExtractor
    digests: Digests


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the ledger; unlike there, all keys are written."""

    schema: Literal["pressmark.change/1.0.0"] = "pressmark.change/1.0.0"
    type: EventType
    id: str
    version: int
    url: str
    at: Moment
    record_id: str
    fields: tuple[EventField, ...]
    added: int
    removed: int
    reason: str | None


class PictureRow(msgspec.Struct, frozen=True, kw_only=True):
    """One picture of one line: its index in `images`, and the file with its bytes; None where it could not be had.

    `digest` is the payload digest of its record. Where the server compressed the picture on its way, the file holds it
    as it was before.
    """

    article: str
    version: int | None
    image: int
    url: str
    digest: str | None
    file: str | None
    media_type: str | None
    bytes: int | None


class ReprintRow(msgspec.Struct, frozen=True, kw_only=True):
    """One article of a group that shares a text, as in the collection; `original` is None where that is withheld."""

    schema: Literal["pressmark.reprint/1.0.0"] = "pressmark.reprint/1.0.0"
    article: str
    version: int
    group: str
    original: str | None
    share: float
    distance: int


Row = ArticleLine | TextRow | BareRow
ROW_TYPES: dict[Part, type[msgspec.Struct]] = {"full": ArticleLine, "text": TextRow, "bare": BareRow}


def make_row(line: ArticleLine, part: Part) -> Row:
    """Return what is exported of a line."""
    if part == "text":
        return _text_row(line)
    return _bare_row(line) if part == "bare" else line


def change_row(event: Event) -> ChangeRow:
    """Return what is exported of an event."""
    return ChangeRow(**msgspec.structs.asdict(event))


def _text_row(line: ArticleLine) -> TextRow:
    return TextRow(
        **{name: getattr(line, name) for name in TextRow.__struct_fields__ if name != "schema"},
    )


def _bare_row(line: ArticleLine) -> BareRow:
    made = {"schema", "characters", "blocks", "images", "extractor"}
    return BareRow(
        **{name: getattr(line, name) for name in BareRow.__struct_fields__ if name not in made},
        characters=Characters(
            headline=_length(line.headline),
            kicker=_length(line.kicker),
            subheadline=_length(line.subheadline),
            body=len(line.body),
            captions=sum(_length(image.caption) for image in line.images),
        ),
        blocks=tuple(
            BareBlock(type=block.type, characters=_length(block.text), image=block.image, url=block.url)
            for block in line.blocks
        ),
        images=tuple(
            BareImage(url=image.url, caption_characters=_length(image.caption), pressmark=image.pressmark)
            for image in line.images
        ),
        extractor=BareExtractor(
            version=line.extractor.version,
            layout=line.extractor.layout,
            origins=line.extractor.origins,
            confidence=line.extractor.confidence,
            warnings=line.extractor.warnings,
            damage=tuple(
                BareDamage(kind=one.kind, block=one.block, characters=len(one.text)) for one in line.extractor.damage
            ),
        ),
    )


def _length(text: str | None) -> int:
    return len(text or "")
