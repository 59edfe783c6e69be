"""POST /campaigns/{campaign_id}/simulate — a campaign as it would run, without any effect."""

from typing import Any

from leadflow.campaigns.schema import CampaignSimulationRequest
from leadflow.campaigns.service import simulating
from leadflow.entry.api import endpoint


@endpoint(body=CampaignSimulationRequest, scope="campaigns:read", returns="CampaignSimulation")
def handler(campaign_id: str, body: CampaignSimulationRequest) -> dict[str, Any]:
    """By the rules that send it, on a virtual clock. A long audience takes several calls, each with `next_cursor`."""
    return simulating.simulate(campaign_id, body)
