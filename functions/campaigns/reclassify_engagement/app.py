"""POST /campaigns/{campaign_id}/reclassify — judge opens and clicks again."""

from leadflow.campaigns.service import reclassifying
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(status=202, scope="campaigns:write", returns="Reclassification")
def handler(campaign_id: str) -> Record:
    """By the lists and rules of today; the numbers follow. While it runs, asking again says how far it is."""
    return reclassifying.start(campaign_id)
