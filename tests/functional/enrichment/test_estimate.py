"""POST /enrichment/estimate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.enrichment.sources import World, knows
from tests.functional.enrichment.test_enrich_many import EVERYONE, many
from tests.functional.wire import watched
from tests.harness import call


def estimate(**body: Any) -> dict[str, Any]:
    answer = call("enrichment/estimate", body, scopes="enrichment:read")
    assert answer.status == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def test_it_tells_the_most_that_it_could_ask_and_cost(world: World) -> None:
    """A7."""
    world.put_all()
    many(3)

    told = estimate(filter=EVERYONE, fields=["job_title", "company_name"])

    assert told["calls"] == [
        {"source": name, "leads": 3, "requests": 3, "max_cost": 0.3}
        for name in ("crustdata", "forager", "people_data_labs")
    ]
    assert (told["rows"], told["fresh"], told["max_cost"], told["is_complete"]) == (3, 0, 0.9, True)
    assert not any(one.asked for one in world.sources.values())


def test_what_is_fresh_is_not_counted(world: World) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    first, second = many(2)
    world.run(first, fields=["job_title"])

    told = estimate(lead_ids=[first, second], fields=["job_title"])

    assert (told["rows"], told["fresh"], told["max_cost"]) == (2, 1, 0.1)
    assert estimate(lead_ids=[first], fields=["job_title"], force=True)["max_cost"] == 0.1


def test_it_never_tells_less_than_it_then_costs(world: World) -> None:
    world.put_all(cost_per_request=0.2)
    world["people_data_labs"].answers = [knows(0.9, job_title="CTO", outcome="partial")]
    lead_ids = many(2)
    told = estimate(lead_ids=lead_ids)

    spent = sum(world.run(lead_id)["cost"] for lead_id in lead_ids)

    assert 0 < spent <= told["max_cost"]


def test_what_is_on_file_of_many_leads_is_read_together(world: World) -> None:
    world.put("people_data_labs")
    lead_ids = many(12)
    call("leads/merge_leads", {"source_lead_id": lead_ids[1]}, path={"lead_id": lead_ids[0]})

    with watched() as calls:
        told = estimate(lead_ids=[*lead_ids, lead_ids[2], "nobody"])

    assert told["rows"] == 11
    assert calls.count("BatchGetItem") <= 4
    assert "GetItem" not in calls


@pytest.mark.parametrize("body", [{}, {"lead_ids": ["a"], "filter": EVERYONE}, {"filter": {"field": "x"}}])
def test_wrong_bodies_are_refused(body: dict[str, Any]) -> None:
    assert call("enrichment/estimate", body).status == 422
