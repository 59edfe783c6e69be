"""GET /erasures/{erasure_id} — how far an erasure is."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads import service


@endpoint(scope="leads:read", returns="Erasure")
def handler(erasure_id: str) -> Record:
    """It is completed when nothing about the person was found any more."""
    return service.get_erasure(erasure_id)
