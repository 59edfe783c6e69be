"""JSON Schema (draft 2020-12) for the answers of agents: what schemas are taken, and what is wrong with a value.

Nothing is ever fetched: references lead to places of the schema itself. Regular expressions are not taken, since one
can be written that never ends. jsonschema is loaded with the first schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_MOST_PROBLEMS = 5
_LONGEST_PROBLEM = 300
# Keywords whose values are data, not schemas; and those whose keys are names.
_DATA = {"const", "default", "enum", "examples"}
_NAMED = {"$defs", "definitions", "dependentSchemas", "properties"}
_NOT_TAKEN = {
    "pattern": "regular expressions are not taken",
    "patternProperties": "regular expressions are not taken",
    "$id": "a schema has no other name here",
    "$anchor": "references lead to #/$defs/… alone",
    "$dynamicRef": "references lead to #/$defs/… alone",
    "$dynamicAnchor": "references lead to #/$defs/… alone",
}


def check(schema: Mapping[str, Any]) -> None:
    """Raises ValueError for a schema that cannot be used, with the place and the reason."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing.exceptions import Unresolvable

    for place, reason in _faults(schema, ""):
        raise ValueError(f"{place}: {reason}")
    try:
        Draft202012Validator.check_schema(schema)
        samples: tuple[Any, ...] = ({}, [], "", 0, None)
        # Where a reference leads shows when it is followed, and no sample has the field that it stands below.
        places = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
        followed = [{**places, "$ref": one} for one in sorted(set(_references(schema)))]
        for sample in samples:
            for one in (schema, *followed):
                problems(one, sample)
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path)) or "the schema"
        raise ValueError(f"{place}: {error.message[:_LONGEST_PROBLEM]}") from error
    except Unresolvable as error:
        raise ValueError("a $ref leads to a place that is not there") from error
    except RecursionError as error:
        raise ValueError("a $ref leads back to itself") from error


def problems(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What is wrong with a value, by place, the first few alone; nothing when it fits."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: the library's own would fetch what a reference names.
    validator = Draft202012Validator(dict(schema), registry=Registry())
    found: list[str] = []
    for error in validator.iter_errors(value):
        found.append(f"{error.json_path}: {error.message}"[:_LONGEST_PROBLEM])
        if len(found) == _MOST_PROBLEMS:
            break
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _references(one)
    if not isinstance(schema, Mapping):
        return
    for keyword, inner in schema.items():
        if keyword == "$ref" and isinstance(inner, str):
            yield inner
        elif keyword in _NAMED and isinstance(inner, Mapping):
            yield from _references(list(inner.values()))
        elif keyword not in _DATA:
            yield from _references(inner)


def _faults(schema: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(schema, list):
        for number, one in enumerate(schema):
            yield from _faults(one, f"{place}.{number}")
    if not isinstance(schema, Mapping):
        return
    for keyword, inner in schema.items():
        where = f"{place}.{keyword}".lstrip(".")
        if keyword in _NOT_TAKEN:
            yield where, _NOT_TAKEN[keyword]
        elif keyword == "$ref" and not str(inner).startswith(("#/$defs/", "#/definitions/")):
            yield where, "references lead to #/$defs/… alone"
        elif keyword in _NAMED and isinstance(inner, Mapping):
            for name, one in inner.items():
                yield from _faults(one, f"{where}.{name}")
        elif keyword not in _DATA:
            yield from _faults(inner, where)
