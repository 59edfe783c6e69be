"""What reports make of a message: the same in whatever order they come, and however often."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.channels.rules import amending, fates

REPORTS = st.lists(st.sampled_from(["queued", "sent", "failed", "delivered", "read"]), min_size=1, max_size=8)
NEW: dict[str, Any] = {
    "status": "queued",
    "outcome": "pending",
    "error_code": None,
    "error_message": None,
    "lease_until": "later",
    "unknown_since": None,
}


def after(reports: list[str], message: dict[str, Any] = NEW) -> dict[str, Any]:
    for one in reports:
        message = {**message, **fates.reported(message, one, "filtered" if one == "failed" else None)}
    return message


@given(REPORTS, st.randoms())
def test_any_order_comes_to_the_same_status(reports: list[str], chance: Any) -> None:
    shuffled = [*reports, *chance.sample(reports, 1)]
    chance.shuffle(shuffled)

    told = {name: after(shuffled)[name] for name in ("status", "error_code")}
    assert told == {name: after(reports)[name] for name in ("status", "error_code")}


@given(REPORTS)
def test_a_status_never_goes_down(reports: list[str]) -> None:
    message = NEW
    for one in reports:
        later = after([one], message)
        assert fates.higher(message["status"], later["status"]) == later["status"]
        message = later


@given(REPORTS)
def test_whatever_is_reported_it_is_not_in_doubt_any_more(reports: list[str]) -> None:
    for before in (NEW, {**NEW, "outcome": "unknown", "error_code": fates.OUTCOME_UNKNOWN}):
        found = after(reports, before)
        assert found["outcome"] in ("accepted", "rejected")
        assert found["error_code"] != fates.OUTCOME_UNKNOWN


def test_a_report_that_says_nothing_new_changes_nothing() -> None:
    delivered = after(["delivered"])

    assert fates.reported(delivered, "sent") == {}
    assert fates.reported(delivered, "failed", "filtered") == {}


@pytest.mark.parametrize(("word", "status"), [("undelivered", "failed"), ("sending", "queued"), ("odd", None)])
def test_twilios_words(word: str, status: str | None) -> None:
    assert fates.status_of(word) == status


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("react"), st.sampled_from("❤👍"), st.integers(1, 5)),
        st.tuples(st.just("edit"), st.sampled_from(["a", "b"]), st.integers(1, 5)),
        st.just(("unsend", "", 9)),
    ),
    max_size=6,
    unique_by=lambda one: (one[0], one[2]),
)
MESSAGE: dict[str, Any] = {"content": "first", "attachments": [], "metadata": {"kind": "message"}}


def change(state: dict[str, Any], kind: str, value: str, number: int) -> dict[str, Any]:
    if kind == "react":
        return amending.with_reaction(state, "person", value, f"2026-03-02T09:0{number}")
    if kind == "edit":
        return amending.with_edit(state, value, number)
    return amending.unsent(state, f"2026-03-02T09:0{number}")


@given(CHANGES, st.integers(0, 6), st.randoms())
def test_what_comes_before_a_message_and_what_comes_after_are_one(
    changes: list[tuple[str, str, int]], arrives: int, chance: Any
) -> None:
    def final(order: list[tuple[str, str, int]], at: int) -> dict[str, Any]:
        early: dict[str, Any] = {}
        for one in order[:at]:
            early = change(early, *one)
        message = {**MESSAGE, **amending.amended(MESSAGE, early)}
        for one in order[at:]:
            message = {**message, **amending.amended(message, change({}, *one))}
        return message

    shuffled = list(changes)
    chance.shuffle(shuffled)
    assert final(shuffled, arrives) == final(changes, 0)
