"""Check a record's block against its digests and against the length that its HTTP message states.

The payload is the message body without chunks but with its content codings (WARC 1.1, 6.3.2), as far as it came.
Blocks may be memory maps: they are looked at in place and never copied as a whole.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

from archive.capture import CHUNK_SIZE, HEAD_END, STATUS_LINE, WITHOUT_BODY
from archive.iteration import StoredRecord
from archive.labels import DIGITS, encode_sha1
from archive.lengths import read_chunk_length, read_length

Block = bytes | mmap
Broken = tuple[str, str]

ALGORITHMS = {"md5": 128, "sha1": 160, "sha256": 256, "sha384": 384, "sha512": 512}
FRAMING = re.compile(rb"^(content-length|transfer-encoding|content-encoding)[ \t]*:[ \t]*([^\r\n]*)", re.I | re.M)
FOLD = re.compile(rb"\r?\n[ \t]+")
REPLAYABLE = frozenset({"identity", "gzip", "x-gzip", "deflate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The framing of an HTTP message: where in the block its payload lies.

    `status` is None for a request. `cut` says how the body falls short of what the head states, `full` is True where
    it is all there, and both are empty where the message ends with its connection. `codings` are the content codings.
    """

    status: int | None
    codings: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    body: int
    cut: str
    full: bool
    chunked: bool


def read_message(block: Block, *, request: bool) -> Message | None:
    """Return the framing of a block that holds an HTTP message, None where no whole HTTP/1 head is there."""
    end = HEAD_END.search(block)
    if end is None:
        return None
    status = None if request else STATUS_LINE.match(block)
    if status is None and not request:
        return None
    fields: dict[bytes, list[str]] = {}
    head = block[: end.end()]
    for name, value in FRAMING.findall(FOLD.sub(b" ", head) if b"\n " in head or b"\n\t" in head else head):
        fields.setdefault(name.lower(), []).extend(_tokens(value))
    code = int(status[1]) if status else None
    start, codings = end.end(), tuple(fields.get(b"content-encoding", ()))
    # RFC 9112, 6.3, in its order.
    if code is not None and (code in WITHOUT_BODY or code < 200):
        return _message(code, codings, (), start, full=True)
    transfer = fields.get(b"transfer-encoding", [])
    if transfer and transfer[-1] == "chunked" and CHUNK_SIZE.match(block, start):
        return _read_chunks(block, code, codings, start)
    lengths = set(fields.get(b"content-length", ())) if not transfer else set()
    stated = read_length(lengths.pop()) if len(lengths) == 1 else None
    if stated is None:
        return _message(code, codings, ((start, len(block)),), start)
    there = len(block) - start
    cut = f"{there} bytes of a body whose Content-Length is {stated}" if there < stated else ""
    return _message(code, codings, ((start, min(start + stated, len(block))),), start, cut=cut, full=not cut)


def check_digest(name: str, value: str, block: Block, spans: tuple[tuple[int, int], ...]) -> Iterator[Broken]:
    """Yield what is wrong with a labelled digest of these parts of a block; `name` is `block` or `payload`.

    Base32 and Base16 are read in either case, and told of where they are not as archives write them.
    """
    algorithm, _, text = value.partition(":")
    # As nearly all digests are written; the others are read below.
    if algorithm == "sha1" and encode_sha1(_hash(algorithm, block, spans)) == text:
        return
    algorithm = algorithm.lower().replace("-", "")
    bits = ALGORITHMS.get(algorithm)
    if bits is None:
        yield "digest-unknown", f"the {name} digest {value!r} is of an algorithm that cannot be computed here"
        return
    wanted = _read_digest(text, bits)
    if wanted is None:
        yield "field-value", f"the {name} digest {value!r} is no {algorithm} in Base32 or Base16"
        return
    if not _is_customary(algorithm, text):
        yield (
            "digest-form",
            f"the {name} digest {value!r}: sha1 stands in upper-case Base32, others in lower-case Base16",
        )
    if wanted != int.from_bytes(_hash(algorithm, block, spans), "big"):
        yield f"{name}-digest", f"the {name} does not have the digest {value}"


def is_digest_of(value: str, block: Block, spans: tuple[tuple[int, int], ...]) -> bool:
    """Tell whether a labelled digest is that of these parts of a block."""
    return not any(rule.endswith("-digest") for rule, _ in check_digest("payload", value, block, spans))


def digest_payload(record: StoredRecord) -> str | None:
    """Return the payload digest (sha1) of a response or resource as a header would state it, None where it has none."""
    record_type = record.fields.get("warc-type", "").lower()
    spans: tuple[tuple[int, int], ...] = ((0, len(record.block)),)
    if record_type == "response":
        message = read_message(record.block, request=False)
        spans = message.spans if message else ()
    elif record_type != "resource":
        return None
    return f"sha1:{encode_sha1(_hash('sha1', record.block, spans))}" if spans else None


def normal_digest(value: str) -> str:
    """Return a labelled digest in a form in which two of them can be compared; as it is where it cannot be read."""
    algorithm, _, text = value.partition(":")
    algorithm = algorithm.lower().replace("-", "")
    number = _read_digest(text, ALGORITHMS.get(algorithm, 0))
    return value if number is None else f"{algorithm}:{number:x}"


def check_codings(message: Message) -> Iterator[Broken]:
    """Yield the content codings that players do not undo; brotli depends on their set-up."""
    if not message.spans:
        return
    for coding in message.codings:
        if coding not in REPLAYABLE:
            yield "content-coding", f"Content-Encoding {coding}: not every player can undo it; ask for gzip alone"
    if len(message.codings) > 1:
        # pywb takes the list for the name of one coding, and shows the packed bytes.
        stacked = ", ".join(message.codings)
        yield (
            "content-coding",
            f"Content-Encoding {stacked}: players undo one coding and not several; ask for gzip alone",
        )


def _read_chunks(block: Block, code: int | None, codings: tuple[str, ...], start: int) -> Message:
    spans = []
    size, total = CHUNK_SIZE.match(block, start), len(block)
    cut = "a chunked body without its last chunk"
    while size:
        length = read_chunk_length(size[1])
        if length == 0:
            cut = ""
            break
        first = size.end()
        after = first + length
        spans.append((first, min(after, total)))
        ending = block[after : after + 2]
        after += 2 if ending == b"\r\n" else ending[:1] == b"\n"
        size = CHUNK_SIZE.match(block, after)
    return _message(code, codings, tuple(spans), start, cut=cut, full=not cut, chunked=True)


def _message(  # noqa: PLR0913 - the parts of a message
    status: int | None,
    codings: tuple[str, ...],
    spans: tuple[tuple[int, int], ...],
    body: int,
    *,
    cut: str = "",
    full: bool = False,
    chunked: bool = False,
) -> Message:
    return Message(status=status, codings=codings, spans=spans, body=body, cut=cut, full=full, chunked=chunked)


def _tokens(value: bytes) -> list[str]:
    return [token.strip() for token in value.decode("latin-1").lower().split(",") if token.strip()]


def _read_digest(text: str, bits: int) -> int | None:
    text = text.rstrip("=")
    if not text.isalnum() or not text.isascii() or not bits:
        return None
    try:
        if len(text) * 4 == bits:
            return int(text, 16)
        if len(text) == -(-bits // 5):
            return int(text.upper().translate(DIGITS), 32) >> (-bits % 5)
    except ValueError:
        pass
    return None


def _is_customary(algorithm: str, text: str) -> bool:
    if algorithm == "sha1":
        return len(text) == 32 and text == text.upper()
    return len(text) * 4 == ALGORITHMS[algorithm] and text == text.lower()


def _hash(algorithm: str, block: Block, spans: tuple[tuple[int, int], ...]) -> bytes:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    if spans == ((0, len(block)),):
        digest.update(block)
    else:
        with memoryview(block) as view:
            for start, end in spans:
                digest.update(view[start:end])
    return digest.digest()
