"""Mend a copy of a text that a mirror has spoilt, as far as it can be told for sure; the rest is named, not guessed.

* Pinyin in brackets goes where it stands behind a common character of traditional script.
* Folded punctuation becomes full-width between Chinese characters; beside digits, Latin letters and in brackets it
  stays, since it may have been typed so.
* Converted script becomes simplified by OpenCC, where that is installed.
* Slipped bytes stay: a byte that is lost takes its character with it. What the others say is told beside them.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from crawler.reading.article import Article, DamageKind
from crawler.reading.extract.damage import FOLDED, GLOSS, is_traditional
from crawler.reading.extract.shifts import find_slips

_WIDE = 0xFEE0
_NO_CONVERTER = "OpenCC is not installed: pip install 'pressmark[mend]'"
_EXPLAINED = "stands behind a character that is not traditional only"
_LOST = "bytes are lost; `reading` is what the others say, one byte further"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A stretch that was left as it is: its place as in `Damage`, why, and for slipped bytes how they may be read."""

    kind: DamageKind
    block: int | None
    text: str
    why: str
    reading: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A mended copy. `captions` stand in the order of the article's pictures; `mends` counts what was mended."""

    headline: str | None
    body: str
    captions: tuple[str | None, ...]
    mends: dict[str, int]
    left: tuple[Left, ...]


def load_converter() -> Callable[[str], str] | None:
    """Return OpenCC's conversion from traditional to simplified script, None where it is not installed."""
    try:
        from opencc import OpenCC  # noqa: PLC0415 - an optional extra
    except ImportError:
        return None
    # Taiwan's standard: t2s leaves 著 where mainland text has 着.
    converter = OpenCC("tw2s")
    return lambda text: str(converter.convert(text))


def mend(article: Article, convert: Callable[[str], str] | None) -> Mended | None:
    """Return the mended copy of an article that is spoilt, None for a healthy one."""
    if not article.damage:
        return None
    mender = _Mender(frozenset(one.kind for one in article.damage), convert)
    headline = mender.mend(article.headline, None)
    texts = [mender.mend(block.text, place) for place, block in enumerate(article.blocks)]
    places = {block.image: place for place, block in enumerate(article.blocks) if block.image is not None}
    captions = tuple(mender.mend(image.caption, places.get(n)) for n, image in enumerate(article.images))
    if "converted_script" in mender.kinds and convert is None:
        first = next(one for one in article.damage if one.kind == "converted_script")
        mender.left.append(Left(kind=first.kind, block=first.block, text=first.text, why=_NO_CONVERTER))
    return Mended(
        headline=headline,
        body="\n\n".join(filter(None, texts)),
        captions=captions,
        mends=dict(mender.mends),
        left=tuple(mender.left),
    )


class _Mender:
    """Mends text by text, and keeps count."""

    def __init__(self, kinds: frozenset[DamageKind], convert: Callable[[str], str] | None) -> None:
        self.kinds = kinds
        self.mends: Counter[str] = Counter()
        self.left: list[Left] = []
        self._convert = convert if "converted_script" in kinds else None

    def mend(self, text: str | None, place: int | None) -> str | None:
        """Return a text mended outside of its slipped stretches."""
        if text is None:
            return None
        parts: list[str] = []
        done = 0
        for slip in find_slips(text):
            stretch = text[slip.start : slip.end]
            parts += [self._mend_stretch(text[done : slip.start], place), stretch]
            self.left.append(Left(kind="shifted_bytes", block=place, text=stretch, why=_LOST, reading=slip.reading))
            done = slip.end
        return "".join([*parts, self._mend_stretch(text[done:], place)])

    def _mend_stretch(self, text: str, place: int | None) -> str:
        if "pinyin" in self.kinds:
            text = GLOSS.sub(lambda match: self._without_gloss(match, place), text)
        if "folded_punctuation" in self.kinds:
            text, count = FOLDED.subn(lambda match: chr(ord(match[0]) + _WIDE), text)
            self._count("folded_punctuation", count)
        if self._convert is not None:
            converted = self._convert(text)
            self._count("converted_script", sum(one != other for one, other in zip(text, converted, strict=False)))
            text = converted
        return text

    def _without_gloss(self, match: re.Match[str], place: int | None) -> str:
        if not is_traditional(match["character"]):
            self.left.append(Left(kind="pinyin", block=place, text=match[0], why=_EXPLAINED))
            return match[0]
        self._count("pinyin", 1)
        return match["character"]

    def _count(self, kind: DamageKind, count: int) -> None:
        if count:
            self.mends[kind] += count
