"""The article line: its bytes, its schema, its digests."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jsonschema

from crawler.lines import Provenance, article_schema, decode_line, encode_line, make_line, text_digest, utc_text
from tests.lines import ARTICLE, ORIGIN

SCHEMA_FILE = Path(__file__).parents[1] / "crawler" / "schema" / "article-1.0.0.json"


def test_a_line_survives_its_json() -> None:
    line = make_line(ARTICLE, ORIGIN)
    assert decode_line(encode_line(line)) == line


def test_the_same_line_gives_the_same_bytes() -> None:
    assert encode_line(make_line(ARTICLE, ORIGIN)) == encode_line(make_line(ARTICLE, ORIGIN))


def test_a_line_is_valid_by_its_schema() -> None:
    jsonschema.Draft202012Validator(article_schema()).validate(json.loads(encode_line(make_line(ARTICLE, ORIGIN))))


def test_the_schema_file_says_what_the_types_say() -> None:
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == json.loads(json.dumps(article_schema()))


def test_times_keep_their_zone_and_captures_are_in_utc() -> None:
    line = make_line(ARTICLE, ORIGIN)
    assert line.published_at == "2026-04-02T08:30:05+08:00"
    assert line.captured_at == line.first_seen_at == "2026-04-02T01:00:00.123Z"


def test_a_block_writes_only_the_keys_that_its_type_has() -> None:
    blocks = json.loads(encode_line(make_line(ARTICLE, ORIGIN)))["blocks"]
    assert [sorted(block) for block in blocks] == [["text", "type"], ["image", "type"]]


def test_a_line_outside_a_collection_has_no_version_and_no_pressmark() -> None:
    line = make_line(ARTICLE, Provenance(**{**_fields(ORIGIN), "version": None, "pressmark": None, "pictures": ()}))
    assert (line.version, line.first_seen_at, line.pressmark, line.images[0].pressmark) == (None, None, None, None)


def test_setting_the_text_anew_is_no_edit() -> None:
    wider = replace(ARTICLE, headline="太湖岸边　试种早稻 ", body=ARTICLE.body.replace("(", "（").replace(")", "）"))
    assert text_digest(wider) == text_digest(ARTICLE)


def test_another_word_in_a_caption_is_an_edit() -> None:
    other = replace(ARTICLE, images=(replace(ARTICLE.images[0], caption="稻苗。沈望舒 摄"),))
    assert text_digest(other) != text_digest(ARTICLE)


def test_the_line_of_a_moment_before_utc_midnight_bears_the_utc_day() -> None:
    assert utc_text(datetime(2026, 5, 1, 7, 59, tzinfo=timezone(timedelta(hours=8)))) == "2026-04-30T23:59:00.000Z"


def _fields(origin: Provenance) -> dict[str, object]:
    return {name: getattr(origin, name) for name in origin.__struct_fields__}
