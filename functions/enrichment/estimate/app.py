"""POST /enrichment/estimate — what enriching would ask and cost at most."""

from typing import Any

from leadflow.enrichment.schema import EstimateRequest
from leadflow.enrichment.service import estimating
from leadflow.entry.api import endpoint


@endpoint(body=EstimateRequest, scope="enrichment:read", returns="Estimate")
def handler(body: EstimateRequest) -> dict[str, Any]:
    """It reads what is on file and asks nobody."""
    return estimating.estimate(body)
