"""POST /workflows/{workflow_id}/simulate — think a run through, without effects and without writes."""

from __future__ import annotations

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.workflows.schema import SimulationRequest
from leadflow.workflows.service import simulating


@endpoint(body=SimulationRequest, scope="workflows:read", returns="Simulation")
def handler(workflow_id: str, body: SimulationRequest) -> dict[str, Any]:
    """Works on drafts and published versions alike; the decisions are those of a real run."""
    return simulating.simulate(workflow_id, body)
