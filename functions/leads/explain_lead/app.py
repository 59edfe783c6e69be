"""GET /leads/{lead_id}/explain — why a lead does or does not get something."""

from typing import Any

from leadflow.entry import params
from leadflow.entry.api import endpoint
from leadflow.leads.service import explaining


@endpoint(
    scope="leads:read",
    returns="LeadExplanation",
    query={"campaign_id": params.text(64), "workflow_id": params.text(64)},
)
def handler(lead_id: str, campaign_id: str | None, workflow_id: str | None) -> dict[str, Any]:
    """Every gate in the order it is asked, with its verdict, and the one reason that decides; nothing is done.

    Give exactly one of `campaign_id` and `workflow_id`. The gates are those that runs and sends ask themselves.
    """
    return explaining.explain(lead_id, campaign_id=campaign_id, workflow_id=workflow_id)
