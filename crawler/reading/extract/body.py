"""Walk the body of a page once, and hand out its pieces in reading order: lines of text, pictures, tables, videos."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from lxml import etree

from crawler.reading.extract.figures import rows_of
from crawler.reading.extract.furniture import opens_related
from crawler.reading.extract.pictures import image_address
from crawler.reading.extract.piece import Piece, PieceType
from crawler.reading.extract.roles import classify
from crawler.reading.extract.tree import SILENT, Element
from crawler.reading.extract.wording import INDENT, clean

_BLOCKS = frozenset(
    (
        *("p", "div", "section", "article", "main", "header", "body", "html", "center", "blockquote", "pre", "hr"),
        *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tfoot", "tr", "td", "th"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "figure", "figcaption", "form", "fieldset", "address"),
    )
)
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_LEFT_OUT = SILENT | {"head", "meta", "link", "nav", "footer", "aside", "input", "label", "h1", "map", "canvas"}
_VIDEO = frozenset(("video", "source", "embed"))
_STRONG = frozenset(("strong", "b"))
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CENTERED = re.compile(r"text-align\s*:\s*center", re.IGNORECASE)
# Stands for a `<br>` that does not end the line.
_BREAK = "\x1e"
_INDENTED = re.compile("[ \t\r\n]*(?:\u3000|\xa0\xa0)")
_SUBHEAD_LENGTH = 40
_SENTENCE_END = re.compile(r"[。！…：][”’」』]?$")


@dataclass(slots=True)
class _Open:
    """A block that the walk is inside of."""

    element: Element
    is_centered: bool
    is_caption: bool
    is_editor: bool
    is_quote: bool
    heading: bool
    is_list: bool = False


@dataclass(slots=True)
class _Line:
    """The text since the last break."""

    parts: list[str] = field(default_factory=list)
    strong: int = 0
    linked: int = 0
    length: int = 0
    links: list[str] = field(default_factory=list)


def read_pieces(body: Element, skipped: Collection[Element] = ()) -> list[Piece]:
    """Return the pieces under an element in reading order.

    Left out: scripts, advertisements, share buttons, lists of related articles, pagers, what is hidden, and `skipped`.
    """
    if body.tag in SILENT:  # a spoilt page may give a script the body's id
        return []
    walk = _Walk(set(skipped))
    walk.run(body)
    return walk.pieces


class _Walk:
    def __init__(self, skipped: set[Element]) -> None:
        self.pieces: list[Piece] = []
        self._skipped = skipped
        self._blocks: list[_Open] = []
        self._line = _Line()
        self._strong = 0
        self._link = 0
        self._image_in_block = False

    def run(self, body: Element) -> None:
        walker = etree.iterwalk(body, events=("start", "end"))
        left_out: set[Element] = set()
        for event, element in walker:
            if event == "start":
                is_left_out = element is not body and self._is_left_out(element)
                if is_left_out or (element.tag == "table" and self._read_table(element)):
                    left_out.add(element)
                    walker.skip_subtree()
                else:
                    self._open(element)
            else:
                if element in left_out:
                    if element.tag in _BLOCKS:
                        self._break()
                else:
                    self._close(element)
                if element.tail and element is not body:
                    self._add(element.tail)
        self._break()

    def _is_left_out(self, element: Element) -> bool:
        tag = element.tag
        if tag in _LEFT_OUT or element in self._skipped:
            return True
        if not element.attrib:
            return False
        tokens = f"{element.get('id') or ''} {element.get('class') or ''}"
        if len(tokens) > 1 and classify(tokens) == "junk":
            return True
        style = element.get("style")
        return bool(style and tag not in _VIDEO and _HIDDEN.search(style))

    def _open(self, element: Element) -> None:
        tag = element.tag
        if tag == "img":
            self._add_image(element)
        elif tag == "br":
            self._add_break()
        elif tag in _BLOCKS:
            self._break()
            self._blocks.append(self._describe(element))
            self._image_in_block = False
        elif tag in _VIDEO:
            self._add_video(element)
        elif tag in _STRONG:
            self._strong += 1
        elif tag == "a":
            self._link += 1
            href = element.get("href")
            if href:
                self._line.links.append(href)
        if element.text:
            self._add(element.text)

    def _close(self, element: Element) -> None:
        tag = element.tag
        if tag in _BLOCKS:
            self._break()
            self._image_in_block = False
            if self._blocks:
                self._blocks.pop()
        elif tag in _STRONG:
            self._strong -= 1
        elif tag == "a":
            self._link -= 1

    def _describe(self, element: Element) -> _Open:
        """Return the block with what it inherits from the blocks around it."""
        outer = self._blocks[-1] if self._blocks else None
        tag = str(element.tag)
        block = _Open(
            element=element,
            is_centered=outer.is_centered if outer else False,
            is_caption=(outer.is_caption if outer else False) or tag == "figcaption",
            is_editor=outer.is_editor if outer else False,
            is_quote=(outer.is_quote if outer else False) or tag == "blockquote",
            heading=(outer.heading if outer else False) or tag in _HEADINGS,
        )
        if tag == "center":
            block.is_centered = True
        if element.attrib:
            self._read_attributes(element, block)
        return block

    def _read_attributes(self, element: Element, block: _Open) -> None:
        tokens = f"{element.get('id') or ''} {element.get('class') or ''}"
        role = classify(tokens) if len(tokens) > 1 else None
        block.is_caption = block.is_caption or role == "caption"
        block.is_editor = block.is_editor or role == "editor"
        align, style = element.get("align"), element.get("style")
        if align:
            block.is_centered = align.lower() == "center"
        elif style and "align" in style:
            block.is_centered = bool(_CENTERED.search(style))

    def _add_break(self) -> None:
        """End the line where the source breaks lines to part paragraphs: by two breaks, or by any outside of `<p>`.

        In a paragraph with the heading of a list of other articles any break ends a line of that list.
        """
        block = self._blocks[-1] if self._blocks else None
        if block is None or block.element.tag != "p" or self._ends_with_break():
            self._break()
            return
        if not block.is_list and opens_related(clean("".join(self._line.parts).rpartition(_BREAK)[2])):
            self._split_off_last()
            block.is_list = True
        if block.is_list:
            self._break()
        else:
            self._line.parts.append(_BREAK)

    def _split_off_last(self) -> None:
        """End the line at its last break, and leave what follows as a line of its own."""
        parts = self._line.parts
        start = max((place for place, part in enumerate(parts) if part == _BREAK), default=None)
        if start is None:
            return
        last = _Line(parts=parts[start + 1 :])
        last.length = sum(len(part.strip(INDENT)) for part in last.parts)
        del parts[start:]
        self._line.length -= last.length
        self._line.strong = min(self._line.strong, self._line.length)
        self._break()
        self._line = last

    def _ends_with_break(self) -> bool:
        return next((part == _BREAK for part in reversed(self._line.parts) if part == _BREAK or part.strip()), False)

    def _add(self, text: str) -> None:
        if self._line.parts and _INDENTED.match(text) and self._ends_with_break():
            self._break()
        opens_list = self._line.length > 0 and self._opens_list(text)
        if opens_list:
            self._break()
            self._blocks[-1].is_list = True
        line = self._line
        line.parts.append(text)
        length = len(text.strip(INDENT))
        line.length += length
        if self._strong:
            line.strong += length
        if self._link:
            line.linked += length
        if opens_list:
            self._break()

    def _opens_list(self, text: str) -> bool:
        """Tell whether a piece of text behind a whole sentence of its paragraph is the heading of other articles."""
        if (
            not self._blocks
            or not text.rstrip(INDENT).endswith((":", "：", "】", "]"))
            or not opens_related(clean(text))
        ):
            return False
        return bool(_SENTENCE_END.search(clean("".join(self._line.parts))))

    def _add_image(self, element: Element) -> None:
        url = image_address(element)
        if url is None:
            return
        self._break()
        self._image_in_block = True
        self.pieces.append(
            Piece(type="image", url=url, alt=clean(element.get("alt")), title=clean(element.get("title")))
        )

    def _add_video(self, element: Element) -> None:
        url = (element.get("src") or "").strip()
        if url and not url.startswith(("data:", "blob:")):
            self._break()
            self.pieces.append(Piece(type="video", url=url))

    def _read_table(self, table: Element) -> bool:
        """Add a table of figures as one piece; False for a table that only places things."""
        rows = rows_of(table)
        if rows is None:
            return False
        self._break()
        self.pieces.append(Piece(type="table", text="\n".join("\t".join(row).rstrip() for row in rows)))
        return True

    def _break(self) -> None:
        """End the line, and make its text one piece."""
        line = self._line
        if not line.parts and not line.links:
            return  # most breaks follow on another
        self._line = _Line()
        if not line.length:
            return
        text = "".join(line.parts)
        shown = "\n".join(filter(None, map(clean, text.split(_BREAK)))) if _BREAK in text else clean(text)
        if not shown:
            return
        block = self._blocks[-1] if self._blocks else None
        self.pieces.append(
            Piece(
                type=_type_of(block, shown, is_strong=line.strong >= line.length),
                text=shown,
                is_caption=block is not None and block.is_caption,
                is_editor=block is not None and block.is_editor,
                is_indented=_INDENTED.match(text) is not None,
                is_centered=block is not None and block.is_centered,
                is_linked=line.linked >= line.length,
                with_image=self._image_in_block,
                links=tuple(line.links),
            )
        )


def _type_of(block: _Open | None, text: str, *, is_strong: bool) -> PieceType:
    if block is not None and block.is_quote:
        return "quote"
    if block is not None and block.heading:
        return "heading"
    if is_strong and len(text) <= _SUBHEAD_LENGTH and "\n" not in text and not _SENTENCE_END.search(text):
        return "heading"
    return "text"
