"""GET /webhook-inbox — what providers posted, newest first."""

from typing import Any

from leadflow.channels import enums, service
from leadflow.entry import params
from leadflow.entry.api import endpoint

FILTERS = {"state": params.one_of(*enums.DELIVERY_STATES), "channel_id": params.text(100)}


@endpoint(scope="channels:read", query=FILTERS, page=True, returns="WebhookDelivery")
def handler(limit: int, cursor: str | None, **filters: Any) -> dict[str, Any]:
    """Without the posts themselves, which hold addresses. They are kept for 30 days after they were worked on."""
    return service.inbox_page(limit, cursor, **filters)
