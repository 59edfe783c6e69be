"""Runs of a job whose source takes several people in one request: each pays for itself and none for another."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import seams
from leadflow.core.errors import (
    CredentialsRefused,
    LeadflowError,
    OutcomeUnknown,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from leadflow.enrichment.store import runs as store
from tests.functional.enrichment.sources import MISS, World, deliver, job, knows, shown, source
from tests.functional.enrichment.test_enrich_many import EVERYONE, many, start
from tests.harness import call

PDL, CRUST = "people_data_labs", "crustdata"
TITLE = {"fields": ["job_title"]}
CTO = knows(job_title="CTO")


@pytest.fixture
def together(world: World) -> World:
    """A source that takes 25 at once and one after it that does not."""
    world.put(PDL, priority=1)
    world[PDL].most_at_once = 25
    world[PDL].answers = [CTO]
    return world


def begun(world: World, count: int, **body: Any) -> tuple[dict[str, Any], list[str]]:
    """A job that has walked, and the runs that its message names."""
    many(count)
    made = start(filter=EVERYONE, **{**TITLE, **body})
    [(walk, _)] = world.messages()
    deliver(walk)
    [(message, _)] = queued(world)
    return made, message["run_ids"]


def queued(world: World) -> list[tuple[dict[str, Any], int]]:
    """What is on the queue, left there."""
    found: list[tuple[dict[str, Any], int]] = seams.current().kept.get("queued enrichments", [])
    return found


def test_a_page_of_leads_is_asked_about_in_as_few_requests_as_the_source_takes(together: World) -> None:
    made, _ = begun(together, 30)

    together.work()

    ended = job(made["id"])
    assert together[PDL].together == [25, 5]
    assert (ended["status"], ended["runs"]["matched"], ended["cost"], ended["reserved"]) == ("completed", 30, 3.0, 0)
    assert [(one["asked"], one["matched"], one["fill_rate"]) for one in ended["sources"]] == [(30, 30, 1.0)]
    assert (source(PDL)["spent_today"], source(PDL)["requests_today"]) == (3.0, 2)


def test_a_source_that_takes_one_at_a_time_is_asked_so(world: World) -> None:
    world.put(PDL)
    world[PDL].answers = [CTO]
    many(3)
    made = start(filter=EVERYONE, **TITLE)

    world.work()

    assert (job(made["id"])["runs"]["matched"], world[PDL].together, len(world[PDL].asked)) == (3, [], 3)


def test_misses_come_back_each_and_the_next_source_is_asked_about_those_alone(together: World) -> None:
    together.put(CRUST, priority=2, cost_per_request=0.3)
    together[PDL].answers = [CTO, MISS, CTO, MISS]
    together[CRUST].answers = [knows(job_title="Chief")]
    made, run_ids = begun(together, 4)

    together.work()

    ended = job(made["id"])
    assert (together[PDL].together, len(together[CRUST].asked), ended["cost"]) == ([4], 2, 0.8)
    assert sorted(shown(one)["cost"] for one in run_ids) == [0.1, 0.1, 0.3, 0.3]
    assert source(PDL)["spent_today"] == 0.2


def test_two_sources_that_both_take_many_are_each_asked_once(together: World) -> None:
    together.put(CRUST, priority=2)
    together[CRUST].most_at_once = 25
    together[PDL].answers = [MISS]
    together[CRUST].answers = [CTO]
    made, _ = begun(together, 4)

    together.work()

    assert (together[PDL].together, together[CRUST].together) == ([4], [4])
    assert job(made["id"])["runs"]["matched"] == 4


@pytest.mark.parametrize("budget", ["source", "job", "lead"])
def test_x44_a_budget_is_used_up_to_the_last_member_and_no_further(together: World, budget: str) -> None:
    """X44: the price of each is reserved before the request, so only those are asked about who can be paid."""
    if budget == "source":
        together.put(PDL, cost_per_request=0.3, daily_budget=1)
    elif budget == "lead":
        together.put(PDL, cost_per_request=0.3)
        call("enrichment/put_settings", {"max_cost_per_lead": 0.2})
    else:
        together.put(PDL, cost_per_request=0.3)
    made, run_ids = begun(together, 6, max_cost=1 if budget == "job" else 100)

    together.work()

    ended = job(made["id"])
    paid, cost = (0, 0) if budget == "lead" else (3, 0.9)
    assert (ended["cost"], ended["runs"]["matched"], ended["runs"]["skipped"]) == (cost, paid, 6 - paid)
    assert together[PDL].together == ([] if budget == "lead" else [3])
    refused = [one for one in map(shown, run_ids) if one["status"] == "skipped"]
    assert {(one["attempts"][0]["outcome"], one["attempts"][0]["reason"]) for one in refused} == {
        ("skipped_budget", budget)
    }


def test_of_unknown_outcome_each_counts_in_full_and_none_is_asked_again(together: World) -> None:
    together[PDL].whole = [OutcomeUnknown("broke")]
    made, run_ids = begun(together, 3)

    together.work()

    assert together[PDL].together == [3]
    assert len(together[PDL].asked) == 3
    assert (round(job(made["id"])["cost"], 6), round(source(PDL)["spent_today"], 6)) == (0.3, 0.3)
    assert {(one["status"], one["attempts"][0]["reason"]) for one in map(shown, run_ids)} == {
        ("failed", "outcome_unknown")
    }


@pytest.mark.parametrize("error", [CredentialsRefused("no"), UpstreamUnavailable("away")])
def test_what_was_refused_costs_none_of_them_anything(together: World, error: LeadflowError) -> None:
    together[PDL].whole = [error]
    made, _ = begun(together, 3)

    together.work()

    ended = job(made["id"])
    assert (ended["cost"], ended["reserved"], ended["runs"]["failed"]) == (0, 0, 3)
    assert source(PDL)["spent_today"] == 0


def test_one_bad_member_does_not_fail_the_others(together: World) -> None:
    together[PDL].answers = [CTO, OutcomeUnknown("of this one"), MISS, CTO]
    made, _ = begun(together, 4)

    together.work()

    ended = job(made["id"])["runs"]
    assert (ended["matched"], ended["failed"], ended["not_found"]) == (2, 1, 1)
    assert round(job(made["id"])["cost"], 6) == 0.3


def test_members_of_a_request_that_is_refused_whole_are_asked_about_alone(together: World) -> None:
    """One malformed address spoils it for all; what is refused was not paid."""
    together[PDL].whole = [UpstreamRejected("malformed")]
    together[PDL].answers = [UpstreamRejected("malformed"), CTO]
    made, _ = begun(together, 3)

    together.work()

    ended = job(made["id"])
    assert (together[PDL].together, len(together[PDL].asked)) == ([3], 6)
    assert (ended["runs"]["matched"], ended["runs"]["failed"], ended["cost"]) == (2, 1, 0.2)
    assert ended["sources"][0]["asked"] == 3


def test_a_pause_that_the_source_asks_for_is_waited_for_together(together: World) -> None:
    together[PDL].whole = [RateLimited("later", 30)]
    made, _ = begun(together, 3)
    began = together.clock.moment

    together.work()

    assert together[PDL].together == [3, 3]
    assert (together.clock.moment - began).total_seconds() >= 30
    assert (job(made["id"])["runs"]["matched"], round(job(made["id"])["cost"], 6)) == (3, 0.3)


def test_one_request_takes_one_place_of_the_rate(together: World) -> None:
    together.put(PDL, rate_limit_per_minute=6)
    times: list[float] = []
    began = together.clock.moment
    together[PDL].meanwhile = lambda: times.append((together.clock.moment - began).total_seconds())
    made, _ = begun(together, 40)

    together.work()

    assert times == [0, 10]
    assert job(made["id"])["runs"]["matched"] == 40


def test_a_message_that_comes_twice_asks_once(together: World) -> None:
    made, run_ids = begun(together, 3)
    together[PDL].meanwhile = lambda: deliver({"run_ids": run_ids})
    for _ in range(2):
        deliver({"run_ids": run_ids})

    together.work()

    assert together[PDL].together == [3]
    assert round(job(made["id"])["cost"], 6) == 0.3


def test_a_lead_that_is_erased_meanwhile_is_left_out(together: World) -> None:
    """Its money is accounted for, its answer is not kept, and the others get theirs."""
    made, run_ids = begun(together, 3)
    gone = shown(run_ids[1])["lead_id"]

    def erased() -> None:
        call("leads/erase_lead", path={"lead_id": gone})

    together[PDL].meanwhile = erased
    together.work()

    ended = job(made["id"])["runs"]
    assert (ended["matched"], ended["skipped"]) == (2, 1)
    assert round(source(PDL)["spent_today"], 6) == 0.3


def test_a_job_that_is_stopped_asks_no_further_request(together: World) -> None:
    made, _ = begun(together, 30)
    together[PDL].meanwhile = lambda: call("enrichment/stop_job", path={"job_id": made["id"]})

    together.work()

    ended = job(made["id"])
    assert (ended["status"], together[PDL].together, ended["runs"]["matched"]) == ("stopped", [25], 25)
    assert ended["runs"]["skipped"] == 5


def test_a_member_that_somebody_else_has_is_left_to_them(together: World) -> None:
    made, run_ids = begun(together, 3)
    deliver({"run_id": run_ids[0]})

    together.work()

    assert (together[PDL].together, len(together[PDL].asked)) == ([2], 3)
    assert job(made["id"])["runs"]["matched"] == 3


def test_a_source_that_is_full_is_waited_for_together(together: World) -> None:
    from leadflow.core import clock, table
    from leadflow.enrichment.rules import metering
    from leadflow.enrichment.store import sources

    meter = sources.meter(PDL)
    until = clock.stamp(clock.now() + metering.LANE_LASTS)
    meter.lanes = {f"other{number}": until for number in range(metering.LANES)}
    table.create(meter)
    made, run_ids = begun(together, 3)

    deliver({"run_ids": run_ids})
    waiting = [store.find_run(one) for one in run_ids]
    together.work()

    assert all(one is not None and one.wake_at and one.asking is None for one in waiting)
    assert (together[PDL].together, job(made["id"])["runs"]["matched"]) == ([3], 3)
