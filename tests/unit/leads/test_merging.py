"""What two leads make together, and that it can be undone whatever people change in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.schema import MAX_CUSTOM_BYTES
from leadflow.leads import enums
from leadflow.leads.rules import merging
from leadflow.leads.rules.merging import Conflict, combined, conflicts, opted_out_since, recombined

EMPTY: dict[str, Any] = {
    **dict.fromkeys(merging.FIELDS),
    "tags": [],
    "interests": [],
    "custom": {},
    "consent": {},
    "name": "Ada",
    "status": "new",
    "source": "api",
}

WORD = st.sampled_from("abcde")
OPTIONAL = st.none() | WORD
ANSWER = st.fixed_dictionaries({"opted_in": st.booleans(), "at": st.sampled_from(["2026-01-01", "2026-02-01"])})
LISTS = st.lists(WORD, unique=True, max_size=4)
CHANGES = {
    **dict.fromkeys(("company", "notes", "budget", "timeline", "timezone", "qualified_at"), OPTIONAL),
    **dict.fromkeys(("tags", "interests"), LISTS),
    "custom": st.dictionaries(WORD, st.sampled_from([1, True, None, "x", [1]]), max_size=4),
    "consent": st.dictionaries(st.sampled_from(["email", "sms"]), ANSWER),
}
VALUES = st.fixed_dictionaries(CHANGES)
SOME = st.fixed_dictionaries({}, optional=CHANGES)


def lead(values: dict[str, Any], number: int) -> dict[str, Any]:
    """A lead with these values and addresses of its own."""
    return {**EMPTY, "email": f"{number}@example.com", "phone": f"+{number}" if number % 2 else None, **values}


LEADS = st.lists(VALUES, min_size=2, max_size=5).map(lambda many: [lead(one, n) for n, one in enumerate(many)])


class Merged:
    """A lead as the service keeps it: what it shows, what is its own, and its parts."""

    def __init__(self, own: dict[str, Any]) -> None:
        self.shown, self.kept, self.parts = dict(own), {}, []

    @property
    def own(self) -> dict[str, Any]:
        return {**self.shown, **self.kept}

    def become(self, parts: list[dict[str, Any]]) -> None:
        addresses = {part[field] for part in parts for field in ("email", "phone")}
        now = recombined(self.shown, self.own, self.parts, parts, addresses)
        self.shown, self.kept, self.parts = {**self.shown, **now.fields}, now.own, parts


@given(LEADS, st.randoms())
def test_merged_and_separated_in_any_order_it_is_what_it_was(leads: list[dict[str, Any]], random: Any) -> None:
    own, *others = leads
    merged = Merged(own)
    for other in others:
        merged.become([*merged.parts, other])
        assert merged.shown == {**own, **combined(own, merged.parts)}
    while merged.parts:
        left = random.choice(merged.parts)
        merged.become([part for part in merged.parts if part is not left])
        assert merged.shown == {**own, **combined(own, merged.parts)}

    assert merged.shown == own
    assert merged.kept == {}


@given(LEADS, SOME)
def test_what_people_change_while_merged_stays(leads: list[dict[str, Any]], changes: dict[str, Any]) -> None:
    own, *others = leads
    merged = Merged(own)
    merged.become(others)
    before = dict(merged.shown)
    merged.shown.update(changes)
    merged.become([])

    for field in merging.FIELDS:
        if field in ("tags", "interests"):
            added = [one for one in changes.get(field, []) if one not in before[field]]
            gone = [one for one in before[field] if one not in merged.own[field] and one in own[field]]
            assert set(added) <= set(merged.shown[field])
            assert set(gone) <= set(before[field]) - set(changes.get(field, before[field]))
        elif field in ("custom", "consent"):
            for key, value in changes.get(field, {}).items():
                if key not in before[field] or not merging.same(before[field][key], value):
                    assert merging.same(merged.shown[field][key], value)
        elif field in changes and changes[field] != before[field]:
            assert merged.shown[field] == changes[field]
        else:
            assert merged.shown[field] == own[field]


@given(LEADS, SOME, st.randoms())
def test_another_merge_undoes_nothing_that_people_changed(
    leads: list[dict[str, Any]], changes: dict[str, Any], random: Any
) -> None:
    own, *others = leads
    merged = Merged(own)
    merged.become(others[:1])
    merged.shown.update(changes)
    changed = dict(merged.shown)
    merged.become(others)
    merged.become(others[:1])

    for field in merging.FIELDS:
        if field in ("tags", "interests"):
            assert set(merged.shown[field]) == set(changed[field])
        else:
            assert merging.same(merged.shown[field], changed[field]), field


def test_its_own_values_win_and_the_earliest_part_comes_first() -> None:
    own = {**EMPTY, "notes": "own", "tags": ["a"], "qualified_at": "2026-02"}
    first = {**EMPTY, "notes": "1", "company": "1", "phone": "+1", "tags": ["b"], "qualified_at": "2026-01"}
    second = {**EMPTY, "company": "2", "budget": "2", "phone": "+2", "tags": ["a", "c"]}

    shown = combined(own, [first, second])

    assert [shown[field] for field in ("notes", "company", "budget", "phone")] == ["own", "1", "2", "+1"]
    assert (shown["tags"], shown["qualified_at"]) == (["a", "b", "c"], "2026-01")


def test_what_does_not_fit_is_a_conflict_and_comes_back() -> None:
    assert enums.MAX_CUSTOM_BYTES == MAX_CUSTOM_BYTES
    own = {**EMPTY, "tags": [f"a{n}" for n in range(40)], "custom": {"a": "x" * 9_000, "same": 1}}
    other = {**EMPTY, "tags": [f"b{n}" for n in range(40)], "custom": {"b": "x" * 9_000, "c": 1, "same": 2}}
    merged = Merged(own)
    merged.become([other])

    assert len(merged.shown["tags"]) == enums.MAX_LABELS
    assert merged.shown["custom"] == {**own["custom"], "c": 1}
    found = {one.field: one for one in conflicts(own, other, merged.shown)}
    assert found.keys() == {"tags", "custom.b", "custom.same"}
    assert found["tags"].other == other["tags"][10:]
    assert found["custom.same"] == Conflict("custom.same", 1, 2)
    merged.become([])
    assert merged.shown == own


def test_conflicts_say_what_is_kept_and_what_is_not() -> None:
    own = {**EMPTY, "email": "a@x", "company": "A", "consent": {"sms": {"opted_in": True, "at": "1"}}}
    other = {**EMPTY, "name": "B", "email": "b@x", "company": "B", "status": "qualified"}
    other["consent"] = {"sms": {"opted_in": False, "at": "0"}, "email": {"opted_in": True, "at": "1"}}
    shown = {**own, **combined(own, [other])}

    assert conflicts(own, other, shown) == [
        Conflict("name", "Ada", "B"),
        Conflict("email", "a@x", "b@x"),
        Conflict("company", "A", "B"),
        Conflict("status", "new", "qualified"),
        Conflict("consent.sms", other["consent"]["sms"], own["consent"]["sms"]),
    ]
    assert conflicts(own, own, own) == []


@pytest.mark.parametrize(
    ("at", "theirs", "expected"),
    [("2026-02", None, True), ("2026-02", True, True), ("2026-02", False, False), ("2026-01", True, False)],
)
def test_only_opt_outs_since_the_merge_hold_for_both(at: str, theirs: bool | None, expected: bool) -> None:
    ours = {"email": {"opted_in": False, "at": at}, "sms": {"opted_in": True, "at": at}}
    source = {} if theirs is None else {"email": {"opted_in": theirs, "at": "2025"}}

    assert opted_out_since(ours, source, "2026-02") == ({"email": ours["email"]} if expected else {})


@given(LEADS)
def test_a_chosen_address_stays_as_long_as_its_part_is_there(leads: list[dict[str, Any]]) -> None:
    own, *others = leads
    merged = Merged(own)
    merged.become(others)
    merged.kept["email"] = own["email"]
    merged.shown["email"] = others[0]["email"]
    merged.become(others[:1])
    assert merged.shown["email"] == others[0]["email"]
    merged.become([])
    assert merged.shown["email"] == own["email"]
