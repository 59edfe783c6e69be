"""A moment of a trigger with an audience: one run for each lead that fits, page by page of the list of leads.

The runs of a page, and how far the walk is, are written in one transaction, so wherever it dies it goes on with the
next lead. A lead that comes on file while the walk is under way is not part of it.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from leadflow.core import clock, conditions, due, ids, table
from leadflow.core.errors import RateLimited
from leadflow.core.turns import Turns
from leadflow.leads import service as leads
from leadflow.workflows import store, store_triggers
from leadflow.workflows.service import budgets, starting, triggering, waking
from leadflow.workflows.store_triggers import Occurrence, Timetable

# A page's transaction holds the trigger's check, the walk, and for each lead a run, a guard and a count: 98 of 100
# actions.
PAGE = 32
# One call stops after this long and is called again.
WALK_SECONDS = 45
PATIENCE = timedelta(minutes=3)
KEPT_FOR = timedelta(days=7)
_TURNS = Turns(8, longest_pause_seconds=0.5)


def walk(occurrence_id: str) -> None:
    """Goes on with an occurrence until it is done, its time is up, or its trigger is no longer in force.

    Raises RateLimited when crowded out.
    """
    started = time.monotonic()
    while time.monotonic() - started < WALK_SECONDS:
        occurrence = store_triggers.find_occurrence(occurrence_id)
        if occurrence is None or occurrence.status != "walking":
            return
        if not _page(occurrence):
            return
    waking.tell([{"occurrence_id": occurrence_id}])


def _page(occurrence: Occurrence) -> bool:
    """Begins the runs of one page; False when somebody else is at it or nothing is left to do."""
    for _ in _TURNS:
        trigger = _in_force(occurrence)
        if trigger is None or trigger.config.get("audience") is None:
            _stop(occurrence)
            return False
        found = leads.page(limit=PAGE, cursor=occurrence.cursor)
        runs = [_run_of(trigger, occurrence, lead) for lead in _fitting(trigger, occurrence, found["items"])]
        guards = {run.id: triggering.once_guards(trigger, run.lead_id) for run in runs}
        runs = _not_had(runs, guards)
        over = budgets.used_up(runs, int(trigger.max_runs))
        for run in runs:
            if run.id in over:
                budgets.stop_for_runs(run, int(trigger.max_runs))
        _move_on(occurrence, found["next_cursor"], sum(run.status == "running" for run in runs))
        try:
            _commit(trigger, occurrence, runs, guards)
        except table.TransactionRefused as refused:
            if refused.failed(1):
                return False
            occurrence = _again(occurrence)
            continue
        starting.queue_starts(runs)
        return occurrence.status == "walking"
    raise RateLimited("Others are at the same leads.")


def _in_force(occurrence: Occurrence) -> Timetable | None:
    """The trigger as the version in force has it: runs begin in that version, whichever the moment came in."""
    workflow = table.find(store.Workflow, f"WF#{occurrence.workflow_id}", "#META")
    if workflow is None:
        return None
    return store_triggers.find_timetable(workflow.id, occurrence.trigger_id, int(workflow.version))


def _fitting(trigger: Timetable, occurrence: Occurrence, found: list[table.Record]) -> list[table.Record]:
    data, now = _data(occurrence), clock.now()
    audience, filters = trigger.config["audience"], trigger.config.get("filters")
    wanted = [lead for lead in found if conditions.evaluate(audience, {"lead": lead}, now)]
    return [lead for lead in wanted if triggering.passes(filters, lead, data)]


def _run_of(trigger: Timetable, occurrence: Occurrence, lead: table.Record) -> store.WorkflowExecution:
    happened = clock.parse(occurrence.scheduled_at)
    execution = store.new_execution(
        id=ids.derived_id(happened, trigger.trigger_id, occurrence.scheduled_at, lead["id"]),
        workflow_id=trigger.workflow_id,
        workflow_version=int(trigger.version),
        trigger_type="time_based",
        trigger_id=trigger.trigger_id,
        trigger_data=_data(occurrence),
        lead_id=lead["id"],
        started_at=clock.now_stamp(),
    )
    starting.await_start(execution)
    return execution


def _data(occurrence: Occurrence) -> dict[str, Any]:
    return {"scheduled_at": occurrence.scheduled_at, "missed": int(occurrence.missed)}


def _not_had(
    runs: list[store.WorkflowExecution], guards: dict[str, list[store.OncePerLead]]
) -> list[store.WorkflowExecution]:
    """Without those whose lead, or a part of it, has had its one run of this trigger."""
    asked = [(guard.pk, guard.sk) for of_lead in guards.values() for guard in of_lead]
    had = {guard.pk for guard in table.find_many(store.OncePerLead, asked)}
    return [run for run in runs if had.isdisjoint(guard.pk for guard in guards[run.id])]


def _move_on(occurrence: Occurrence, cursor: str | None, begun: int) -> None:
    occurrence.cursor, occurrence.begun = cursor, int(occurrence.begun) + begun
    if cursor is None:
        _end(occurrence, "done")
    else:
        store_triggers.await_at(occurrence, clock.stamp(clock.now() + PATIENCE))


def _end(occurrence: Occurrence, status: str) -> None:
    occurrence.status, occurrence.cursor = status, None
    occurrence.expires_at = clock.epoch_seconds(clock.now() + KEPT_FOR)
    due.clear(occurrence)


def _stop(occurrence: Occurrence) -> None:
    _end(occurrence, "stopped")
    try:
        table.save(occurrence)
    except table.Stale:
        # Somebody else is at it and finds the same.
        return


def _commit(
    trigger: Timetable,
    occurrence: Occurrence,
    runs: list[store.WorkflowExecution],
    guards: dict[str, list[store.OncePerLead]],
) -> None:
    with table.transaction() as writes:
        # A pause that has been answered begins no run any more.
        writes.condition_check(Timetable, trigger.pk, trigger.sk, condition=Timetable.pk.exists())
        occurrence.touch()
        writes.save(occurrence)
        for item in (*runs, *(guard for run in runs for guard in guards[run.id][:1])):
            item.touch()
            writes.save(item, condition=table.Item.pk.does_not_exist())
        for run in runs:
            if run.status == "running":
                budgets.count(writes, run, int(trigger.max_runs))


def _again(occurrence: Occurrence) -> Occurrence:
    """The occurrence as it is in the table. Raises RateLimited when it has gone."""
    found = store_triggers.find_occurrence(occurrence.id)
    if found is None or found.status != "walking":
        raise RateLimited("The occurrence was ended by others just now.")
    return found
