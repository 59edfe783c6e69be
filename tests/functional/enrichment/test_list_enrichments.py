"""GET /leads/{lead_id}/enrichments, and where else enrichments are seen or gone."""

from __future__ import annotations

import pytest

from leadflow.core import aws, removal
from leadflow.core.errors import InProgress
from leadflow.enrichment.service import erasing
from tests.functional.enrichment.sources import World, asked, deliver, job, knows
from tests.functional.enrichment.test_create_enrichment import create
from tests.functional.leads.announced import announced
from tests.functional.leads.people import added
from tests.harness import Clock, call, door


def test_newest_first_by_pages(clock: Clock) -> None:
    lead = added()
    for title in ("one", "two", "three"):
        clock.advance(seconds=1)
        create(lead["id"], job_title=title)

    path = {"lead_id": lead["id"]}
    first = call("enrichment/list_enrichments", path=path, query={"limit": "2"}).json
    second = call("enrichment/list_enrichments", path=path, query={"cursor": first["next_cursor"]}).json

    assert [one["job_title"] for one in [*first["items"], *second["items"]]] == ["three", "two", "one"]
    assert second["next_cursor"] is None


def test_a_large_response_is_shown_as_a_link(bucket: None) -> None:
    lead = added()
    made = create(lead["id"], enrichment_data={"text": "x" * 60_000}).json

    [shown] = call("enrichment/list_enrichments", path={"lead_id": lead["id"]}).json["items"]

    assert f"enrichments/{lead['id']}/{made['id']}.json" in shown["enrichment_data_url"]


def test_a_source_may_answer_more_than_an_item_holds(world: World, bucket: None) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="C" * 60_000)]
    lead = added()

    world.run(lead["id"])

    [shown] = call("enrichment/list_enrichments", path={"lead_id": lead["id"]}).json["items"]
    assert shown["enrichment_data_url"]


def test_the_timeline_shows_them_without_the_response(clock: Clock) -> None:
    lead = added()
    made = create(lead["id"], job_title="CTO", enrichment_data={"secret": 1}).json

    for query in ({}, {"kind": "enrichment"}):
        shown = call("leads/get_timeline", path={"lead_id": lead["id"]}, query=query).json["items"]
        [entry] = [one for one in shown if one["kind"] == "enrichment"]
        assert (entry["id"], entry["data"]["job_title"], entry["title"]) == (made["id"], "CTO", "Enriched by Forager")
        assert "enrichment_data" not in entry["data"]


def test_erasing_removes_all_of_it(world: World, bucket: None) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    lead = added()
    run = world.run(lead["id"])
    create(lead["id"], enrichment_data={"text": "x" * 60_000})
    waiting = asked(lead["id"])

    call("leads/erase_lead", path={"lead_id": lead["id"]})
    for event in announced():
        door("leads/erase_person")(event, None)
    world.work()

    assert list(removal.keys_under(f"ENR#{lead['id']}")) == []
    for gone in (run, waiting):
        assert call("enrichment/get_run", path={"run_id": gone["id"]}).status == 404
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket="leadflow-test", Prefix="enrichments/")
    assert len(world["people_data_labs"].asked) == 1


def test_a_job_does_not_wait_for_the_run_of_an_erased_person(world: World) -> None:
    world.put("people_data_labs")
    lead = added()
    body = {"filter": {"all": []}, "max_cost": 1}
    made = call("enrichment/enrich_many", body).json
    [(walk, _)] = world.messages()
    deliver(walk)
    world.messages()

    call("leads/erase_lead", path={"lead_id": lead["id"]})
    for event in announced():
        door("leads/erase_person")(event, None)

    ended = job(made["id"])
    assert (ended["status"], ended["done"], ended["runs"]["skipped"]) == ("completed", 1, 1)


def test_a_person_who_is_being_asked_about_is_erased_when_that_has_ended(world: World) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    lead = added()
    failed: list[str] = []

    def meanwhile() -> None:
        call("leads/erase_lead", path={"lead_id": lead["id"]})
        for event in announced():
            with pytest.raises(InProgress) as refused:
                door("leads/erase_person")(event, None)
            failed.append(refused.value.code)

    world["people_data_labs"].meanwhile = meanwhile
    run = world.run(lead["id"])

    assert (failed, run["status"], run["reason"]) == (["in_progress"], "skipped", "lead_gone")
    erasing.erase_person(lead["id"])
    assert call("enrichment/get_run", path={"run_id": run["id"]}).status == 404
    assert list(removal.keys_under(f"ENR#{lead['id']}")) == []


def test_a_lead_that_is_not_there_is_not_found() -> None:
    assert call("enrichment/list_enrichments", path={"lead_id": "nobody"}).status == 404
