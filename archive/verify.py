"""Check archive files: every byte that states something about another byte is compared with it.

Each check yields findings and changes nothing. A file is read once, from its first byte to its last, in bounded memory.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archive.cdxj import look_up
from archive.conformance import PROFILE, check_headers
from archive.errors import ArchiveError
from archive.findings import Finding
from archive.integrity import Message, check_codings, check_digest, is_digest_of, read_message
from archive.iteration import Fault, StoredRecord, iterate
from archive.pressmark import Pressmark
from archive.references import Citation, Indexed, References
from archive.surt import surt

WHOLE_BLOCK = frozenset({"resource", "conversion"})
# As the warcinfo record of our writer begins.
OURS = re.compile(rb"software: pressmark\b", re.IGNORECASE)
Fields = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedLine:
    """A line of another file that was made from records: `pressmarks` are those in it, `source` the id of its page's.

    `file` and `offset` say where the line begins, `text` is the line without its newline.
    """

    file: str
    offset: int
    text: bytes
    source: str
    pressmarks: tuple[Pressmark, ...]


def verify(  # noqa: PLR0913 - files of several kinds, and settings with defaults
    files: Iterable[Path],
    *,
    indexes: Iterable[Path] = (),
    lines: Iterable[CitedLine | Finding] | None = None,
    complete: bool = False,
    lines_complete: bool = True,
    on_file: Callable[[Path], None] | None = None,
) -> Iterator[Finding]:
    """Yield all findings of WARC and ARC files that belong together, of their indexes, and of lines made from them.

    `complete` says that the files are all there are: then each index line must lead to a record in them, each response
    must have a line, and each of `lines` its conversion record, unless `lines_complete` is False. What could not be
    read as a line comes as a finding.
    `on_file` is told of each file before it is read.
    """
    indexes = tuple(indexes)
    with References() as references:
        for path in files:
            if on_file:
                on_file(path)
            yield from check_file(path, references)
        yield from references.find_broken(is_indexed=_looking_up(indexes))
        for path in indexes:
            yield from check_index(path, references)
        if indexes:
            yield from references.find_misindexed(complete=complete)
        if lines is not None:
            yield from check_lines(lines, references, complete=complete and lines_complete)


def check_file(path: Path, references: References) -> Iterator[Finding]:
    """Yield the findings of a file that need no other file; what leads elsewhere goes into `references`."""
    name = path.name.removesuffix(".open")
    yield from check_records(iterate(path), name, references, finished=name == path.name)


def check_records(
    records: Iterable[StoredRecord | Fault], name: str, references: References, *, finished: bool = True
) -> Iterator[Finding]:
    """Yield the findings of the records and faults of one file."""
    references.begin_file(name, finished=finished)
    heads, exchanges = _Heads(), _Exchanges()
    for found in records:
        if isinstance(found, Fault):
            yield Finding(file=name, offset=found.offset, record_id=None, rule=found.rule, message=found.reason)
            continue
        fields = found.fields
        yield from _check_record(found, fields, heads)
        yield from exchanges.add(found, fields)
        yield from references.add(found, fields)
    yield from heads.settle()
    yield from exchanges.settle()
    references.end_file()


def check_index(path: Path, references: References) -> Iterator[Finding]:
    """Yield lines of a CDXJ file that cannot be read or are not sorted by bytes; the others go into `references`."""
    with path.open("rb") as file:
        yield from check_index_lines(file, path.name, references)


def check_index_lines(lines: Iterable[bytes] | BinaryIO, name: str, references: References) -> Iterator[Finding]:
    """Yield what `check_index` yields, of lines with their ends."""
    before, offset = b"", 0
    for line in lines:
        if line < before:
            message = f"{line[:60]!r} stands behind a greater line; sort the index by bytes (LC_ALL=C)"
            yield Finding(file=name, offset=offset, record_id=None, rule="index-order", message=message)
        indexed, message = _read_indexed(line)
        if indexed:
            references.add_index_line(indexed, name, offset)
        if indexed and message:
            yield Finding(file=name, offset=offset, record_id=None, rule="index-value", message=message)
        elif not indexed and not line.startswith((b"!", b" CDX")):
            message = f"{line[:60]!r} is no index line; write the index anew"
            yield Finding(file=name, offset=offset, record_id=None, rule="index-line", message=message)
        before = line
        offset += len(line)


def check_lines(
    lines: Iterable[CitedLine | Finding], references: References, *, complete: bool = True
) -> Iterator[Finding]:
    """Yield lines whose pressmarks do not lead to their records, or that are not equal to their conversion record."""
    for line in lines:
        if isinstance(line, Finding):
            yield line
            continue
        for mark in line.pressmarks:
            references.add_citation(_cite(mark, line))
        references.add_line(line.source, line.text, line.file, line.offset)
    yield from references.find_miscited()
    yield from references.find_unequal_lines(complete=complete)


def _check_record(record: StoredRecord, fields: Fields, heads: "_Heads") -> Iterator[Finding]:
    record_type = fields.get("warc-type", "").lower()
    broken = list(check_headers(record.version, record_type, record.headers))
    if len(record.block) and "content-type" not in fields and record_type not in {"continuation", "warcinfo"}:
        broken.append(("field-required", f"a {record_type} record with a block but without Content-Type"))
    if not record.crlf:
        broken.append(("record", "lines of the record's head end in LF and not in CRLF"))
    if value := fields.get("warc-block-digest"):
        broken.extend(check_digest("block", value, record.block, ((0, len(record.block)),)))
    message, payload_digest = None, fields.get("warc-payload-digest")
    framed = record_type == "response" or payload_digest
    if framed and fields.get("content-type", "").startswith("application/http"):
        message = read_message(record.block, request=record_type == "request")
    if record_type == "revisit":
        broken.extend(_check_revisit(record, fields))
    elif payload_digest:
        broken.extend(_check_payload(record, record_type, payload_digest, message))
    if message and record_type == "response":
        broken.extend(check_codings(message))
        cut = _check_truncation(record, message, fields.get("warc-truncated"))
        if cut and len(record.block) == message.body:
            heads.doubt(record, fields, _finding(record, fields, *cut))
        elif cut:
            broken.append(cut)
    elif record_type == "request" and record.block[:5] == b"HEAD ":
        heads.add(record, fields)
    for rule, text in broken:
        yield _finding(record, fields, rule, text)


def _check_payload(
    record: StoredRecord, record_type: str, value: str, message: Message | None
) -> Iterator[tuple[str, str]]:
    if message:
        spans = message.spans
    elif record_type in WHOLE_BLOCK:
        spans = ((0, len(record.block)),)
    else:
        return
    for rule, text in check_digest("payload", value, record.block, spans):
        hint = ""
        if rule == "payload-digest" and message and message.chunked:
            framed = is_digest_of(value, record.block, ((message.body, len(record.block)),))
            hint = ": it covers the chunks' framing too" if framed else ""
        yield rule, text + hint


def _check_revisit(record: StoredRecord, fields: Fields) -> Iterator[tuple[str, str]]:
    profile = PROFILE.fullmatch(fields.get("warc-profile", ""))
    if profile and profile[1] == "identical-payload-digest":
        if "warc-payload-digest" not in fields:
            yield "field-required", "an identical-payload-digest revisit without WARC-Payload-Digest"
        if len(record.block) and record.version == "WARC/1.1" and fields.get("warc-truncated", "").lower() != "length":
            yield "truncated", "a revisit that keeps the head alone must say WARC-Truncated: length"


def _is_rewritten(record: StoredRecord, message: Message) -> bool:
    """Tell whether the head was fitted to what was kept of the body, as Common Crawl does; it then keeps its own."""
    return b"\nx-crawl-" in record.block[: message.body].lower()


def _check_truncation(record: StoredRecord, message: Message, truncated: str | None) -> tuple[str, str] | None:
    if message.cut and not truncated:
        return "truncated", f"{message.cut}, but no WARC-Truncated"
    if truncated and message.full and message.spans and not _is_rewritten(record, message):
        return "truncated", f"WARC-Truncated: {truncated}, but the message is whole"
    return None


class _Heads:
    """Answers without a body whose head states a length: right if HEAD was asked, which the request record tells."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._doubts: list[tuple[frozenset[str], Finding]] = []

    def add(self, record: StoredRecord, fields: Fields) -> None:
        self._asked.update(_joined(record, fields))

    def doubt(self, record: StoredRecord, fields: Fields, finding: Finding) -> None:
        self._doubts.append((_joined(record, fields), finding))

    def settle(self) -> Iterator[Finding]:
        return (finding for names, finding in self._doubts if self._asked.isdisjoint(names))


class _Exchanges:
    """What our writer does beyond the standard: an exchange ends with its metadata, and each record names the warcinfo.

    By this a file is known to be cut where no record is torn.
    """

    def __init__(self) -> None:
        self._ours: bool | None = None
        self._open: dict[str, Finding] = {}
        self._url = ""

    def add(self, record: StoredRecord, fields: Fields) -> Iterator[Finding]:
        kind = fields.get("warc-type", "")
        if self._ours is None:
            self._ours = kind == "warcinfo" and OURS.match(bytes(record.block[:40])) is not None
        if not self._ours:
            return
        if kind != "warcinfo" and "warc-warcinfo-id" not in fields:
            yield _finding(record, fields, "field-required", f"a {kind} record of Pressmark without WARC-Warcinfo-ID")
        if kind in {"request", "response", "revisit"}:
            if kind in self._open:
                yield from self.settle()
            message = "no metadata record ends this exchange; the file may be cut, or records be lost"
            yield from self._compare(record, fields)
            self._open[kind] = _finding(record, fields, "exchange", message)
            return
        if kind == "metadata" and not _joined(record, fields).isdisjoint(
            f"<{finding.record_id}>" for finding in self._open.values()
        ):
            yield from self._compare(record, fields)
            self._open.clear()
        yield from self.settle()

    def _compare(self, record: StoredRecord, fields: Fields) -> Iterator[Finding]:
        url = fields.get("warc-target-uri", "")
        if self._open and url != self._url:
            yield _finding(record, fields, "exchange", f"{url} is not the address of its exchange, {self._url}")
        self._url = url

    def settle(self) -> Iterator[Finding]:
        last = list(self._open.values())[-1:]
        self._open.clear()
        yield from last


def _joined(record: StoredRecord, fields: Fields) -> frozenset[str]:
    """Return a record's id and those of the records of the same exchange that it names."""
    named = [value for name, value in record.headers if name.lower() == "warc-concurrent-to"]
    return frozenset({fields.get("warc-record-id", ""), *named})


def _finding(record: StoredRecord, fields: Fields, rule: str, message: str) -> Finding:
    record_id = fields.get("warc-record-id", "").strip("<>") or None
    return Finding(file=record.file, offset=record.offset, record_id=record_id, rule=rule, message=message)


def _read_indexed(line: bytes) -> tuple[Indexed | None, str]:
    """Return what a CDXJ line says, None where it is none; and what is wrong with its key, "" where nothing is."""
    try:
        key, stamp, text = line.decode().split(" ", 2)
        fields = json.loads(text)
        if not stamp.isdigit():
            return None, ""
        indexed = Indexed(
            url=str(fields["url"]),
            stamp=stamp,
            status=str(fields.get("status", "")),
            digest=str(fields.get("digest", "")),
            record_file=str(fields["filename"]),
            record_offset=int(fields["offset"]),
            record_length=int(fields["length"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, ""
    # The key of a request with a body bears that too.
    if "method" in fields or key == surt(indexed.url):
        return indexed, ""
    return indexed, f"the key {key[:80]!r} is not that of its address; write the index anew"


def _looking_up(indexes: tuple[Path, ...]) -> Callable[[str, str], bool] | None:
    if not indexes:
        return None

    def is_indexed(url: str, date: str) -> bool:
        stamp = "".join(character for character in date.partition(".")[0] if character.isdigit())
        try:
            return any(line.timestamp == stamp for path in indexes for line in look_up(path, url))
        except ArchiveError:
            return False

    return is_indexed


def _cite(mark: Pressmark, line: CitedLine) -> Citation:
    return Citation(
        id=mark.record_id,
        record_file=mark.file,
        record_offset=mark.offset,
        record_length=mark.length,
        payload_digest=mark.payload_digest,
        file=line.file,
        offset=line.offset,
    )
