"""GET /conversations/{conversation_id}/messages — a conversation's messages, newest first."""

from typing import Any

from leadflow.channels.service import conversations
from leadflow.entry.api import endpoint


@endpoint(scope="conversations:read", page=True, returns="Message")
def handler(conversation_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """In the order in which they were said, by the provider's clock where it tells."""
    return conversations.page_of_messages(conversation_id, limit, cursor)
