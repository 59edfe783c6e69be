"""GET /overview — totals for a dashboard."""

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.platform import service_overview


@endpoint(scope="platform:read", returns="Overview")
def handler() -> dict[str, Any]:
    """Kept up with every change, so that it costs one read whatever there is; a change shows within seconds."""
    return service_overview.overview()
