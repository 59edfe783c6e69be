"""Many people at once: what one of them costs, and that nobody stands in another's way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from leadflow.core import aws
from tests.functional import wire
from tests.functional.leads.erasing import erase
from tests.functional.leads.people import added, patched, shown, signalled
from tests.functional.signals.websites import found, posted, signals_of, submitted
from tests.harness import Clock

_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


@contextmanager
def written() -> Iterator[set[str]]:
    """The partition keys that are written or held to a condition meanwhile."""
    keys: set[str] = set()

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in _WRITES:
            keys.update(_partition_keys(json.loads(params["body"])))

    events = aws.client("dynamodb").meta.events
    events.register("before-call.dynamodb", note)
    try:
        yield keys
    finally:
        events.unregister("before-call.dynamodb", note)


def _partition_keys(value: Any) -> Iterator[str]:
    """Every `pk` in a request, however deep."""
    if isinstance(value, dict):
        if isinstance(value.get("pk"), dict):
            yield value["pk"]["S"]
        for inner in value.values():
            yield from _partition_keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _partition_keys(inner)


def all_that_can_happen(email: str, phone: str, sender: str) -> None:
    """To one person: added, changed, moved, signalled, a form, erased."""
    lead_id = added(email, phone=phone)["id"]
    assert patched(lead_id, status="qualified", email=f"new.{email}").status == 200
    signalled(lead_id, 10)
    submitted({"email": f"new.{email}", "company": "Looms"}, source_ip=sender)
    assert erase(lead_id).status == 202


def test_x50_what_happens_to_one_person_writes_nothing_that_another_waits_for() -> None:
    with written() as adas:
        all_that_can_happen("ada@example.com", "+442079460018", "198.51.100.1")
    with written() as graces:
        all_that_can_happen("grace@example.com", "+442079460019", "198.51.100.2")

    assert len(adas) == len(graces) > 5
    assert adas.isdisjoint(graces)


def test_x49_a_person_costs_the_same_however_many_came_before(clock: Clock) -> None:
    costs = []
    for number in range(40):
        clock.advance(seconds=1)
        with wire.watched() as calls:
            submitted({"email": f"p{number}@example.com", "name": "P"}, source_ip=f"198.51.100.{number}")
        costs.append(Counter(calls))

    assert all(cost == costs[0] for cost in costs)
    assert sum(costs[0].values()) <= 10


def test_x49_whom_a_crowd_keeps_out_is_told_when_to_come_again_and_comes_in_then() -> None:
    """Everybody posts through one address, as from a fair: nothing is lost, each is taken once."""
    people = [{"email": f"p{number}@example.com", "name": "P"} for number in range(40)]
    answers = [posted(person) for person in people]

    assert {answer.status for answer in answers} == {200, 429}
    late = [person for person, answer in zip(people, answers, strict=True) if answer.status == 429]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status == 429)
    for number, person in enumerate(late):
        submitted(person, source_ip=f"198.51.100.{number}")
    for person in people:
        lead = found(person["email"])
        assert (len(signals_of(lead["id"])), shown(lead["id"])["score"]) == (1, 10)
