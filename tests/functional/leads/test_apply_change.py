"""A workflow's change of a lead."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core.errors import Conflict, InvalidInput, NotFound
from leadflow.core.table import Record
from leadflow.leads import service, store
from tests.functional.leads.people import added, patched, shown
from tests.functional.wire import interrupted, stored, watched


def applied(lead_id: str, *, cause: tuple[str, ...] = ("WF1", "WF2"), **change: Any) -> Record:
    whole = {"set_fields": {}, "add_tags": [], "remove_tags": [], **change}
    return service.apply(lead_id, cause=cause, **whole)


def cause_of(lead_id: str) -> list[str]:
    lead = store.find_lead(lead_id)
    assert lead is not None
    cause: list[str] = lead.cause
    return cause


def test_fields_and_tags_change_and_the_cause_is_kept() -> None:
    lead = added(tags=["a", "b"])

    after = applied(
        lead["id"], set_fields={"status": "qualified", "company": "X"}, add_tags=[" c ", "a"], remove_tags=[" b"]
    )

    assert (after["status"], after["company"], after["tags"]) == ("qualified", "X", ["a", "c"])
    assert after["qualified_at"] is not None
    assert shown(lead["id"]) == after
    assert cause_of(lead["id"]) == ["WF1", "WF2"]
    assert [(item["from"]["S"], item["to"]["S"]) for item in stored("StatusChange")] == [("new", "qualified")]


def test_doing_it_again_writes_nothing() -> None:
    lead = added()
    change: dict[str, Any] = {"set_fields": {"status": "contacted"}, "add_tags": ["x"], "remove_tags": ["y"]}
    first = applied(lead["id"], **change)

    with watched() as calls:
        again = applied(lead["id"], cause=("OTHER",), **change)

    assert (again, again.version) == (first, first.version)
    assert calls == ["GetItem"]
    assert cause_of(lead["id"]) == ["WF1", "WF2"]


def test_the_next_direct_change_has_no_cause() -> None:
    lead = added()
    applied(lead["id"], add_tags=["x"])

    patched(lead["id"], company="X")

    assert cause_of(lead["id"]) == []


def test_tags_added_meanwhile_are_kept() -> None:
    lead = added(tags=["a"])

    with interrupted(lambda: patched(lead["id"], tags=["a", "rival"])):
        assert applied(lead["id"], add_tags=["mine"])["tags"] == ["a", "rival", "mine"]


def test_tags_may_be_set_and_added_to() -> None:
    assert applied(added(tags=["a"])["id"], set_fields={"tags": ["b"]}, add_tags=["c"])["tags"] == ["b", "c"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"set_fields": {"status": "won"}}, "status"),
        ({"set_fields": {"email": None}}, "email"),
        ({"set_fields": {"score": 5}}, "score"),
        ({"set_fields": {"nonsense": 5}}, "nonsense"),
        ({"add_tags": [""]}, "tags.0"),
        ({"add_tags": [str(n) for n in range(50)]}, "tags"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    lead = added(tags=["a"])

    with pytest.raises(InvalidInput) as caught:
        applied(lead["id"], **change)

    assert [name for name, _ in caught.value.errors] == [field]
    assert shown(lead["id"]) == lead


def test_a_taken_email_is_a_conflict() -> None:
    lead, other = added(), added("other@example.com")

    with pytest.raises(Conflict) as caught:
        applied(lead["id"], set_fields={"email": "Other@example.com"})

    assert caught.value.other_id == other["id"]


def test_a_lead_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFound):
        applied("gone", add_tags=["x"])
