"""PUT /enrichment-settings, and what runs by itself because of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.functional.enrichment.sources import World, knows
from tests.functional.leads.people import added
from tests.functional.leads.people import shown as lead_shown
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call, door

PDL = "people_data_labs"


def put(**body: Any) -> Any:
    return call("enrichment/put_settings", body)


def test_what_is_left_out_is_set_to_its_default() -> None:
    put(auto_enrich={"enabled": True, "max_cost": 0.5}, max_cost_per_lead=2, write_policy={"company": "always"})
    shown = put(write_policy={"company": "never"})

    assert shown.json["auto_enrich"] == {"enabled": False}
    assert (shown.json["max_cost_per_lead"], shown.json["write_policy"]) == (None, {"company": "never"})
    assert call("enrichment/get_settings").json == shown.json


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"auto_enrich": {}}, "auto_enrich.enabled"),
        ({"auto_enrich": {"enabled": True, "fields": ["x"]}}, "auto_enrich.fields.0"),
        ({"refresh": {"enabled": True, "max_cost": -1}}, "refresh.max_cost"),
        ({"write_policy": {"company": "sometimes"}}, "write_policy.company"),
        ({"write_policy": {"email": "always"}}, "write_policy.email.[key]"),
        ({"max_cost_per_lead": "2"}, "max_cost_per_lead"),
    ],
)
def test_wrong_fields_are_named(body: dict[str, Any], field: str) -> None:
    answer = put(**body)

    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == [field]


def test_a_version_that_is_not_the_newest_is_refused() -> None:
    assert call("enrichment/put_settings", {}, headers={"if-match": '"another"'}).status == 412
    tag = put().etag
    put(max_cost_per_lead=1)

    assert call("enrichment/put_settings", {}, headers={"if-match": tag}).status == 412


def test_new_leads_are_enriched_where_that_is_on_once_each(world: World, clock: Clock) -> None:
    """A16: off by default, and not in the request."""
    engine = Engine(clock)
    world.put(PDL)
    world[PDL].answers = [knows(company_name="Acme")]
    before = added("before@example.com")
    engine.deliver()
    put(auto_enrich={"enabled": True, "fields": ["company_name"], "max_cost": 0.2})

    lead = added()
    changes = engine.changes()
    engine.deliver(changes)
    engine.deliver(changes)
    world.work()

    assert len(world[PDL].asked) == 1
    assert lead_shown(lead["id"])["company"] == "Acme"
    assert lead_shown(before["id"])["company"] is None


def test_what_is_no_longer_fresh_is_asked_for_again_once_a_day(world: World, clock: Clock) -> None:
    world.put(PDL, ttl_days=30)
    world[PDL].answers = [knows(job_title="CTO"), knows(job_title="CEO")]
    lead = added()
    added("never@example.com")
    world.run(lead["id"], fields=["job_title"])
    put(refresh={"enabled": True, "max_cost": 1})

    def day() -> int:
        counts = door("platform/reconcile")({}, None)
        world.work()
        return int(counts["enrichment_refreshes_begun"])

    assert (day(), day()) == (1, 0)
    assert len(world[PDL].asked) == 1
    clock.moment += timedelta(days=31)
    assert (day(), day()) == (1, 0)

    assert len(world[PDL].asked) == 2
    assert call("enrichment/list_enrichments", path={"lead_id": lead["id"]}).json["items"][0]["job_title"] == "CEO"
