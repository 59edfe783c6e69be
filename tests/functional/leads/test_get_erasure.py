"""GET /erasures/{erasure_id}."""

from __future__ import annotations

from tests.functional.leads.announced import work
from tests.functional.leads.erasing import erase, erasure, queued
from tests.functional.leads.people import added
from tests.harness import Clock, call


def test_an_erasure_says_how_far_it_is(clock: Clock) -> None:
    lead = added()
    told = erase(lead["id"])
    assert erasure(lead["id"]) == told.json

    clock.advance(minutes=1)
    work(*queued())

    assert erasure(lead["id"]) == {
        "id": lead["id"],
        "lead_id": lead["id"],
        "status": "completed",
        "deleted": {"workflows": 0, "enrichment": 0, "activities": 0, "campaigns": 0, "channels": 0, "leads": 0},
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:01:00.000Z",
        "completed_at": "2026-03-02T09:01:00.000Z",
    }


def test_no_erasure_is_a_404() -> None:
    answer = call("leads/get_erasure", path={"erasure_id": added()["id"]})
    assert (answer.status, answer.json["title"]) == (404, "Not found")
