"""JSON Schema (draft 2020-12) for the answers of agents: what schemas are taken, and what is wrong with a value.

Nothing is ever fetched: references lead to places of the schema itself. Regular expressions are not taken, since one
can be written that never ends; nor are more than 10,000 references followed for one value, since thirty lines that each
name the next twice would not end either. jsonschema is loaded with the first schema.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

_MOST_PROBLEMS = 5
_LONGEST_PROBLEM = 300
_MOST_FOLLOWED = 10_000
_TOO_MUCH = f"more than {_MOST_FOLLOWED:,} references have to be followed"
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


class _TooMuch(Exception):
    """A value takes more work than is done for one."""


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
                _problems(one, sample)
    except _TooMuch as error:
        raise ValueError(_TOO_MUCH) from error
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path)) or "the schema"
        raise ValueError(f"{place}: {error.message[:_LONGEST_PROBLEM]}") from error
    except Unresolvable as error:
        raise ValueError("a $ref leads to a place that is not there") from error
    except RecursionError as error:
        raise ValueError("a $ref leads back to itself") from error


def problems(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What is wrong with a value, by place, the first few alone; nothing when it fits."""
    try:
        return _problems(schema, value)
    except _TooMuch:
        return [_TOO_MUCH]


def _problems(schema: Mapping[str, Any], value: Any) -> list[str]:
    """Raises _TooMuch."""
    from referencing import Registry

    # An empty registry: the library's own would fetch what a reference names.
    validator = _counting()(dict(schema), registry=Registry())
    found: list[str] = []
    for error in validator.iter_errors(value):
        found.append(f"{error.json_path}: {error.message}"[:_LONGEST_PROBLEM])
        if len(found) == _MOST_PROBLEMS:
            break
    return found


def _counting() -> Any:
    """A validator for one value, which raises _TooMuch beyond what is followed for one."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    follow, count = Draft202012Validator.VALIDATORS["$ref"], itertools.count(1)

    def followed(*told: Any) -> Iterator[Any]:
        if next(count) > _MOST_FOLLOWED:
            raise _TooMuch
        yield from follow(*told) or ()

    return extend(Draft202012Validator, {"$ref": followed})


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
        reason = _fault(keyword, inner, inside=bool(place))
        if reason is not None:
            yield where, reason
        elif keyword in _NAMED and isinstance(inner, Mapping):
            for name, one in inner.items():
                yield from _faults(one, f"{where}.{name}")
        elif keyword not in _DATA:
            yield from _faults(inner, where)


def _fault(keyword: str, value: Any, *, inside: bool) -> str | None:
    if keyword == "$schema" and inside:
        # It would bring a validator of the library's own, which counts nothing.
        return "stands at the top alone"
    if keyword == "$ref" and not str(value).startswith(("#/$defs/", "#/definitions/")):
        return "references lead to #/$defs/… alone"
    return _NOT_TAKEN.get(keyword)
