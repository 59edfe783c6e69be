"""POST /campaigns/{campaign_id}/launch — begin to send a draft."""

from leadflow.campaigns.service import launching
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(status=202, scope="campaigns:send", returns="EmailCampaign")
def handler(campaign_id: str) -> Record:
    """A draft without audience, steps, templates or an active channel is refused, naming all that it lacks."""
    return launching.launch(campaign_id)
