"""POST /conversations/{conversation_id}/messages — say something in a conversation."""

from leadflow.channels.schema import MessageCreate
from leadflow.channels.service import sending
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(body=MessageCreate, status=202, scope="conversations:write", returns="Message")
def handler(conversation_id: str, body: MessageCreate) -> Record:
    """Queued and sent in order. A closed window, an opt-out or too long a text is a 422 that says which.

    What comes of it is in the message's `status`. On `chat` and `phone`, and as a `system` note, it is only kept.
    """
    return sending.send_message(conversation_id, body)
