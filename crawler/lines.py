"""The article line: an article with its pressmark, and how it is written as JSON.

The names and their meaning are held by `crawler/schema/article-1.0.0.json`, which the tests compare with these types.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from archive.pressmark import Pressmark
from crawler.lifting import lift
from crawler.reading.article import (
    Article,
    BlockType,
    Confidence,
    ContentType,
    Contributor,
    Damage,
    Dateline,
    Precision,
    Source,
)
from crawler.reading.page import Encoding

SCHEMA: Literal["pressmark.article/1.0.0"] = "pressmark.article/1.0.0"

# RFC 3339 text, and a labelled digest in hexadecimal.
Moment = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)$",
        extra_json_schema={"format": "date-time"},
    ),
]
# The characters of a Chinese page that NFKC changes most; replaced before it, they leave it next to nothing to do,
# which makes it twenty times as fast. NFKC of what stands here is the same as NFKC of the character.
COMMON_NFKC = tuple((character, unicodedata.normalize("NFKC", character)) for character in "\u3000，：；？！（）％…")
Sha256 = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]


class LineBlock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One piece of the body; only the keys that its type has are written."""

    type: BlockType
    text: str | None = None
    image: int | None = None
    url: str | None = None


class LineImage(msgspec.Struct, frozen=True, kw_only=True):
    """A picture; `pressmark` is None where it could not be captured."""

    url: str
    caption: str | None
    credit: str | None
    alt: str | None
    pressmark: Pressmark | None


class LinePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of an article that spans several."""

    url: str
    pressmark: Pressmark | None


class Revisit(msgspec.Struct, frozen=True, kw_only=True):
    """The revisit record by which the page was last seen unchanged."""

    record_id: str
    date: Moment


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """What the server said of the page."""

    status: int
    last_modified: str | None
    etag: str | None


class Extractor(msgspec.Struct, frozen=True, kw_only=True):
    """How the page was read: reading version, layout, and what is to be thought of each field.

    `origins` names the selector or rule that gave each field that is not empty, `confidence` says how sure it is:
    `high` for a layout's own selector, hidden data of the page or a label in the text; `medium` for a generic rule with
    a label, or with a second sign that agrees; `low` for a fallback, and for what another sign on the page contradicts.
    `damage` names the stretches of text that a mirror has spoilt; they stand in the line as they were found.
    """

    version: str
    layout: str
    origins: dict[str, str]
    confidence: dict[str, Confidence]
    warnings: tuple[str, ...]
    damage: tuple[Damage, ...]


class Digests(msgspec.Struct, frozen=True, kw_only=True):
    """Digests of the body, and of all that a reader sees: headline, kicker, body, captions, byline, source."""

    body: Sha256
    text: Sha256


class ArticleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one article. Times are RFC 3339 text: the page's with its zone, Pressmark's own in UTC."""

    schema: Literal["pressmark.article/1.0.0"] = SCHEMA
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
    headline: str | None
    kicker: str | None
    subheadline: str | None
    published_at: Moment | None
    published_precision: Precision | None
    published_raw: str | None
    modified_at: Moment | None
    source: Source | None
    byline: tuple[Contributor, ...]
    editors: tuple[str, ...]
    dateline: Dateline | None
    body: str
    blocks: tuple[LineBlock, ...]
    images: tuple[LineImage, ...]
    end_mark: bool
    keywords: tuple[str, ...]
    links: tuple[str, ...]
    pages: tuple[LinePage, ...]
    first_seen_at: Moment | None
    captured_at: Moment
    pressmark: Pressmark | None
    revisit: Revisit | None
    http: Http | None
    encoding: Encoding
    extractor: Extractor
    digests: Digests


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where an article comes from: the part of a line that is not on the page."""

    id: str
    url: str
    canonical_url: str
    portal: str | None
    branch: str | None
    region: str | None
    captured_at: datetime
    encoding: Encoding
    extractor_version: str
    version: int | None = None
    first_seen_at: str | None = None
    pressmark: Pressmark | None = None
    revisit: Revisit | None = None
    http: Http | None = None
    pages: tuple[LinePage, ...] = ()
    pictures: tuple[Pressmark | None, ...] = ()
    warnings: tuple[str, ...] = ()


def make_line(article: Article, origin: Provenance) -> ArticleLine:
    """Return the line of an article; `origin.pictures` stand in the order of `article.images`, or are left out."""
    pictures = origin.pictures or (None,) * len(article.images)
    return ArticleLine(
        id=origin.id,
        version=origin.version,
        url=origin.url,
        canonical_url=origin.canonical_url,
        portal=origin.portal,
        branch=origin.branch,
        region=origin.region,
        sections=article.sections,
        content_type=article.content_type,
        language=article.language,
        headline=article.headline,
        kicker=article.kicker,
        subheadline=article.subheadline,
        published_at=_zoned(article.published_at),
        published_precision=article.published_precision,
        published_raw=article.published_raw,
        modified_at=_zoned(article.modified_at),
        source=article.source,
        byline=article.byline,
        editors=article.editors,
        dateline=article.dateline,
        body=article.body,
        blocks=tuple(LineBlock(type=b.type, text=b.text, image=b.image, url=b.url) for b in article.blocks),
        images=tuple(
            LineImage(url=i.url, caption=i.caption, credit=i.credit, alt=i.alt, pressmark=mark)
            for i, mark in zip(article.images, pictures, strict=True)
        ),
        end_mark=article.end_mark,
        keywords=article.keywords,
        links=article.links,
        pages=origin.pages,
        first_seen_at=origin.first_seen_at or (utc_text(origin.captured_at) if origin.version else None),
        captured_at=utc_text(origin.captured_at),
        pressmark=origin.pressmark,
        revisit=origin.revisit,
        http=origin.http,
        encoding=origin.encoding,
        extractor=Extractor(
            version=origin.extractor_version,
            layout=article.layout,
            origins=dict(article.origins),
            confidence=dict(article.confidence),
            warnings=article.warnings + origin.warnings,
            damage=article.damage,
        ),
        digests=Digests(body=_sha256(article.body), text=text_digest(article)),
    )


def encode_line(line: ArticleLine) -> bytes:
    """Return the line as UTF-8 JSON without a newline; the same line always gives the same bytes."""
    return msgspec.json.encode(line)


def decode_line(text: bytes) -> ArticleLine:
    """Return the line for its JSON; one of an earlier schema version is lifted to the present one.

    Raises msgspec.MsgspecError or ValueError for what is no article line, or one of a later major version.
    """
    try:
        return msgspec.json.decode(text, type=ArticleLine)
    except msgspec.ValidationError:
        return msgspec.convert(lift(msgspec.json.decode(text), ArticleLine, SCHEMA), ArticleLine)


def text_digest(article: Article) -> str:
    """Return the digest by which an edit is told: what a reader sees, blind to spacing, width and markup."""
    parts: Sequence[str | None] = (
        article.headline,
        article.kicker,
        article.body,
        *(image.caption for image in article.images),
        *(f"{one.role} {one.name}" for one in article.byline),
        article.source.name if article.source else None,
    )
    # NFKC and no white space: a page that is only set anew is no edit. Nobody reads this text, so NFKC does no harm.
    keys = ("".join(_nfkc(part or "").split()) for part in parts)
    return _sha256("\n".join(keys))


def _nfkc(text: str) -> str:
    for character, plain in COMMON_NFKC:
        text = text.replace(character, plain)
    return unicodedata.normalize("NFKC", text)


def utc_text(moment: datetime) -> str:
    """Return an aware datetime as RFC 3339 in UTC, to the millisecond: 2025-02-27T10:15:00.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _zoned(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def article_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the article line, as it is kept in `crawler/schema/article-1.0.0.json`."""
    return json_schema(ArticleLine, SCHEMA)


def json_schema(type_: type[msgspec.Struct], title: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a type, with those of its parts below `$defs`."""
    _, definitions = msgspec.json.schema_components([type_], ref_template="#/$defs/{name}")
    root = definitions.pop(type_.__name__)
    parts = {"$defs": definitions} if definitions else {}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "title": title, **parts}
