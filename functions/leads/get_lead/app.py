"""GET /leads/{lead_id} — one lead."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads import service


@endpoint(scope="leads:read", returns="Lead")
def handler(lead_id: str) -> Record:
    """The score is as of the lead's latest signal, as in the lists that are sorted by it.

    The id of a lead that was merged into another answers with that other.
    """
    return service.get(lead_id)
