"""POST /campaigns/{campaign_id}/audience — whom a campaign would reach."""

from typing import Any

from leadflow.campaigns.schema import AudiencePreviewRequest
from leadflow.campaigns.service import previewing
from leadflow.entry.api import endpoint


@endpoint(body=AudiencePreviewRequest, scope="campaigns:read", returns="AudiencePreview")
def handler(campaign_id: str, body: AudiencePreviewRequest) -> dict[str, Any]:
    """Counted over all leads, nothing is estimated. A long audience takes several calls, each with `next_cursor`."""
    return previewing.preview(campaign_id, body)
