"""PATCH /leads/{lead_id} — change some fields of a lead."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads import service
from leadflow.leads.schema import LeadUpdate


@endpoint(body=LeadUpdate, scope="leads:write", returns="Lead")
def handler(lead_id: str, body: LeadUpdate, if_match: int | None) -> Record:
    """Fields left out stay, null empties those that may be empty; changes of status are kept with their time."""
    return service.update(lead_id, body, if_match)
