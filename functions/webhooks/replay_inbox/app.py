"""POST /webhook-inbox/{delivery_id}/replay — work on a delivery again."""

from leadflow.channels import service
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(scope="channels:write", status=202, returns="WebhookDelivery")
def handler(delivery_id: str) -> Record:
    """What was done before is not done twice; what was parked is tried again."""
    return service.replay(delivery_id)
