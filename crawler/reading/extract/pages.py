"""Read an article out of its pages: `read_page` for one page, `join` for an article that spans several."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urljoin

from crawler.errors import CrawlerError
from crawler.reading.addresses import is_article_address
from crawler.reading.article import Article, Block, Confidence, ContentType, Image
from crawler.reading.extract import cautions
from crawler.reading.extract.body import read_pieces
from crawler.reading.extract.breadcrumbs import read_sections
from crawler.reading.extract.confidence import lowest, rate
from crawler.reading.extract.content import Content, body_of, compose
from crawler.reading.extract.damage import find_damage
from crawler.reading.extract.footage import is_gallery, read_gallery, read_videos
from crawler.reading.extract.frame import Frame, find_frame, take_densest
from crawler.reading.extract.furniture import is_masthead
from crawler.reading.extract.hidden import read_canonical, read_keywords, read_meta_time
from crawler.reading.extract.imprint import Imprint, Sight, find_visible_time, read_imprint
from crawler.reading.extract.kickers import text_beside
from crawler.reading.extract.language import read_language
from crawler.reading.extract.pagers import article_pages, gallery_pages
from crawler.reading.extract.pictures import image_address
from crawler.reading.extract.piece import Piece
from crawler.reading.extract.reading import PageReading
from crawler.reading.extract.refusals import (
    counts_as_list,
    find_refusal,
    find_signs,
    is_error_text,
    is_home_title,
    leads_home,
)
from crawler.reading.extract.surroundings import is_uploaded
from crawler.reading.extract.tree import Element, Tree
from crawler.reading.extract.wording import clean
from crawler.reading.page import Page
from crawler.reading.portal import Branch

# Raised by hand when the same records would be read otherwise.
EXTRACTOR_VERSION = "1.0.0"

# A page whose address is no article's must hold this much text to be one.
_TEXT_OF_AN_ARTICLE = 120
_TEXT_OF_A_DATED_ARTICLE = 40
_TEXT_BESIDE_A_VIDEO = 200
# Nearly all addresses of pictures; joining them needs no parts, dots or encoding looked at.
_PLAIN_ADDRESS = re.compile(r"(?P<origin>https?://[a-z0-9.-]+)?(?:/\w[\w.-]*)+", re.ASCII)
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?=/)")
_NO_LINKS = ("#", "javascript:", "mailto:", "tel:")


def read_page(page: Page, branch: Branch | None) -> PageReading:
    """Return what the page says. Without an article `reason` is soft_404, home_page, listing, empty_page or no_text.

    Pure: the same page and branch give the same reading. A page broken beyond reading is a page without text.
    """
    tree = Tree(page.html)
    reason = find_refusal(tree, page.url)
    if reason is not None:
        return _refuse(page, reason, tree, branch)
    frame = find_frame(tree, branch)
    content = _read_content(tree, frame, page)
    sight = Sight(page, branch, tree, frame)
    reason = _find_reason(sight, content)
    if reason is not None:
        return _refuse(page, reason, tree, branch)
    _take_pictures_above(sight, content)
    article = _article(sight, content, read_imprint(sight, content))
    told = read_canonical(tree)
    return PageReading(
        article=article,
        reason=None,
        next_pages=article_pages(tree, page.url) or gallery_pages(tree, page.url),
        encoding=page.encoding,
        canonical=_absolute(told, page.url) if told else None,
    )


def join(readings: Sequence[PageReading]) -> Article:
    """Return the one article of its pages in order. Pages without an article are passed over, with a warning.

    Raises CrawlerError if no page is an article.
    """
    articles = [reading.article for reading in readings if reading.article is not None]
    if not articles:
        reasons = ", ".join(str(reading.reason) for reading in readings) or "no pages"
        raise CrawlerError(f"join: none of the pages is an article ({reasons}); keep the captures and read no line")
    first = articles[0]
    warnings = [*(warning for article in articles for warning in article.warnings)]
    if len(articles) < len(readings):
        warnings.append(cautions.PAGE_MISSING)
    if len(readings) == 1:
        return first
    blocks, images = _joined_blocks(articles)
    joined = replace(
        first,
        blocks=blocks,
        images=images,
        body=body_of(blocks),
        byline=next((article.byline for article in articles if article.byline), ()),
        editors=next((article.editors for article in articles if article.editors), ()),
        dateline=next((article.dateline for article in articles if article.dateline), None),
        end_mark=any(article.end_mark for article in articles),
        links=tuple(dict.fromkeys(link for article in articles for link in article.links)),
        damage=find_damage(first.headline, blocks, images),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    return replace(joined, origins=_joined_origins(articles, joined), confidence=_joined_confidence(articles, joined))


def _joined_origins(articles: Sequence[Article], joined: Article) -> tuple[tuple[str, str], ...]:
    """Return the origin of each field on the first page that has it."""
    origins = {name: origin for article in reversed(articles) for name, origin in article.origins}
    return tuple((name, origin) for name, origin in origins.items() if getattr(joined, name))


def _joined_confidence(articles: Sequence[Article], joined: Article) -> tuple[tuple[str, Confidence], ...]:
    """Return how sure each field is on the first page that has it; what all pages add to is as sure as on the worst."""
    firsts = {name: level for article in reversed(articles) for name, level in article.confidence}
    gathered: dict[str, Confidence] = {
        name: lowest(level for article in articles for one, level in article.confidence if one == name)
        for name in ("body", "images", "links")
        if name in firsts
    }
    return tuple((name, level) for name, level in {**firsts, **gathered}.items() if getattr(joined, name))


def _joined_blocks(articles: Iterable[Article]) -> tuple[tuple[Block, ...], tuple[Image, ...]]:
    """Return the blocks of all pages with their pictures counted through; a picture shown twice counts once."""
    blocks: list[Block] = []
    images: dict[str, Image] = {}
    for article in articles:
        for image in article.images:
            images.setdefault(image.url, image)
        places = {url: place for place, url in enumerate(images)}
        for block in article.blocks:
            number = block.image
            blocks.append(block if number is None else replace(block, image=places[article.images[number].url]))
    return tuple(blocks), tuple(images.values())


def _refuse(page: Page, reason: str, tree: Tree, branch: Branch | None) -> PageReading:
    signs = find_signs(tree, page.url, reason, branch)
    return PageReading(article=None, reason=reason, next_pages=(), encoding=page.encoding, signs=signs)


def _read_content(tree: Tree, frame: Frame, page: Page) -> Content:
    """Return the content of the frame's body, of the densest block where the body is empty."""
    content = _compose(tree, frame, page)
    if not content.blocks and take_densest(tree, frame):
        content = _compose(tree, frame, page)
    return content


def _compose(tree: Tree, frame: Frame, page: Page) -> Content:
    pieces = read_pieces(frame.body, _parts_inside(tree, frame)) if frame.body is not None else []
    shown = {piece.url for piece in pieces}
    pieces += [Piece(type="video", url=url) for url in read_videos(tree) if url not in shown]
    if not any(piece.type == "image" for piece in pieces):
        gallery = read_gallery(tree)
        captions = {piece.text for piece in gallery if piece.is_caption}
        pieces = [*gallery, *(piece for piece in pieces if piece.text not in captions)]
    return compose(pieces, frame.headline, lambda address: _absolute(address, page.url))


def _parts_inside(tree: Tree, frame: Frame) -> list[Element]:
    """Return the elements of headline, time and source, which some layouts keep inside of the body."""
    parts = [frame.headline_element, frame.kicker, frame.subheadline]
    if frame.layout is not None:
        parts += [tree.first(selector) for selector in (frame.layout.time, frame.layout.source)]
    around = set(frame.body.iterancestors()) if frame.body is not None else set()
    return [part for part in parts if part is not None and part is not frame.body and part not in around]


def _find_reason(sight: Sight, content: Content) -> str | None:
    tree, frame, page, branch = sight.tree, sight.frame, sight.page, sight.branch
    length = sum(len(block.text) for block in content.blocks if block.text)
    paragraphs = sum(1 for block in content.blocks if block.text)
    if not content.blocks:
        return _reason_without_text(tree, page, branch)
    is_list = frame.body is not None and counts_as_list(frame.body, paragraphs, branch)
    if is_article_address(page.url, branch):
        # Some hosts answer with their home page where an article is gone.
        return "home_page" if frame.layout is None and is_list and is_home_title(tree) else None
    if is_list:
        return "listing"
    is_short = length < (_TEXT_OF_A_DATED_ARTICLE if _is_dated(sight) else _TEXT_OF_AN_ARTICLE)
    if frame.layout is None and is_short and not any(block.url for block in content.blocks):
        return "listing" if counts_as_list(tree.root, 0, branch) else "no_text"
    return None


def _is_dated(sight: Sight) -> bool:
    """Tell whether a time of publication goes with the headline, as brief news have it."""
    base = sight.page.captured_at
    has_time = find_visible_time(sight) is not None or read_meta_time(sight.metas, base) is not None
    return sight.frame.headline_element is not None and has_time


def _reason_without_text(tree: Tree, page: Page, branch: Branch | None) -> str:
    if is_error_text(tree):
        return "soft_404"
    if leads_home(tree, page.url):
        return "home_page"
    return "listing" if counts_as_list(tree.root, 0, branch) else "no_text"


def _take_pictures_above(sight: Sight, content: Content) -> None:
    """Take the pictures between headline and body, where some layouts show the main one with its caption."""
    if not any(map(is_uploaded, sight.tree.root.iter("img"))):
        return
    known = {image.url for image in content.images}
    pieces: list[Piece] = []
    for element, caption in sight.above.pictures:
        url = _absolute(image_address(element) or "", sight.page.url)
        if url is not None and url not in known:
            pieces.append(
                Piece(type="image", url=url, alt=clean(element.get("alt")), title=clean(element.get("title")))
            )
            if caption and not is_masthead(caption):
                pieces.append(Piece(type="text", text=caption, is_caption=True))
    if not pieces:
        return
    above = compose(pieces, None, lambda address: address)
    moved = tuple(
        block if block.image is None else replace(block, image=block.image + len(above.images))
        for block in content.blocks
    )
    content.blocks = (*(block for block in above.blocks if block.type == "image"), *moved)
    content.images = (*above.images, *content.images)
    content.origins["images"] = "under the headline"


def _article(sight: Sight, content: Content, imprint: Imprint) -> Article:
    page, frame = sight.page, sight.frame
    sections, sections_origin = read_sections(sight.tree, page.url, sight.branch)
    published = imprint.published
    keywords = read_keywords(sight.metas)
    body = content.body
    damage = find_damage(frame.headline, content.blocks, content.images)
    outward = _outward(content.links, sight)
    found = {
        "links": "body" if outward else None,
        "sections": sections_origin,
        "keywords": "meta[keywords]" if keywords else None,
    }
    origins = {**frame.origins, **content.origins, **imprint.origins, **{k: v for k, v in found.items() if v}}
    article = Article(
        content_type=_content_type(sight, content, len(body)),
        language=read_language((frame.headline or "") + body, sight.tree.root.get("lang")),
        headline=frame.headline,
        kicker=text_beside(frame.kicker),
        subheadline=text_beside(frame.subheadline),
        published_at=published.at if published else None,
        published_precision=published.precision if published else None,
        published_raw=(published.raw or None) if published else None,
        modified_at=imprint.modified_at,
        body=body,
        blocks=content.blocks,
        layout=frame.name,
        sections=sections,
        source=imprint.source,
        byline=imprint.byline,
        editors=imprint.editors,
        dateline=content.dateline,
        images=content.images,
        end_mark=content.end_mark,
        keywords=keywords,
        links=outward,
        damage=damage,
        warnings=(*_warnings(sight, content, imprint), *((cautions.DAMAGED_TEXT,) if damage else ())),
    )
    held = {name: origin for name, origin in origins.items() if getattr(article, name)}
    return replace(article, origins=tuple(held.items()), confidence=rate(sight, article, held))


def _warnings(sight: Sight, content: Content, imprint: Imprint) -> tuple[str, ...]:
    warnings = [*sight.frame.warnings, *imprint.warnings]
    if sight.frame.headline is None:
        warnings.append(cautions.NO_HEADLINE)
    if not content.body:
        warnings.append(cautions.NO_TEXT)
    if sight.page.encoding.replacement_chars:
        warnings.append(cautions.REPLACEMENT_CHARACTERS)
    if sight.tree.is_cut:
        warnings.append(cautions.PAGE_CUT)
    if sight.tree.is_too_deep:
        warnings.append(cautions.NESTED_TOO_DEEP)
    return tuple(dict.fromkeys(warnings))


def _content_type(sight: Sight, content: Content, length: int) -> ContentType:
    url = sight.page.url
    if any(block.type == "video" for block in content.blocks):
        is_video_page = "/shipin/" in url or "/video/" in url or length < _TEXT_BESIDE_A_VIDEO
        return "video" if is_video_page else "article"
    if "/tp/hd" in url or (content.images and is_gallery(sight.tree)):
        return "gallery"
    return "article"


def _outward(links: Iterable[str], sight: Sight) -> tuple[str, ...]:
    """Return the body's links, absolute, each once, without those to the home page that the agency's name carries."""
    found: dict[str, None] = {}
    for link in links:
        if link.strip().lower().startswith(_NO_LINKS):
            continue
        url = _absolute(link, sight.page.url)
        if url is not None and url.partition("://")[2].strip("/").count("/"):
            found.setdefault(url)
    return tuple(found)


def _absolute(address: str, base: str) -> str | None:
    address = address.strip()
    if plain := _PLAIN_ADDRESS.fullmatch(address):
        if plain["origin"]:
            return address
        if origin := _ORIGIN.match(base):
            return origin[0] + address
    try:
        url = urljoin(base, address)
    except ValueError:
        return None
    return url if url.startswith(("http://", "https://")) else None
