"""Reserving: the transaction alone decides, whatever was read before it."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import table
from leadflow.enrichment.store import money, runs, sources
from leadflow.enrichment.store.money import Limits, OverBudget

DAY = "2026-03-02"


def begun(number: int, lead_id: str = "lead", job_id: str | None = None) -> runs.EnrichmentRun:
    run = table.create(runs.new_run(f"run{number}", lead_id, job_id=job_id))
    run.asking = {"source": "forager", "reserved": 40, "day": DAY, "fields": []}
    return run


def reserve(run: runs.EnrichmentRun, **limits: Any) -> None:
    money.reserve(run, sources.meter("forager"), Limits(**limits))


def settled(run: runs.EnrichmentRun, cost: int = 40) -> None:
    run.asking = None
    money.settle(run, money.Settled("forager", DAY, reserved=40, cost=cost, requests=1, outcome="matched", fields=2))


@pytest.mark.parametrize("of", ["source", "job"])
def test_x44_of_three_calls_for_two_thirds_of_a_budget_two_are_reserved(of: str) -> None:
    """X44."""
    job = runs.new_job("job", max_cost=100)
    for number in range(2):
        reserve(begun(number, f"lead{number}", job.id), **{of: 100})

    with pytest.raises(OverBudget) as refused:
        reserve(begun(2, "lead2", job.id), **{of: 100})

    assert refused.value.of == of
    kept = runs.find_run("run2")
    assert kept is not None
    assert kept.asking is None
    assert int(sources.day_of("forager", DAY).committed) == 80


def test_what_calls_about_a_person_have_cost_today_leaves_less_for_the_next() -> None:
    for number in range(2):
        run = begun(number)
        reserve(run, lead=100)
        settled(run)

    with pytest.raises(OverBudget) as refused:
        reserve(begun(2), lead=100)

    assert refused.value.of == "lead"


def test_while_one_call_about_a_person_is_under_way_no_other_is_reserved() -> None:
    first = begun(0)
    reserve(first)

    with pytest.raises(OverBudget) as refused:
        reserve(begun(1))

    assert refused.value.of == "lead"
    settled(first)
    reserve(begun(2))


def test_a_price_above_the_whole_budget_is_refused_at_once() -> None:
    with pytest.raises(OverBudget):
        reserve(begun(0), source=39)
    reserve(begun(1), source=40)


def test_nothing_is_reserved_for_a_run_that_somebody_else_has_moved() -> None:
    run, rival = begun(0), runs.find_run("run0")
    assert rival is not None
    table.save(rival)

    with pytest.raises(table.Stale):
        reserve(run)

    assert sources.day_of("forager", DAY).v is None


def test_a_stopped_job_reserves_nothing() -> None:
    job = runs.new_job("job", max_cost=100)
    table.change(job, [runs.EnrichmentJob.status.set("stopped")])

    with pytest.raises(OverBudget):
        reserve(begun(0, job_id=job.id))


def test_what_a_call_did_not_cost_comes_back() -> None:
    job = runs.new_job("job", max_cost=100)
    run = begun(0, job_id=job.id)
    reserve(run, source=100)

    settled(run, cost=10)

    for item in (sources.day_of("forager", DAY), runs.lead_day("lead", DAY), runs.find_job("job")):
        assert item is not None
        assert (int(item.committed), int(item.reserved)) == (10, 0)
    [counted] = runs.sources_of("job")
    assert (int(counted.asked), int(counted.matched), int(counted.fields), int(counted.cost)) == (1, 1, 2, 10)
