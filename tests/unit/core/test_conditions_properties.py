"""The condition language on conditions and facts of every kind: its laws, and that nothing breaks it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.conditions import AUDIENCE, FieldCatalog, evaluate, explain, validate
from leadflow.core.errors import InvalidInput

EVERYTHING = FieldCatalog(frozenset({"lead", "trigger", "actions", "steps"}))


def leaf(field: str, op: str, *value: object) -> dict[str, object]:
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


# Conditions are drawn from what the language can say, facts from anything at all.

texts = st.text(st.characters(exclude_categories=()), max_size=12)
words = texts.filter(lambda text: bool(text.strip()))
scalars = st.one_of(words, st.booleans(), st.integers(-(10**30), 10**30), st.floats(-1e30, 1e30))
moments = st.one_of(
    st.dates().map(date.isoformat),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))])).map(
        datetime.isoformat
    ),
)
numbers = st.one_of(st.integers(-(10**30), 10**30), st.floats(-1e30, 1e30))
VALUES = {
    **dict.fromkeys(("eq", "ne", "contains", "not_contains"), scalars),
    **dict.fromkeys(("in", "not_in"), st.lists(scalars, min_size=1, max_size=5)),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), numbers),
    **dict.fromkeys(("starts_with", "ends_with"), words),
    **dict.fromkeys(("before", "after"), moments),
    "within_days": st.integers(-3650, 3650).filter(bool),
}


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, object]:
    field = draw(st.sampled_from(["trigger.a", "trigger.a.b", "lead.custom.c", "actions.x.output.a", "trigger.0"]))
    op = draw(st.sampled_from([*VALUES, "exists", "not_exists"]))
    return leaf(field, op, draw(VALUES[op])) if op in VALUES else leaf(field, op)


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=8,
)
anything = st.recursive(
    st.one_of(
        st.none(), texts, scalars, moments, st.floats(), st.decimals(), st.integers(), st.datetimes(), st.dates(),
        st.binary(max_size=4), st.datetimes(timezones=st.just(UTC)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(["a", "b", "c", "a.b", "x", "output", 0]), texts), inner, max_size=4),
    ),
    max_leaves=6,
)  # fmt: skip
facts_of_any_kind = st.dictionaries(st.sampled_from(["lead", "trigger", "actions", "steps"]), anything)
presents = st.datetimes(timezones=st.just(UTC))


@given(conditions, facts_of_any_kind, presents)
def test_a_validated_condition_never_raises_and_explain_agrees(
    condition: dict[str, object], facts: dict[str, object], now: datetime
) -> None:
    try:
        validate(condition, EVERYTHING)
    except InvalidInput as refused:
        assert all("deeper" in message for _, message in refused.errors)  # noqa: PT017 - nothing else can be wrong
        return
    answer = evaluate(condition, facts, now)
    told = explain(condition, facts, now)
    assert told.verdict is answer
    assert told.deciding()


@given(st.lists(conditions, max_size=3), facts_of_any_kind, presents)
def test_de_morgan(parts: list[dict[str, object]], facts: dict[str, object], now: datetime) -> None:
    negated = [{"not": part} for part in parts]
    assert evaluate({"not": {"all": parts}}, facts, now) is evaluate({"any": negated}, facts, now)
    assert evaluate({"not": {"any": parts}}, facts, now) is evaluate({"all": negated}, facts, now)


@given(conditions, facts_of_any_kind, presents)
def test_double_negation(condition: dict[str, object], facts: dict[str, object], now: datetime) -> None:
    assert evaluate({"not": {"not": condition}}, facts, now) is evaluate(condition, facts, now)


@given(leaves(), facts_of_any_kind, presents)
def test_four_ops_are_the_negations_of_four(
    positive: dict[str, object], facts: dict[str, object], now: datetime
) -> None:
    opposite = {"eq": "ne", "in": "not_in", "contains": "not_contains", "exists": "not_exists"}.get(str(positive["op"]))
    if opposite:
        assert evaluate({**positive, "op": opposite}, facts, now) is not evaluate(positive, facts, now)


@given(conditions)
def test_validation_changes_nothing_and_survives_storage(condition: dict[str, object]) -> None:
    before = json.dumps(condition)

    def outcome(given_condition: object) -> str:
        try:
            validate(given_condition, EVERYTHING)
        except InvalidInput as refused:
            return refused.detail
        return "fine"

    first = outcome(condition)
    assert json.dumps(condition) == before
    assert outcome(json.loads(before, parse_float=Decimal)) == first == outcome(condition)


@given(anything)
def test_validation_refuses_garbage_without_breaking(garbage: object) -> None:
    for condition in (garbage, {"all": garbage}, {"not": garbage}, {"field": garbage, "op": garbage}):
        if condition is not None:
            try:
                validate(condition, EVERYTHING)
            except InvalidInput as refused:
                assert refused.errors  # noqa: PT017 - the point is that nothing else is raised


@given(st.sampled_from(["eq", "in", "gt", "before", "within_days", "contains", "starts_with"]), anything, presents)
def test_a_typed_field_holding_the_wrong_type_is_no_match_never_an_error(op: str, fact: object, now: datetime) -> None:
    typed = {
        "eq": leaf("lead.status", "eq", "new"),
        "in": leaf("lead.tags", "in", ["a"]),
        "gt": leaf("lead.score", "gt", 1),
        "before": leaf("lead.created_at", "before", "2026-01-01"),
        "within_days": leaf("lead.qualified_at", "within_days", -5),
        "contains": leaf("lead.tags", "contains", "a"),
        "starts_with": leaf("lead.email", "starts_with", "a"),
    }[op]
    validate(typed, AUDIENCE)
    facts = {"lead": dict.fromkeys(("status", "tags", "score", "created_at", "qualified_at", "email"), fact)}
    assert evaluate(typed, facts, now) in (True, False)
