"""The trigger `time_based` with an audience: one run for each lead that fits, whatever happens on the walk."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from leadflow.workflows.service import audiences
from tests.functional import wire
from tests.functional.leads.people import added
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.test_dispatch_changes import Activate, runs_of
from tests.functional.workflows.timers import Timers, all_runs, at, at_transaction, paused, reconciled, source
from tests.harness import Clock

EVERYBODY = {"all": []}


def test_each_lead_of_the_audience_gets_one_run(timed: Any, timers: Timers) -> None:
    hot = [added(f"hot{n}@example.com", source="ads")["id"] for n in range(audiences.PAGE + 5)]
    for n in range(5):
        added(f"cold{n}@example.com", source="chat")
    workflow_id = timed("at(2026-03-02T10:00:00)", audience={"field": "lead.source", "op": "eq", "value": "ads"})
    timers.run_until(at("2026-03-02T10:30:00Z"), twice=True)
    runs = all_runs(workflow_id)
    assert sorted(run["lead_id"] for run in runs) == sorted(hot)
    assert {str(run["trigger_data"]) for run in runs} == {"{'scheduled_at': '2026-03-02T10:00:00.000Z', 'missed': 0}"}
    [occurrence] = wire.stored("Occurrence")
    assert (occurrence["status"]["S"], occurrence["begun"]["N"]) == ("done", str(len(hot)))
    assert "expires_at" in occurrence


def test_once_per_lead_and_filters_hold_for_audiences(
    timed: Any, timers: Timers, make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    first, second = added("a@example.com")["id"], added("b@example.com", source="ads")["id"]
    once = timed("rate(1 hour)", audience=EVERYBODY, once_per_lead=True)
    filters = {"all": [{"field": "trigger.missed", "op": "eq", "value": 0}, source("ads")]}
    filtered = timed("rate(1 hour)", audience=EVERYBODY, filters=filters)
    timers.run_until(at("2026-03-02T12:30:00Z"))
    assert sorted(run["lead_id"] for run in all_runs(once)) == sorted([first, second])
    assert [run["lead_id"] for run in all_runs(filtered)] == [second] * 3


def test_filters_without_an_audience_are_asked_of_nobody(timed: Any, timers: Timers) -> None:
    never = timed(filters=source("ads"))
    punctual = timed(filters={"field": "trigger.missed", "op": "eq", "value": 0})
    timers.run_until(at("2026-03-02T10:30:00Z"))
    assert (len(runs_of(never)), len(runs_of(punctual))) == (0, 1)


def test_a_walk_that_dies_anywhere_goes_on_where_it_was(
    timed: Any, timers: Timers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = [added(f"lead{n}@example.com")["id"] for n in range(2 * audiences.PAGE + 3)]
    workflow_id = timed("at(2026-03-02T10:00:00)", audience=EVERYBODY)
    timers.run_until(at("2026-03-02T09:59:59Z"))
    [(clock.moment, _, message)] = timers._coming
    timers.bring(message)
    [(_, walk)] = timers.messages()
    deaths = 0
    for number in range(3, 60, 7):
        try:
            with wire.killed_at(number, sent=bool(number % 2)):
                timers.bring(walk)
            break
        except wire.Killed:
            deaths += 1
    assert deaths
    clock.advance(minutes=10)
    timers.lose()
    reconciled()
    timers.run_until(clock.moment)
    assert sorted(run["lead_id"] for run in all_runs(workflow_id)) == sorted(leads)


def test_a_pause_in_the_middle_of_a_walk_begins_nothing_more(timed: Any, timers: Timers, clock: Clock) -> None:
    for n in range(2 * audiences.PAGE):
        added(f"lead{n}@example.com")
    workflow_id = timed("at(2026-03-02T10:00:00)", audience=EVERYBODY)
    timers.run_until(at("2026-03-02T09:59:59Z"))
    [(clock.moment, _, message)] = timers._coming
    timers.bring(message)
    [(_, walk)] = timers.messages()
    second = at_transaction(2, partial(paused, workflow_id))
    with second:
        assert timers.bring(walk) == []
    assert len(all_runs(workflow_id)) == audiences.PAGE
    [occurrence] = wire.stored("Occurrence")
    assert occurrence["status"]["S"] == "stopped"
    assert "gsi3pk" not in occurrence


def test_a_version_published_in_the_middle_of_a_walk_takes_over_the_rest(
    timed: Any, timers: Timers, clock: Clock, activate: Activate
) -> None:
    leads = [added(f"lead{n}@example.com")["id"] for n in range(2 * audiences.PAGE)]
    workflow_id = timed("at(2026-03-02T10:00:00)", audience=EVERYBODY)
    timers.run_until(at("2026-03-02T09:59:59Z"))
    [(clock.moment, _, message)] = timers._coming
    timers.bring(message)
    [(_, walk)] = timers.messages()
    with at_transaction(2, partial(activate, workflow_id)):
        assert timers.bring(walk, walk) == []
    runs = all_runs(workflow_id)
    assert sorted(run["lead_id"] for run in runs) == sorted(leads)
    assert sorted(run["workflow_version"] for run in runs) == [1] * audiences.PAGE + [2] * audiences.PAGE


def test_two_workers_at_one_walk_begin_each_run_once(timed: Any, timers: Timers, clock: Clock) -> None:
    leads = [added(f"lead{n}@example.com")["id"] for n in range(audiences.PAGE + 3)]
    workflow_id = timed("at(2026-03-02T10:00:00)", audience=EVERYBODY)
    timers.run_until(at("2026-03-02T09:59:59Z"))
    [(clock.moment, _, message)] = timers._coming
    timers.bring(message)
    [(_, walk)] = timers.messages()
    with wire.interrupted(lambda: timers.bring(walk)):
        assert timers.bring(walk) == []
    assert sorted(run["lead_id"] for run in all_runs(workflow_id)) == sorted(leads)


def test_reconcile_leaves_a_walk_alone_that_goes_on(timed: Any, timers: Timers, clock: Clock) -> None:
    leads = [added(f"lead{n}@example.com")["id"] for n in range(audiences.PAGE + 1)]
    workflow_id = timed("at(2026-03-02T10:00:00)", audience=EVERYBODY)
    timers.run_until(at("2026-03-02T09:59:59Z"))
    [(clock.moment, _, message)] = timers._coming
    timers.bring(message)
    clock.advance(seconds=100)
    [(_, walk)] = timers.messages()
    woken = []

    def slow() -> None:
        clock.advance(seconds=100)
        woken.append(reconciled()["timers_woken"])

    with at_transaction(2, slow):
        timers.bring(walk)
    assert woken == [0]
    assert len(all_runs(workflow_id)) == len(leads)
