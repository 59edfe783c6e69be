"""PATCH /conversations/{conversation_id} — change a conversation's status, assignment, sentiment or summary."""

from leadflow.channels.schema import ConversationUpdate
from leadflow.channels.service import conversations
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(body=ConversationUpdate, scope="conversations:write", returns="Conversation")
def handler(conversation_id: str, body: ConversationUpdate, if_match: int | None) -> Record:
    """Fields left out stay, null empties those that may be empty. `unread_count` 0 says that all was read."""
    return conversations.update(conversation_id, body, if_match)
