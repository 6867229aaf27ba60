"""Data sets: what is in the folder, that the same lines give the same bytes, and what is never written over."""

import csv
import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from archive.pressmark import Pressmark
from crawler.article import read_articles
from crawler.errors import CrawlerError
from crawler.folding.changes import Event
from crawler.lines import ArticleLine, LinePage, encode_line
from crawler.takedowns import Takedowns
from crawler.views.export.choice import Choice
from crawler.views.export.columns import KEYS, arrow_schema, read_columns
from crawler.views.export.folder import list_files
from crawler.views.export.plan import Plan
from crawler.views.export.rows import BARE_SCHEMA, TEXT_SCHEMA, PictureRow
from tests.conftest import PRESSMARK, SAMPLE_TOML, Crawled, Run
from tests.lines import MARK, sample_line

Pressmarker = Callable[..., Run]


def line(
    number: int, *, branch: str = "js", version: int = 1, published: str | None = "2026-04-02", **more: Any
) -> ArticleLine:
    """A line of a branch; `published` is a day, or a time, or None."""
    url = f"http://www.{branch}.sample.test/news/{number}.html"
    at = f"{published}T08:30:05+08:00" if published and len(published) == 10 else published
    changes = {"id": f"sample:{branch}:{number}", "branch": branch, "url": url, "canonical_url": url}
    return replace(
        sample_line(), **{**changes, "version": version, "published_at": at, "pressmark": None, "images": ()} | more
    )


def event(number: int, type_: str, *, branch: str = "js", version: int = 1, **more: Any) -> Event:
    """An event of the ledger."""
    url = f"http://www.{branch}.sample.test/news/{number}.html"
    at, record = f"2026-05-{number % 28 + 1:02}T00:00:00.000Z", f"urn:uuid:{number}-{version}"
    return Event(type=type_, id=f"sample:{branch}:{number}", version=version, url=url, at=at, record_id=record, **more)  # type: ignore[arg-type]


LINES = (
    line(1),
    line(1, version=2, headline="太湖岸边早稻下田"),
    line(2, published="2026-03-31"),
    line(3, published=None, published_precision=None),
    line(4, branch="zj", published="2026-04-02T00:10:00+08:00"),
)
EVENTS = (event(1, "new"), event(1, "edited", version=2, fields=("headline",), added=2, removed=2), event(2, "new"))


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A collection of two branches: an edited article, one without a time, one of shortly after midnight."""
    return fill(tmp_path / "data" / "collections" / "sample", LINES, EVENTS)


def fill(folder: Path, lines: tuple[ArticleLine, ...], events: tuple[Event, ...] = ()) -> Path:
    """Write lines as a crawl does, all in one month of capture, and events."""
    (folder / "archive").mkdir(parents=True)
    for one in lines:
        path = folder / "articles" / (one.branch or "other") / "2026-04.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(encode_line(one) + b"\n")
    (folder / "changes.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in events))
    return folder


@pytest.fixture
def export(pressmark: Pressmarker, tmp_path: Path) -> Callable[..., Path]:
    """Export the collection of this test's folder, and return the folder of the data set."""

    def run(name: str, *words: str, code: int = 0) -> Path:
        done = pressmark("export", name, "--portal", str(SAMPLE_TOML), *words)
        assert done.returncode == code, done.stderr
        return tmp_path / name

    return run


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of JSON Lines."""
    return [json.loads(text) for text in gzip.decompress(path.read_bytes()).splitlines()]


def articles(made: Path) -> list[dict[str, Any]]:
    """Return the rows of all shards, in the order of their names."""
    return [row for path in sorted((made / "articles").rglob("*.gz")) for row in rows(path)]


def without_nulls(value: Any) -> Any:
    """Return a value without keys that are null: JSON and Parquet may differ in these."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def test_shards_are_by_branch_and_month_of_publication(collection: Path, export: Callable[..., Path]) -> None:
    made = export("out", "--versions")
    names = [path.relative_to(made / "articles").as_posix() for path in sorted((made / "articles").rglob("*.gz"))]
    assert names == ["js/2026-03.jsonl.gz", "js/2026-04.jsonl.gz", "js/undated.jsonl.gz", "zj/2026-04.jsonl.gz"]
    assert [one.version for one in read_articles(made / "articles/js/2026-04.jsonl.gz")] == [1, 2]
    assert sorted(read_articles(made), key=encode_line) == sorted(LINES, key=encode_line)


def test_an_article_stands_once_in_its_newest_version_unless_all_are_asked_for(
    collection: Path, export: Callable[..., Path]
) -> None:
    found = [(one["id"], one["version"]) for one in articles(export("out"))]
    assert found == [("sample:js:2", 1), ("sample:js:1", 2), ("sample:js:3", 1), ("sample:zj:4", 1)]


def test_lines_are_the_bytes_of_the_collection(crawled: Crawled, pressmark: Pressmarker, tmp_path: Path) -> None:
    data = crawled.folder.parent.parent
    done = pressmark("export", "out", "--versions", "--data", str(data), "--portal", str(SAMPLE_TOML))
    assert done.returncode == 0, done.stderr
    shards = sorted((tmp_path / "out" / "articles").rglob("*.gz"))
    found = [text for path in shards for text in gzip.decompress(path.read_bytes()).splitlines()]
    assert sorted(found) == sorted(crawled.line_texts())


@pytest.mark.parametrize("part", [(), ("--text-only",), ("--no-text",)])
def test_columns_hold_what_the_lines_hold(
    crawled: Crawled, pressmark: Pressmarker, tmp_path: Path, part: tuple[str, ...]
) -> None:
    words = ("--data", str(crawled.folder.parent.parent), "--portal", str(SAMPLE_TOML), *part)
    assert pressmark("export", "out", *words).returncode == 0
    made = tmp_path / "out"
    lines = articles(made)
    columns = [row for path in sorted((made / "parquet/articles").iterdir()) for row in pq.read_table(path).to_pylist()]
    assert without_nulls(columns) == without_nulls(lines)
    assert without_nulls(pq.read_table(made / "parquet/changes.parquet").to_pylist()) == without_nulls(
        rows(made / "changes.jsonl.gz")
    )
    schema = json.loads((made / "schema/articles.json").read_bytes())
    validator = jsonschema.Draft202012Validator(schema)
    assert [error.message for one in lines for error in validator.iter_errors(one)] == []


def test_the_columns_are_those_of_the_json_schema() -> None:
    path = Path(__file__).parents[1] / "crawler/schema/article-1.0.0.json"
    schema = json.loads(path.read_text("utf-8"))
    assert list(differences(arrow_schema(ArticleLine), schema, schema["$defs"])) == []


def differences(fields: Any, schema: dict[str, Any], definitions: dict[str, Any], at: str = "") -> Iterator[str]:
    """Yield where columns and JSON Schema differ in names, or in what may be null."""
    by_name = {field.name: field for field in fields}
    if set(by_name) != set(schema["properties"]):
        yield f"{at}: {sorted(set(by_name) ^ set(schema['properties']))}"
    for name, kind in schema["properties"].items():
        choices = kind.get("anyOf", [kind])
        nullable = {"type": "null"} in choices or name not in schema["required"]
        nullable = (nullable and "default" not in kind) or (nullable and kind.get("default") is None)
        if by_name[name].nullable != nullable:
            yield f"{at}{name}: nullable {by_name[name].nullable}"
        (inner,) = [resolve(one, definitions) for one in choices if one != {"type": "null"}]
        column = by_name[name].type
        if inner.get("type") == "array":
            inner, column = resolve(inner["items"], definitions), column.value_type
        if "properties" in inner:
            yield from differences(column, inner, definitions, f"{at}{name}.")
        elif "additionalProperties" in inner:
            assert {field.name for field in column} == set(KEYS)


def resolve(kind: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return definitions[kind["$ref"].rpartition("/")[2]] if "$ref" in kind else kind


def test_a_key_without_a_column_is_no_silent_loss() -> None:
    text = encode_line(sample_line()).replace(b'"origins":{', b'"origins":{"weather":"#sky",') + b"\n"
    with pytest.raises(Exception, match="does not fit the columns"):
        read_columns(text, arrow_schema(ArticleLine))


def test_a_month_of_a_branch_is_found_by_the_statistics_of_few_row_groups(
    tmp_path: Path, export: Callable[..., Path]
) -> None:
    lines = tuple(line(n, published=f"2026-{n // 1100 + 1:02}-15") for n in range(3300))
    fill(tmp_path / "data/collections/sample", lines)
    file = pq.ParquetFile(export("out") / "parquet/articles/js.parquet")
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    index = [column.path_in_schema for column in columns_of(groups[0])].index("published_at")
    statistics = [group.column(index).statistics for group in groups]
    ranges = [(one.min[:7], one.max[:7]) for one in statistics]
    assert ranges == [("2026-01", "2026-01"), ("2026-02", "2026-02"), ("2026-03", "2026-03")]


def columns_of(group: Any) -> list[Any]:
    return [group.column(number) for number in range(group.num_columns)]


def test_days_are_those_of_publication_and_what_has_none_is_counted(
    collection: Path, pressmark: Pressmarker, tmp_path: Path
) -> None:
    words = ("--since", "2026-04-01", "--until", "2026-04-02", "--json", "--portal", str(SAMPLE_TOML))
    told = json.loads(pressmark("export", "out", *words).stdout)
    assert (told["articles"], told["undated_left_out"]) == (2, 1)
    # Ten past midnight in Beijing is the day before in UTC.
    assert [one["id"] for one in articles(tmp_path / "out")] == ["sample:js:1", "sample:zj:4"]
    assert "no bound can tell: 1 article." in (tmp_path / "out/datasheet.md").read_text("utf-8")


def test_two_exports_are_equal_to_the_byte(collection: Path, export: Callable[..., Path], tmp_path: Path) -> None:
    first = export("first", "--with-images")
    # The same lines, found in other files and in another order.
    shutil.rmtree(collection)
    fill(collection, tuple(reversed(LINES)), EVENTS)
    path = collection / "articles/js/2026-04.jsonl"
    path.rename(path.with_name("2026-05.jsonl"))
    os.utime(collection / "articles", (1, 1))
    second = export("second", "--with-images")
    assert contents(first) == contents(second)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in list_files(folder)}


def test_checksums_name_every_file(collection: Path, export: Callable[..., Path]) -> None:
    made = export("out")
    listed = [text.split("  ") for text in (made / "SHA256SUMS").read_text("utf-8").splitlines()]
    assert [name for _, name in listed] == [name for name in list_files(made) if name != "SHA256SUMS"]
    assert all(hashlib.sha256((made / name).read_bytes()).hexdigest() == digest for digest, name in listed)
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=made, check=True)


def test_only_the_texts(collection: Path, export: Callable[..., Path]) -> None:
    row = articles(export("out", "--text-only"))[1]
    assert (row["schema"], row["headline"], row["body"]) == (TEXT_SCHEMA, "太湖岸边早稻下田", sample_line().body)
    assert "images" not in row
    assert "extractor" not in row


def test_without_texts_no_text_is_anywhere_in_the_folder(tmp_path: Path, export: Callable[..., Path]) -> None:
    full = replace(
        line(1),
        headline="甲乙丙", kicker="丁戊", subheadline="己庚", keywords=("辛壬",),
        body="正文一段", published_raw="四月二日",
        images=(replace(sample_line().images[0], caption="图注子丑", credit="寅卯", alt="辰巳", pressmark=None),),
        blocks=(replace(sample_line().blocks[0], text="正文一段"),),
    )  # fmt: skip
    fill(tmp_path / "data/collections/sample", (full,), (event(1, "new"),))
    made = export("out", "--no-text", "--format", "jsonl")
    (row,) = articles(made)
    assert row["schema"] == BARE_SCHEMA
    assert row["characters"] == {"headline": 3, "kicker": 2, "subheadline": 2, "body": 4, "captions": 4}
    assert row["digests"] == json.loads(encode_line(full))["digests"]
    whole = "".join(
        (gzip.decompress(content) if name.endswith(".gz") else content).decode()
        for name, content in contents(made).items()
    )
    secrets = ("甲乙丙", "丁戊", "己庚", "辛壬", "正文一段", "四月二日", "图注子丑", "寅卯", "辰巳")
    assert [secret for secret in secrets if secret in whole] == []


def test_withheld_articles_are_nowhere(collection: Path, export: Callable[..., Path]) -> None:
    # The address of the first version withholds both.
    (collection / "takedowns.txt").write_text(f"{LINES[0].url}\nsample:zj:4\n", "utf-8")
    groups = [
        {"article": f"sample:js:{n}", "version": v, "group": "sample:js:1", "original": "sample:js:1", "share": 0.9}
        for n, v in ((1, 2), (2, 1), (3, 1))
    ]
    text = "".join(json.dumps({"schema": "pressmark.reprint/1.0.0", "distance": 2, **one}) + "\n" for one in groups)
    (collection / "reprints.jsonl").write_text(text, "utf-8")
    made = export("out", "--versions", "--format", "jsonl")
    assert [one["id"] for one in articles(made)] == ["sample:js:2", "sample:js:3"]
    assert [one["id"] for one in rows(made / "changes.jsonl.gz")] == ["sample:js:2"]
    found = [(one["article"], one["group"], one["original"]) for one in rows(made / "reprints.jsonl.gz")]
    assert found == [("sample:js:2", "sample:js:2", None), ("sample:js:3", "sample:js:2", None)]
    assert not any(b'sample:js:1"' in gzip_or_plain(content) for content in contents(made).values())
    assert json.loads((made / "manifest.json").read_bytes())["counts"]["withheld"] == 2
    assert "takedown list: 2 articles." in (made / "datasheet.md").read_text("utf-8")


def test_articles_are_withheld_by_an_address_of_a_further_page_or_another_scheme(
    tmp_path: Path, export: Callable[..., Path]
) -> None:
    pages = tuple(LinePage(url=f"http://www.js.sample.test/1_{n}.html", pressmark=MARK) for n in (1, 2))
    several = replace(LINES[0], pages=pages)
    folder = fill(tmp_path / "data" / "collections" / "sample", (several, *LINES[2:]))
    names = (pages[1].url, LINES[2].url.replace("http://", "https://"))
    (folder / "takedowns.txt").write_text("\n".join(names), "utf-8")
    assert [one["id"] for one in articles(export("out"))] == ["sample:js:3", "sample:zj:4"]


def test_a_group_does_not_name_a_withheld_article_of_a_branch_that_is_left_out(
    collection: Path, export: Callable[..., Path]
) -> None:
    (collection / "takedowns.txt").write_text(f"{LINES[-1].url}\n", "utf-8")
    group = {"group": "sample:zj:4", "original": "sample:zj:4", "share": 0.9, "distance": 2}
    reprint = {"schema": "pressmark.reprint/1.0.0", "article": "sample:js:2", "version": 1, **group}
    (collection / "reprints.jsonl").write_text(json.dumps(reprint) + "\n", "utf-8")
    (found,) = rows(export("out", "--branch", "js", "--format", "jsonl") / "reprints.jsonl.gz")
    assert (found["group"], found["original"]) == ("sample:js:2", None)


def test_a_picture_on_the_list_is_not_copied(crawled: Crawled, pressmark: Pressmarker, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(crawled.folder, tmp_path / "data" / "collections" / "sample"))
    (url,) = {image.url for one in read_articles(folder) if one.id == "sample:js:227437" for image in one.images}
    (folder / "takedowns.txt").write_text(f"{url}\n", "utf-8")
    assert pressmark("export", "out", "--with-images", "--portal", str(SAMPLE_TOML)).returncode == 0
    (found,) = [row for row in rows(tmp_path / "out" / "images.jsonl.gz") if row["url"] == url]
    assert (found["file"], found["digest"]) == (None, None)


def gzip_or_plain(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def test_pictures_are_copied_once_and_joined(crawled: Crawled, pressmark: Pressmarker, tmp_path: Path) -> None:
    data = crawled.folder.parent.parent
    words = ("export", "out", "--with-images", "--data", str(data), "--portal", str(SAMPLE_TOML))
    assert pressmark(*words).returncode == 0
    made = tmp_path / "out"
    table = [msgspec.convert(row, PictureRow) for row in rows(made / "images.jsonl.gz")]
    pictures = {(one.id, number): image for one in read_articles(made) for number, image in enumerate(one.images)}
    assert {(row.article, row.image): row.url for row in table} == {key: image.url for key, image in pictures.items()}
    files = {row.file: row.digest for row in table if row.file}
    assert sorted(files) == [name for name in list_files(made) if name.startswith("images/")]
    assert len(files) == len(set(files.values())) > 10
    for name in files:
        assert hashlib.sha1((made / name).read_bytes()).hexdigest() == Path(name).stem
    assert {row.file is None for row in table if row.digest is None} == {True}


def test_a_picture_whose_record_is_gone_or_damaged_is_told(
    collection: Path, pressmark: Pressmarker, tmp_path: Path
) -> None:
    image = replace(sample_line().images[0], pressmark=replace_mark("nowhere.warc.gz"))
    with (collection / "articles/js/2026-04.jsonl").open("ab") as file:
        file.write(encode_line(line(9, images=(image,))) + b"\n")
    done = pressmark("export", "out", "--with-images", "--portal", str(SAMPLE_TOML))
    assert done.returncode == 3
    assert "Pictures that could not be copied: 1" in done.stdout
    assert "nowhere.warc.gz: no such WARC file" in done.stdout
    (row,) = rows(tmp_path / "out/images.jsonl.gz")
    assert (row["digest"], row["file"]) == (MARK.payload_digest, None)


def replace_mark(file: str) -> Pressmark:
    return Pressmark(file=file, offset=0, length=1, record_id="urn:uuid:9", payload_digest=MARK.payload_digest)


def test_the_descriptors_agree_with_the_files(collection: Path, export: Callable[..., Path]) -> None:
    made = export("out")
    package = json.loads((made / "datapackage.json").read_bytes())
    manifest = json.loads((made / "manifest.json").read_bytes())
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    listed = [(one["path"], one["bytes"], one["hash"]) for one in package["resources"]]
    files = [file for table in manifest["tables"] for file in table["files"]]
    assert listed == [(file["path"], file["bytes"], f"sha256:{file['sha256']}") for file in files]
    assert all((made / path).stat().st_size == size for path, size, _ in listed)
    assert len({one["name"] for one in package["resources"]}) == len(package["resources"])
    tables = [one for one in package["resources"] if one.get("type") == "table"]
    names = [[field["name"] for field in json.loads((made / one["schema"]).read_bytes())["fields"]] for one in tables]
    assert names[0] == list(ArticleLine.__struct_fields__)
    croissant = json.loads((made / "croissant.json").read_bytes())
    assert croissant["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert {field["name"] for field in croissant["recordSet"][0]["field"]} == set(ArticleLine.__struct_fields__)
    assert manifest["counts"]["articles"] == 4
    assert manifest["digest"] == package["id"]


def test_the_datasheet_tells_coverage_gaps_changes_and_the_notice(tmp_path: Path, export: Callable[..., Path]) -> None:
    events = (*EVENTS, event(2, "withdrawn", reason="status 410"), event(1, "withdrawn"), event(1, "restored"))
    fill(tmp_path / "data/collections/sample", LINES, events)
    made = export("out")
    sheet = (made / "datasheet.md").read_text("utf-8")
    assert "| 江苏 `js` | 3 | 3 | 2026-03-31 | 2026-04-02 | 2 of 3 | 1 |" in sheet
    assert "| `js` | 2026-03-31 | 2026-04-02 | 1 |" in sheet
    assert "| `sample:js:2` | 2026-05-03 00:00 | status 410 |" in sheet
    assert "刊用本网站稿件，务经书面授权。" in sheet
    assert "written authorisation only" in sheet
    with (made / "coverage.csv").open(encoding="utf-8") as file:
        days = [tuple(row.values()) for row in csv.DictReader(file)]
    assert days == [("js", "", "1"), ("js", "2026-03-31", "1"), ("js", "2026-04-02", "1"), ("zj", "2026-04-02", "1")]
    drawing = ElementTree.parse(made / "coverage.svg").getroot()
    cells = [one.text for one in drawing.iter("{http://www.w3.org/2000/svg}title")]
    assert cells == ["js 2026-03-31: 1", "js 2026-04-02: 1", "zj 2026-04-02: 1"]


def test_zstd_and_one_format_alone(collection: Path, export: Callable[..., Path]) -> None:
    made = export("out", "--compression", "zstd", "--format", "jsonl")
    assert len(list(read_articles(made))) == 4
    assert not (made / "parquet").exists()
    assert not (export("columns", "--format", "parquet") / "articles").exists()


def test_a_data_set_is_replaced_as_a_whole(collection: Path, export: Callable[..., Path]) -> None:
    export("out")
    made = export("out", "--branch", "zj")
    assert [one["id"] for one in articles(made)] == ["sample:zj:4"]
    assert [path.name for path in made.parent.iterdir() if path.name.startswith(".out")] == []


@pytest.mark.parametrize("thing", ["file", "folder", "notes in a data set", "other manifest"])
def test_what_pressmark_has_not_made_is_never_touched(
    collection: Path, pressmark: Pressmarker, tmp_path: Path, thing: str
) -> None:
    place = tmp_path / "out"
    words = ("export", "out", "--portal", str(SAMPLE_TOML))
    if thing == "file":
        place.write_text("Brief")
    elif thing == "notes in a data set":
        assert pressmark(*words).returncode == 0
        (place / "notes.md").write_text("我的笔记", "utf-8")
    else:
        place.mkdir()
        name = "manifest.json" if thing == "other manifest" else "letter.txt"
        (place / name).write_text('{"schema": "warc.manifest/1"}')
    before = contents(place) if place.is_dir() else {"": place.read_bytes()}
    done = pressmark(*words)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "name another folder" in done.stderr
    assert (contents(place) if place.is_dir() else {"": place.read_bytes()}) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--branch", "jss"), "did you mean js"),
        (("--branch", "national"), "no articles of it"),
        (("--since", "2027-01-01"), "no article was published within these days; 1 have no day of publication"),
        (("--since", "2027-01-01", "--until", "2026-01-01"), "exchange the two"),
        (("--text-only", "--no-text"), "choose one"),
        (("--compression", "brotli"), "take gzip or zstd"),
        (("--format", "csv"), "take jsonl, parquet"),
        (("--collection", "nowhere"), "no collection there"),
        (("--portal", "chinanews", "--collection", "sample"), "holds articles of sample"),
    ],
)
def test_a_wrong_choice_is_told_in_one_line(
    collection: Path, pressmark: Pressmarker, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = pressmark("export", "out", "--portal", str(SAMPLE_TOML), *words)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert told in done.stderr
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_a_folder_inside_the_collection_is_refused(collection: Path, pressmark: Pressmarker) -> None:
    done = pressmark("export", str(collection / "articles" / "out"), "--portal", str(SAMPLE_TOML))
    assert (done.returncode, "lies inside the collection" in done.stderr) == (2, True)


def test_a_collection_without_lines_is_told(tmp_path: Path, pressmark: Pressmarker) -> None:
    (tmp_path / "data/collections/sample/articles").mkdir(parents=True)
    done = pressmark("export", "out", "--portal", str(SAMPLE_TOML))
    assert (done.returncode, "no article lines there" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"{}\n", "js/2026-04.jsonl: byte 0: no article line"),
        (encode_line(LINES[0]) + b"\n" + encode_line(LINES[0]) + b"\n", "sample:js:1: version 1 stands twice"),
        (
            encode_line(LINES[0]).replace(b'"end_mark":true', b'"end_mark":7') + b"\n",
            "2026-04.jsonl: byte 0: no article",
        ),
    ],
)
def test_damaged_lines_are_named_and_nothing_is_left(
    collection: Path, pressmark: Pressmarker, tmp_path: Path, text: bytes, told: str
) -> None:
    (collection / "articles/js/2026-04.jsonl").write_bytes(text)
    done = pressmark("export", "out", "--portal", str(SAMPLE_TOML))
    assert (done.returncode, told in done.stderr) == (1, True), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_killed_export_leaves_the_old_data_set_and_the_next_one_cleans_up(
    tmp_path: Path, export: Callable[..., Path]
) -> None:
    fill(tmp_path / "data/collections/sample", LINES)
    made = export("out")
    before = contents(made)
    with (tmp_path / "data/collections/sample/articles/js/2026-05.jsonl").open("wb") as file:
        file.writelines(encode_line(line(n)) + b"\n" for n in range(100, 12_000))
    words = [str(PRESSMARK), "export", "out", "--portal", str(SAMPLE_TOML)]
    part = tmp_path / ".out.pressmark-part"
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL) as running:
        until = time.monotonic() + 60
        while not (part / "articles").exists() and time.monotonic() < until:
            time.sleep(0.01)
        busy = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
        running.send_signal(signal.SIGKILL)
    assert (busy.returncode, b"another export is writing it" in busy.stderr) == (75, True)
    assert contents(made) == before
    assert part.exists()
    export("out", "--branch", "zj")
    assert not part.exists()


def test_lines_that_are_still_being_written_are_left_out(collection: Path, export: Callable[..., Path]) -> None:
    with (collection / "articles/zj/2026-04.jsonl").open("ab") as file:
        file.write(encode_line(line(9, branch="zj"))[:200])
    assert len(articles(export("out", "--branch", "zj"))) == 1


def test_arrow_writes_no_nulls_where_the_schema_allows_none() -> None:
    table = read_columns(encode_line(replace(sample_line(), pressmark=None)) + b"\n", arrow_schema(ArticleLine))
    table.validate(full=True)
    assert table.schema.equals(arrow_schema(ArticleLine))
    assert table.column("pressmark").to_pylist() == [None]
    assert pa.types.is_struct(table.schema.field("extractor").type)


def test_a_rebuilt_collection_gives_the_same_data_set(crawled: Crawled, pressmark: Pressmarker, tmp_path: Path) -> None:
    folder = tmp_path / "data/collections/sample"
    shutil.copytree(crawled.folder, folder)
    words = ("--with-images", "--versions", "--portal", str(SAMPLE_TOML))
    assert pressmark("export", "before", *words).returncode == 0
    for name in ("articles", "indexes"):
        shutil.rmtree(folder / name)
    done = pressmark("rebuild", "--portal", str(SAMPLE_TOML))
    assert done.returncode == 0, done.stderr
    assert pressmark("export", "after", *words).returncode == 0
    assert contents(tmp_path / "before") == contents(tmp_path / "after")


def test_lines_that_are_replaced_meanwhile_are_told_and_not_mixed(collection: Path, tmp_path: Path) -> None:
    path = collection / "articles" / "js" / "2026-04.jsonl"
    with closing(Plan(tmp_path / "plan.sqlite", [path], Choice())) as plan:
        plan.fill(Takedowns(), lambda done, whole: None)
        shutil.copy(path, tmp_path / "other")
        (tmp_path / "other").replace(path)
        with pytest.raises(CrawlerError, match="was replaced while it was exported"):
            list(plan.lines(plan.shards()[0]))


def test_a_takedown_of_a_further_page_or_a_picture_holds(
    crawled: Crawled, pressmark: Pressmarker, tmp_path: Path
) -> None:
    shutil.copytree(crawled.folder, tmp_path / "data/collections/sample")
    found = list(read_articles(crawled.folder))
    paged = next(one for one in found if one.pages)
    pictured = next(one for one in found if any(image.pressmark for image in one.images) and one is not paged)
    number = next(n for n, image in enumerate(pictured.images) if image.pressmark)
    names = (paged.pages[0].url, pictured.images[number].url, "sample:js:1")
    (tmp_path / "data/collections/sample/takedowns.txt").write_text("\n".join(names), "utf-8")
    done = pressmark("export", "out", "--with-images", "--portal", str(SAMPLE_TOML), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["withheld"], told["unknown_takedowns"]) == (0, 1, ["sample:js:1"])
    assert paged.id not in {one["id"] for one in articles(tmp_path / "out")}
    pictures = {(one["article"], one["image"]): one for one in rows(tmp_path / "out" / "images.jsonl.gz")}
    assert pictures[pictured.id, number]["file"] is None
    assert "sample:js:1" in pressmark("export", "out", "--portal", str(SAMPLE_TOML)).stdout
