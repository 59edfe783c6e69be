"""GET /leads/{lead_id}/signals — what a lead did, newest first."""

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.leads import service


@endpoint(scope="leads:read", page=True, returns="IntentSignal")
def handler(lead_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """Signals are kept as they came; only the score they make fades."""
    return service.page_of_signals(lead_id, limit=limit, cursor=cursor)
