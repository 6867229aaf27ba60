"""What changed between two versions of an article: the ledger's events, and the difference character by character."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

import msgspec

from crawler.errors import CrawlerError
from crawler.lines import ArticleLine, Moment, json_schema
from crawler.store.collection import Collection

CHANGE_SCHEMA = "pressmark.change/1.0.0"
EventType = Literal["new", "edited", "withdrawn", "restored"]
EventField = Literal["headline", "kicker", "source", "byline", "body", "captions"]

# What the conversion record of a withdrawal or a return says of its block; that of a line is plain JSON.
EVENT_TYPE = 'application/json;profile="pressmark.change"'

# Comparing two texts costs the product of their lengths; beyond this a passage counts as replaced whole.
_LARGEST_PRODUCT = 4_000_000


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="schema", tag=CHANGE_SCHEMA):
    """One line of the ledger `changes.jsonl`; keys whose value is empty or 0 are left out.

    `record_id` names the record that tells it: the conversion record of a line, or the answer that the article is gone
    or back. A withdrawal and a return stand in the WARC files too, each as a conversion record of that answer.
    An edit names the `fields` that differ and counts the characters that were `added` and `removed`.
    """

    type: EventType
    id: str
    version: int
    url: str
    at: Moment
    record_id: str
    fields: tuple[EventField, ...] = ()
    added: int = 0
    removed: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A passage that both texts share, or that was removed from the one or added in the other."""

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The fields that differ between two versions, and how many characters of their texts were added and removed."""

    fields: tuple[EventField, ...]
    added: int
    removed: int


def is_event(content_type: str) -> bool:
    """Tell whether a conversion record holds an event."""
    return content_type == EVENT_TYPE


def encode_event(event: Event) -> bytes:
    """Return the event as UTF-8 JSON without a newline."""
    return msgspec.json.encode(event)


def decode_event(text: bytes) -> Event:
    """Return the event for its JSON. Raises msgspec.MsgspecError for what is none."""
    return msgspec.json.decode(text, type=Event)


def read_events(collection: Collection) -> Iterator[tuple[Event, bytes]]:
    """Yield the events of a collection with their lines, the newest last. Raises CrawlerError for a damaged line."""
    if not collection.changes.exists():
        return
    decoder = msgspec.json.Decoder(Event)
    with collection.changes.open("rb") as file:
        for number, text in enumerate(file, 1):
            # A crawl may be writing its last line just now.
            if not text.endswith(b"\n"):
                return
            try:
                event = decoder.decode(text)
            except msgspec.MsgspecError as error:
                raise CrawlerError(
                    f"{collection.changes}: line {number} is no event ({error}); move {collection.state.name} away:"
                    " the next crawl makes state and lines again from the WARC files"
                ) from error
            yield event, text


def compare(before: ArticleLine, after: ArticleLine) -> Edit:
    """Return what a reader would find changed between two versions of an article."""
    old, new = texts_of(before), texts_of(after)
    fields = tuple(name for name in new if old[name] != new[name])
    added = removed = 0
    for name in fields:
        for span in spans(old[name], new[name]):
            added += len(span.text) if span.kind == "added" else 0
            removed += len(span.text) if span.kind == "removed" else 0
    return Edit(fields=fields, added=added, removed=removed)


def texts_of(line: ArticleLine) -> dict[EventField, str]:
    """Return the text of each field that `digests.text` covers, by the field's name."""
    return {
        "headline": line.headline or "",
        "kicker": line.kicker or "",
        "source": line.source.name if line.source else "",
        "byline": "、".join(f"{one.name} ({one.role})" for one in line.byline),
        "body": line.body,
        "captions": "\n".join(image.caption or "" for image in line.images),
    }


def spans(before: str, after: str) -> list[Span]:
    """Return two texts as one row of passages: first by paragraph, then by character where paragraphs differ."""
    old, new = before.split("\n"), after.split("\n")
    found: list[Span] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        # Each paragraph but the first brings the newline before it, so that nothing is lost between the passages.
        left = "".join(_with_break(old, n) for n in range(i, j))
        right = "".join(_with_break(new, n) for n in range(k, m))
        found += [Span("same", right)] if kind == "equal" and left == right else _by_character(left, right)
    return _joined(found)


def _with_break(paragraphs: list[str], number: int) -> str:
    return ("\n" if number else "") + paragraphs[number]


def _by_character(left: str, right: str) -> Iterator[Span]:
    if not left or not right or len(left) * len(right) > _LARGEST_PRODUCT:
        yield from (Span(kind, text) for kind, text in (("removed", left), ("added", right)) if text)  # type: ignore[arg-type]
        return
    for kind, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Span("same", left[i:j])
            continue
        if i < j:
            yield Span("removed", left[i:j])
        if k < m:
            yield Span("added", right[k:m])


def _joined(spans: list[Span]) -> list[Span]:
    """Return the passages with neighbours of one kind as one."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1].kind == span.kind:
            found[-1] = Span(span.kind, found[-1].text + span.text)
        elif span.text:
            found.append(span)
    return found


def change_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an event, as it is kept in `crawler/schema/change-1.0.0.json`."""
    return json_schema(Event, CHANGE_SCHEMA)
