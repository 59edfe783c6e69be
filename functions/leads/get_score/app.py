"""GET /leads/{lead_id}/score — why a lead's score is what it is."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads.service import scoring


@endpoint(scope="leads:read", returns="LeadScore")
def handler(lead_id: str) -> Record:
    """The newest 100 signals one by one, each with its age and what is left of it; all older ones as one sum.

    The parts add up to the score exactly, as of the last signal, by the arithmetic that made it.
    """
    return scoring.explained(lead_id)
