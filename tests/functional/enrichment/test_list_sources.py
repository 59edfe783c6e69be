"""GET /enrichment-sources."""

from __future__ import annotations

from tests.functional.enrichment.sources import World
from tests.harness import call


def test_all_three_by_priority_those_never_set_up_last(world: World) -> None:
    world.put("forager", priority=5)
    world.put("crustdata", priority=2)

    answer = call("enrichment/list_sources")

    assert [one["name"] for one in answer.json["items"]] == ["crustdata", "forager", "people_data_labs"]
    assert "secret-key" not in answer.text


def test_pages(world: World) -> None:
    first = call("enrichment/list_sources", query={"limit": "2"}).json
    second = call("enrichment/list_sources", query={"limit": "2", "cursor": first["next_cursor"]}).json

    assert [one["name"] for one in [*first["items"], *second["items"]]] == [
        "crustdata",
        "forager",
        "people_data_labs",
    ]
    assert second["next_cursor"] is None
