"""GET /campaigns/{campaign_id}/steps — the steps of a campaign, by number."""

from typing import Any

from leadflow.campaigns.service import steps
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:read", page=True, returns="EmailSequenceStep")
def handler(campaign_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    return steps.list_steps(campaign_id, limit, cursor)
