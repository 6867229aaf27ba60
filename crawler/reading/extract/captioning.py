"""Give captions to pictures: each text that is a caption goes from the text to its picture, once."""

import re
from dataclasses import dataclass, field
from itertools import takewhile

from crawler.reading.extract.captions import (
    POINTS_DOWN,
    POINTS_UP,
    closes_like_caption,
    opens_like_caption,
    read_credit,
    without_pointer,
)
from crawler.reading.extract.datelines import read_opening
from crawler.reading.extract.piece import Piece

_LONGEST_BARE = 120
# So many pictures in a row may have their captions in a row below.
_LONGEST_RUN = 100
_NOT_TEXT = re.compile(r"[\W_]+")
# 图①：, 图②： count through the pictures of a run; a line about all of them may follow.
_NUMBERED = re.compile(r"图[①-⑳一二三四五六七八九十\d]{1,2}\s*[:：为]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habits:
    """How the body sets its paragraphs: a short line under a picture that is set otherwise is no paragraph."""

    are_indented: bool
    are_centered: bool


@dataclass(slots=True)
class _State:
    """Where the walk stands: `waiting` are the pictures of the last run that have no caption yet.

    `kept_count` is the position that the next picture will have.
    """

    captions: dict[int, str] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    last_image: int | None = None
    is_fresh: bool = False
    kept_count: int = 0


def assign_captions(pieces: list[Piece], dateline_at: int | None) -> tuple[list[Piece], dict[int, str]]:
    """Return the pieces without captions, and the captions by the position of their picture among the pieces returned.

    `dateline_at` is the position of the paragraph with the dateline: before it a paragraph that is worded like a
    caption belongs to a picture even if it stands apart.
    """
    habits = _read_habits(pieces)
    state = _State()
    kept: list[Piece] = []
    images: list[int] = []
    for position, piece in enumerate(pieces):
        if piece.type == "image":
            if not state.is_fresh:
                state.waiting = []
            state.waiting.append(len(kept))
            state.last_image, state.is_fresh = len(kept), True
            images.append(len(kept))
            kept.append(piece)
            continue
        following = pieces[position + 1 : position + 1 + _LONGEST_RUN]
        image = kept[state.last_image] if state.last_image is not None else None
        state.kept_count = len(kept)
        if position != dateline_at and _is_text(piece):
            target = _target(piece, image, following, state, habits=habits)
            if target is None and dateline_at is not None and position < dateline_at and _is_worded(piece):
                target = next((index for index in images if index not in state.captions), None)
            if target is not None:
                _attach(state, target, piece.text)
                continue
        state.is_fresh = False
        state.waiting = []
        kept.append(piece)
    return kept, state.captions


def _target(piece: Piece, image: Piece | None, following: list[Piece], state: _State, *, habits: _Habits) -> int | None:
    """Return the position of the picture that the piece is the caption of, None for a paragraph."""
    is_before_image = bool(following) and following[0].type == "image"
    if piece.text[:1] in POINTS_DOWN and is_before_image:
        return state.kept_count
    if image is not None and (state.is_fresh or piece.is_caption or piece.text[:1] in POINTS_UP):
        if _has_caption_already(piece, state):
            return state.last_image
        if state.waiting and _is_caption_below(piece, image, habits=habits):
            return _pick(piece, image, following, state, habits=habits)
        if piece.text[:1] in POINTS_UP and state.last_image not in state.captions:
            return state.last_image
    if is_before_image and not state.waiting and (piece.is_caption or _is_worded(piece)):
        return state.kept_count
    return None


def _pick(piece: Piece, image: Piece, following: list[Piece], state: _State, *, habits: _Habits) -> int:
    """Return which picture of a run gets the caption: as many captions as pictures go in order, fewer to the last."""
    if 1 < len(state.waiting) <= _LONGEST_RUN:
        below = takewhile(
            lambda other: _is_text(other) and _is_caption_below(other, image, habits=habits),
            [piece, *following],
        )
        numbered = takewhile(lambda other: _NUMBERED.match(other.text), [piece, *following])
        if len(state.waiting) in {sum(1 for _ in below), sum(1 for _ in numbered)}:
            return state.waiting.pop(0)
    chosen = state.waiting[-1]
    state.waiting = []
    return chosen


def _has_caption_already(piece: Piece, state: _State) -> bool:
    """Tell whether the piece repeats the last picture's caption, or gives the credit that it lacks."""
    caption = state.captions.get(state.last_image) if state.last_image is not None else None
    if caption is None:
        return False
    if _bare(piece.text) == _bare(caption) or (piece.is_caption and _bare(piece.text) in _bare(caption)):
        return True
    return read_credit(caption) is None and len(piece.text) <= 30 and closes_like_caption(piece.text)


def _is_caption_below(piece: Piece, image: Piece, *, habits: _Habits) -> bool:
    if piece.is_caption or _is_worded(piece):
        return True
    if _bare(piece.text) in {_bare(image.alt), _bare(image.title)}:
        return True
    if piece.type == "heading" or len(piece.text) > _LONGEST_BARE or read_opening(piece.text):
        return False
    if piece.is_centered and not habits.are_centered:
        return True
    return not piece.is_indented and (piece.with_image or habits.are_indented)


def _attach(state: _State, target: int, text: str) -> None:
    caption = without_pointer(text.replace("\n", " "))
    earlier = state.captions.get(target)
    if earlier is None:
        state.captions[target] = caption
    elif _bare(caption) not in _bare(earlier):
        state.captions[target] = f"{earlier} {caption}"


def _is_worded(piece: Piece) -> bool:
    return opens_like_caption(piece.text) or closes_like_caption(piece.text)


def _is_text(piece: Piece) -> bool:
    return piece.type in {"text", "heading"}


def _bare(text: str) -> str:
    return _NOT_TEXT.sub("", text)


def _read_habits(pieces: list[Piece]) -> _Habits:
    paragraphs = [piece for piece in pieces if piece.type == "text" and len(piece.text) > 50]
    indented = sum(piece.is_indented for piece in paragraphs)
    centered = sum(piece.is_centered for piece in paragraphs)
    return _Habits(
        are_indented=len(paragraphs) > 1 and indented * 3 > len(paragraphs) * 2,
        are_centered=centered * 2 > len(paragraphs),
    )
