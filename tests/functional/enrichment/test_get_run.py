"""GET /enrichment-runs/{run_id}."""

from __future__ import annotations

from tests.functional.enrichment.sources import World, asked, shown
from tests.functional.leads.people import added
from tests.harness import call


def test_it_tells_where_the_run_is(world: World) -> None:
    run = asked(added()["id"])

    assert shown(run["id"]) == run


def test_another_is_not_found() -> None:
    assert call("enrichment/get_run", path={"run_id": "01JZ0000000000000000000006"}).status == 404
