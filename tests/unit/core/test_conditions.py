"""The condition language: what may be written, what each op means, and that facts can never break it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import pytest

from leadflow.core.conditions import (
    ACTION,
    AUDIENCE,
    SEQUENCE_STEP,
    TRIGGER_FILTER,
    FieldCatalog,
    evaluate,
    explain,
    validate,
)
from leadflow.core.errors import InvalidInput

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
EVERYTHING = FieldCatalog(frozenset({"lead", "trigger", "actions", "steps"}))


def leaf(field: str, op: str, *value: object) -> dict[str, object]:
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


def lead(**fields: object) -> dict[str, object]:
    return {"lead": fields}


def holds(field: str, op: str, value: object, facts: Mapping[str, object]) -> bool:
    condition = leaf(field, op) if value is None else leaf(field, op, value)
    validate(condition, EVERYTHING)
    return evaluate(condition, facts, NOW)


def faults(condition: object, fields: FieldCatalog = EVERYTHING, where: str = "condition") -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        validate(condition, fields, where)
    return [path for path, _ in refused.value.errors]


class TestStructure:
    def test_no_condition_always_holds(self) -> None:
        validate(None, AUDIENCE)
        assert evaluate(None, {}, NOW)
        assert explain(None, {}, NOW).as_dict() == {"kind": "always", "verdict": True, "parts": []}

    def test_an_empty_all_holds_and_an_empty_any_does_not(self) -> None:
        for condition, expected in (({"all": []}, True), ({"any": []}, False), ({"not": {"any": []}}, True)):
            validate(condition, AUDIENCE)
            assert evaluate(condition, {}, NOW) is expected

    @pytest.mark.parametrize("nothing", [{}, [], "", 0, False, "lead.score > 5", [{"all": []}]])
    def test_an_empty_object_or_another_type_is_refused(self, nothing: object) -> None:
        assert faults(nothing) == ["condition"]

    @pytest.mark.parametrize(
        ("condition", "path"),
        [
            ({"all": [leaf("lead.score", "gte", 1), leaf("lead.score", "over", 1)]}, "condition.all.1.op"),
            ({"any": [{"not": leaf("lead.rank", "eq", 1)}]}, "condition.any.0.not.field"),
            ({"all": {"field": "lead.score"}}, "condition.all"),
            ({"any": None}, "condition.any"),
            ({"not": []}, "condition.not"),
            ({"all": [{"any": [{}]}]}, "condition.all.0.any.0"),
            ({"all": [], "any": []}, "condition.any"),
            ({"not": {"all": []}, "why": 1}, "condition.why"),
            ({**leaf("lead.score", "eq", 1), "case": "sensitive"}, "condition.case"),
            ({"op": "exists"}, "condition.field"),
            ({"field": "lead.name"}, "condition.op"),
            ({"field": ["lead.name"], "op": "exists"}, "condition.field"),
            ({"field": "lead.name", "op": ["exists"]}, "condition.op"),
            (leaf("lead.name", "eq"), "condition.value"),
            (leaf("lead.name", "exists", True), "condition.value"),
            (leaf("lead.tags", "in", ["a", 5, "b", " "]), "condition.value.1"),
        ],
    )
    def test_the_exact_path_is_named(self, condition: object, path: str) -> None:
        assert path in faults(condition)

    def test_every_fault_is_named_under_the_path_the_caller_gives(self) -> None:
        condition = {"all": [leaf("lead.score", "gte", "high"), leaf("lead.nme", "exists"), {"all": [3]}]}
        assert faults(condition, AUDIENCE, "trigger_config.filters") == [
            "trigger_config.filters.all.0.value",
            "trigger_config.filters.all.1.field",
            "trigger_config.filters.all.2.all.0",
        ]

    def test_ten_levels_are_the_deepest(self) -> None:
        def nested(levels: int) -> dict[str, object]:
            return leaf("lead.name", "exists") if levels == 1 else {"not": nested(levels - 1)}

        validate(nested(10), AUDIENCE)
        assert faults(nested(11)) == ["condition" + ".not" * 10]
        assert faults(nested(300)) == ["condition" + ".not" * 10]

    def test_a_hundred_leaves_are_the_most(self) -> None:
        half = {"any": [leaf("lead.name", "exists")] * 50}
        validate({"all": [half, half]}, AUDIENCE)
        assert faults({"all": [half, half, leaf("lead.name", "exists")]}) == ["condition"]
        assert faults({"all": [{"all": []}] * 101}) == ["condition"]
        assert "condition" in faults({"all": [7] * 100_000})

    def test_lists_and_texts_have_bounds(self) -> None:
        validate(leaf("lead.tags", "in", ["a"] * 1000), AUDIENCE)
        validate(leaf("lead.notes", "contains", "x" * 1000), AUDIENCE)
        assert faults(leaf("lead.tags", "in", ["a"] * 1001)) == ["condition.value"]
        assert faults(leaf("lead.tags", "in", [])) == ["condition.value"]
        assert faults(leaf("lead.notes", "contains", "x" * 1001)) == ["condition.value"]
        assert len(faults(leaf("lead.tags", "in", [0] * 1000))) == 20


class TestFields:
    @pytest.mark.parametrize(
        ("field", "legal_in"),
        [
            ("lead.email", {"audience", "trigger", "action", "step"}),
            ("lead.custom.city", {"audience", "trigger", "action", "step"}),
            ("trigger.form.answers.0", {"trigger", "action"}),
            ("actions.01J8.output.intent", {"action"}),
            ("steps.1.opened", {"step"}),
            ("lead", set()),
            ("lead.custom", set()),
            ("lead.password", set()),
            ("lead.name.first", set()),
            ("lead.", set()),
            ("trigger", set()),
            ("trigger..x", set()),
            ("actions.01J8.output", set()),
            ("actions.01J8.input.x", set()),
            ("steps.0.opened", set()),
            ("steps.01.opened", set()),
            ("steps.one.opened", set()),
            ("steps.1.seen", set()),
            ("steps.1", set()),
            ("", set()),
            ("Lead.name", set()),
            ("trigger." + "x" * 500, set()),
            ("trigger" + ".x" * 20, set()),
        ],
    )
    def test_each_place_has_its_fields(self, field: str, legal_in: set[str]) -> None:
        places = {"audience": AUDIENCE, "trigger": TRIGGER_FILTER, "action": ACTION, "step": SEQUENCE_STEP}
        assert {name for name, place in places.items() if place.find(field)} == legal_in

    def test_a_place_may_know_its_actions_and_its_earlier_steps(self) -> None:
        known = FieldCatalog(frozenset({"actions"}), action_ids=frozenset({"a1"}))
        validate(leaf("actions.a1.output.x", "exists"), known)
        assert faults(leaf("actions.a2.output.x", "exists"), known) == ["condition.field"]

        third = FieldCatalog(frozenset({"steps"}), first_steps=2)
        validate(leaf("steps.2.clicked", "eq", True), third)
        assert faults(leaf("steps.3.clicked", "eq", True), third) == ["condition.field"]

    @pytest.mark.parametrize(
        ("field", "op", "good", "bad"),
        [
            ("lead.status", "eq", ["new", "closed_lost"], ["bogus", "New", "", 1, None, ["new"]]),
            ("lead.budget", "in", [["under_5k", "500k_plus"]], [["5k"], "under_5k", [None]]),
            ("lead.score", "gte", [0, 99.5, Decimal("7"), -1], ["50", True, None, [50], float("nan"), float("inf")]),
            ("lead.score", "in", [[1, 2]], [["1"], [True], 1]),
            ("lead.score", "lt", [10**30], [10**31, 1e31, Decimal("1e31"), Decimal("nan")]),
            ("lead.name", "eq", ["Ada"], [1, True, " ", {"a": 1}]),
            ("lead.email", "ends_with", ["@example.com"], [5, ""]),
            ("lead.tags", "contains", ["vip"], [5, ["vip"]]),
            ("lead.created_at", "before", ["2026-01-31", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.123456789+05:30"],
             ["2026-01-31T10:00:00", "2026-02-30", "20260131", "soon", 1767225600, "2026-01-31T25:00:00Z", "2026-W05"]),
            ("lead.created_at", "within_days", [1, -3650, 7.0], [0, 0.5, 1.5, 3651, "7", True, None]),
            ("trigger.amount", "gt", [5], ["5", True]),
            ("trigger.flag", "eq", [True, 1, "yes"], [None, [], {}, ""]),
            ("trigger.list", "contains", [1, "a", False], [None, ["a"]]),
            ("steps.1.opened", "eq", [True, False], ["true", 1]),
            ("steps.1.status", "ne", ["bounced"], ["read"]),
        ],
    )  # fmt: skip
    def test_values_are_of_the_type_the_field_and_op_want(
        self, field: str, op: str, good: list[object], bad: list[object]
    ) -> None:
        for value in good:
            validate(leaf(field, op, value), EVERYTHING)
        for value in bad:
            assert all(path.startswith("condition.value") for path in faults(leaf(field, op, value)))

    @pytest.mark.parametrize(
        ("field", "op"),
        [
            ("lead.budget", "gte"),
            ("lead.timeline", "contains"),
            ("lead.status", "starts_with"),
            ("lead.name", "gt"),
            ("lead.score", "contains"),
            ("lead.tags", "eq"),
            ("lead.created_at", "eq"),
            ("lead.created_at", "gt"),
            ("lead.score", "within_days"),
            ("steps.1.opened", "in"),
        ],
    )
    def test_ops_that_a_type_does_not_know_are_refused(self, field: str, op: str) -> None:
        assert faults(leaf(field, op, 1)) == ["condition.op"]

    def test_messages_never_repeat_the_value(self) -> None:
        with pytest.raises(InvalidInput) as refused:
            validate(leaf("lead.status", "eq", "ada@example.com"), AUDIENCE)
        assert "ada@example.com" not in refused.value.detail


class TestMeaning:
    @pytest.mark.parametrize(
        ("op", "value", "fact", "expected"),
        [
            ("eq", "ADA@example.com", "ada@EXAMPLE.com", True),
            ("eq", "ada", "ada ", False),
            ("eq", "straße", "STRASSE", True),
            ("ne", "Ada", "ada", False),
            ("in", ["Ada", "Bob"], "BOB", True),
            ("not_in", ["Ada", "Bob"], "Cy", True),
            ("contains", "LOVE", "Ada Lovelace", True),
            ("not_contains", "x", "Ada Lovelace", True),
            ("starts_with", "ada ", "Ada Lovelace", True),
            ("starts_with", "lovelace", "Ada Lovelace", False),
            ("ends_with", "LACE", "Ada Lovelace", True),
            ("ends_with", "Ada", "Ada Lovelace", False),
        ],
    )
    def test_text(self, op: str, value: object, fact: str, expected: bool) -> None:
        assert holds("lead.name", op, value, lead(name=fact)) is expected

    @pytest.mark.parametrize(
        ("op", "value", "matching", "not_matching"),
        [
            ("eq", 50, [50, 50.0, Decimal("50")], [49, 51]),
            ("ne", 50, [51], [50]),
            ("gt", 50, [51, Decimal("50.1")], [50, 49]),
            ("gte", 50, [50, 51], [49]),
            ("lt", 50, [49], [50, 51]),
            ("lte", 50, [50, 49], [51]),
            ("in", [10, 0.1], [10, Decimal("0.1"), 0.1], [1]),
            ("eq", Decimal("0.1"), [0.1], [0.2]),
        ],
    )
    def test_numbers(self, op: str, value: object, matching: list[object], not_matching: list[object]) -> None:
        assert all(holds("lead.score", op, value, lead(score=fact)) for fact in matching)
        assert not any(holds("lead.score", op, value, lead(score=fact)) for fact in not_matching)

    def test_lists_are_asked_for_members(self) -> None:
        facts: dict[str, object] = lead(tags=["VIP", "paris"])
        assert holds("lead.tags", "contains", "vip", facts)
        assert not holds("lead.tags", "contains", "vi", facts)
        assert holds("lead.tags", "not_contains", "london", facts)
        assert holds("lead.tags", "in", ["rome", "Paris"], facts)
        assert holds("lead.tags", "not_in", ["rome", "oslo"], facts)
        assert not holds("lead.tags", "not_in", ["rome", "vip"], facts)

    @pytest.mark.parametrize(
        ("op", "value", "matching", "not_matching"),
        [
            ("before", "2026-03-10", ["2026-03-09T23:59:59.999Z"], ["2026-03-10T00:00:00Z", "2026-03-10"]),
            ("after", "2026-03-10", ["2026-03-11T00:00:00Z", "2026-03-11"], ["2026-03-10T23:59:59.999Z", "2026-03-10"]),
            ("before", "2026-03-10T12:00:00+02:00", ["2026-03-10T09:59:59Z"], ["2026-03-10T10:00:00Z"]),
            ("after", "2026-03-10T10:00:00Z", ["2026-03-10T10:00:00.001Z"], ["2026-03-10T10:00:00Z"]),
            ("after", "9999-12-31", [], ["9999-12-31T23:59:59Z"]),
            ("within_days", 1, ["2026-03-10T12:00:00Z", "2026-03-09T12:00:00Z", NOW - timedelta(hours=3)],
             ["2026-03-09T11:59:59Z", "2026-03-10T12:00:01Z"]),
            ("within_days", -1, ["2026-03-10T12:00:00Z", "2026-03-11T12:00:00Z"],
             ["2026-03-11T12:00:01Z", "2026-03-10T11:59:59Z"]),
        ],
    )  # fmt: skip
    def test_moments(self, op: str, value: object, matching: list[object], not_matching: list[object]) -> None:
        assert all(holds("lead.created_at", op, value, lead(created_at=fact)) for fact in matching)
        assert not any(holds("lead.created_at", op, value, lead(created_at=fact)) for fact in not_matching)

    def test_a_day_as_a_fact_is_its_midnight_and_a_time_without_offset_is_utc(self) -> None:
        for fact in (date(2026, 3, 9), "2026-03-09", "2026-03-09T00:00:00", datetime(2026, 3, 9)):  # noqa: DTZ001
            assert holds("trigger.due", "before", "2026-03-09T00:00:00.001Z", {"trigger": {"due": fact}})
            assert not holds("trigger.due", "before", "2026-03-09", {"trigger": {"due": fact}})

    def test_dynamic_fields_read_forms_generously(self) -> None:
        def about(fact: object, op: str, value: object) -> bool:
            return holds("trigger.x", op, value, {"trigger": {"x": fact}})

        assert about("150", "gte", 100)
        assert about(" 150.50 ", "eq", 150.5)
        assert about(5, "eq", "5.0")
        assert about(5, "in", ["4", "5"])
        assert about("true", "eq", True)
        assert about(True, "eq", "TRUE")
        assert about([1, 2], "contains", 2)
        assert about([1, 2], "contains", "2")
        assert not about("01", "eq", "1")
        assert not about("1e3", "eq", 1000)
        assert not about("a lot", "gte", 100)
        assert not about(True, "eq", 1)
        assert not about(1, "eq", True)
        assert not about({"a": 1}, "contains", "a")
        assert not about("abc5", "contains", 5)

    @pytest.mark.parametrize("nothing", [None, "", " \n", [], {}, (), set()])
    def test_no_value_satisfies_the_four_negated_ops_alone(self, nothing: object) -> None:
        plain = {
            "eq": "a", "in": ["a"], "contains": "a", "gt": 0, "gte": 0, "lt": 9, "lte": 9, "starts_with": "a",
            "ends_with": "a", "before": "2030-01-01", "after": "2000-01-01", "within_days": 7, "exists": None,
        }  # fmt: skip
        negated = {"ne": "a", "not_in": ["a"], "not_contains": "a", "not_exists": None}
        without: list[dict[str, object]] = [{}, {"trigger": {"x": nothing}}, {"trigger": nothing}, {"trigger": "text"}]
        for facts in without:
            assert not any(holds("trigger.x", op, value, facts) for op, value in plain.items())
            assert all(holds("trigger.x", op, value, facts) for op, value in negated.items())

    def test_zero_and_false_are_values(self) -> None:
        assert holds("lead.score", "exists", None, lead(score=0))
        assert holds("steps.1.opened", "exists", None, {"steps": {"1": {"opened": False}}})
        assert holds("steps.1.opened", "eq", False, {"steps": {1: {"opened": False}}})

    def test_a_negated_comparison_is_not_the_opposite_comparison(self) -> None:
        below = leaf("lead.score", "lt", 10)
        not_above = {"not": leaf("lead.score", "gte", 10)}
        assert (evaluate(below, lead(), NOW), evaluate(not_above, lead(), NOW)) == (False, True)

    def test_paths_reach_into_objects_lists_and_dotted_keys(self) -> None:
        facts: dict[str, object] = {
            "lead": {"custom": {"city": "Paris", "utm.source": "ads", "plan": {"tier": "gold"}}},
            "trigger": {"items": [{"sku": "a"}, {"sku": "b"}], "7": "seven"},
            "actions": {"01J8": {"output": {"intent": "buy"}}},
        }
        assert holds("lead.custom.city", "eq", "paris", facts)
        assert holds("lead.custom.utm.source", "eq", "ads", facts)
        assert holds("lead.custom.plan.tier", "eq", "gold", facts)
        assert holds("trigger.items.1.sku", "eq", "b", facts)
        assert holds("trigger.items.2.sku", "not_exists", None, facts)
        assert holds("trigger.items.sku", "not_exists", None, facts)
        assert holds("trigger.items.-1.sku", "not_exists", None, facts)
        assert holds("trigger.7", "eq", "seven", facts)
        assert holds("actions.01J8.output.intent", "eq", "buy", facts)

    def test_enums_of_ours_are_their_values(self) -> None:
        class Status(StrEnum):
            NEW = "new"

        assert holds("lead.status", "in", ["new", "contacted"], lead(status=Status.NEW))


WORTH_A_CALL = {
    "all": [
        leaf("lead.score", "gte", 50),
        {"any": [leaf("lead.email", "ends_with", "@example.com"), leaf("lead.tags", "contains", "vip")]},
        {"not": leaf("lead.company", "not_exists")},
    ]
}


class TestExplain:
    def test_every_leaf_has_its_verdict_and_none_the_persons_value(self) -> None:
        told = explain(WORTH_A_CALL, lead(score=61, email="ada@private.test", tags=["vip"], company="Acme"), NOW)
        assert told.as_dict() == {
            "kind": "all",
            "verdict": True,
            "parts": [
                {"kind": "leaf", "verdict": True, "field": "lead.score", "op": "gte", "value": 50},
                {
                    "kind": "any",
                    "verdict": True,
                    "parts": [
                        {"kind": "leaf", "verdict": False, "field": "lead.email", "op": "ends_with",
                         "value": "@example.com"},
                        {"kind": "leaf", "verdict": True, "field": "lead.tags", "op": "contains", "value": "vip"},
                    ],
                },
                {
                    "kind": "not",
                    "verdict": True,
                    "parts": [{"kind": "leaf", "verdict": False, "field": "lead.company", "op": "not_exists"}],
                },
            ],
        }  # fmt: skip
        text = json.dumps(told.as_dict())
        assert "private" not in text
        assert "61" not in text
        assert "Acme" not in text

    def test_the_deciding_leaves_are_the_reason(self) -> None:
        def reasons(**fields: object) -> list[str | None]:
            return [part.field for part in explain(WORTH_A_CALL, lead(**fields), NOW).deciding()]

        assert reasons(score=61, email="a@example.com", company="x") == ["lead.score", "lead.email", "lead.company"]
        assert reasons(score=1, email="a@example.com", company="x") == ["lead.score"]
        assert reasons(score=61) == ["lead.email", "lead.tags", "lead.company"]
        assert explain({"all": [{"any": []}]}, {}, NOW).deciding()[0].kind == "any"
