"""Make the content of an article out of the pieces of its body: text, captions, dateline, byline, editors."""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from crawler.reading.article import Block, Contributor, Dateline, Image
from crawler.reading.extract.bylines import read_brackets, read_byline_line, read_last_brackets
from crawler.reading.extract.captioning import assign_captions
from crawler.reading.extract.captions import read_credit
from crawler.reading.extract.datelines import Opening, has_topic, read_opening
from crawler.reading.extract.furniture import LONGEST_MASTHEAD, is_furniture, is_masthead, opens_related
from crawler.reading.extract.mastheads import (
    is_editor_line,
    read_editors,
    read_named_author,
    read_source_line,
    split_editor_tail,
)
from crawler.reading.extract.piece import Piece

# A signature in brackets may follow: （完）（王远）
_END_MARK = re.compile(
    r"[\s\u3000]*[(（\[【]\s*完\s*[)）\]】][\s\u3000]*(?P<signature>[(（](?P<inside>[^()（）]{2,40})[)）])?[\s\u3000]*$"
)
_LONGEST_END = 60
_AFTER_TOPIC = re.compile(
    r"[\s\u3000](?P<byline>(?:[\u4e00-\u9fff]{0,8}?(?:记者|通讯员|实习生)|作者)[\s\u3000:：]*[\u4e00-\u9fff·\s\u3000、，,]{2,40})$"
)
# 羊城晚报讯 记者王远、通讯员李晨报道：…
_REPORTED = re.compile(
    r"^[\s\u3000]*(?P<byline>(?:[\u4e00-\u9fff]{0,4}?记者|通讯员|实习生)[^，。！？；“”:：\d]{2,50}?)(?:摄影|联合|综合)?(?:报[道导]\s*[:：]|$)"
)
# A dateline may stand behind captions and an editor's note, not deep in the text.
_DATELINE_WITHIN = 6
_BYLINE_WITHIN = 3
_LONGEST_FOREIGN_LINE = 160
_LONGEST_EDITORS = 30
# Pieces before the text begins.
_LONGEST_HEAD = 50
_TEXTS = frozenset(("text", "heading", "quote", "table"))


@dataclass(slots=True, kw_only=True)
class Content:
    """What the body of one page holds.

    `source_name` is an outlet that a line of the body names.
    `links` are the addresses of the links in its text, as written in the page.
    """

    blocks: tuple[Block, ...] = ()
    images: tuple[Image, ...] = ()
    byline: tuple[Contributor, ...] = ()
    editors: tuple[str, ...] = ()
    dateline: Dateline | None = None
    source_name: str | None = None
    links: tuple[str, ...] = ()
    end_mark: bool = False
    origins: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """The text of the blocks, joined by a blank line."""
        return body_of(self.blocks)


def body_of(blocks: Iterable[Block]) -> str:
    """Return the text of the blocks that have one, joined by a blank line."""
    return "\n\n".join(block.text for block in blocks if block.text)


def compose(pieces: list[Piece], headline: str | None, absolute: Callable[[str], str | None]) -> Content:
    """Return the content of a body's pieces. `absolute` makes an address absolute, None if it cannot be one."""
    content = Content()
    kept, named = _without_foreign_lines(pieces, headline, content)
    content.links = tuple(dict.fromkeys(link for piece in kept for link in piece.links))
    signed = _take_end_mark(kept, content)
    dateline_at, opening = _find_dateline(kept)
    _read_byline(kept, dateline_at, opening, content)
    if not content.byline:
        _note_byline(content, signed or named, "last line" if signed else "body")
    if opening is not None:
        content.dateline = opening.dateline
        content.origins["dateline"] = "dateline"
    kept, captions = assign_captions(kept, dateline_at)
    _take_blocks(kept, captions, absolute, content)
    return content


def _without_foreign_lines(
    pieces: list[Piece], headline: str | None, content: Content
) -> tuple[list[Piece], tuple[Contributor, ...]]:
    """Return the pieces that are the article's, and who the lines left out name beside editors and source.

    The editors and the source are noted in `content`.
    """
    kept: list[Piece] = []
    named: tuple[Contributor, ...] = ()
    in_related = False
    for piece in pieces:
        if piece.type not in {"text", "heading"}:
            in_related = in_related and piece.type == "image"
            if not in_related:
                kept.append(piece)
            continue
        if len(piece.text) > _LONGEST_FOREIGN_LINE:
            in_related = in_related and piece.is_linked
            if not in_related:
                piece.text, names = split_editor_tail(piece.text)
                _note_editors(content, names)
                kept.append(piece)
            continue
        in_related = opens_related(piece.text) or (in_related and piece.is_linked)
        if in_related or is_furniture(piece.text) or _is_repeated_head(piece, headline, kept):
            continue
        source_name = read_source_line(piece.text)
        if _is_of_editors(piece) or source_name is not None:
            content.source_name = content.source_name or source_name
            _note_editors(content, read_editors(piece.text))
            named = named or read_byline_line(piece.text) or _authors(read_named_author(piece.text))
            named = named or read_last_brackets(piece.text)  # 来源丨江海晚报（记者：王远）
            continue
        piece.text, names = split_editor_tail(piece.text)
        _note_editors(content, names)
        if piece.text:
            kept.append(piece)
    while kept and kept[-1].type == "text" and kept[-1].is_linked and len(kept[-1].text) <= 60:
        kept.pop()
    return kept, named


def _authors(names: Iterable[str]) -> tuple[Contributor, ...]:
    return tuple(Contributor(name=name, role="author") for name in names)


def _is_of_editors(piece: Piece) -> bool:
    """Tell whether the line only names editors; a sentence is text, whatever its block is called."""
    is_sentence = len(piece.text) > _LONGEST_EDITORS and "。" in piece.text
    return (piece.is_editor and not is_sentence) or is_editor_line(piece.text)


def _is_repeated_head(piece: Piece, headline: str | None, kept: list[Piece]) -> bool:
    """Tell whether the line repeats the headline or the line under it, before the text begins."""
    if len(piece.text) > LONGEST_MASTHEAD and piece.text != headline:
        return False
    if len(kept) > _LONGEST_HEAD or any(other.type == "text" and len(other.text) > 50 for other in kept):
        return False
    return piece.text == headline or is_masthead(piece.text)


def _note_editors(content: Content, names: Iterable[str]) -> None:
    if names:
        content.editors = tuple(dict.fromkeys([*content.editors, *names]))
        content.origins["editors"] = "body"


def _take_end_mark(pieces: list[Piece], content: Content) -> tuple[Contributor, ...]:
    """Take (完) off the text, at the end of the last paragraph or alone; return who has signed behind it."""
    for position in range(len(pieces) - 1, -1, -1):
        piece = pieces[position]
        end = max(0, len(piece.text) - _LONGEST_END)
        if piece.type not in {"text", "heading"} or piece.text.find("完", end) < 0:
            continue
        if match := _END_MARK.search(piece.text, end):
            content.end_mark = True
            content.origins["end_mark"] = "(完)"
            piece.text = piece.text[: match.start()].rstrip() + (match["signature"] or "")
            if not piece.text:
                del pieces[position]
            return read_brackets(match["inside"]) if match["inside"] else ()
    return ()


def _find_dateline(pieces: list[Piece]) -> tuple[int | None, Opening | None]:
    seen = 0
    for position, piece in enumerate(pieces):
        if piece.type in {"text", "heading"}:
            opening = read_opening(piece.text)
            if opening is not None:
                piece.type = "text"  # set in bold it is still the text's opening
                return position, opening
            seen += 1
            if seen == _DATELINE_WITHIN:
                break
    return None, None


def _read_byline(pieces: list[Piece], dateline_at: int | None, opening: Opening | None, content: Content) -> None:
    for piece in pieces:
        if piece.type == "heading" and read_byline_line(piece.text):
            piece.type = "text"  # set in bold it is still no heading
    if opening is not None and opening.brackets:
        _note_byline(content, read_brackets(opening.brackets), "dateline")
    if not content.byline and opening is not None and has_topic(opening):
        match = _AFTER_TOPIC.search(opening.rest)
        _note_byline(content, read_brackets(match["byline"]) if match else (), "dateline")
    if not content.byline and opening is not None and (match := _REPORTED.match(opening.rest)):
        _note_byline(content, read_brackets(match["byline"]), "dateline")
    texts = [piece for piece in pieces[dateline_at or 0 :] if piece.type in {"text", "heading"}]
    for origin, start, stop in (("byline line", 0, _BYLINE_WITHIN + 1), ("last line", -_BYLINE_WITHIN, None)):
        for piece in texts[start:stop]:
            if read_byline_line(piece.text):
                piece.type = "text"  # set in bold it is no heading
                _note_editors(content, read_editors(piece.text))
        if not content.byline:
            bylines = [read_byline_line(piece.text) for piece in texts[start:stop]]
            # 文｜王远 and 图｜李晨 may stand on a line each, the second past the first lines.
            if stop is not None and bylines and bylines[-1]:
                bylines += itertools.takewhile(bool, (read_byline_line(piece.text) for piece in texts[stop:]))
            _note_byline(content, tuple(dict.fromkeys(itertools.chain.from_iterable(bylines))), origin)
    if not content.byline and texts:
        _note_byline(content, read_last_brackets(texts[-1].text), "last line")


def _note_byline(content: Content, byline: tuple[Contributor, ...], origin: str) -> None:
    if byline:
        content.byline = byline
        content.origins["byline"] = origin


def _take_blocks(
    pieces: list[Piece], captions: dict[int, str], absolute: Callable[[str], str | None], content: Content
) -> None:
    blocks: list[Block] = []
    images: dict[str, Image] = {}
    places: dict[str, int] = {}
    for position, piece in enumerate(pieces):
        if piece.type in _TEXTS:
            blocks.append(Block(type="paragraph" if piece.type == "text" else piece.type, text=piece.text))
            continue
        url = absolute(piece.url)
        if url is None:
            continue
        if piece.type == "video":
            blocks.append(Block(type="video", url=url))
            continue
        if url not in images:
            places[url] = len(images)
            images[url] = _image(piece, url, captions.get(position))
        blocks.append(Block(type="image", image=places[url]))
    content.blocks = tuple(blocks)
    content.images = tuple(images.values())
    if images:
        content.origins["images"] = "body"


def _image(piece: Piece, url: str, caption: str | None) -> Image:
    alt = piece.alt or piece.title or None
    if caption is None and alt is not None and read_credit(alt) is not None:
        caption = alt  # the page shows it only when pointed at, but it names its photographer
    return Image(url=url, caption=caption, credit=read_credit(caption) if caption else None, alt=alt)
