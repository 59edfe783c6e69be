"""What changes of messages mean to the triggers of workflows."""

from __future__ import annotations

from leadflow.channels import store
from leadflow.channels.rules import people as rules
from leadflow.core import table
from leadflow.core.events import DomainEvent


def events_of(old: table.Item | None, new: table.Item | None) -> list[DomainEvent]:
    """`message_received {message_id, conversation_id, channel, text}` once per message that a person wrote to us.

    Not for what a machine wrote (out of office, lists, bounces), so that nothing automatic answers it, and not for
    what was heard while another app has the thread. `text` is what they wrote; it goes with the run when the person is
    erased.
    """
    if old is not None or not isinstance(new, store.Message) or new.direction != "inbound" or not new.lead_id:
        return []
    if not rules.is_theirs(new.metadata or {}):
        return []
    data = {
        "message_id": new.id,
        "conversation_id": new.conversation_id,
        "channel": new.channel,
        "text": new.content,
    }
    return [DomainEvent("message_received", f"message_received#{new.id}", new.lead_id, str(new.created_at), data)]
