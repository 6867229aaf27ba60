"""A passage of a text around the words that were found in it."""

import unicodedata
from dataclasses import dataclass

from crawler.lines import ArticleLine
from crawler.views.grams import highlights

# Characters of a snippet, and how many of them stand before the first word that was found.
WIDTH, LEAD = 72, 18


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage on one line, and where in it the words stand: beginnings and ends."""

    text: str
    spans: tuple[tuple[int, int], ...]


def headline_of(line: ArticleLine, words: str) -> Snippet:
    """Return the whole headline with the words that it holds."""
    text = _on_one_line(line.headline or "")
    return Snippet(text, tuple(highlights(text, words)))


def snippet_of(line: ArticleLine, words: str, width: int = WIDTH) -> Snippet:
    """Return a passage of the body, or of a caption where the body has none of the words; else how the body begins."""
    texts = [line.body, *(image.caption or "" for image in line.images)]
    for text in texts:
        if spans := highlights(text, words):
            return _cut(text, spans, width)
    return _cut(line.body, [], width)


def _cut(text: str, spans: list[tuple[int, int]], width: int) -> Snippet:
    start = max(spans[0][0] - LEAD, 0) if spans else 0
    end = min(start + max(width, (spans[0][1] if spans else 0) - start), len(text))
    start = max(min(start, end - width), 0)
    # A mark belongs to the character before it.
    while start and unicodedata.category(text[start]).startswith("M"):
        start -= 1
    while end < len(text) and unicodedata.category(text[end]).startswith("M"):
        end += 1
    before, behind = "…" if start else "", "…" if end < len(text) else ""
    shift = len(before) - start
    kept = tuple((max(a, start) + shift, min(b, end) + shift) for a, b in spans if a < end and b > start)
    return Snippet(before + _on_one_line(text[start:end]) + behind, kept)


def _on_one_line(text: str) -> str:
    """Return the text with a space for each character that would end a line or steer a terminal."""
    return "".join(" " if c.isspace() or unicodedata.category(c) == "Cc" else c for c in text)
