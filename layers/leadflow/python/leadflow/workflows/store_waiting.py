"""Runs that wait for an event of their lead, where the reader of changes finds them."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import table
from leadflow.workflows.store import WorkflowExecution


class Waiter(table.Item, discriminator="Waiter"):
    """A run's wait for an event, from its beginning to its end; `event` is what it was woken by.

    pk `WAIT#<lead>`  sk `<event type>#<execution>#<step, 6 digits>`, with a time to live

    `since` is when it began: what happened before does not count. `until` is when it is given up.
    """

    execution_id = UnicodeAttribute()
    step = NumberAttribute()
    config = JSONAttribute(default=dict)
    since = UnicodeAttribute()
    until = UnicodeAttribute()
    event = JSONAttribute(null=True)


def find(lead_id: str, event_type: str, execution_id: str, step: int) -> Waiter | None:
    return table.find(Waiter, partition(lead_id), f"{event_type}#{execution_id}#{step:06d}")


def new_waiter(lead_id: str, event_type: str, execution_id: str, step: int, **fields: Any) -> Waiter:
    """A waiter with its keys, not yet written."""
    sk = f"{event_type}#{execution_id}#{step:06d}"
    return Waiter(pk=partition(lead_id), sk=sk, execution_id=execution_id, step=step, **fields)


def begin(waiter: Waiter, execution: WorkflowExecution) -> None:
    """Writes a waiter of a run that is as it was read, so that none is left of a run that was ended or erased.

    Raises table.TransactionRefused when the run has moved or the waiter is there already.
    """
    waiter.touch()
    with table.transaction() as writes:
        writes.condition_check(
            WorkflowExecution, execution.pk, execution.sk, condition=WorkflowExecution.v == execution.v
        )
        writes.save(waiter, condition=table.Item.pk.does_not_exist())


def waiting_for(lead_id: str, event_type: str) -> list[Waiter]:
    return table.query_items(Waiter, partition(lead_id), prefix=f"{event_type}#", newest_first=False)


def partition(lead_id: str) -> str:
    """Where all waits for events of a lead are."""
    return f"WAIT#{lead_id}"
