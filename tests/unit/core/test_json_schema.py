"""Schemas of answers: which are taken, and what is wrong with values."""

from __future__ import annotations

import re
from typing import Any

import pytest

from leadflow.core import json_schema

PERSON = {
    "type": "object",
    "properties": {"pattern": {"type": "string"}, "friends": {"type": "array", "items": {"$ref": "#/$defs/name"}}},
    "required": ["pattern"],
    "$defs": {"name": {"type": "string", "maxLength": 3}},
}


def test_what_is_wrong_is_told_by_place() -> None:
    json_schema.check(PERSON)

    assert json_schema.problems(PERSON, {"pattern": "a", "friends": ["bob"]}) == []
    found = json_schema.problems(PERSON, {"friends": ["bobby"]})
    assert sorted(one.split(":")[0] for one in found) == ["$", "$.friends[0]"]


def test_only_the_first_problems_are_told() -> None:
    assert len(json_schema.problems({"items": {"type": "null"}}, list(range(50)))) == 5


def test_a_schema_may_refer_to_itself_below() -> None:
    tree = {"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}}

    json_schema.check(tree)
    assert json_schema.problems(tree, {"next": {"next": {}}}) == []


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "thing"}, "type"),
        ({"minimum": "3"}, "minimum"),
        ({"pattern": "a"}, "regular expressions"),
        ({"properties": {"a": {"items": {"patternProperties": {}}}}}, "properties.a.items.patternProperties"),
        ({"allOf": [{"pattern": "a"}]}, "allOf.0.pattern"),
        ({"$ref": "https://example.com/schema"}, "references lead to"),
        ({"$ref": "#/$defs/gone"}, "not there"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "back to itself"),
        ({"properties": {"a": {"contains": {"$ref": "#/$defs/gone"}}}}, "not there"),
        (
            {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}},
            "back to itself",
        ),
        ({"$id": "https://example.com/"}, "no other name"),
        ({"items": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}, "items.$schema: stands at the top"),
        (
            {
                "$ref": "#/$defs/1",
                "$defs": {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(1, 40)} | {"40": {}},
            },
            "more than 10,000 references",
        ),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_the_reason(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        json_schema.check(schema)


def test_an_answer_that_would_take_for_ever_to_check_does_not_fit() -> None:
    deeper = {"properties": {"next": {"$ref": "#/$defs/node"}}}
    tree = {"$ref": "#/$defs/node", "$defs": {"node": {"allOf": [deeper, deeper]}}}
    answer: dict[str, Any] = {}
    for _ in range(40):
        answer = {"next": answer}

    json_schema.check({"$schema": "https://json-schema.org/draft/2020-12/schema", **tree})
    assert json_schema.problems(tree, answer) == ["more than 10,000 references have to be followed"]


def test_names_and_data_are_no_keywords() -> None:
    json_schema.check({"properties": {"$ref": {"const": {"pattern": "x"}}}, "default": {"$id": "y"}})
