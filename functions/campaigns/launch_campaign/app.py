"""POST /campaigns/{campaign_id}/launch — begin to send a draft."""

from leadflow.campaigns.service import launching
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(status=202, scope="campaigns:send", returns="EmailCampaignLaunch")
def handler(campaign_id: str) -> Record:
    """A draft without audience, steps, templates or an active channel is refused, naming all that it lacks.

    Variables that leads have no value for are told; they do not hold it back.
    """
    return launching.launch(campaign_id)
