"""Text as the search sees it: folded, and cut into bigrams of Chinese characters and whole words.

The stock tokenizers of SQLite take a run of Chinese for one word. Here each position of a run has one token, the
bigram that begins there, and the run's last character stands alone: 苏州市 is 苏州 州市 市. So one character is the
prefix of a token, two are a token, more are a phrase of overlapping bigrams, and no phrase goes on from one run into
the next. Letters and digits of other scripts are words as they stand.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import chain
from operator import add

# Ideographs, kana, bopomofo, hangul, and the private characters that gb18030 keeps rare names in.
_RUN = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\ue000-\uf8ff\uf900-\ufaff"
    "\U00020000-\U0003ffff\U000f0000-\U0010ffff"
)
# One letter or digit of a word; one character that parts what stands on both sides of it, other than a space.
_LETTER = rf"[^\W_{_RUN}]"
_PARTING = rf"[^\w {_RUN}]|_"
_PIECE = re.compile(rf"(?P<run>[{_RUN}]+)|(?P<word>{_LETTER}+)|(?P<space> +)|(?P<break>(?:{_PARTING})+)")

# Stands where a word and its neighbour are parted by more than a space; no letter, so never part of a token.
_BREAK = "¦"


# Characters that are folded to themselves, as far as they have been met.
_FOLDED: set[str] = set()


def fold(text: str) -> str:
    """Return the text without case, width and invisible characters, each character by itself; the script stays."""
    for character in set(text) - _FOLDED:
        folded = _fold_character(character)
        if folded == character:
            _FOLDED.add(character)
        else:
            # What comes out of folding is folded, so that the order of characters is of no matter.
            text = text.replace(character, folded)
    return text


def tokens(text: str) -> list[str]:
    """Return the tokens of a text, one for each position."""
    return list(chain.from_iterable(found for _, found in _pieces(fold(text))))


def terms(query: str) -> list[str]:
    """Return the words of a query, parted by white space, folded."""
    return fold(unicodedata.normalize("NFC", query)).split()


def match_expression(query: str) -> str | None:
    """Return the FTS5 expression that finds all words of a query, None where they hold no letter, digit or character.

    A word of several pieces is a phrase; punctuation in it stands for any gap. Nothing in a query is syntax.
    """
    phrases = dict.fromkeys(phrase for term in terms(query) if (phrase := _phrase(term)))
    return " AND ".join(phrases) or None


def highlights(text: str, query: str) -> list[tuple[int, int]]:
    """Return where the words of a query stand in a text: beginnings and ends, in order, none in another."""
    folded, origins = _fold_with_origins(text)
    spans = sorted(
        (origins[match.start()], origins[match.end() - 1] + 1)
        for pattern in _patterns(query)
        for match in pattern.finditer(folded)
    )
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _pieces(folded: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each run and each word with its tokens; a break goes before, where one is needed to tell them apart."""
    before, parted = "", False
    for piece in _PIECE.finditer(folded):
        kind, text = piece.lastgroup or "", piece[0]
        if kind in {"space", "break"}:
            parted = parted or kind == "break"
            continue
        # Two runs are parted by the single character at the end of the first.
        found = [_BREAK] if before and parted and "word" in {kind, before} else []
        found += [text] if kind == "word" else [*map(add, text, text[1:]), text[-1]]
        yield kind, found
        before, parted = kind, False


def _phrase(term: str) -> str:
    pieces = list(_pieces(term))
    if not pieces:
        return ""
    words = list(chain.from_iterable(found for _, found in pieces))
    if pieces[-1][0] == "word":
        return f'"{" ".join(words)}"'
    # A run may go on behind the term: its last character alone is no token then, or the beginning of one.
    if len(pieces[-1][1]) - pieces[-1][1].count(_BREAK) > 1:
        return f'"{" ".join(words[:-1])}"'
    return f'"{" ".join(words)}" *'


def _patterns(query: str) -> list[re.Pattern[str]]:
    return [re.compile(_expression(term)) for term in dict.fromkeys(terms(query)) if _phrase(term)]


def _expression(term: str) -> str:
    """Return the regular expression, for a folded text, that says what the phrase of a term finds."""
    expression, before = "", ""
    for kind, found in _pieces(term):
        if before and found[0] == _BREAK:
            expression += rf" *(?:{_PARTING})(?: |{_PARTING})*"
        elif before:
            expression += f"(?: |{_PARTING})+" if kind == before == "run" else " *"
        if kind == "word":
            expression += rf"(?<!{_LETTER}){re.escape(found[-1])}(?!{_LETTER})"
        else:
            expression += re.escape("".join(token[0] for token in found if token != _BREAK))
        before = kind
    return expression


@cache
def _fold_character(character: str) -> str:
    kind = unicodedata.category(character)
    plain = "" if kind == "Cf" else unicodedata.normalize("NFKC", character).casefold()
    return unicodedata.normalize("NFKC", plain)


def _fold_with_origins(text: str) -> tuple[str, list[int]]:
    parts = [_fold_character(character) for character in text]
    return "".join(parts), [number for number, part in enumerate(parts) for _ in part]
