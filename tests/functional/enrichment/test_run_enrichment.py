"""The worker: budgets, rates, failures of sources, and messages that come twice, late or never."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest

from leadflow.core import clock, table
from leadflow.core.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from leadflow.enrichment.rules import Limits, metering
from leadflow.enrichment.store import sources
from tests.functional.enrichment.sources import MISS, World, asked, deliver, knows, shown, source
from tests.functional.leads.people import added
from tests.harness import call, door

PDL = "people_data_labs"
FIELDS = {"fields": ["job_title"]}


def many(count: int) -> list[str]:
    return [added(f"lead{number}@example.com")["id"] for number in range(count)]


def outcome(run: dict[str, Any]) -> tuple[str, str | None]:
    [attempt] = run["attempts"]
    return attempt["outcome"], attempt["reason"]


def reconcile() -> dict[str, int]:
    counts: dict[str, int] = door("platform/reconcile")({}, None)
    return counts


def test_x44_a_daily_budget_is_used_up_to_the_last_call_and_no_further(world: World) -> None:
    """X44: never a cent too much, whatever the number of runs."""
    world.put(PDL, cost_per_request=0.3, daily_budget=1.0)
    world[PDL].answers = [knows(job_title="CTO")]
    runs = [asked(lead_id, **FIELDS) for lead_id in many(6)]

    world.work()

    ended = [shown(run["id"]) for run in runs]
    assert [run["status"] for run in ended] == ["matched"] * 3 + ["skipped"] * 3
    assert [outcome(run) for run in ended[3:]] == [("skipped_budget", "source")] * 3
    assert source(PDL)["spent_today"] == 0.9
    assert len(world[PDL].asked) == 3


def test_what_is_reserved_and_comes_back_is_spent_by_those_who_waited(world: World) -> None:
    """Misses are free, so a budget of one call is enough for any number of them."""
    world.put(PDL, cost_per_request=0.1, daily_budget=0.1)
    first, second = many(2)
    run, rival = asked(first, **FIELDS), asked(second, **FIELDS)
    world[PDL].answers = [MISS, knows(job_title="CTO")]
    met: list[str] = []

    def meanwhile() -> None:
        if not met:
            met.append("")
            contextvars.Context().run(deliver, {"run_id": rival["id"]})
            met[0] = shown(rival["id"])["status"]

    world[PDL].meanwhile = meanwhile
    world.work()

    assert met == ["running"]
    assert shown(run["id"])["status"] == "not_found"
    assert shown(rival["id"])["status"] == "matched"
    assert source(PDL)["spent_today"] == 0.1


def test_a_new_day_has_a_new_budget(world: World) -> None:
    world.put(PDL, cost_per_request=0.1, daily_budget=0.1)
    world[PDL].answers = [knows(job_title="CTO")]
    first, second, third = many(3)
    world.run(first, **FIELDS)
    today = world.run(second, **FIELDS)
    world.clock.advance(days=1)
    tomorrow = world.run(third, **FIELDS)

    assert (today["status"], tomorrow["status"]) == ("skipped", "matched")


def test_the_day_of_a_lead_has_a_budget(world: World) -> None:
    call("enrichment/put_settings", {"max_cost_per_lead": 0.15})
    world.put_all()
    world[PDL].answers = [knows(linkedin_url="https://www.linkedin.com/in/ada", outcome="partial")]
    lead = added()

    run = world.run(lead["id"])

    assert [(one["outcome"], one["reason"]) for one in run["attempts"]] == [
        ("partial", None),
        ("skipped_budget", "lead"),
        ("skipped_budget", "lead"),
    ]


def test_a_rate_is_kept_by_waiting(world: World) -> None:
    """A15: over the limit means later, not failed; each run gets its turn and tries no more than once."""
    world.put(PDL, rate_limit_per_minute=6)
    world[PDL].answers = [knows(job_title="CTO")]
    times: list[float] = []
    begun = world.clock.moment
    world[PDL].meanwhile = lambda: times.append((world.clock.moment - begun).total_seconds())
    runs = [asked(lead_id, **FIELDS) for lead_id in many(4)]

    world.work()

    assert times == [0, 10, 20, 30]
    assert {shown(run["id"])["status"] for run in runs} == {"matched"}


def test_a_rate_that_was_raised_is_in_force_for_those_who_wait_too(world: World) -> None:
    """Nobody waits a day for a time that was given when the source was told to be slow."""
    world.put(PDL, rate_limit_per_minute=1)
    world[PDL].answers = [knows(job_title="CTO")]
    begun = world.clock.moment
    runs = [asked(lead_id, **FIELDS) for lead_id in many(40)]
    for body, _ in world.messages():
        deliver(body)

    world.put(PDL, rate_limit_per_minute=600)
    late = asked(added("late@acme.example")["id"], **FIELDS)
    [(body, _)] = world.messages()
    deliver(body)
    assert shown(late["id"])["status"] == "matched"
    world.work()

    assert {shown(run["id"])["status"] for run in runs} == {"matched"}
    assert (world.clock.moment - begun).total_seconds() < 16 * 60


def test_a_source_that_asks_for_a_pause_gets_it(world: World) -> None:
    world.put(PDL)
    world[PDL].answers = [RateLimited("later", 30), knows(job_title="CTO")]
    begun = world.clock.moment

    run = world.run(added()["id"], **FIELDS)

    assert outcome(run) == ("matched", None)
    assert (world.clock.moment - begun).total_seconds() >= 30
    assert run["cost"] == 0.1


def test_the_last_request_of_a_window_holds_the_next(world: World) -> None:
    world.put(PDL)
    answer = knows(job_title="CTO")
    world[PDL].answers = [type(answer)(**{**vars(answer), "limits": Limits(remaining=0, reset_seconds=20)}), answer]
    first, second = many(2)
    world.run(first, **FIELDS)
    begun = world.clock.moment

    run = world.run(second, **FIELDS)

    assert run["status"] == "matched"
    assert (world.clock.moment - begun).total_seconds() >= 20


@pytest.mark.parametrize("error", [CredentialsRefused("no"), QuotaExhausted("gone")])
def test_a_refused_account_is_left_alone_until_it_is_mended(world: World, error: Exception) -> None:
    world.put(PDL, priority=1)
    world.put("crustdata", priority=2)
    world[PDL].answers = [error]
    world["crustdata"].answers = [knows(job_title="CTO")]
    first, second = many(2)
    code = getattr(error, "code", "")

    run, after = world.run(first, **FIELDS), world.run(second, **FIELDS)

    assert [(one["outcome"], one["reason"]) for one in run["attempts"]] == [("failed", code), ("matched", None)]
    assert [(one["outcome"], one["reason"]) for one in after["attempts"]] == [("failed", code), ("matched", None)]
    assert len(world[PDL].asked) == 1
    assert (source(PDL)["is_healthy"], source(PDL)["held_for"], run["cost"]) == (False, code, 0.1)
    world.put(PDL, api_key="another-key")
    assert source(PDL)["is_healthy"]


def test_an_unknown_outcome_counts_in_full_and_is_not_repeated(world: World) -> None:
    world.put(PDL)
    world[PDL].answers = [OutcomeUnknown("broke")]

    run = world.run(added()["id"], **FIELDS)

    assert (run["status"], outcome(run), run["cost"]) == ("failed", ("failed", "outcome_unknown"), 0.1)
    assert len(world[PDL].asked) == 1
    assert source(PDL)["spent_today"] == 0.1


@pytest.mark.parametrize("error", [UpstreamUnavailable("away"), UpstreamRejected("bad")])
def test_what_was_not_done_costs_nothing(world: World, error: Exception) -> None:
    world.put(PDL)
    world[PDL].answers = [error]

    run = world.run(added()["id"], **FIELDS)

    assert (run["status"], run["cost"], source(PDL)["spent_today"]) == ("failed", 0, 0)


@pytest.mark.parametrize(
    ("told", "cost"),
    [(5, 0.5), (2.5, 0.25), (0, 0), (8, 0.8)],
    ids=["as its price list says", "less", "nothing", "more, which is counted as well"],
)
def test_a_source_that_is_paid_by_credits_costs_what_it_says_it_took(world: World, told: float, cost: float) -> None:
    world.put(PDL, cost_per_credit=0.1, daily_budget=1.0)
    world[PDL].credits_of_a_request = 5
    world[PDL].answers = [knows(job_title="CTO", took=told)]
    reserved: list[float] = []
    world[PDL].meanwhile = lambda: reserved.append(source(PDL)["spent_today"])

    run = world.run(added()["id"], **FIELDS)

    assert reserved == [0.5]
    assert (run["cost"], run["attempts"][0]["cost"], source(PDL)["spent_today"]) == (cost, cost, cost)


def test_a_call_by_credits_that_the_budget_does_not_reach_for_is_not_made(world: World) -> None:
    world.put(PDL, cost_per_credit=0.1, daily_budget=0.4)
    world[PDL].credits_of_a_request = 5

    run = world.run(added()["id"], **FIELDS)

    assert (outcome(run), world[PDL].asked) == (("skipped_budget", "source"), [])


def test_an_unknown_outcome_costs_the_credits_of_the_price_list(world: World) -> None:
    world.put(PDL, cost_per_credit=0.1)
    world[PDL].credits_of_a_request = 5
    world[PDL].answers = [OutcomeUnknown("broke")]

    assert world.run(added()["id"], **FIELDS)["cost"] == 0.5


def test_a_source_that_keeps_failing_is_left_alone_and_the_others_go_on(world: World) -> None:
    world.put(PDL, priority=1)
    world.put("crustdata", priority=2)
    world[PDL].answers = [UpstreamUnavailable("away")]
    world["crustdata"].answers = [knows(job_title="CTO")]

    runs = [world.run(lead_id, **FIELDS) for lead_id in many(9)]

    assert {run["status"] for run in runs} == {"matched"}
    assert len(world[PDL].asked) < 9
    assert source(PDL)["held_for"] == "failing"
    world.clock.advance(hours=1)
    world[PDL].answers = [knows(job_title="CTO")]
    assert world.run(added("late@example.com")["id"], **FIELDS)["attempts"][0]["source"] == PDL
    assert source(PDL)["is_healthy"]


def test_a_source_that_is_slow_for_many_is_waited_for(world: World) -> None:
    """So that it does not take all workers: the run lets go of its own and comes back."""
    world.put(PDL)
    world[PDL].answers = [knows(job_title="CTO")]
    meter = sources.meter(PDL)
    until = clock.stamp(clock.now() + metering.LANE_LASTS)
    meter.lanes = {f"other{number}": until for number in range(metering.LANES)}
    table.create(meter)
    run = asked(added()["id"], **FIELDS)
    [(body, _)] = world.messages()

    deliver(body)
    waiting, asked_so_far = shown(run["id"]), len(world[PDL].asked)
    world.work()

    assert (waiting["status"], asked_so_far) == ("running", 0)
    assert shown(run["id"])["status"] == "matched"


def test_a_message_that_comes_twice_pays_once(world: World) -> None:
    world.put(PDL)
    world[PDL].answers = [knows(job_title="CTO")]
    run = asked(added()["id"], **FIELDS)

    for _ in range(3):
        deliver({"run_id": run["id"]})

    assert len(world[PDL].asked) == 1
    assert source(PDL)["spent_today"] == 0.1


def test_a_message_that_comes_while_a_worker_is_at_it_does_nothing(world: World) -> None:
    world.put(PDL)
    world[PDL].answers = [knows(job_title="CTO")]
    run = asked(added()["id"], **FIELDS)
    world[PDL].meanwhile = lambda: deliver({"run_id": run["id"]})

    world.work()

    assert len(world[PDL].asked) == 1
    assert shown(run["id"])["status"] == "matched"


def test_a_run_whose_message_is_lost_is_found_again(world: World) -> None:
    world.put(PDL)
    world[PDL].answers = [knows(job_title="CTO")]
    run = asked(added()["id"], **FIELDS)
    world.messages()
    assert reconcile()["enrichment_runs_requeued"] == 0
    world.clock.advance(minutes=3)

    assert reconcile()["enrichment_runs_requeued"] == 1

    world.work()
    assert shown(run["id"])["status"] == "matched"
    world.clock.advance(hours=1)
    assert reconcile()["enrichment_runs_requeued"] == 0


def test_a_message_about_nothing_does_nothing(world: World) -> None:
    deliver({"run_id": "01JZ0000000000000000000006"})
    deliver({"job_id": "01JZ0000000000000000000007"})
