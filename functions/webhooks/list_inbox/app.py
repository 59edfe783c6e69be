"""GET /webhook-inbox — what providers posted, newest first."""

from typing import Any

from leadflow.channels import service
from leadflow.entry.api import endpoint


@endpoint(scope="channels:read", page=True, returns="WebhookDelivery")
def handler(limit: int, cursor: str | None) -> dict[str, Any]:
    """Without the posts themselves, which hold addresses. They are kept for 30 days after they were worked on."""
    return service.inbox_page(limit, cursor)
