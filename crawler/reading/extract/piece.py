"""A piece of an article's body, as the walk over the body hands it out."""

from dataclasses import dataclass
from typing import Literal

PieceType = Literal["text", "heading", "quote", "image", "table", "video"]


@dataclass(slots=True, kw_only=True)
class Piece:
    """A piece of the body. Text carries what its markup says: a caption's place, an indent, the middle of the line.

    `links` are the addresses of the links in its text, as written in the page.
    """

    type: PieceType
    text: str = ""
    url: str = ""
    alt: str = ""
    title: str = ""
    is_caption: bool = False
    is_editor: bool = False
    is_indented: bool = False
    is_centered: bool = False
    is_linked: bool = False
    with_image: bool = False
    links: tuple[str, ...] = ()
