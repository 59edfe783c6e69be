"""GET /agents — agents, newest first."""

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.workflows.service import agents


@endpoint(scope="workflows:read", page=True, returns="Agent")
def handler(limit: int, cursor: str | None) -> dict[str, Any]:
    return agents.page(limit, cursor)
