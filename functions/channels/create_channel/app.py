"""POST /channels — add a channel."""

from leadflow.channels import service
from leadflow.channels.schema import ChannelConfigCreate
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(
    body=ChannelConfigCreate, status=201, scope="channels:write", returns="ChannelConfig", location="/channels/{id}"
)
def handler(body: ChannelConfigCreate) -> Record:
    """Set the `webhook_url` of the answer at the provider, so that what happens there is heard of."""
    return service.create(body)
