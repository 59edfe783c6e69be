"""POST /enrichment/runs: one run per lead, within one budget, wherever it dies."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import clock, ids, table
from leadflow.enrichment.store import runs
from tests.functional import wire
from tests.functional.enrichment.sources import MISS, World, deliver, job, knows, shown
from tests.functional.leads.people import added
from tests.harness import call, door

PDL = "people_data_labs"
EVERYONE: dict[str, Any] = {"all": []}


def start(**body: Any) -> dict[str, Any]:
    answer = call("enrichment/enrich_many", {"max_cost": 100, **body})
    assert answer.status == 202, answer.text
    made: dict[str, Any] = answer.json
    return made


def many(count: int, **fields: Any) -> list[str]:
    return [added(f"lead{number}@example.com", **fields)["id"] for number in range(count)]


def test_it_tells_how_far_it_is_and_what_it_cost_by_source(world: World) -> None:
    world.put(PDL, priority=1)
    world.put("crustdata", priority=2, cost_per_request=0.3)
    world[PDL].answers = [knows(job_title="CTO"), MISS]
    world["crustdata"].answers = [knows(job_title="Chief")]
    made = start(lead_ids=many(3), fields=["job_title"])
    assert (made["status"], made["progress"], made["total"]) == ("running", 0, 0)

    world.work()

    ended = job(made["id"])
    assert (ended["status"], ended["progress"], ended["total"], ended["done"]) == ("completed", 1, 3, 3)
    assert ended["runs"] == {"matched": 3, "partial": 0, "not_found": 0, "failed": 0, "skipped": 0}
    assert (ended["cost"], ended["reserved"]) == (0.7, 0)
    assert [
        (one["source"], one["asked"], one["matched"], one["cost"], one["fill_rate"]) for one in ended["sources"]
    ] == [
        ("crustdata", 2, 2, 0.6, 1.0),
        (PDL, 3, 1, 0.1, 0.3333),
    ]


def test_its_budget_is_for_all_of_it(world: World) -> None:
    world.put(PDL, cost_per_request=0.3)
    world[PDL].answers = [knows(job_title="CTO")]
    made = start(lead_ids=many(6), fields=["job_title"], max_cost=1)

    world.work()

    ended = job(made["id"])
    assert (ended["cost"], ended["runs"]["matched"], ended["runs"]["skipped"]) == (0.9, 3, 3)


def test_a_filter_chooses_the_leads(world: World) -> None:
    world.put(PDL)
    many(2, source="ads")
    added("other@example.com", source="chat")
    made = start(filter={"field": "lead.source", "op": "eq", "value": "ads"})

    world.work()

    assert job(made["id"])["total"] == 2


def test_more_leads_than_fit_one_page(world: World) -> None:
    world.put(PDL)
    many(50)
    made = start(filter=EVERYONE)

    world.work()

    assert (job(made["id"])["total"], len(world[PDL].asked)) == (50, 50)


def test_ids_that_are_nobodys_are_left_out_and_told(world: World) -> None:
    world.put(PDL)
    (ours,) = many(1)

    made = start(lead_ids=["nobody", ours, "nobody", "no one"])
    world.work()

    ended = job(made["id"])
    assert made["unknown_lead_ids"] == ended["unknown_lead_ids"] == ["nobody", "no one"]
    assert (ended["status"], ended["progress"], ended["total"]) == ("completed", 1, 1)
    everyone = start(filter=EVERYONE)
    assert everyone["unknown_lead_ids"] == []


def test_a_job_for_nobody_at_all_is_refused(world: World) -> None:
    answer = call("enrichment/enrich_many", {"lead_ids": ["nobody"], "max_cost": 1})

    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == ["lead_ids"]


def test_the_same_lead_twice_or_merged_is_one_run_and_strangers_are_none(world: World) -> None:
    world.put(PDL)
    first, second, third = many(3)
    call("leads/merge_leads", {"source_lead_id": third}, path={"lead_id": second})
    made = start(lead_ids=[first, first, second, third, "nobody"])

    world.work()

    assert job(made["id"])["total"] == 2


def test_a_lead_that_is_merged_into_one_of_an_earlier_page_has_had_its_run(world: World) -> None:
    world.put(PDL)
    people = many(50)
    call("leads/merge_leads", {"source_lead_id": people[49]}, path={"lead_id": people[0]})
    made = start(lead_ids=people)

    world.work()

    ended = job(made["id"])
    assert (ended["total"], ended["done"], ended["status"]) == (49, 49, "completed")


def test_a_message_that_comes_twice_begins_nothing_twice(world: World) -> None:
    world.put(PDL)
    made = start(lead_ids=many(3))
    for _ in range(3):
        deliver({"job_id": made["id"]})

    world.work()

    assert (job(made["id"])["total"], len(world[PDL].asked)) == (3, 3)


def test_runs_that_end_while_the_walk_goes_on_stay_counted(world: World) -> None:
    """The walk adds its page to the job whatever runs add to it meanwhile, and is not kept out by them."""
    world.put(PDL)
    world[PDL].answers = [knows(job_title="CTO")]
    many(50)
    made = start(filter=EVERYONE)
    [(walk, _)] = world.messages()
    queued: list[dict[str, Any]] = []

    def rival() -> None:
        queued.extend(body for body, _ in world.messages())
        for body in queued[:10]:
            deliver(body)
        del queued[:10]

    with wire.interrupted(rival, times=2):
        deliver(walk)
    for body in queued:
        deliver(body)
    world.work()

    ended = job(made["id"])
    assert (ended["total"], ended["done"], ended["status"]) == (50, 50, "completed")
    assert (ended["cost"], ended["reserved"]) == (5.0, 0)


def test_a_job_whose_message_is_lost_is_found_again(world: World) -> None:
    world.put(PDL)
    made = start(lead_ids=many(2))
    world.messages()
    world.clock.advance(minutes=3)

    assert door("platform/reconcile")({}, None)["enrichment_jobs_requeued"] == 1

    world.work()
    assert job(made["id"])["status"] == "completed"


def test_a_source_that_finds_too_few_is_not_asked_on_by_the_job(world: World) -> None:
    """A5: the others go on, other jobs ask it still."""
    world.put(PDL, priority=1, min_fill_rate=0.5)
    world.put("crustdata", priority=2)
    world["crustdata"].answers = [knows(job_title="CTO")]
    lead_ids = many(4)
    made = start(lead_ids=lead_ids, fields=["job_title"])
    so_far = runs.JobSource(pk=f"ERJ#{made['id']}", sk=f"SRC#{PDL}", asked=48, matched=24, not_found=24)
    table.create(so_far)

    world.work()

    ended = job(made["id"])
    assert (len(world[PDL].asked), ended["runs"]["matched"]) == (2, 4)
    attempts = [shown(one)["attempts"] for one in run_ids(made["id"], lead_ids)]
    skipped = [("skipped_fill_rate", "job"), ("matched", None)]
    assert [[(one["outcome"], one["reason"]) for one in of_run] for of_run in attempts[2:]] == [skipped, skipped]
    other = start(lead_ids=lead_ids[:1], fields=["job_title"], force=True)
    world.work()
    assert (len(world[PDL].asked), job(other["id"])["done"]) == (3, 1)


def run_ids(job_id: str, lead_ids: list[str]) -> list[str]:
    """The runs of a job, in the order of their leads."""
    return [ids.derived_id(clock.parse(job(job_id)["created_at"]), job_id, one) for one in lead_ids]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"max_cost": 1}, "body"),
        ({"lead_ids": ["a"], "filter": EVERYONE, "max_cost": 1}, "body"),
        ({"lead_ids": [], "max_cost": 1}, "lead_ids"),
        ({"lead_ids": ["a"] * 2001, "max_cost": 1}, "lead_ids"),
        ({"lead_ids": ["a"]}, "max_cost"),
        ({"filter": {"field": "lead.shoe", "op": "eq", "value": 1}, "max_cost": 1}, "filter.field"),
        ({"filter": EVERYONE, "max_cost": 1, "max_cost_per_lead": -1}, "max_cost_per_lead"),
    ],
)
def test_wrong_fields_are_named(body: dict[str, Any], field: str) -> None:
    answer = call("enrichment/enrich_many", body)

    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == [field]
