"""Find videos and galleries whose files stand outside of the body: in scripts, in XML, or in the frame of a picture."""

import json
import re

from crawler.reading.extract.body import read_pieces
from crawler.reading.extract.piece import Piece
from crawler.reading.extract.tree import Tree, text_of
from crawler.reading.extract.wording import clean

_VIDEO = re.compile(
    r"""(?:videojsList\s*=\s*\[\s*|["']vInfo["']\s*,\s*|\b(?:source|src|file|url|video_?url)["']?\s*[:=]\s*)["'](?P<url>(?:https?:)?//[^"'\s]+?\.(?:mp4|m3u8|flv)[^"'\s]*)["']""",
    re.IGNORECASE,
)
_FILES = (".mp4", ".m3u8", ".flv")
_GALLERY = re.compile(r"picsJson\s*=\s*(?=\{)")
_GALLERY_XML = re.compile(r"<image>\s*<!\[CDATA\[\s*(?P<url>[^\]\s]+)\s*\]\]>")
# Captions beside the pictures of a gallery in XML, in their order.
_XML_CAPTIONS = "div.left.desc p"
# Galleries of one picture a page, up to about 2018.
_FRAME = "#eFramePic"
_BIGGEST_FIRST = ("bigPicUrl", "middlePicUrl", "thumbPicUrl")


def read_videos(tree: Tree) -> list[str]:
    """Return the addresses of the videos that the page's scripts play, each once."""
    if not any(map(tree.has_script, _FILES)):
        return []
    return list(dict.fromkeys(match["url"] for match in _VIDEO.finditer(tree.scripts)))


def read_gallery(tree: Tree) -> list[Piece]:
    """Return the pictures of a gallery, each followed by its caption; empty for a page that is none."""
    if tree.has_script("picsJson") and (match := _GALLERY.search(tree.scripts)):
        return _pieces_of_json(tree.scripts[match.end() :])
    if (frame := tree.first(_FRAME)) is not None:
        return [piece for piece in read_pieces(frame) if piece.type == "image"]
    return _pieces_of_xml(tree)


def is_gallery(tree: Tree) -> bool:
    """Tell whether the page carries the pictures of a gallery in a script, in a frame or in XML."""
    if tree.has_script("picsJson") or tree.first(_FRAME) is not None:
        return True
    return next(tree.root.iter("image"), None) is not None


def _pieces_of_xml(tree: Tree) -> list[Piece]:
    """Return the pictures of a gallery in XML, each with its caption where there are as many captions as pictures."""
    if next(tree.root.iter("image"), None) is None:
        return []
    urls = list(dict.fromkeys(_GALLERY_XML.findall(tree.html)))
    captions = [text for element in tree.every(_XML_CAPTIONS) if (text := text_of(element))]
    if len(captions) != len(urls):
        captions = []
    pieces: list[Piece] = []
    for number, url in enumerate(urls):
        pieces.append(Piece(type="image", url=url))
        if captions:
            pieces.append(Piece(type="text", text=captions[number], is_caption=True))
    return pieces


def _pieces_of_json(text: str) -> list[Piece]:
    try:
        gallery, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return []
    pictures = gallery.get("pics") if isinstance(gallery, dict) else None
    pieces: list[Piece] = []
    for picture in pictures if isinstance(pictures, list) else []:
        if not isinstance(picture, dict):
            continue
        url = next((url for name in _BIGGEST_FIRST if isinstance(url := picture.get(name), str) and url), None)
        if url is None:
            continue
        caption = picture.get("alt")
        pieces.append(Piece(type="image", url=url))
        if isinstance(caption, str) and clean(caption):
            pieces.append(Piece(type="text", text=clean(caption), is_caption=True))
    return pieces
