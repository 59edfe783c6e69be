"""GET /channels — channels, newest first."""

from typing import Any

from leadflow.channels import service
from leadflow.entry.api import endpoint


@endpoint(scope="channels:read", page=True, returns="ChannelConfig")
def handler(limit: int, cursor: str | None) -> dict[str, Any]:
    return service.page(limit, cursor)
