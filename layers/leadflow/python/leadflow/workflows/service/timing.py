"""Time-based triggers: when they fire next, and what happens when they do.

Every trigger in force has its next moment in the table. Whoever wakes it, however often, it fires once per moment: the
run (or, with an audience, the occurrence) and the timetable's next moment are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock, due, ids, lateness, table
from leadflow.core.errors import InvalidInput, LeadflowError, RateLimited
from leadflow.core.observability import logger
from leadflow.core.turns import Turns
from leadflow.workflows import rules_calendar as rules
from leadflow.workflows import store, store_triggers
from leadflow.workflows.rules_calendar import Calendar
from leadflow.workflows.service import audiences, starting, triggering, waking
from leadflow.workflows.store_triggers import Occurrence, Timetable

# How long after its time a moment that nobody attended to is reconcile's.
PATIENCE = timedelta(minutes=2)
_SHORTEST_PATIENCE = timedelta(seconds=5)
_TURNS = Turns(6, longest_pause_seconds=0.5)


def check(config: dict[str, Any], where: str) -> None:
    """Raises InvalidInput naming `<where>.schedule` when the expression of a time-based trigger is none."""
    try:
        calendar = Calendar.of(config, clock.now())
    except ValueError as error:
        raise InvalidInput(f"{where}.schedule", str(error)) from None
    if isinstance(calendar.schedule, rules.Once) and rules.moment_of(calendar.schedule.at, calendar.zone) is None:
        raise InvalidInput(f"{where}.schedule", f"clocks in {calendar.zone.key} jump over this time")


def timetable(workflow: store.Workflow, trigger: store.WorkflowTrigger, active_from: str) -> Timetable:
    """The entry of the trigger index for a time-based trigger of the version being published, not yet written.

    A schedule that the version before had goes on as if nothing was published, also when it is due just now. Raises
    InvalidInput naming the trigger when it would never fire.
    """
    where = f"triggers.{trigger.id}.trigger_config"
    config: dict[str, Any] = trigger.trigger_config
    check(config, where)
    before = store_triggers.find_timetable(workflow.id, trigger.id, int(workflow.version) - 1)
    if before is not None and _when(before.config) == _when(config):
        anchor, next_at = before.anchor, before.next_at
    else:
        anchor = active_from
        moment = Calendar.of(config, clock.parse(anchor)).next_after(clock.parse(active_from))
        if moment is None:
            raise InvalidInput(f"{where}.schedule", "names no time that is still to come")
        next_at = clock.stamp(moment)
    pk, sk = store_triggers.timetable_key(workflow.id, trigger.id, int(workflow.version))
    made = Timetable(pk=pk, sk=sk, workflow_id=workflow.id, trigger_id=trigger.id, version=workflow.version)
    made.config, made.active_from, made.anchor, made.next_at = config, active_from, anchor, next_at
    made.max_runs = workflow.max_runs_per_lead_per_day
    if next_at is not None:
        # Nobody wakes it yet.
        store_triggers.await_at(made, clock.stamp(clock.now() + PATIENCE))
    return made


def going(keys: set[tuple[str, str]]) -> list[Timetable]:
    """The timetables among entries of the trigger index that are about to go out of force."""
    return store_triggers.timetables_at(keys)


def tell(gone: Sequence[Timetable], come: Sequence[table.Item]) -> None:
    """Lets the clock know what went out of force, and which of the items just written it is to look after."""
    waking.tell(
        [waking.about(item, item.next_at) for item in gone]
        + [waking.about(item) for item in come if isinstance(item, Timetable)]
    )


def wake(message: waking.Message) -> None:
    """The worker: fires what is due, and sees to it that the next moment is not slept through.

    Raises RateLimited when crowded out.
    """
    if "occurrence_id" in message:
        audiences.walk(str(message["occurrence_id"]))
        return
    workflow_id, trigger_id, version = str(message["timetable"]).split("#")
    for _ in _TURNS:
        item = store_triggers.find_timetable(workflow_id, trigger_id, int(version))
        if item is None:
            waking.forget(message)
            return
        if item.next_at is None or message.get("at", item.next_at) != item.next_at:
            return
        moment = clock.parse(item.next_at)
        if moment > clock.now():
            _arm(item, moment)
            return
        if _fired(item, moment):
            return
    raise RateLimited("Others are at the same trigger.")


def park(message: waking.Message, error: LeadflowError) -> None:
    """Nothing to write it on: the timetable or occurrence stays due, and reconcile wakes it again."""
    logger().warning("timer parked", timer=message, error=type(error).__name__)


def reconcile() -> dict[str, int]:
    """Wakes timetables and occurrences whose message was lost."""
    return {"woken": sum(map(waking.tell, due.in_groups(_taken_up())))}


def _taken_up() -> Iterator[waking.Message]:
    """Messages about timetables and occurrences that are overdue and unattended, each of which now waits anew."""
    for item in store_triggers.unattended():
        store_triggers.await_at(item, _patient(clock.now()))
        try:
            table.save(item)
        except table.Stale:
            # Somebody took it up between our look and our write.
            continue
        yield waking.about(item)


def _arm(item: Timetable, moment: datetime) -> None:
    """Arranges the wake-up for the timetable's next moment."""
    waking.tell_at(waking.about(item, item.next_at), moment)
    store_triggers.await_at(item, _patient(moment))
    try:
        table.save(item)
    except table.Stale:
        # It fired or went out of force meanwhile; whoever did that looked after the rest.
        return


def _fired(item: Timetable, moment: datetime) -> bool:
    """Fires the latest moment that has come; False when somebody else changed the timetable meanwhile."""
    found = rules.due(Calendar.of(item.config, clock.parse(item.anchor)), moment, clock.now())
    item.next_at = clock.stamp(found.following) if found.following else None
    if found.following is None:
        due.clear(item)
    else:
        # Before the write: a wake-up too many is harmless, one too few is not.
        waking.tell_at(waking.about(item, item.next_at), found.following)
        store_triggers.await_at(item, _patient(found.following))
    begun = _begun(item, found)
    try:
        _commit(item, begun)
    except table.TransactionRefused as refused:
        if not refused.failed(1):
            return False
        # Fired by the version before; what is left to do is to move on.
        try:
            table.save(item)
        except table.Stale:
            return False
    lateness.begun(moment)
    if found.missed:
        logger().warning("moments missed", trigger_id=item.trigger_id, missed=found.missed)
    if isinstance(begun, Occurrence):
        waking.tell([waking.about(begun)])
    elif begun is not None:
        starting.queue_starts([begun])
    return True


def _begun(item: Timetable, found: rules.Due) -> store.WorkflowExecution | Occurrence | None:
    """What a moment begins, not yet written: a run, an occurrence to walk through, or nothing when filters say so."""
    at = clock.stamp(found.at)
    name = ids.derived_id(found.at, item.trigger_id, at)
    if item.config.get("audience") is not None:
        occurrence = store_triggers.new_occurrence(name, item, at, found.missed)
        store_triggers.await_at(occurrence, clock.stamp(clock.now() + PATIENCE))
        return occurrence
    data = {"scheduled_at": at, "missed": found.missed}
    if not triggering.passes(item.config.get("filters"), None, data):
        return None
    execution = store.new_execution(
        id=name,
        workflow_id=item.workflow_id,
        workflow_version=int(item.version),
        trigger_type="time_based",
        trigger_id=item.trigger_id,
        trigger_data=data,
        started_at=clock.now_stamp(),
    )
    starting.await_start(execution)
    return execution


def _commit(item: Timetable, begun: store.WorkflowExecution | Occurrence | None) -> None:
    with table.transaction() as writes:
        item.touch()
        writes.save(item)
        if begun is not None:
            begun.touch()
            writes.save(begun, condition=table.Item.pk.does_not_exist())


def _patient(moment: datetime) -> str:
    """When something that was to happen at this moment is overdue."""
    return clock.stamp(moment + max(clock.waiting(PATIENCE), _SHORTEST_PATIENCE))


def _when(config: dict[str, Any]) -> tuple[str, str]:
    return config["schedule"].strip(), config.get("timezone", "UTC")
