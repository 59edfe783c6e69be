"""What agents were asked and answered, for people to read."""

from __future__ import annotations

from leadflow.core.errors import NotFound
from leadflow.core.table import Record
from leadflow.workflows import rules_agents, store, store_outbound


def get(execution_id: str, action_id: str) -> Record:
    """The conversation of one action of a run. Raises NotFound."""
    store.load_execution(execution_id)
    entry = store_outbound.find_run(execution_id, action_id)
    if entry is None:
        raise NotFound("transcript of action", action_id)
    fields = {"execution_id": execution_id, "action_id": action_id, "agent": entry.agent, "outcome": entry.outcome}
    cost = rules_agents.in_usd(int(entry.spent))
    return Record({**fields, **store_outbound.unpacked(entry.packed), "cost": cost}, entry.v or 0)
