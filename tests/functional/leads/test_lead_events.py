"""What changes of leads mean to triggers, from the images the table's stream carries."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from leadflow.core import aws, table
from leadflow.core.events import DomainEvent
from leadflow.leads import service
from tests.functional.leads.people import added, patched, signalled
from tests.harness import Clock


def image(lead_id: str) -> table.Item | None:
    key = {"pk": {"S": f"LEAD#{lead_id}"}, "sk": {"S": "#META"}}
    raw: dict[str, Any] = aws.client("dynamodb").get_item(TableName=os.environ["TABLE_NAME"], Key=key)
    return table.from_image(raw["Item"])


def events_between(old: table.Item | None, new: table.Item | None) -> list[DomainEvent]:
    return service.events_of(old, new, "LEAD#1#7")


def test_a_new_lead() -> None:
    lead = added(source="ads", status="qualified")

    assert events_between(None, image(lead["id"])) == [
        DomainEvent(
            "lead_created", "LEAD#1#7#lead_created", lead["id"], "2026-03-02T09:00:00.000Z", {"source": "ads"}, ()
        )
    ]


def test_a_change_of_status_and_score_with_its_cause(clock: Clock) -> None:
    lead = added()
    old = image(lead["id"])
    signalled(lead["id"], 30)
    clock.advance(hours=1)
    service.apply(lead["id"], set_fields={"status": "contacted"}, add_tags=[], remove_tags=[], cause=("WF1", "WF2"))

    events = events_between(old, image(lead["id"]))

    at, cause = "2026-03-02T10:00:00.000Z", ("WF1", "WF2")
    assert events == [
        DomainEvent(
            "lead_status_changed",
            "LEAD#1#7#lead_status_changed",
            lead["id"],
            at,
            {"from": "new", "to": "contacted"},
            cause,
        ),
        DomainEvent("score_threshold", "LEAD#1#7#score_threshold", lead["id"], at, {"from": 0, "to": 30}, cause),
    ]


def test_a_score_may_fall_too(clock: Clock) -> None:
    lead = added()
    signalled(lead["id"], 80)
    old = image(lead["id"])
    clock.advance(days=30)
    signalled(lead["id"], 0)

    [event] = events_between(old, image(lead["id"]))

    assert event.data == {"from": 80, "to": 40}


def test_a_signal_is_from_outside_whatever_came_before() -> None:
    lead = added()
    service.apply(lead["id"], set_fields={"company": "X"}, add_tags=[], remove_tags=[], cause=("WF1",))
    old = image(lead["id"])
    signalled(lead["id"], 1)

    [event] = events_between(old, image(lead["id"]))

    assert event.cause == ()


def test_other_changes_mean_nothing(clock: Clock) -> None:
    lead = added()
    old = image(lead["id"])
    patched(lead["id"], company="X")
    signal = service.add_signal(lead["id"], "email_open", {}, 0.1, cause=("x",), at=clock() - timedelta(days=1))

    assert signal is not None
    assert events_between(old, image(lead["id"])) == []
    assert events_between(old, None) == []
    assert events_between(None, None) == []


def test_other_items_mean_nothing() -> None:
    added()
    everything = aws.client("dynamodb").scan(TableName=os.environ["TABLE_NAME"])["Items"]
    [identity] = [item for item in everything if item["type"]["S"] == "UniqueIdentity"]

    assert events_between(None, table.from_image(identity)) == []
