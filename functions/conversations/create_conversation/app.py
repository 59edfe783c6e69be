"""POST /conversations — begin a conversation."""

from leadflow.channels.schema import ConversationCreate
from leadflow.channels.service import conversations
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(
    body=ConversationCreate,
    status=201,
    scope="conversations:write",
    returns="Conversation",
    location="/conversations/{id}",
)
def handler(body: ConversationCreate) -> Record:
    """One that is open with this person on this channel already is a conflict that names it."""
    return conversations.create(body)
