"""POST /channels/{channel_id}/check — ask the provider whether the stored credentials do."""

from typing import Any

from leadflow.channels import service
from leadflow.entry.api import endpoint


@endpoint(scope="channels:write", returns="ChannelCheck")
def handler(channel_id: str) -> dict[str, Any]:
    """For mail, also whether the key may send. A provider that cannot be reached is not `ok` either."""
    return service.check(channel_id)
