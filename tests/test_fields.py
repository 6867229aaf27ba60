"""The pages that explain each field of the article line and of the change event."""

import hashlib
import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from crawler.folding.changes import Event, change_schema
from crawler.lines import ArticleLine, article_schema, decode_line
from crawler.reading.portals import load_portal
from docs import fields
from tests.conftest import Crawled
from tests.simulation import Crawl, make_portal

FOLDER = Path(__file__).parents[1]
SCHEMA_FILE = FOLDER / "crawler" / "schema" / "change-1.0.0.json"
TEXTS = tomllib.loads(fields.TEXTS.read_text("utf-8"))
BEGIN = datetime(2026, 9, 1, tzinfo=UTC)


def nested(schema: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """Return the properties of a schema and of its parts, by the names of the types."""
    return {name: schema["properties"], **{part: held["properties"] for part, held in schema.get("$defs", {}).items()}}


@pytest.mark.parametrize(("schema", "name"), [(article_schema(), "ArticleLine"), (change_schema(), "Event")])
def test_every_field_of_a_schema_is_explained(schema: dict[str, Any], name: str) -> None:
    for part, properties in nested(schema, name).items():
        assert list(TEXTS[part]) == list(properties), part
        assert all(text["says"] for text in TEXTS[part].values())


@pytest.mark.parametrize(("schema", "name"), [(article_schema(), "ArticleLine"), (change_schema(), "Event")])
def test_it_is_told_when_a_field_is_null_or_empty(schema: dict[str, Any], name: str) -> None:
    for part, properties in nested(schema, name).items():
        for field, kind in properties.items():
            may_be_empty = {"type": "null"} in kind.get("anyOf", ()) or ("default" in kind and field != "schema")
            told = TEXTS[part][field].keys() & {"empty", "left_out"}
            assert told or not may_be_empty, f"{part}.{field}"


def test_the_pages_are_current() -> None:
    pages = {"article.md": fields.render_article(), "changes.md": fields.render_changes()}
    for name, page in pages.items():
        assert (FOLDER / "docs" / name).read_text("utf-8") == page, "run python -m docs.fields"


def test_the_example_of_an_article_is_valid_and_has_something_in_every_field() -> None:
    text = fields.ARTICLE_EXAMPLE.read_bytes()
    line = decode_line(text)
    jsonschema.Draft202012Validator(article_schema()).validate(json.loads(text))
    assert not [name for name in line.__struct_fields__ if getattr(line, name) in (None, (), "")]
    assert line.digests.body == f"sha256:{hashlib.sha256(line.body.encode()).hexdigest()}"
    assert json.loads(msgspec.json.encode(line)) == json.loads(text)


def test_the_examples_of_events_are_valid_and_cover_each_type() -> None:
    events = [json.loads(text) for text in fields.CHANGE_EXAMPLES.read_bytes().splitlines()]
    for event in events:
        jsonschema.Draft202012Validator(change_schema()).validate(event)
    assert [event["type"] for event in events] == ["new", "edited", "withdrawn", "restored"]


def test_the_change_schema_file_says_what_the_types_say() -> None:
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == json.loads(json.dumps(change_schema()))


def test_the_events_of_a_portal_that_changes_are_valid() -> None:
    portal = load_portal(FOLDER / "tests" / "fixtures" / "portal" / "sample.toml")
    crawl = Crawl(portal=portal, world=make_portal(BEGIN, 12, a_day=3))
    crawl.run(BEGIN + timedelta(days=12))
    validator = jsonschema.Draft202012Validator(change_schema())
    for event in crawl.events:
        validator.validate(json.loads(msgspec.json.encode(event)))
    assert {event.type for event in crawl.events} >= {"new", "edited", "withdrawn"}


def test_lines_and_events_of_a_crawl_are_valid(crawled: Crawled) -> None:
    lines, events = crawled.lines(), (crawled.folder / "changes.jsonl").read_bytes().splitlines()
    for line in lines:
        jsonschema.Draft202012Validator(article_schema()).validate(line)
    for event in events:
        jsonschema.Draft202012Validator(change_schema()).validate(json.loads(event))
    assert len(events) == len(lines) > 60


@pytest.mark.parametrize("change", [{"type": "moved"}, {"at": "yesterday"}, {"fields": ["links"]}, {"schema": "1"}])
def test_what_is_no_event_is_refused(change: dict[str, object]) -> None:
    event = json.loads(fields.CHANGE_EXAMPLES.read_bytes().splitlines()[1])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(change_schema()).validate({**event, **change})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps({**event, **change}), type=Event)


def test_an_event_without_its_schema_is_read() -> None:
    event = json.loads(fields.CHANGE_EXAMPLES.read_bytes().splitlines()[0])
    del event["schema"]
    read = msgspec.json.decode(json.dumps(event), type=Event)
    assert json.loads(msgspec.json.encode(read))["schema"] == "pressmark.change/1.0.0"


def test_each_type_of_the_line_is_a_part_of_the_page() -> None:
    names = [part.cls.__name__ for part in fields.structs(ArticleLine)]
    page = fields.render_article()
    assert names[0] == "ArticleLine"
    assert all(f"\n## {name}\n" in page for name in names[1:])
