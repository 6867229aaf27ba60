"""What two texts are compared by: their shingles of four characters, a sample of them, and a 64-bit simhash.

Simhash: Charikar, Similarity estimation techniques from rounding algorithms (2002). A sample is all shingles whose hash
begins with so many zero bits; so the sample of a long text and that of a short one hold the same shingles where the
texts do (Broder, On the resemblance and containment of documents, 1997).
"""

import re
import sys
from array import array
from collections.abc import Iterable
from zlib import crc32

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


# Makes 64 bits of 32: the golden ratio, as in Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4).
_SPREAD = 0x9E37_79B9_7F4A_7C15
# For each bit of a byte, a table that turns the byte into this bit.
_BITS = tuple(bytes(value >> bit & 1 for value in range(256)) for bit in range(8))


def plain(body: str) -> str:
    """Return the letters, digits and characters of a text behind the head of its agency, folded."""
    text = fold(body[: 2 * MOST_CHARACTERS])
    head = _HEAD.match(text)
    return _BETWEEN.sub("", text[head.end() :] if head else text)[:MOST_CHARACTERS]


def shingles(body: str) -> frozenset[int]:
    """Return the hashes, of 32 bits, of all runs of four characters of a text, made plain before."""
    text = plain(body).encode("utf-32-le", "surrogatepass")
    size = 4 * WIDTH
    return frozenset([crc32(text[start : start + size]) for start in range(0, len(text) - size + 4, 4)])


def simhash(hashes: Iterable[int]) -> int:
    """Return 64 bits, each what the majority of the hashes has there; texts that differ little differ in few bits."""
    wide = array("Q", [one * _SPREAD & 0xFFFF_FFFF_FFFF_FFFF for one in hashes])
    half = len(wide) // 2
    if sys.byteorder == "big":
        wide.byteswap()
    columns = (wide.tobytes()[place::8] for place in range(8))
    ones = (column.translate(table).count(1) for column in columns for table in _BITS)
    return sum(1 << place for place, count in enumerate(ones) if count > half)


def distance(one: int, other: int) -> int:
    """Return in how many bits two simhashes differ."""
    return (one ^ other).bit_count()


def rarity(size: int) -> int:
    """Return by how many zero bits the sample of a text of so many shingles is chosen."""
    return max((size // SAMPLE).bit_length() - 1, 0)


def bound(bits: int) -> int:
    """Return what the hashes that begin with so many zero bits are below."""
    return 1 << (32 - bits)


def sample(hashes: Iterable[int], bits: int) -> list[int]:
    """Return the hashes that begin with so many zero bits, sorted."""
    below = bound(bits)
    return sorted([one for one in hashes if one < below])
