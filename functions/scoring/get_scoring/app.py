"""GET /scoring — what scores are made by."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads.service import rescoring


@endpoint(scope="leads:read", returns="Scoring")
def handler() -> Record:
    """As it is when nothing was settled too: revision 0. `ETag` is the revision."""
    return rescoring.get()
