"""GET /conversations — conversations by filters, by their last message."""

from typing import Any

from leadflow.channels import enums
from leadflow.channels.service import conversations
from leadflow.entry import params
from leadflow.entry.api import endpoint

FILTERS = {
    "status": params.one_of(*enums.CONVERSATION_STATUSES),
    "channel": params.one_of(*enums.CONVERSATION_CHANNELS),
    "lead_id": params.text(64),
    "assigned_to": params.text(enums.MAX_ASSIGNEE),
}


@endpoint(scope="conversations:read", query=FILTERS, page=True, returns="Conversation")
def handler(limit: int, cursor: str | None, **filters: Any) -> dict[str, Any]:
    """All filters given must match. A page under a filter may be short and still have a next one."""
    return conversations.page(limit=limit, cursor=cursor, **filters)
