"""GET /leads/{lead_id}/emails — mails to one lead, newest first."""

from typing import Any

from leadflow.campaigns.service import mails
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:read", page=True, returns="EmailSent")
def handler(lead_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """Those that were skipped are among them, with the reason. A page of very large mails may be short."""
    return mails.list_lead_emails(lead_id, limit, cursor)
