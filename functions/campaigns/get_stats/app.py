"""GET /campaigns/{campaign_id}/stats — what became of a campaign's mails, by step, variant, link and hour."""

from typing import Any

from leadflow.campaigns.service import counts
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:read", returns="CampaignStats")
def handler(campaign_id: str) -> dict[str, Any]:
    """Exact as of the last change read. For each step audience = sent + skipped + failed + unknown + pending."""
    return counts.get_stats(campaign_id)
