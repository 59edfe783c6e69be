"""DELETE /channels/{channel_id} — remove a channel and its credentials."""

from leadflow.channels import service
from leadflow.entry.api import endpoint


@endpoint(scope="channels:write", status=204)
def handler(channel_id: str, if_match: int | None) -> None:
    """Conversations stay, as history; nothing is sent in them any more. What still comes for the channel is 404."""
    service.delete(channel_id, if_match)
