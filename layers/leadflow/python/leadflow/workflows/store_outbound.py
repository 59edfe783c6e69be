"""Items of calls to the outside: webhooks, agents, and what agents have cost."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import effects, listing, table
from leadflow.core.effects import LedgerEntry
from leadflow.core.errors import BudgetExceeded, InProgress
from leadflow.core.turns import Turns
from leadflow.workflows.store import WorkflowExecution

if TYPE_CHECKING:
    from pynamodb.transactions import TransactWrite

# DynamoDB takes items of 400 KB.
MAX_PACKED_BYTES = 350_000
_TURNS = Turns(6, longest_pause_seconds=0.5)


class OutboundCall(LedgerEntry, discriminator="OutboundCall"):
    """A webhook that a run calls: the ledger entry, with the request as it was claimed and what was answered.

    pk `WX#<execution>`  sk `FX#<action>#<visit>`
    """

    request = BinaryAttribute(legacy_encoding=False)
    answer = JSONAttribute(null=True)
    error_message = UnicodeAttribute(null=True)


class WebhookSigning(table.Item, discriminator="WebhookSigning"):
    """Which of its secrets a workflow's webhooks are signed with; there is none until the first is replaced.

    pk `WF#<workflow>`  sk `#SIGN`

    `generation` numbers the secrets, 0 the first; the one before the present also signs until `previous_until`.
    """

    generation = NumberAttribute(default=0)
    previous_until = UnicodeAttribute(null=True)


class Agent(table.Item, discriminator="Agent"):
    """A model at an OpenAI-compatible endpoint, by the name that workflows call it.

    pk `AGT#<name>`  sk `#META`  GSI1 `AGTS` / `<created_at>#<name>`
    """

    record_fields = (
        *("name", "base_url", "model", "api_key_set", "instructions", "input_price", "output_price", "max_tokens"),
        *("structured", "is_active", "created_at", "updated_at"),
    )

    name = UnicodeAttribute()
    base_url = UnicodeAttribute()
    model = UnicodeAttribute()
    api_key = UnicodeAttribute(null=True)
    instructions = UnicodeAttribute(null=True)
    input_price = NumberAttribute()
    output_price = NumberAttribute()
    max_tokens = NumberAttribute()
    structured = BooleanAttribute(default=False)
    is_active = BooleanAttribute(default=True)

    @property
    def api_key_set(self) -> bool:
        return self.api_key is not None


class AgentRun(LedgerEntry, discriminator="AgentRun"):
    """An agent's work for one action of a run: the ledger entry, the conversation, and what it has cost.

    pk `WX#<execution>`  sk `AGENT#<action>`

    One item for all attempts and visits, so a budget holds for all of them together. `spent` and `reserved` are in
    millionths of a USD; what is reserved for the call under way is also in `AgentSpend`, of the day `reserved_on`.
    `doubts` counts calls of this visit that nobody knows the end of.
    """

    visit = NumberAttribute(default=1)
    agent = UnicodeAttribute()
    packed = BinaryAttribute(legacy_encoding=False)
    spent = NumberAttribute(default=0)
    reserved = NumberAttribute(default=0)
    reserved_on = UnicodeAttribute(null=True)
    repairs = NumberAttribute(default=0)
    doubts = NumberAttribute(default=0)
    result = JSONAttribute(null=True)
    error_message = UnicodeAttribute(null=True)


class AgentSpend(table.Item, discriminator="AgentSpend"):
    """What agents have cost for a lead on one UTC day, in millionths of a USD; for a run without one, of its workflow.

    pk `SPEND#<lead or workflow>`  sk `<day>`
    """

    spent = NumberAttribute(default=0)


def packed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 6)


def unpacked(content: bytes) -> Any:
    return json.loads(zlib.decompress(content))


def find_call(execution_id: str, action_id: str, visit: int) -> OutboundCall | None:
    return table.find(OutboundCall, f"WX#{execution_id}", f"FX#{action_id}#{visit}")


def find_signing(workflow_id: str) -> WebhookSigning | None:
    return table.find(WebhookSigning, f"WF#{workflow_id}", "#SIGN")


def find_run(execution_id: str, action_id: str) -> AgentRun | None:
    return table.find(AgentRun, f"WX#{execution_id}", f"AGENT#{action_id}")


def find_agent(name: str) -> Agent | None:
    return table.find(Agent, f"AGT#{name}", "#META")


def agents_page(limit: int, cursor: str | None) -> dict[str, Any]:
    return listing.page(Agent, "GSI1", ["AGTS"], limit=limit, cursor=cursor, listing="agents")


def claim(entry: LedgerEntry) -> bool:
    """Writes a new entry of a run that goes on; False when it was claimed before.

    Raises table.Stale when the run has ended or gone: nothing about it is written any more.
    """
    effects.take(entry)
    entry.touch()

    def add(writes: TransactWrite) -> None:
        running = WorkflowExecution.status == "running"
        writes.condition_check(WorkflowExecution, entry.pk, "#META", condition=running)
        writes.save(entry, condition=table.Item.pk.does_not_exist())

    for _ in _TURNS:
        try:
            with table.transaction() as writes:
                add(writes)
        except table.TransactionRefused as refused:
            if refused.failed(0):
                raise table.Stale(entry.pk) from refused
            if refused.failed(1):
                return False
            if refused.contended:
                continue
            raise
        return True
    raise InProgress("The run is being changed by many at once.")


def reserve(run: AgentRun, subject: str, day: str, amount: int, limit: int, expires_at: int) -> None:
    """Begins a call that may cost `amount`, if the day's `limit` reaches: both in one step.

    Raises BudgetExceeded when it does not, table.Stale when the run's entry is no longer ours.
    """
    run.reserved, run.reserved_on = amount, day
    run.phase, run.lease_until = "begun", effects.lease_end()
    spend = AgentSpend(pk=f"SPEND#{subject}", sk=day)
    reaches = AgentSpend.spent.does_not_exist() | (AgentSpend.spent <= limit - amount)
    actions = [AgentSpend.kind.set(AgentSpend), AgentSpend.expires_at.set(expires_at), AgentSpend.spent.add(amount)]
    if amount > limit or not _together(run, spend, actions, reaches):
        run.reserved, run.reserved_on, run.phase = 0, None, "claimed"
        raise BudgetExceeded(f"The budget for agents of {day} (UTC) does not reach for another call.")


def account(run: AgentRun, subject: str, cost: int) -> None:
    """Writes what the call under way has cost, in the run and in its day; the run's other changes go with it.

    Raises table.Stale when the run's entry is no longer ours.
    """
    spend, returned = AgentSpend(pk=f"SPEND#{subject}", sk=run.reserved_on), int(run.reserved) - cost
    run.spent, run.reserved, run.reserved_on = int(run.spent) + cost, 0, None
    if not _together(run, spend, [AgentSpend.spent.add(-returned)], AgentSpend.pk.exists()):
        # The day's item has gone with its lead, or with its time.
        table.save(run)


def _together(run: AgentRun, spend: AgentSpend, actions: list[Any], condition: Any) -> bool:
    """The run and its day in one transaction; False when the day's condition does not hold."""
    run.touch()
    for _ in _TURNS:
        try:
            with table.transaction() as writes:
                writes.save(run)
                writes.update(spend, list(actions), condition=condition, add_version_condition=False)
        except table.TransactionRefused as refused:
            if refused.failed(0):
                raise table.Stale(run.pk) from refused
            if refused.failed(1):
                return False
            if refused.contended:
                continue
            raise
        return True
    raise InProgress("The budget of this lead is being used by many runs at once.")
