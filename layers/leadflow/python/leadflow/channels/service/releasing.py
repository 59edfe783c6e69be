"""A channel that was held back sends again what waits, each conversation in its order."""

from __future__ import annotations

from leadflow.channels import store
from leadflow.channels.service import sending


def release(channel_id: str) -> int:
    """Announces all conversations of a channel in which something waits, the longest waiting first; gives how many."""
    waiting = [one for one in store.waiting_messages(store.WAITING_SEND) if one.channel_id == channel_id]
    oldest_first = sorted(waiting, key=lambda one: (str(one.created_at), one.id))
    return sum(map(sending.announce, dict.fromkeys(one.conversation_id for one in oldest_first)))
