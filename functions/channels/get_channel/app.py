"""GET /channels/{channel_id} — one channel."""

from leadflow.channels import service
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(scope="channels:read", returns="ChannelConfig")
def handler(channel_id: str) -> Record:
    return service.get(channel_id)
