"""Lengths as heads and chunks state them: damaged files and odd servers state numbers beyond all files."""

# What is stated above this counts as this much: still a place that bytes and memory maps can be asked for.
LONGEST = 2**61


def read_length(text: str) -> int | None:
    """Return a length in decimal digits, at most LONGEST; None for what is none."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    # int() refuses some thousands of digits.
    return min(int(digits or "0"), LONGEST) if len(digits) < 20 else LONGEST


def read_chunk_length(digits: bytes) -> int:
    """Return the length of a chunk from its hexadecimal digits, at most LONGEST."""
    return min(int(digits, 16), LONGEST)
