"""PATCH /channels/{channel_id} — change some fields of a channel, or rotate its credentials."""

from leadflow.channels import service
from leadflow.channels.schema import ChannelConfigUpdate
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(body=ChannelConfigUpdate, scope="channels:write", returns="ChannelConfig")
def handler(channel_id: str, body: ChannelConfigUpdate, if_match: int | None) -> Record:
    """Fields left out stay. Secrets that were replaced still verify what providers post, for the grace period."""
    return service.update(channel_id, body, if_match)
