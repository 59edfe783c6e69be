"""POST /enrichment/runs/{job_id}/stop."""

from __future__ import annotations

from tests.functional.enrichment.sources import World, job, knows
from tests.functional.enrichment.test_enrich_many import EVERYONE, many, start
from tests.harness import call

PDL = "people_data_labs"


def test_x44_stop_stops(world: World) -> None:
    """X44 and A6: also what was queued already; the call under way ends."""
    world.put(PDL)
    world[PDL].answers = [knows(job_title="CTO")]
    many(4)
    made = start(filter=EVERYONE)
    world[PDL].meanwhile = lambda: call("enrichment/stop_job", path={"job_id": made["id"]})

    world.work()

    ended = job(made["id"])
    assert (ended["status"], ended["cost"], len(world[PDL].asked)) == ("stopped", 0.1, 1)
    assert ended["runs"]["skipped"] == 3
    assert ended["stopped_at"] is not None


def test_a_job_that_has_not_begun_begins_nothing(world: World) -> None:
    world.put(PDL)
    many(2)
    made = start(filter=EVERYONE)

    assert call("enrichment/stop_job", path={"job_id": made["id"]}).json["status"] == "stopped"

    world.work()
    assert job(made["id"])["total"] == 0


def test_stopping_twice_is_the_same_and_after_the_end_a_conflict(world: World) -> None:
    world.put(PDL)
    many(1)
    made, other = start(filter=EVERYONE), start(filter=EVERYONE)
    for _ in range(2):
        assert call("enrichment/stop_job", path={"job_id": made["id"]}).status == 200
    world.work()

    assert call("enrichment/stop_job", path={"job_id": other["id"]}).status == 409
    assert call("enrichment/stop_job", path={"job_id": "nothing"}).status == 404
