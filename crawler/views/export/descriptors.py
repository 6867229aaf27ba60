"""What programs read of a data set: JSON Schema and Table Schema of its tables, Data Package, Croissant."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from crawler.lines import ArticleLine, article_schema
from crawler.views.export.columns import KEYS, is_moment, optional
from crawler.views.export.dataset import DataSet, WrittenFile, WrittenTable, slug

# Where the schemas of the tables lie in the folder.
SCHEMAS = "schema"

# Not just "parquet": programs that know the name read all columns as plain values, and fail at the first list.
_FORMATS = {"jsonl": "jsonl", "parquet": "vnd.apache.parquet"}
_MEDIA_TYPES = {"jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}
_CROISSANT = "http://mlcommons.org/croissant/1.1"


def json_schema(table: WrittenTable) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a row."""
    if table.row_type is ArticleLine:
        return article_schema()
    _, definitions = msgspec.json.schema_components([table.row_type], ref_template="#/$defs/{name}")
    root = definitions.pop(table.row_type.__name__)
    # Every key is written, also where it is null or empty.
    root = {**root, "required": list(table.row_type.__struct_encode_fields__)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": table.name,
        "$defs": definitions,
    }


def table_schema(table: WrittenTable) -> dict[str, Any]:
    """Return the Table Schema (Data Package 2.0) of a table; what is nested stays an object or an array."""
    fields = inspect.type_info(table.row_type).fields  # type: ignore[attr-defined]
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [_table_field(field.encode_name, field.type) for field in fields],
        # An empty body is a body without characters, and no missing value.
        "missingValues": [],
    }


def data_package(made: DataSet) -> dict[str, Any]:
    """Return the Data Package (https://datapackage.org, version 2.0)."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": made.name,
        "id": made.digest,
        "title": made.title,
        "description": made.citation,
        "version": "1.0.0",
        "created": made.census.captured.last,
        "licenses": [{"name": "other", "title": licence(made)}],
        "sources": [{"title": made.portal.title}],
        "keywords": ["news", "中文", made.portal.title],
        "resources": [_resource(table, file) for table in made.tables for file in table.files],
    }


def croissant(made: DataSet) -> dict[str, Any]:
    """Return the description by Croissant 1.1 (https://docs.mlcommons.org/croissant)."""
    distribution: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    for table in made.tables:
        files = table.in_format("parquet") or table.in_format("jsonl")
        source = f"{table.name}-files"
        distribution += [_file_object(file) for file in files]
        distribution.append(
            {
                "@type": "cr:FileSet",
                "@id": source,
                "name": source,
                "description": table.about,
                "encodingFormat": _CROISSANT_FORMATS[files[0].format],
                "includes": [file.path for file in files],
            }
        )
        records.append(_record_set(table, source))
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _CROISSANT,
        "name": made.name,
        "alternateName": made.title,
        "description": made.citation,
        "license": licence(made),
        "url": f"urn:{made.digest}",
        "version": "1.0.0",
        "datePublished": made.last_captured_day,
        "inLanguage": "zh",
        "citeAs": made.citation,
        "creator": {"@type": "sc:Organization", "name": f"{made.portal.title}, archived with Pressmark"},
        "distribution": distribution,
        "recordSet": records,
    }


def licence(made: DataSet) -> str:
    """Return what is told of the right to use the texts: there is no licence."""
    notice = made.portal.notice
    told = f" The portal says, {notice.place}: {notice.text} ({notice.english})" if notice else ""
    return f"No licence is given with this data set: the texts belong to {made.portal.title} and its sources.{told}"


def _resource(table: WrittenTable, file: WrittenFile) -> dict[str, Any]:
    resource = {
        "name": slug(file.path),
        "path": file.path,
        "format": _FORMATS[file.format],
        "mediatype": _MEDIA_TYPES[file.format],
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }
    if file.format == "jsonl":
        # The schema lies in a file of its own: many resources share it.
        resource |= {"type": "table", "encoding": "utf-8", "schema": f"{SCHEMAS}/{table.name}.table.json"}
    return resource


def _table_field(name: str, kind: inspect.Type) -> dict[str, Any]:
    inner, nullable = optional(kind)
    field: dict[str, Any] = {"name": name, "type": _table_type(inner)}
    constraints: dict[str, Any] = {} if nullable else {"required": True}
    if isinstance(inner, inspect.LiteralType):
        constraints["enum"] = sorted(map(str, inner.values))
    return {**field, "constraints": constraints} if constraints else field


def _table_type(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.StructType | inspect.DataclassType | inspect.DictType):
        return "object"
    if isinstance(kind, inspect.VarTupleType):
        return "array"
    if isinstance(kind, inspect.BoolType):
        return "boolean"
    if isinstance(kind, inspect.IntType):
        return "integer"
    return "number" if isinstance(kind, inspect.FloatType) else "string"


def _file_object(file: WrittenFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": _CROISSANT_FORMATS[file.format],
        "sha256": file.sha256,
    }


def _record_set(table: WrittenTable, source: str) -> dict[str, Any]:
    fields = inspect.type_info(table.row_type).fields  # type: ignore[attr-defined]
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.about,
        "field": [_croissant_field(table.name, source, field.encode_name, field.type) for field in fields],
    }


def _croissant_field(table: str, source: str, name: str, kind: inspect.Type) -> dict[str, Any]:
    inner, _ = optional(kind)
    field: dict[str, Any] = {"@type": "cr:Field", "@id": f"{table}/{name}", "name": name}
    if isinstance(inner, inspect.VarTupleType):
        field |= _ARRAY
        inner, _ = optional(inner.item_type)
    place = {"fileSet": {"@id": source}, "extract": {"column": name}}
    leaves = list(_leaves(inner, ""))
    if leaves == [("", {}, inner)]:
        data_type = "sc:DateTime" if is_moment(kind) else _croissant_type(inner)
        return {**field, "dataType": data_type, "source": place}
    # One level, with a path into the value: readers of deeper levels fail where one of them is null.
    parts = [
        {
            "@type": "cr:Field",
            "@id": f"{table}/{name}/{path}",
            "name": f"{name}/{path}",
            **array,
            "dataType": _croissant_type(leaf),
            "source": {**place, "transform": {"jsonPath": path}},
        }
        for path, array, leaf in leaves
    ]
    return {**field, "subField": parts}


def _leaves(kind: inspect.Type, path: str) -> Iterator[tuple[str, dict[str, Any], inspect.Type]]:
    """Yield the paths to the plain values of a type; objects in lists inside of objects are left out."""
    before = f"{path}." if path else ""
    if isinstance(kind, inspect.StructType | inspect.DataclassType):
        for field in kind.fields:
            yield from _leaves(optional(field.type)[0], before + field.encode_name)
    elif isinstance(kind, inspect.DictType):
        for key in KEYS:
            yield before + key, {}, optional(kind.value_type)[0]
    elif isinstance(kind, inspect.VarTupleType):
        item, _ = optional(kind.item_type)
        if not isinstance(item, inspect.StructType | inspect.DataclassType):
            yield path, _ARRAY, item
    else:
        yield path, {}, kind


def _croissant_type(kind: inspect.Type) -> str:
    return _CROISSANT_TYPES.get(type(kind), "sc:Text")


_ARRAY: dict[str, Any] = {"isArray": True, "arrayShape": "-1"}
_CROISSANT_FORMATS = {"jsonl": "application/jsonlines", "parquet": "application/x-parquet"}
_CROISSANT_TYPES: dict[type[inspect.Type], str] = {
    inspect.BoolType: "sc:Boolean",
    inspect.IntType: "sc:Integer",
    inspect.FloatType: "sc:Float",
}
# The context that the specification's appendix gives.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
