"""The records that an article line names: found, checked against their digests, decoded and read anew."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from archive.cdxj import look_up
from archive.errors import ArchiveError
from archive.files import OPEN_SUFFIX
from archive.integrity import check_digest, normal_digest, read_message
from archive.iteration import StoredRecord, iterate
from archive.pressmark import Pressmark
from archive.reader import Record, read_exchange, read_record
from archive.revisits import resolve
from crawler.folding.composing import decode_capture, read_decoded
from crawler.folding.outcome import CapturedPage
from crawler.lines import LinePage, Revisit
from crawler.reading.page import explain_encoding
from crawler.reading.places import PageText, Place
from crawler.reading.portals import Portal

Verdict = Literal["same", "differs", "bytes damaged", "record missing"]
SHOWN_BYTES = 24


class CheckedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record and whether it is the one that the pressmark names, with its digests made anew; `fault` says why not."""

    pressmark: Pressmark
    verdict: Verdict
    fault: str | None = None
    type: str | None = None
    url: str | None = None
    date: str | None = None
    digests: tuple[str, ...] = ()


class Decoding(msgspec.Struct, frozen=True, kw_only=True):
    """How a page's bytes became text: what the server said of them, the codings that were undone, the charset.

    `not_an_article` is the extractor's reason where it reads no article there.
    """

    status: int | None
    content_type: str | None
    transfer_codings: tuple[str, ...]
    content_codings: tuple[str, ...]
    payload_bytes: int
    body_bytes: int
    declared: str | None
    used: str
    decided_by: str
    replacement_chars: int
    not_an_article: str | None


class TracedPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of an article: the record that holds its payload, the revisit by which it was seen, and its decoding."""

    url: str
    record: CheckedRecord
    revisit: CheckedRecord | None
    decoding: Decoding | None


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """A traced page with what it says now; nothing where its bytes are missing or damaged."""

    told: TracedPage
    captured: CapturedPage | None = None

    @property
    def verdict(self) -> Verdict:
        """The worse one of record and revisit."""
        return worst([one.verdict for one in (self.told.record, self.told.revisit) if one])

    @property
    def body_is_payload(self) -> bool:
        """Whether offsets in the body are offsets in the payload, too."""
        return self.captured is not None and self.captured.captured.payload() == self._body

    @cached_property
    def text(self) -> PageText | None:
        """The characters of the page, None where its bytes are missing or damaged."""
        return PageText(self._body, self.captured.reading.encoding) if self.captured else None

    def bytes_at(self, place: Place) -> str:
        """Return the first bytes of a place in hexadecimal, with an ellipsis where there are more."""
        shown = self._body[place.offset : place.offset + min(place.length, SHOWN_BYTES)].hex(" ")
        return shown + (" …" if place.length > SHOWN_BYTES else "")

    @cached_property
    def _body(self) -> bytes:
        return self.captured.captured.body() if self.captured else b""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts, `same` for none."""
    found = set(verdicts)
    order: tuple[Verdict, ...] = ("record missing", "bytes damaged", "differs")
    return next((verdict for verdict in order if verdict in found), "same")


def check_record(folder: Path, mark: Pressmark) -> CheckedRecord:
    """Return what lies where a pressmark points to, its digests made anew."""
    try:
        record = read_record(folder, mark)
    except ArchiveError as error:
        return CheckedRecord(pressmark=mark, verdict=_verdict_on(folder, mark), fault=str(error))
    digests, faults = _check_digests(record, mark)
    return CheckedRecord(
        pressmark=mark,
        verdict="bytes damaged" if faults else "same",
        fault="; ".join(faults) or None,
        type=record.type,
        url=(record.value("WARC-Target-URI") or "").strip("<>") or None,
        date=record.value("WARC-Date"),
        digests=digests,
    )


def read_page_of(folder: Path, page: LinePage, portal: Portal, revisit: CheckedRecord | None = None) -> ReadPage:
    """Return a page of a line as it reads now; where it was seen by a revisit, with the head that came then."""
    if page.pressmark is None:
        mark = Pressmark(file="", offset=0, length=0, record_id="", payload_digest=None)
        missing = CheckedRecord(pressmark=mark, verdict="record missing", fault="the line names no record")
        return ReadPage(told=TracedPage(url=page.url, record=missing, revisit=None, decoding=None))
    record = check_record(folder, page.pressmark)
    told = TracedPage(url=page.url, record=record, revisit=revisit, decoding=None)
    if record.verdict != "same":
        return ReadPage(told=told)
    try:
        exchange = read_exchange(folder, page.pressmark)
        if revisit and revisit.verdict == "same":
            exchange = resolve(folder, read_exchange(folder, revisit.pressmark), page.pressmark)
        elif exchange.capture.url != page.url:
            # The record is of another address with the same payload.
            exchange = replace(exchange, capture=replace(exchange.capture, url=page.url))
        decoded = decode_capture(exchange.capture)
        captured = read_decoded(decoded, exchange, portal)
    except ArchiveError as error:
        damaged = msgspec.structs.replace(record, verdict="bytes damaged", fault=str(error))
        return ReadPage(told=msgspec.structs.replace(told, record=damaged))
    head, payload = exchange.capture.parts()
    body, content_type = exchange.capture.body(), head.value("content-type") if head else None
    decoding = Decoding(
        status=head.status if head else None,
        content_type=content_type,
        transfer_codings=head.tokens("transfer-encoding") if head else (),
        content_codings=head.tokens("content-encoding") if head else (),
        payload_bytes=len(payload),
        body_bytes=len(body),
        declared=decoded.encoding.declared,
        used=decoded.encoding.used,
        decided_by=explain_encoding(body, content_type, decoded.encoding),
        replacement_chars=decoded.encoding.replacement_chars,
        not_an_article=captured.reading.reason if captured else None,
    )
    return ReadPage(told=msgspec.structs.replace(told, decoding=decoding), captured=captured)


def find_revisit(folder: Path, url: str, revisit: Revisit, digest: str | None) -> CheckedRecord:
    """Return the revisit record that a line names by its id alone: by the index beside the files, else by reading them.

    `digest` is that of the payload that it refers to.
    """
    for index in sorted((folder.parent / "indexes").glob("*.cdxj")):
        for line in look_up(index, url):
            mark = Pressmark(
                file=line.file,
                offset=line.offset,
                length=line.length,
                record_id=revisit.record_id,
                payload_digest=digest,
            )
            if line.mime == "warc/revisit" and (found := check_record(folder, mark)).type:
                return found
    for path in sorted(folder.glob("*.warc*")):
        for record in iterate(path):
            named = record.fields.get("warc-record-id", "") if isinstance(record, StoredRecord) else ""
            if isinstance(record, StoredRecord) and named.strip("<>") == revisit.record_id:
                mark = Pressmark(
                    file=record.file,
                    offset=record.offset,
                    length=record.length,
                    record_id=revisit.record_id,
                    payload_digest=digest,
                )
                return check_record(folder, mark)
    nowhere = Pressmark(file="", offset=0, length=0, record_id=revisit.record_id, payload_digest=digest)
    return CheckedRecord(pressmark=nowhere, verdict="record missing", fault=f"{folder}: no file there holds it")


def _verdict_on(folder: Path, mark: Pressmark) -> Verdict:
    """Tell whether a record that cannot be read is damaged, or not there: no file, no more bytes, another record."""
    path = next((one for one in (folder / mark.file, folder / f"{mark.file}{OPEN_SUFFIX}") if one.is_file()), None)
    if path is None or path.stat().st_size <= mark.offset:
        return "record missing"
    found = next(iterate(path, start=mark.offset), None)
    whole = isinstance(found, StoredRecord) and found.offset == mark.offset
    return "record missing" if whole else "bytes damaged"


def _check_digests(record: Record, mark: Pressmark) -> tuple[tuple[str, ...], list[str]]:
    """Return a word on each digest, and what is wrong with them."""
    wanted = {"block": record.value("WARC-Block-Digest"), "payload": mark.payload_digest}
    message = read_message(record.block, request=False) if record.type == "response" else None
    spans = {"block": ((0, len(record.block)),), "payload": message.spans if message else ((0, len(record.block)),)}
    if record.type in {"revisit", "conversion"}:
        # Of a revisit the payload lies elsewhere; a conversion has none but its block.
        del wanted["payload"]
    told, faults = [], []
    for name, value in wanted.items():
        if value is None:
            continue
        broken = [why for rule, why in check_digest(name, value, record.block, spans[name]) if rule != "digest-form"]
        faults += broken
        told.append(f"{name} {value} {'does not hold' if broken else 'holds'}")
    stated = record.value("WARC-Payload-Digest")
    if stated and mark.payload_digest and normal_digest(stated) != normal_digest(mark.payload_digest):
        faults.append(f"the record states the payload digest {stated}, and not {mark.payload_digest}")
    return tuple(told), faults
