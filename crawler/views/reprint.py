"""One line of `reprints.jsonl`: an article that shares its text with others.

The names and their meaning are held by `crawler/schema/reprint-1.0.0.json`, which the tests compare with this type.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from crawler.errors import CrawlerError

SCHEMA: Literal["pressmark.reprint/1.0.0"] = "pressmark.reprint/1.0.0"


class Reprint(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a group of two or more.

    `group` is the smallest id in the group, `original` the id of the likely original: the one that was published first.
    `share` is the part of the article's text that the original has too (1.0 for the original), `distance` the number
    of bits, of 64, in which their simhashes differ.
    """

    schema: Literal["pressmark.reprint/1.0.0"] = SCHEMA
    article: str
    version: Annotated[int, msgspec.Meta(ge=0)]
    group: str
    original: str
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    distance: Annotated[int, msgspec.Meta(ge=0, le=64)]


def read_reprints(path: Path) -> Iterator[Reprint]:
    """Yield the lines of a file, none where it is missing. Raises CrawlerError for a line that is none."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(Reprint)
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            try:
                yield decoder.decode(text)
            except msgspec.MsgspecError as error:
                raise CrawlerError(
                    f"{path}: line {number} is no line of reprints ({error}); remove the file: it is made anew"
                ) from error


def reprint_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the line, as it is kept in `crawler/schema/reprint-1.0.0.json`."""
    _, definitions = msgspec.json.schema_components([Reprint], ref_template="#/$defs/{name}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **definitions.pop("Reprint"), "title": SCHEMA}
