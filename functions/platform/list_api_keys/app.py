"""GET /api-keys — API keys, newest first."""

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.platform import service


@endpoint(scope="admin", page=True, returns="ApiKey")
def handler(limit: int, cursor: str | None) -> dict[str, Any]:
    """Revoked keys stay in the list, with the time they ended. No key is ever shown, only how it begins."""
    return service.list_api_keys(limit, cursor)
