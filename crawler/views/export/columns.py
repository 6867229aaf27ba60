"""The columns of a Parquet file: Arrow types made of the types of the rows, nested as they are.

A time stays the text that it is in the lines, with its zone: a Parquet timestamp keeps no zone of its own, and the day
of an article of half past midnight in Beijing would be the day before.
"""

import io
from dataclasses import fields

import msgspec
import pyarrow as pa
import pyarrow.json as arrow_json
from msgspec import inspect

from crawler.errors import CrawlerError
from crawler.reading.article import Article

# `extractor.origins` and `extractor.confidence` are keyed by the fields of the article, so each is a struct of these,
# null for a field that has none: Hugging Face datasets know no maps, and `origins.headline` is easier to ask for.
KEYS = tuple(
    field.name
    for field in fields(Article)
    if field.name not in {"layout", "origins", "confidence", "damage", "warnings"}
)


def arrow_schema(row_type: type[msgspec.Struct]) -> pa.Schema:
    """Return the Arrow schema of a row; a field that may be null in the JSON may be null in the column, no other."""
    return pa.schema(_fields(inspect.type_info(row_type)))


def read_columns(lines: bytes, schema: pa.Schema) -> pa.Table:
    """Return lines of JSON as columns. Raises CrawlerError for a key that the schema does not have."""
    try:
        table = arrow_json.read_json(
            io.BytesIO(lines),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            parse_options=arrow_json.ParseOptions(
                explicit_schema=pa.schema([_with_nulls(field) for field in schema]), unexpected_field_behavior="error"
            ),
        )
    except pa.ArrowInvalid as error:
        raise CrawlerError(f"a line does not fit the columns ({error}); it may be of another Pressmark") from error
    columns = [_strict(column.combine_chunks(), field) for column, field in zip(table.columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


def _with_nulls(field: pa.Field) -> pa.Field:
    """Return a field that may be null in all its parts: Arrow's reader wants them so where a struct may be null."""
    kind = field.type
    if pa.types.is_struct(kind):
        kind = pa.struct([_with_nulls(part) for part in kind])
    elif pa.types.is_list(kind):
        kind = pa.list_(_with_nulls(kind.value_field))
    return pa.field(field.name, kind)


def _strict(column: pa.Array, field: pa.Field) -> pa.Array:
    """Return a column with the field's own type; Arrow writes no null there, not even inside a struct that is null."""
    kind = field.type
    if pa.types.is_struct(kind):
        parts = [_strict(part, inner) for part, inner in zip(column.flatten(), kind, strict=True)]
        return pa.StructArray.from_arrays(parts, fields=list(kind), mask=column.is_null() if field.nullable else None)
    if pa.types.is_list(kind):
        values = _strict(column.values, kind.value_field)
        return pa.ListArray.from_arrays(column.offsets, values, type=kind)
    if field.nullable or not column.null_count:
        return column
    return column.fill_null("" if pa.types.is_string(kind) else 0)


def optional(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    """Return a type without None and without its metadata, and whether None was in it."""
    kind = _plain(kind)
    if not isinstance(kind, inspect.UnionType):
        return kind, False
    inner = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    if len(inner) != 1:
        raise TypeError(f"{kind}: no column holds several types")
    return _plain(inner[0]), len(inner) < len(kind.types)


def is_moment(kind: inspect.Type) -> bool:
    """Tell whether a text is a time by RFC 3339."""
    parts = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    told = (part.extra_json_schema for part in parts if isinstance(part, inspect.Metadata))
    return any(schema == {"format": "date-time"} for schema in told)


def _plain(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _fields(kind: inspect.Type) -> list[pa.Field]:
    if not isinstance(kind, inspect.StructType | inspect.DataclassType):
        raise TypeError(f"{kind}: no row")
    return [_field(field.encode_name, field.type) for field in kind.fields]


def _field(name: str, kind: inspect.Type) -> pa.Field:
    inner, nullable = optional(kind)
    # Told in the file, too: the column is text, and this is what stands in it.
    metadata = {"format": "date-time"} if is_moment(kind) else None
    return pa.field(name, _arrow(inner), nullable=nullable, metadata=metadata)


def _arrow(kind: inspect.Type) -> pa.DataType:
    if isinstance(kind, inspect.StructType | inspect.DataclassType):
        return pa.struct(_fields(kind))
    if isinstance(kind, inspect.VarTupleType):
        return pa.list_(_field("element", kind.item_type))
    if isinstance(kind, inspect.DictType):
        return pa.struct([pa.field(key, _arrow(_plain(kind.value_type))) for key in KEYS])
    if type(kind) not in _PLAIN:
        raise TypeError(f"{kind}: no column for it")
    return _PLAIN[type(kind)]


_PLAIN = {
    inspect.BoolType: pa.bool_(),
    inspect.IntType: pa.int64(),
    inspect.FloatType: pa.float64(),
    inspect.StrType: pa.string(),
    inspect.LiteralType: pa.string(),
}
