"""A decoded page: the one place where bytes become text."""

import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

# w3lib reads the labels gb2312 and gbk as gb18030, as browsers do.
_GB = "gb18030"
_LENIENT = "pressmark.gb18030"
_HEAD_BYTES = 4096
# Labels that servers send without knowing the page.
_SILENT = {"cp1252", "iso8859-1", "latin-1", "ascii"}
# Codecs of Python that no page is written in; UTF-16 is told by its byte order mark alone.
_NOT_FOR_PAGES = {
    *("unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape", "idna", "punycode", "undefined"),
    *("utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"),
    *("base64", "bz2", "hex", "quopri", "rot13", "rot-13", "uu", "zlib", "mbcs", "oem"),
}
# In a header, a meta tag, or the declaration of an XHTML page.
_LABEL = re.compile(r"""(?:charset|<\?xml[^>]*?\sencoding)\s*=\s*["']?\s*(?P<label>[\w-]+)""", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HAN = re.compile("[\u3400-\u9fff]")
_ENOUGH_HAN = 4
# Characters that no HTML text may hold and lxml refuses.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How the bytes became text: the declared label, the codec used, and the count of U+FFFD that decoding put in."""

    declared: str | None
    used: str
    replacement_chars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as text. `url` is its address as captured, `captured_at` (aware) the base for relative dates."""

    url: str
    html: str
    encoding: Encoding
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    codec: str
    text: str
    losses: int


def decode_page(body: bytes, *, url: str, content_type: str | None, captured_at: datetime) -> Page:
    """Return the page for a body without transfer or content coding; `content_type` is the value of the HTTP header.

    Order of trust: byte order mark, header, meta label, UTF-8, GB18030. A label that the bytes contradict is passed
    over for the reading with the fewest losses. The text is in NFC and holds no control characters.
    """
    mark, order_mark = read_bom(body)
    if mark is not None and order_mark is not None:
        declared: str | None = mark
        attempt = _attempt(body[len(order_mark) :], mark)
    else:
        head = body[:_HEAD_BYTES]
        declared = _printed_label(content_type) or _printed_label(head.decode("latin-1"))
        attempt = _best_attempt(body, (http_content_type_encoding(content_type), html_body_declared_encoding(head)))
    encoding = Encoding(declared=declared, used=attempt.codec, replacement_chars=attempt.losses)
    return Page(url=url, html=_tidy(attempt.text), encoding=encoding, captured_at=captured_at)


def explain_encoding(body: bytes, content_type: str | None, encoding: Encoding) -> str:
    """Return what decided how a body was decoded: byte order mark, Content-Type header, label in the page, bytes."""
    if read_bom(body)[0] is not None:
        return "byte order mark"
    if http_content_type_encoding(content_type) == encoding.used:
        return "Content-Type header"
    return "label in the page" if html_body_declared_encoding(body[:_HEAD_BYTES]) == encoding.used else "bytes"


def read_characters(body: bytes, encoding: Encoding) -> Iterator[tuple[str, int, int]]:
    """Yield each character of a body as `decode_page` reads it, with the offsets where its bytes begin and end.

    The characters are not in NFC yet, and control characters are among them.
    """
    order_mark = read_bom(body)[1] or b""
    decoder = codecs.getincrementaldecoder(encoding.used)(_LENIENT if encoding.used == _GB else "replace")
    start = len(order_mark)
    for end in range(start + 1, len(body) + 1):
        text = decoder.decode(body[end - 1 : end], end == len(body))
        for character in text:
            yield character, start, end
        start = end if text else start


def _printed_label(text: str | None) -> str | None:
    match = _LABEL.search(_COMMENT.sub("", text)) if text else None
    return match["label"].lower() if match else None


def _best_attempt(body: bytes, labels: Iterable[str | None]) -> _Attempt:
    """Decode by the first label that the bytes bear out, else by whatever loses least."""
    trusted = [label for label in labels if label and label not in _SILENT and label not in _NOT_FOR_PAGES]
    attempts: list[_Attempt] = []
    for codec in dict.fromkeys([*trusted, "utf-8", _GB]):
        attempt = _attempt(body, codec)
        if _is_borne_out(attempt, body):
            return attempt
        attempts.append(attempt)
    return min(attempts, key=lambda attempt: attempt.losses)


def _is_borne_out(attempt: _Attempt, body: bytes) -> bool:
    if attempt.codec == _GB:
        return not attempt.losses and not _reads_as_utf8(body)
    # GBK bytes hold next to no valid UTF-8, so a page with more Chinese than losses is a damaged UTF-8 page:
    # pages in UTF-8 that include a fragment in GBK do occur.
    return not attempt.losses or (attempt.codec == "utf-8" and len(_HAN.findall(attempt.text)) > attempt.losses)


def _reads_as_utf8(body: bytes) -> bool:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return len(_HAN.findall(text)) >= _ENOUGH_HAN


def _attempt(body: bytes, codec: str) -> _Attempt:
    text = body.decode(codec, _LENIENT if codec == _GB else "replace")
    losses = text.count("\ufffd")
    if losses and codec in {"utf-8", _GB}:
        losses = max(0, losses - body.count("\ufffd".encode(codec)))
    if codec == _GB:
        # Bytes A3 A0, a common indent: Python keeps the private character of the 2000 edition, browsers show U+3000.
        text = text.replace("\ue5e5", "\u3000")
    return _Attempt(codec=codec, text=text, losses=losses)


def _replace_in_gb18030(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    is_euro = error.object[error.start] == 0x80  # as in code page 936
    return ("€" if is_euro else "\ufffd", error.start + 1)


# Python takes error handlers by name only.
codecs.register_error(_LENIENT, _replace_in_gb18030)


def _tidy(text: str) -> str:
    if text.startswith("\ufeff"):
        text = text[1:]
    text = _CONTROLS.sub("", text)
    # A combining stroke would melt into the < or > before it; fields are normalised again when they are read.
    return text if "\u0338" in text else unicodedata.normalize("NFC", text)
