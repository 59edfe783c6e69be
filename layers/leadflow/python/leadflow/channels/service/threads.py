"""Which conversation a message belongs to, and what it changes there: one that is open per person and channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from leadflow.channels import store
from leadflow.channels.rules import windows
from leadflow.core import clock, ids
from leadflow.core.errors import InProgress
from leadflow.core.turns import Turns
from leadflow.leads import service as leads

# Enough for dozens of messages of one person at the same moment; about three seconds of pauses when all are needed.
TURNS = Turns(24, longest_pause_seconds=0.25)


def with_person(identity: store.ChannelIdentity) -> store.Conversation | None:
    """The last conversation with this person, open or closed."""
    return store.find_conversation(identity.conversation_id) if identity.conversation_id else None


def is_being_sent_to(identity: store.ChannelIdentity) -> bool:
    """Whether a message of ours is on its way to this person, so that the provider's id of it is yet to be told."""
    conversation = with_person(identity)
    first = store.find_message(conversation.outbox[0]) if conversation and conversation.outbox else None
    return first is not None and first.phase == "begun" and first.outcome == "pending"


def began(
    identity: store.ChannelIdentity, at: str, before: store.Conversation | None = None, **fields: Any
) -> store.Conversation:
    """A new conversation that is not written yet; the channel's window stays as it was in the one before."""
    return store.new_conversation(
        ids.new_id(),
        lead_id=identity.lead_id,
        channel=identity.channel_type,
        channel_config_id=identity.channel_id,
        person=identity.person,
        started_at=at,
        last_message_at=at,
        last_action_at=before.last_action_at if before else None,
        answers_itself=before.answers_itself if before else None,
        **fields,
    )


def come_in(
    message: store.Message,
    identity: store.ChannelIdentity,
    received_at: datetime,
    *,
    counts: bool,
    referral: dict[str, str] | None = None,
) -> store.Writing:
    """The writing of a message into the conversation that is open with this person, which it may open or begin.

    `counts`: it is the person's own doing, so it opens the window and is unread. `referral` is where they came from.
    The message gets its conversation.
    """
    at, found = message.occurred_at, with_person(identity)
    reopens = None
    if found is not None and found.status == "closed":
        reopens = windows.reopens(clock.parse(str(found.ended_at)), received_at)
    # A conversation of who had the person's address before is none with them.
    is_new = found is None or reopens is False or found.lead_id != identity.lead_id
    conversation = found if found is not None and not is_new else began(identity, at, found)
    writing = store.Writing(message, conversation)
    writing.is_new = is_new
    if is_new:
        writing.pointer = identity
    elif reopens:
        writing.changed = {"status": "active", "ended_at": None}
    writing.changed |= _came_by(conversation, referral or (identity.referral if is_new else None))
    _noted(writing, at, min(at, clock.stamp(received_at)), counts=counts)
    message.conversation_id, message.lead_id = conversation.id, conversation.lead_id
    if conversation.lead_id is not None:
        writing.hold = leads.hold(conversation.lead_id)
    return writing


def acted(identity: store.ChannelIdentity, at: str, referral: dict[str, str] | None = None) -> None:
    """A person did something that opens the channel's window, without saying anything."""
    for _ in TURNS:
        conversation = with_person(identity)
        if conversation is None:
            return
        changed = {"last_action_at": at} if at > (conversation.last_action_at or "") else {}
        changed |= _came_by(conversation, referral)
        if not changed or store.change_conversation(conversation, changed):
            return
    raise InProgress("The conversation is being changed by many requests at once.")


def _came_by(conversation: store.Conversation, referral: dict[str, str] | None) -> dict[str, Any]:
    """The change that notes where the person came from; what is older than what is noted changes nothing."""
    metadata = dict(conversation.channel_metadata or {})
    noted = metadata.get("referral")
    if referral is None or (isinstance(noted, dict) and str(noted.get("at", "")) >= referral["at"]):
        return {}
    return {"channel_metadata": {**metadata, "referral": referral}}


def _noted(writing: store.Writing, at: str, acted_at: str, *, counts: bool) -> None:
    """What the message changes of its conversation. A clock ahead of ours keeps no window open for longer."""
    conversation, changed = writing.conversation, writing.changed
    if at > conversation.last_message_at:
        changed["last_message_at"] = at
    if at < conversation.started_at:
        # What was said first may come late.
        changed["started_at"] = at
    if counts:
        automatic = bool((writing.message.metadata or {}).get("automatic"))
        if acted_at >= (conversation.last_action_at or ""):
            if not automatic and acted_at > (conversation.last_action_at or ""):
                changed["last_action_at"] = acted_at
            if bool(conversation.answers_itself) != automatic:
                changed["answers_itself"] = automatic
        writing.unread = 0 if automatic else 1
    if writing.is_new:
        for name, value in changed.items():
            setattr(conversation, name, value)
        conversation.unread_count = writing.unread
