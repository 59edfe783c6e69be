"""GET /conversations/{conversation_id} — one conversation."""

from leadflow.channels.service import conversations
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(scope="conversations:read", returns="Conversation")
def handler(conversation_id: str) -> Record:
    return conversations.get(conversation_id)
