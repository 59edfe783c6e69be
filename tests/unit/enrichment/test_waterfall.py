"""The waterfall by values."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.enrichment.enums import FIELDS, SOURCES
from leadflow.enrichment.rules import waterfall
from leadflow.enrichment.rules.waterfall import Candidate, Given, Step

values: st.SearchStrategy[Any] = st.one_of(st.text(max_size=5), st.lists(st.text(max_size=3), max_size=3))
givens = st.builds(
    Given,
    value=values,
    confidence=st.integers(0, 10).map(lambda tenths: tenths / 10),
    source=st.sampled_from(SOURCES),
    priority=st.integers(0, 3),
    at=st.sampled_from(["2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z"]),
    is_sure=st.booleans(),
)
answers = st.lists(st.tuples(st.sampled_from(FIELDS[:3]), givens), max_size=8)
candidates = st.lists(
    st.builds(
        Candidate,
        name=st.sampled_from(SOURCES),
        priority=st.integers(0, 3),
        floor=st.just(0.5),
        unit_price=st.integers(0, 500_000),
        fills=st.frozensets(st.sampled_from(FIELDS)),
        requests=st.integers(0, 3).map(lambda count: lambda _fields: count),
    ),
    max_size=3,
    unique_by=lambda one: one.name,
)
some_fields = st.frozensets(st.sampled_from(FIELDS))


def plan(sources: list[Candidate], lacking: Any) -> list[Step]:
    """Every step of a run in which nobody knows anything."""
    steps: list[Step] = []
    while (step := waterfall.next_step(sources, [one.candidate.name for one in steps], lacking)) is not None:
        steps.append(step)
    return steps


def candidate(name: str, **fields: Any) -> Candidate:
    usual: dict[str, Any] = {"priority": 1, "floor": 0.5, "unit_price": 10, "fills": frozenset(FIELDS)}
    return Candidate(name=name, requests=lambda _: 1, **{**usual, **fields})


@given(answers, st.randoms(use_true_random=False))
def test_the_best_value_does_not_depend_on_the_order_of_answers(given_: Any, chance: random.Random) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)

    assert waterfall.merged(given_) == waterfall.merged(shuffled)


@given(answers, answers)
def test_merging_in_parts_is_merging_at_once(first: Any, second: Any) -> None:
    assert waterfall.merged(second, waterfall.merged(first)) == waterfall.merged([*first, *second])


@given(answers, st.data())
def test_who_is_surer_never_loses_by_it(given_: Any, data: st.DataObject) -> None:
    """A rise in confidence of the value that counts leaves it counting."""
    best = waterfall.merged(given_)
    if not best:
        return
    name = data.draw(st.sampled_from(sorted(best)))
    surer = replace(best[name], confidence=best[name].confidence + 0.5, is_sure=True)

    assert waterfall.merged([*given_, (name, surer)])[name] == surer


@given(candidates, some_fields)
def test_a_plan_asks_each_source_once_and_only_for_what_lacks(sources: list[Candidate], lacking: Any) -> None:
    steps = plan(sources, lacking)

    names = [step.candidate.name for step in steps]
    assert len(names) == len(set(names))
    assert all(step.fields and step.fields <= lacking & step.candidate.fills for step in steps)
    assert [step.candidate.priority for step in steps] == sorted(step.candidate.priority for step in steps)


@given(candidates, some_fields, some_fields)
def test_knowing_more_never_costs_more(sources: list[Candidate], lacking: Any, known: Any) -> None:
    def cost(fields: Any) -> int:
        return sum(step.price for step in plan(sources, fields))

    assert cost(lacking - known) <= cost(lacking)


def test_of_equal_priority_the_cheaper_is_asked_first() -> None:
    dear, cheap = candidate("crustdata", unit_price=20), candidate("forager", unit_price=5)

    step = waterfall.next_step([dear, cheap], (), {"job_title"})

    assert step is not None
    assert (step.candidate.name, step.price) == ("forager", 5)


def test_a_source_that_could_make_no_request_is_passed_over() -> None:
    mute = Candidate("forager", 1, 0.5, 10, frozenset(FIELDS), lambda _: 0)

    assert waterfall.next_step([mute], (), {"job_title"}) is None


@pytest.mark.parametrize(
    ("outcomes", "lacking", "status"),
    [
        ([], {"job_title"}, "skipped"),
        (["skipped_fresh", "skipped_budget"], set(), "skipped"),
        (["matched"], {"skills"}, "matched"),
        (["partial"], {"skills"}, "partial"),
        (["partial"], set(), "matched"),
        (["not_found", "partial"], {"skills"}, "partial"),
        (["not_found", "failed"], {"skills"}, "not_found"),
        (["ambiguous"], {"skills"}, "not_found"),
        (["failed", "skipped_budget"], {"skills"}, "failed"),
    ],
)
def test_what_became_of_a_run(outcomes: list[str], lacking: Any, status: str) -> None:
    known: Any = {"job_title": Given("CTO", 0.9, "forager", 1, "", True)}

    assert waterfall.status_of(outcomes, lacking, known) == status
