"""What two texts are compared by: their shingles of four characters, a sample of them, and a 64-bit simhash.

Simhash: Charikar, Similarity estimation techniques from rounding algorithms (2002). A sample is all shingles whose hash
begins with so many zero bits; so the sample of a long text and that of a short one hold the same shingles where the
texts do (Broder, On the resemblance and containment of documents, 1997).
"""

import hashlib
import re
from collections.abc import Iterable
from functools import partial

from crawler.views.grams import fold

WIDTH = 4
# What stands behind is of no weight; it bounds what one text costs.
MOST_CHARACTERS = 50_000
# A sample has from this number of shingles up to twice as many; a text of fewer is its own sample.
SAMPLE = 24

# The head of a wire text, which each portal words its own way: 中新网江苏新闻2月27日电(记者 沈望舒).
_HEAD = re.compile(
    r"\s*(?:\([^)\n]{0,60}\)\s*)?[^。!?,;\n]{0,30}?\d{1,2}月\d{1,2}日\s*(?:电|讯|消息)\s*(?:\([^)\n]{0,80}\))?"
)
_BETWEEN = re.compile(r"[\W_]+")


class _Column(dict[str, int]):
    """64 random bits for each character at one place of a shingle; the same on every machine."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self._key = bytes([place])

    def __missing__(self, character: str) -> int:
        told = hashlib.blake2b(character.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key)
        self[character] = value = int.from_bytes(told.digest())
        return value


_COLUMNS = tuple(_Column(place) for place in range(WIDTH))
_AS_BITS = "{:064b}".format


def plain(body: str) -> str:
    """Return the letters, digits and characters of a text behind the head of its agency, folded."""
    text = fold(body[: 2 * MOST_CHARACTERS])
    head = _HEAD.match(text)
    return _BETWEEN.sub("", text[head.end() :] if head else text)[:MOST_CHARACTERS]


def shingles(body: str) -> frozenset[int]:
    """Return the hashes of all runs of four characters of a text, made plain before."""
    text = plain(body)
    first, second, third, fourth = (map(column.__getitem__, text[n:]) for n, column in enumerate(_COLUMNS))
    return frozenset(a ^ b ^ c ^ d for a, b, c, d in zip(first, second, third, fourth, strict=False))


def simhash(hashes: Iterable[int]) -> int:
    """Return 64 bits, each what the majority of the hashes has there; texts that differ little differ in few bits."""
    bits = "".join(map(_AS_BITS, hashes))
    half = len(bits) // 128
    ones = (bits[place::64].count("1") for place in range(64))
    return int("".join("1" if count > half else "0" for count in ones), 2)


def distance(one: int, other: int) -> int:
    """Return in how many bits two simhashes differ."""
    return (one ^ other).bit_count()


def rarity(size: int) -> int:
    """Return by how many zero bits the sample of a text of so many shingles is chosen."""
    return max((size // SAMPLE).bit_length() - 1, 0)


def sample(hashes: Iterable[int], bits: int) -> list[int]:
    """Return the hashes that begin with so many zero bits, sorted."""
    return sorted(filter(partial(_is_chosen, 1 << (64 - bits)), hashes))


def _is_chosen(bound: int, value: int) -> bool:
    return value < bound
