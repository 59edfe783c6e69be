"""POST /leads/{lead_id}/enrich, from the request to what is then known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.enrichment.sources import MISS, World, asked, enrichments, knows, shown, source
from tests.functional.leads.people import added, patched
from tests.functional.leads.people import shown as lead_shown
from tests.harness import call


def outcomes(run: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["source"], one["outcome"]) for one in run["attempts"]]


def test_a_run_is_answered_before_anybody_is_asked(world: World) -> None:
    world.put_all()
    lead = added()

    run = asked(lead["id"], fields=["job_title"], max_cost=1)

    assert (run["status"], run["attempts"], run["cost"]) == ("queued", [], 0)
    assert (run["lead_id"], run["wanted"], run["max_cost"]) == (lead["id"], ["job_title"], 1)
    assert not world["people_data_labs"].asked


def test_the_first_good_answer_ends_it(world: World) -> None:
    world.put_all()
    world["people_data_labs"].answers = [knows(job_title="CTO", company_name="Acme")]
    lead = added()

    run = world.run(lead["id"], fields=["job_title", "company_name"])

    assert run["status"] == "matched"
    assert outcomes(run) == [("people_data_labs", "matched")]
    assert run["fields"]["job_title"] == {"value": "CTO", "source": "people_data_labs", "confidence": 0.9}
    assert run["cost"] == 0.1
    assert run["completed_at"]
    assert not world["crustdata"].asked


def test_others_are_asked_only_for_what_still_lacks(world: World) -> None:
    """A1: by field, not by record."""
    world.put_all()
    world["people_data_labs"].answers = [knows(job_title="CTO", outcome="partial")]
    world["crustdata"].answers = [knows(company_name="Acme")]
    lead = added()

    run = world.run(lead["id"], fields=["job_title", "company_name"])

    assert [fields for _, fields in world["crustdata"].asked] == [{"company_name"}]
    assert not world["forager"].asked
    assert {name: one["source"] for name, one in run["fields"].items()} == {
        "company_name": "crustdata",
        "job_title": "people_data_labs",
    }
    assert (run["status"], run["cost"]) == ("matched", 0.2)


def test_a_value_below_the_floor_is_kept_but_does_not_count(world: World) -> None:
    """A8."""
    world.put_all(min_confidence=0.8)
    world["people_data_labs"].answers = [knows(0.5, company_name="Acne")]
    world["crustdata"].answers = [knows(0.9, company_name="Acme")]
    lead = added()

    run = world.run(lead["id"], fields=["company_name"])

    assert run["fields"]["company_name"]["value"] == "Acme"
    assert lead_shown(lead["id"])["company"] == "Acme"
    assert len(enrichments(lead["id"])) == 2


def test_a_miss_costs_nothing_where_the_source_charges_nothing(world: World) -> None:
    world.put_all(daily_budget=0.1)
    lead = added()

    run = world.run(lead["id"], fields=["job_title"])

    assert outcomes(run) == [(name, "not_found") for name in ("people_data_labs", "crustdata", "forager")]
    assert (run["status"], run["cost"]) == ("not_found", 0)
    assert source("people_data_labs")["spent_today"] == 0


def test_the_budget_of_a_run_is_kept(world: World) -> None:
    world.put("people_data_labs", priority=1, cost_per_request=0.3)
    world.put("crustdata", priority=2, cost_per_request=0.1)
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    world["crustdata"].answers = [knows(job_title="Chief")]
    lead = added()

    run = world.run(lead["id"], fields=["job_title"], max_cost=0.25)

    assert outcomes(run) == [("people_data_labs", "skipped_budget"), ("crustdata", "matched")]
    assert run["cost"] == 0.1


@pytest.mark.parametrize("again_after_days", [1, 29])
def test_what_is_fresh_is_not_paid_for_again(world: World, again_after_days: int) -> None:
    """A11."""
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    lead = added()
    world.run(lead["id"], fields=["job_title"])
    world.clock.advance(days=again_after_days)

    run = world.run(lead["id"], fields=["job_title"])

    assert outcomes(run) == [("people_data_labs", "skipped_fresh")]
    assert (run["status"], run["cost"], run["reason"]) == ("skipped", 0, "skipped_fresh")
    assert run["fields"]["job_title"]["value"] == "CTO"
    assert len(world["people_data_labs"].asked) == 1


def test_a_profile_that_enrichment_found_does_not_make_its_answers_stale(world: World) -> None:
    """It is written into the lead, and what a lead is known by had changed with it: each run paid anew."""
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(linkedin_url="https://www.linkedin.com/in/ada", job_title="CTO")]
    lead = added()
    world.run(lead["id"])
    assert lead_shown(lead["id"])["custom"]["linkedin_url"] == "https://www.linkedin.com/in/ada"

    again = world.run(lead["id"])
    told = call("enrichment/estimate", {"lead_ids": [lead["id"]]}).json
    assert (outcomes(again), again["cost"]) == ([("people_data_labs", "skipped_fresh")], 0)
    assert (told["fresh"], told["max_cost"]) == (1, 0)

    custom = {"linkedin_url": "https://www.linkedin.com/in/another-ada"}
    call("leads/update_lead", {"custom": custom}, path={"lead_id": lead["id"]})
    assert outcomes(world.run(lead["id"])) == [("people_data_labs", "matched")]


def test_what_was_asked_about_the_other_of_two_who_were_merged_hides_nothing(world: World) -> None:
    """The other is known by another address, so its answers were about somebody else, and those of the lead count."""
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    lead, other = added(), added("other@example.com")
    world.run(other["id"])
    assert call("leads/merge_leads", {"source_lead_id": other["id"]}, path={"lead_id": lead["id"]}).status == 200

    runs = [world.run(lead["id"]), world.run(lead["id"]), world.run(other["id"])]

    assert [run["cost"] for run in runs] == [0.1, 0, 0]
    assert call("enrichment/estimate", {"lead_ids": [lead["id"]]}).json["max_cost"] == 0


def test_questions_by_turns_are_each_paid_once(world: World) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO"), knows(skills=["sums"])]
    lead = added()

    costs = [world.run(lead["id"], fields=[name])["cost"] for name in ("job_title", "skills", "job_title", "skills")]

    assert costs == [0.1, 0.1, 0, 0]


def test_a_whole_waterfall_is_fresh(world: World) -> None:
    """Also of sources that were asked only for what others had left."""
    world.put_all()
    world["people_data_labs"].answers = [knows(job_title="CTO", outcome="partial")]
    world["crustdata"].answers = [knows(company_name="Acme", outcome="partial")]
    lead = added()
    first = world.run(lead["id"])

    again = world.run(lead["id"])
    told = call("enrichment/estimate", {"lead_ids": [lead["id"]]}).json

    assert [one["outcome"] for one in again["attempts"]] == ["skipped_fresh"] * 3
    assert (first["cost"], again["cost"], told["max_cost"], told["fresh"]) == (0.2, 0, 0, 3)
    assert again["fields"] == first["fields"]


def test_a_miss_is_asked_for_again_sooner_than_a_find(world: World) -> None:
    world.put("people_data_labs", ttl_days=60)
    lead = added()
    world.run(lead["id"], fields=["job_title"])
    world.clock.advance(days=6)
    early = world.run(lead["id"], fields=["job_title"])
    world.clock.advance(days=2)
    late = world.run(lead["id"], fields=["job_title"])

    assert outcomes(early) == [("people_data_labs", "skipped_fresh")]
    assert outcomes(late) == [("people_data_labs", "not_found")]


def test_force_and_another_address_make_it_ask_again(world: World) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    lead = added()
    world.run(lead["id"], fields=["job_title"])

    forced = world.run(lead["id"], fields=["job_title"], force=True)
    patched(lead["id"], email="ada@elsewhere.example")
    moved = world.run(lead["id"], fields=["job_title"])

    assert outcomes(forced) == outcomes(moved) == [("people_data_labs", "matched")]
    assert world["people_data_labs"].asked[-1][0].email == "ada@elsewhere.example"


def test_it_writes_what_nobody_has_put_down(world: World) -> None:
    """A9: a human's value always wins."""
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO", company_name="Acme")]
    lead = added(company="Mine", custom={"dog": "Rex"})

    run = world.run(lead["id"])

    after = lead_shown(lead["id"])
    assert after["company"] == "Mine"
    assert after["custom"] == {"dog": "Rex", "job_title": "CTO"}
    assert run["conflicts"] == [{"field": "company", "kept": "Mine", "other": "Acme", "source": "people_data_labs"}]


def test_what_a_person_has_emptied_stays_empty(world: World) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(company_name="Acme"), knows(company_name="Acme Two")]
    lead = added()
    world.run(lead["id"])
    assert lead_shown(lead["id"])["company"] == "Acme"
    patched(lead["id"], company=None)

    world.run(lead["id"], force=True)

    assert lead_shown(lead["id"])["company"] is None


def test_always_renews_its_own_values_alone(world: World) -> None:
    call("enrichment/put_settings", {"write_policy": {"company": "always", "custom.job_title": "never"}})
    world.put("people_data_labs")
    world["people_data_labs"].answers = [
        knows(company_name="Acme", job_title="CTO"),
        knows(company_name="Acme Two"),
        knows(company_name="Acme Three"),
    ]
    lead = added()

    world.run(lead["id"], force=True)
    first = lead_shown(lead["id"])
    world.run(lead["id"], force=True)
    second = lead_shown(lead["id"])
    patched(lead["id"], company="Mine")
    world.run(lead["id"], force=True)

    assert (first["company"], first["custom"]) == ("Acme", {})
    assert second["company"] == "Acme Two"
    assert lead_shown(lead["id"])["company"] == "Mine"


def test_nobody_to_ask_is_said(world: World) -> None:
    lead = added()

    run = world.run(lead["id"])

    assert (run["status"], run["reason"]) == ("skipped", "nobody_to_ask")


def test_a_source_that_is_switched_off_is_not_asked(world: World) -> None:
    world.put_all()
    world.put("people_data_labs", is_active=False)
    lead = added()

    world.run(lead["id"], fields=["job_title"], sources=["people_data_labs", "forager"])

    assert [len(world[name].asked) for name in ("people_data_labs", "crustdata", "forager")] == [0, 0, 1]


def test_a_merged_lead_has_the_enrichments_of_both(world: World) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    one, other = added(), added("other@example.com")
    world.run(one["id"])
    world.run(other["id"])
    call("leads/merge_leads", {"source_lead_id": other["id"]}, path={"lead_id": one["id"]})

    assert {found["lead_id"] for found in enrichments(one["id"])} == {one["id"], other["id"]}
    assert len(enrichments(other["id"])) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sources": ["clearbit"]}, "sources.0"),
        ({"sources": []}, "sources"),
        ({"fields": ["shoe_size"]}, "fields.0"),
        ({"max_cost": -1}, "max_cost"),
        ({"max_cost": "1"}, "max_cost"),
        ({"force": "yes"}, "force"),
        ({"budget": 1}, "budget"),
    ],
)
def test_wrong_fields_are_named(world: World, body: dict[str, Any], field: str) -> None:
    answer = call("enrichment/enrich_lead", body, path={"lead_id": added()["id"]})

    assert answer.status == 422
    assert field in [one["field"] for one in answer.json["errors"]]


def test_a_lead_that_is_not_there_or_erased_is_not_found(world: World) -> None:
    lead = added()
    call("leads/erase_lead", path={"lead_id": lead["id"]})

    for lead_id in (lead["id"], "01JZ0000000000000000000001"):
        assert call("enrichment/enrich_lead", {}, path={"lead_id": lead_id}).status == 404


def test_a_run_whose_lead_is_erased_while_it_is_asked_about_keeps_nothing(world: World) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO")]
    lead = added()
    world["people_data_labs"].meanwhile = lambda: call("leads/erase_lead", path={"lead_id": lead["id"]})

    run = world.run(lead["id"])

    assert (run["status"], run["reason"], run["fields"]) == ("skipped", "lead_gone", {})
    assert source("people_data_labs")["spent_today"] == 0.1
    assert shown(run["id"])["cost"] == 0.1


def test_a_miss_after_a_find_leaves_what_was_found(world: World) -> None:
    world.put("people_data_labs")
    world["people_data_labs"].answers = [knows(job_title="CTO"), MISS]
    lead = added()
    world.run(lead["id"])

    run = world.run(lead["id"], force=True)

    assert run["status"] == "not_found"
    assert run["fields"]["job_title"]["value"] == "CTO"


def test_what_is_known_counts_for_the_score(world: World) -> None:
    rule = {
        "name": "executives",
        "if": {"field": "enrichment.job_title", "op": "contains", "value": "cto"},
        "points": 20,
    }
    answer = call("scoring/put_scoring", {"fit_rules": [rule]})
    assert answer.status == 200, answer.text
    world.put("people_data_labs", min_confidence=0.5)
    world["people_data_labs"].answers = [knows(0.4, job_title="CTO"), knows(0.9, job_title="CTO")]
    lead = added()

    world.run(lead["id"])
    unsure = lead_shown(lead["id"])["score"]
    world.run(lead["id"], force=True)

    assert (unsure, lead_shown(lead["id"])["score"]) == (0, 20)


def test_a_source_is_asked_only_about_those_it_is_for(world: World) -> None:
    """A2 and A3: which source is worth its price depends on the lead."""
    at_acme: dict[str, Any] = {"field": "lead.company", "op": "eq", "value": "Acme"}
    world.put("people_data_labs", priority=1, only_if=at_acme)
    world.put("crustdata", priority=2, only_if={"not": at_acme})
    for name in ("people_data_labs", "crustdata"):
        world[name].answers = [knows(job_title="CTO")]

    acme = world.run(added("a@example.com", company="Acme")["id"], fields=["job_title", "skills"])
    other = world.run(added("b@example.com", company="Other")["id"], fields=["job_title", "skills"])

    assert [one["source"] for one in acme["attempts"]] == ["people_data_labs"]
    assert [one["source"] for one in other["attempts"]] == ["crustdata"]
    # What only a source fills that is not for this lead does not lack.
    assert other["status"] == "matched"
    told = call("enrichment/estimate", {"filter": {"all": []}, "force": True, "fields": ["job_title"]}).json
    assert [(one["source"], one["leads"]) for one in told["calls"]] == [("crustdata", 1), ("people_data_labs", 1)]
