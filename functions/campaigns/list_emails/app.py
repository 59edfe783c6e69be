"""GET /campaigns/{campaign_id}/emails — mails of a campaign, newest first."""

from typing import Any

from leadflow.campaigns.enums import EMAIL_OUTCOMES, EMAIL_STATUSES
from leadflow.campaigns.service import mails
from leadflow.entry.api import endpoint
from leadflow.entry.params import one_of

_QUERY = {"status": one_of(*EMAIL_STATUSES), "outcome": one_of(*EMAIL_OUTCOMES)}


@endpoint(scope="campaigns:read", page=True, query=_QUERY, returns="EmailSent")
def handler(
    campaign_id: str, limit: int, cursor: str | None, status: str | None, outcome: str | None
) -> dict[str, Any]:
    """Those that were skipped are among them, with the reason. A page may be short and still have a next one."""
    return mails.list_campaign_emails(campaign_id, limit, cursor, status=status, outcome=outcome)
