"""The files that tell of a data set: manifest, descriptors, card, datasheet, checksums."""

from pathlib import Path

from crawler.views.export.card import make_card
from crawler.views.export.chart import make_chart
from crawler.views.export.dataset import DataSet
from crawler.views.export.datasheet import make_coverage, make_datasheet
from crawler.views.export.descriptors import SCHEMAS, croissant, data_package, json_schema, table_schema
from crawler.views.export.folder import CHECKSUMS, MANIFEST, hash_file, list_files
from crawler.views.export.manifest import as_json, make_manifest

CHART = "coverage.svg"


def describe(folder: Path, made: DataSet) -> None:
    """Write everything that is not data; the checksums last, over all other files."""
    (folder / SCHEMAS).mkdir()
    for table in made.tables:
        (folder / SCHEMAS / f"{table.name}.json").write_bytes(as_json(json_schema(table)))
        (folder / SCHEMAS / f"{table.name}.table.json").write_bytes(as_json(table_schema(table)))
    (folder / "datapackage.json").write_bytes(as_json(data_package(made)))
    (folder / "croissant.json").write_bytes(as_json(croissant(made)))
    (folder / "README.md").write_text(make_card(made), "utf-8")
    (folder / "datasheet.md").write_text(make_datasheet(made), "utf-8")
    (folder / "coverage.csv").write_text(make_coverage(made), "utf-8")
    (folder / CHART).write_text(make_chart(made), "utf-8")
    (folder / MANIFEST).write_bytes(make_manifest(made))
    sums = (f"{hash_file(folder / name)}  {name}\n" for name in list_files(folder) if name != CHECKSUMS)
    (folder / CHECKSUMS).write_text("".join(sums), "utf-8")
