"""Bring JSON of an earlier schema version up to the present one.

Within a major version fields are only ever added, so what an earlier line lacks is filled in with what stands for
"nothing there": null, an empty list, an empty object, false.
"""

import re
from typing import Any

import msgspec

# A name and a semantic version: pressmark.article/1.0.0.
_SCHEMA = re.compile(r"(?P<name>[a-z.]+)/(?P<major>\d+)\.\d+\.\d+")


def lift(value: Any, type_: type[msgspec.Struct], schema: str) -> Any:
    """Return the value with its `schema` set to the present one, and with the fields that it lacks.

    Raises ValueError where the value is of another schema, or of a later major version.
    """
    told = value.get("schema") if isinstance(value, dict) else None
    found, present = _SCHEMA.fullmatch(str(told)), _SCHEMA.fullmatch(schema)
    assert present
    if not found or found["name"] != present["name"]:
        raise ValueError(f"schema {told!r}: not {present['name']}")
    if int(found["major"]) > int(present["major"]):
        raise ValueError(f"schema {told}: newer than this Pressmark, which reads {schema}; upgrade it")
    return _fill({**value, "schema": schema}, msgspec.inspect.type_info(type_))


def _fill(value: Any, kind: msgspec.inspect.Type) -> Any:
    """Return the value with the missing fields of all its objects."""
    if isinstance(kind, msgspec.inspect.UnionType):
        inner = [one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType)]
        return _fill(value, inner[0]) if value is not None and len(inner) == 1 else value
    if isinstance(kind, msgspec.inspect.StructType) and isinstance(value, dict):
        filled = dict(value)
        for field in kind.fields:
            if field.encode_name in filled:
                filled[field.encode_name] = _fill(filled[field.encode_name], field.type)
            elif field.required:
                filled[field.encode_name] = _nothing(field.type)
        return filled
    if isinstance(kind, msgspec.inspect.VarTupleType) and isinstance(value, list):
        return [_fill(one, kind.item_type) for one in value]
    return value


def _nothing(kind: msgspec.inspect.Type) -> Any:
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return []
    if isinstance(kind, msgspec.inspect.DictType):
        return {}
    return False if isinstance(kind, msgspec.inspect.BoolType) else None
