"""Why a lead does or does not get something: every gate with its verdict, and the one that decides."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from leadflow.core import clock, gates
from leadflow.core.errors import InvalidInput, NotFound
from leadflow.core.gates import Gate
from leadflow.leads.service.erasing import was_erased
from leadflow.leads.service.leads import find

# They are loaded when asked, as they use this wing themselves. `explain(id, lead_id, lead)` gives gates and what is
# planned.
_CAMPAIGNS = "leadflow.campaigns.service.standing"
_WORKFLOWS = "leadflow.workflows.service.explaining"


def explain(lead_id: str, *, campaign_id: str | None, workflow_id: str | None) -> dict[str, Any]:
    """Where a lead stands in a campaign or a workflow, by the gates that the run and the send ask.

    Of a person who was erased there is nothing to tell but that. Reads a bounded number of items and writes nothing.
    Raises InvalidInput unless exactly one of both is given, NotFound for the lead, the campaign or the workflow.
    """
    if (campaign_id is None) == (workflow_id is None):
        both = "give exactly one of campaign_id and workflow_id"
        raise InvalidInput.many([("campaign_id", both), ("workflow_id", both)])
    lead = find(lead_id)
    there = gates.passed("lead")
    if lead is None:
        if not was_erased(lead_id):
            raise NotFound("lead", lead_id)
        there = gates.failed("lead", "erased", "The person was erased.")
    home, asked_for = (_WORKFLOWS, workflow_id) if workflow_id is not None else (_CAMPAIGNS, campaign_id)
    found = import_module(home).explain(asked_for, lead_id, lead)
    asked: list[Gate] = [there, *found.gates]
    decides = gates.primary(asked, found.otherwise)
    return {
        "lead_id": lead_id,
        "campaign_id": campaign_id,
        "workflow_id": workflow_id,
        "execution_id": found.execution_id,
        "as_of": clock.now_stamp(),
        "primary_reason": decides.code,
        "primary_gate": decides.gate,
        "detail": decides.detail,
        "gates": [gate.as_dict() for gate in asked],
        "next_planned_at": found.next_planned_at,
        "next_mail_at": found.next_mail_at,
    }
