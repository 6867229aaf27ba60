"""Tell where the bytes of a GBK text have slipped by one: 出海”模式鏈接 became 出!蹦J芥溄.

A byte that was lost pairs the second byte of each character with the first of the next, until an ASCII character
or another loss brings the pairs back into step. Read one byte further such a stretch makes sense again; what is lost
at its ends does not come back.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from crawler.reading.extract.frequent import COMMON
from crawler.reading.extract.wording import HAN

# What a slip leaves behind: single Latin letters between Chinese characters, characters of the symbol rows of GBK
# (kana, Greek, enumerations, box drawing), replacement characters.
_LETTERS, _SYMBOLS = "A-Za-zＡ-Ｚａ-ｚ", "⒈-⒛⑴-⒇ぁ-んァ-ヶΑ-Ωα-ωА-яㄅ-ㄩ─-╋\ufffd"
_TRACE = re.compile(f"(?P<letters>[{_LETTERS}]+)|[{_SYMBOLS}]")
# Looked for first: most paragraphs hold no trace, and one set of characters is found five times as fast.
_ANY_TRACE = re.compile(f"[{_LETTERS}{_SYMBOLS}]")
_HAN = re.compile(f"[{HAN}]")
_SENTENCE_END = "。！？\n"
_BEFORE = 4
_SHORTEST, _LONGEST = 4, 24
_PUNCTUATION = frozenset("，。、；：“”‘’（）《》！？")
_LOST = "\ufffd"
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_LEAST_GAIN = 5.0
_LEAST_COMMON = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A stretch `text[start:end]` whose bytes have slipped; `reading` is what they say, U+FFFD for what is lost."""

    start: int
    end: int
    reading: str


def find_slips(text: str) -> list[Slip]:
    """Return the stretches of a text whose GBK bytes have slipped, in order, not overlapping."""
    if not _ANY_TRACE.search(text):
        return []
    slips: list[Slip] = []
    done = 0
    for trace in _TRACE.finditer(text):
        if trace.start() < done or not _is_wedged(text, trace):
            continue
        if (slip := _slip_at(text, trace.start(), done)) is not None:
            slips.append(slip)
            done = slip.end
    return slips


def _is_wedged(text: str, trace: re.Match[str]) -> bool:
    """Tell whether a trace stands alone before a Chinese character, a Latin letter behind one, too; a word does not."""
    start, end = trace.span()
    if trace[0] == _LOST:
        return True
    if trace["letters"] and (end - start > 1 or not start or not _HAN.match(text[start - 1])):
        return False
    return bool(_HAN.match(text, end))


def _slip_at(text: str, trace: int, after: int) -> Slip | None:
    """Return the stretch around a trace that gains most from being read one byte further, None if none gains enough."""
    best: Slip | None = None
    best_gain = 0.0
    # The latest of equal starts: the character before a slip makes sense either way.
    for start in range(trace + 1, max(after, trace - _BEFORE) - 1, -1):
        for end in range(start + _SHORTEST, min(len(text), start + _LONGEST) + 1):
            stretch = text[start:end]
            if text[end - 1] in _SENTENCE_END or _LOST in stretch[1:-1] or not _is_wide(stretch):
                break
            reading = _reading(stretch)
            now, then = _sense(stretch), _sense(reading)
            gain = then - now
            if gain > best_gain and now < 0 < then and _is_chinese(reading):
                best, best_gain = Slip(start=start, end=end, reading=f"{_LOST}{reading}"), gain
    return best if best_gain >= _LEAST_GAIN else None


def _reading(stretch: str) -> str:
    """Return the stretch's bytes read one further, up to where they end or make no character."""
    body = b"".join(map(_bytes_of, stretch))
    ends = [body]
    if stretch[-1].isascii():
        # An ASCII character that ends the slip stood there as it is, or a mirror has folded it.
        ends.append(b"".join(map(_bytes_of, stretch[:-1])) + stretch[-1].encode())
    return max((end[1:].decode("gb18030", "replace").rstrip(_LOST) for end in ends), key=_sense)


@lru_cache(maxsize=4096)
def _bytes_of(character: str) -> bytes:
    """Return the two bytes of a character, as GB 18030 has them for private characters too; none for any other."""
    body = _widened(character).encode("gb18030", "ignore")
    return body if len(body) == 2 else b""


def _widened(character: str) -> str:
    """Return an ASCII character as it stood before a mirror folded it."""
    return chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character


def _is_wide(stretch: str) -> bool:
    """Tell whether every character can have come of two bytes."""
    return " " not in stretch and "\t" not in stretch


def _sense(text: str) -> float:
    """Return how much like Chinese a text looks: common characters speak for it, rare ones and stray letters do not."""
    return sum(map(_weight, text))


@lru_cache(maxsize=8192)
def _weight(character: str) -> float:
    if character in COMMON:
        return 1.0
    wide = _widened(character)
    if wide in _PUNCTUATION:
        return 0.5 if wide == character else 0.4  # a folded one may be what is left of a character
    if character == _LOST:
        return -1.0
    body = _bytes_of(character)
    if body and 0xB0 <= body[0] <= 0xD7 and body[1] >= 0xA1:
        return 0.0  # the commoner half of GB 2312
    is_rare_han = bool(body) and body[0] > 0xA9 and not _PRIVATE.match(character)
    return -1.0 if is_rare_han else -2.0


def _is_chinese(reading: str) -> bool:
    """Tell whether a reading makes sense: common characters, or a single one and nothing that speaks against it."""
    common = sum(character in COMMON for character in reading)
    return common >= _LEAST_COMMON or (common > 0 and min(map(_weight, reading)) >= 0)
