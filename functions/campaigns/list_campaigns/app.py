"""GET /campaigns — campaigns, newest first."""

from typing import Any

from leadflow.campaigns.enums import CAMPAIGN_STATUSES
from leadflow.campaigns.service import campaigns
from leadflow.entry.api import endpoint
from leadflow.entry.params import one_of


@endpoint(scope="campaigns:read", page=True, query={"status": one_of(*CAMPAIGN_STATUSES)}, returns="EmailCampaign")
def handler(limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    return campaigns.list_campaigns(limit, cursor, status)
