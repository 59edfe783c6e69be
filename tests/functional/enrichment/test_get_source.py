"""GET /enrichment-sources/{name}."""

from __future__ import annotations

from tests.functional.enrichment.sources import World, knows, source
from tests.functional.leads.people import added
from tests.harness import call


def test_one_that_was_never_set_up_is_there_and_inactive() -> None:
    shown = source("forager")

    assert (shown["name"], shown["is_active"], shown["api_key_configured"], shown["created_at"]) == (
        "forager",
        False,
        False,
        None,
    )


def test_it_tells_what_was_used_and_spent(world: World) -> None:
    world.put("people_data_labs", cost_per_request=0.25)
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    world.run(added()["id"])

    shown = source("people_data_labs")

    assert (shown["spent_today"], shown["requests_today"]) == (0.25, 1)
    assert shown["last_used_at"] is not None


def test_another_name_is_not_found() -> None:
    assert call("enrichment/get_source", path={"name": "clearbit"}).status == 404
