"""Text as it stands in a page, made clean: white space, invisible characters, indents."""

import re
import unicodedata

HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

# Zero-width characters and soft hyphens, and controls written as character references.
_INVISIBLE = re.compile("[\u200b\u200c\u200e\u200f\u2060\ufeff\u00ad\x00-\x08\x0e-\x1f\x7f]")
_WINDOWS = re.compile("[\x80-\x9f]")
# A line break of the source between two Chinese characters is no space in the text.
_FOLDED = re.compile(
    r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t\r\f\xa0]*\n[ \t\r\n\f\xa0]*(?=[\u3001-\u9fff\uff00-\uffef])"
)
_SPACES = re.compile(r"[ \t\r\n\f\v\x85\xa0\u2028\u2029]+")
# What clean text does not hold, beside two plain spaces in a row.
_UNTIDY = re.compile(r"[\x80-\x9f\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff\x00-\x1f\x7f]")
INDENT = " \t\r\n\xa0\u3000\u2002\u2003"
_WIDE_DIGIT = re.compile("[０-９]")
_FULL_WIDTH = {0xFF10 + digit: 0x30 + digit for digit in range(10)}


def clean(text: str | None) -> str:
    """Return the text on one line, in NFC, without invisible characters and without indents at its ends."""
    if not text:
        return ""
    text = text.strip(INDENT)
    if "  " in text or _UNTIDY.search(text):
        text = _WINDOWS.sub(_as_in_windows, _INVISIBLE.sub("", text))
        if "\n" in text:
            text = _FOLDED.sub("", text)
        text = _SPACES.sub(" ", text)
        text = text.strip(INDENT)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def narrow_digits(text: str) -> str:
    """Return the text with full-width digits made ASCII; every character keeps its place."""
    return text.translate(_FULL_WIDTH) if _WIDE_DIGIT.search(text) else text


def _as_in_windows(match: re.Match[str]) -> str:
    """Read &#150; and its like as browsers do: by Windows-1252."""
    return bytes([ord(match[0])]).decode("cp1252", "ignore")
