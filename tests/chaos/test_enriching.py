"""Runs of enrichment killed in every state they can leave the world in.

Whatever line the process dies at: no source is asked twice by one run, what is counted as spent is never less than what
the source has charged and never more than the budget, and every run ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from leadflow.core import effects
from leadflow.enrichment.service import (
    asking,
    carrying,
    finishing,
    jobs,
    queueing,
    recovery,
    requesting,
    running,
    settling,
    sharing,
    sources,
    working,
)
from leadflow.enrichment.store import enrichments, money, runs
from tests.chaos.killing import Place, kill_at, places, some
from tests.cloud import fresh_cloud
from tests.functional.enrichment.sources import (
    MISS,
    World,
    asked,
    deliver,
    job,
    knows,
    note_queued,
    queue_events,
    shown,
)
from tests.functional.enrichment.sources import source as source_shown
from tests.functional.leads.people import added
from tests.functional.leads.people import shown as lead_shown
from tests.harness import Clock, call

_EVENT = "before-parameter-build.sqs.SendMessageBatch"
_WATCHED = (
    asking,
    carrying,
    finishing,
    jobs,
    queueing,
    requesting,
    running,
    settling,
    sharing,
    sources,
    working,
    enrichments,
    money,
    runs,
)
PDL, CRUST = "people_data_labs", "crustdata"


@contextmanager
def new_world() -> Iterator[World]:
    with fresh_cloud(Clock()):
        queue_events().register(_EVENT, note_queued)
        try:
            world = World(Clock())
            from leadflow.core import seams

            seams.current().clock = world.clock
            world.put(PDL, priority=1, cost_per_request=0.1, daily_budget=0.2)
            world.put(CRUST, priority=2, cost_per_request=0.05)
            world[PDL].answers = [knows(company_name="Acme", outcome="partial")]
            world[CRUST].answers = [knows(job_title="CTO")]
            yield world
        finally:
            queue_events().unregister(_EVENT, note_queued)


def begun(world: World) -> dict[str, Any]:
    """A run that is queued, and its message taken: only reconcile knows of it."""
    run = asked(added()["id"], fields=["company_name", "job_title"])
    world.messages()
    return run


def recovered(world: World) -> None:
    """What reconcile does about it, until nothing waits."""
    for _ in range(4):
        world.clock.advance(seconds=effects.LEASE.total_seconds() + 121)
        recovery.reconcile()
        world.work()


def spots() -> list[Place]:
    with new_world() as world:
        run = begun(world)
        return places(lambda: deliver({"run_id": run["id"]}), *_WATCHED)


def is_as_it_should_be(world: World, run_id: str) -> None:
    run = shown(run_id)
    assert run["status"] in ("matched", "partial", "failed")
    assert all(len(one.asked) <= 1 for one in world.sources.values()), "a source was asked twice by one run"
    charged = 0.1 * len(world[PDL].asked) + 0.05 * len(world[CRUST].asked)
    assert run["cost"] >= round(charged, 6)
    spent = source_shown(PDL)["spent_today"] + source_shown(CRUST)["spent_today"]
    assert round(spent, 6) == run["cost"], "what the run has cost is not what its sources' days have"
    known = {one["source"] for one in run["attempts"] if one["outcome"] in ("matched", "partial")}
    assert {one["source"] for one in run["fields"].values()} == known
    if PDL in known:
        assert lead_shown(run["lead_id"])["company"] == "Acme"


def test_a_run_that_dies_anywhere_pays_nobody_twice_and_ends() -> None:
    found = spots()
    assert len(found) > 15
    for place in some(found):
        with new_world() as world:
            run = begun(world)
            assert kill_at(place, lambda run=run: deliver({"run_id": run["id"]}), *_WATCHED)
            recovered(world)
            try:
                is_as_it_should_be(world, run["id"])
            except AssertionError as error:
                pytest.fail(f"killed at {place}: {error}")


def test_a_run_that_dies_twice_ends() -> None:
    for place in spots()[::4]:
        with new_world() as world:
            run = begun(world)
            kill_at(place, lambda run=run: deliver({"run_id": run["id"]}), *_WATCHED)
            world.clock.advance(seconds=effects.LEASE.total_seconds() + 1)
            kill_at(place, lambda run=run: deliver({"run_id": run["id"]}), *_WATCHED)
            recovered(world)
            is_as_it_should_be(world, run["id"])


def _together(world: World) -> tuple[dict[str, Any], list[str]]:
    """A job of two leads whose first source takes them together and knows one; its message is taken."""
    world.put(PDL, priority=1, cost_per_request=0.1)
    world[PDL].most_at_once = 25
    world[PDL].answers = [knows(company_name="Acme"), MISS, knows(company_name="Acme")]
    world[CRUST].answers = [knows(company_name="Acme")]
    made = _job(world, 2)
    deliver({"job_id": made["id"]})
    [(message, _)] = world.messages()
    return made, message["run_ids"]


def test_runs_that_ask_together_and_die_anywhere_pay_nobody_twice_and_end() -> None:
    watched = (asking, carrying, sharing, settling, money, finishing)
    with new_world() as world:
        _, run_ids = _together(world)
        found = places(lambda: deliver({"run_ids": run_ids}), *watched)
    assert len(found) > 20
    for place in some(found):
        with new_world() as world:
            made, run_ids = _together(world)
            assert kill_at(place, lambda ids=run_ids: deliver({"run_ids": ids}), *watched)
            recovered(world)
            ended = job(made["id"])
            assert (ended["status"], ended["total"], ended["done"], ended["reserved"]) == ("completed", 2, 2, 0), place
            whom = [person.email for person, _ in world[PDL].asked]
            assert len(whom) == len(set(whom)), f"killed at {place}: somebody was asked about twice"
            spent = source_shown(PDL)["spent_today"] + source_shown(CRUST)["spent_today"]
            charged = 0.1 * world[PDL].charged + 0.05 * world[CRUST].charged
            assert round(spent, 6) == ended["cost"] >= round(charged, 6), place


def _job(world: World, leads: int = 3) -> dict[str, Any]:
    for number in range(leads):
        added(f"lead{number}@example.com")
    body = {"filter": {"all": []}, "fields": ["company_name"], "max_cost": 1}
    made: dict[str, Any] = call("enrichment/enrich_many", body).json
    world.messages()
    return made


def test_a_walk_that_dies_anywhere_gives_every_lead_one_run() -> None:
    with new_world() as world:
        made = _job(world)
        found = places(lambda: deliver({"job_id": made["id"]}), jobs, queueing, requesting, runs)
    for place in some(found):
        with new_world() as world:
            made = _job(world)
            kill_at(place, lambda made=made: deliver({"job_id": made["id"]}), jobs, queueing, requesting, runs)
            recovered(world)
            ended = job(made["id"])
            assert (ended["status"], ended["total"], ended["done"]) == ("completed", 3, 3), place
            # The third finds the day of the first source used up and asks the second.
            assert (ended["cost"], len(world[PDL].asked), len(world[CRUST].asked)) == (0.25, 2, 1)
