"""Use cases of conversations themselves: begun by us, listed, changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from leadflow.channels import store
from leadflow.channels.rules import windows
from leadflow.channels.service import following, people, sending, threads
from leadflow.core import clock, ids, table
from leadflow.core.assignees import same_person
from leadflow.core.errors import Conflict, InvalidInput, NotFound, PreconditionFailed, RateLimited
from leadflow.core.table import Record
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.channels.schema import ConversationCreate, ConversationUpdate

_ADDRESS_ON = {"sms": "phone", "whatsapp": "phone", "email": "email"}


def create(body: ConversationCreate) -> Record:
    """A new conversation. Raises InvalidInput, Conflict naming the one that is open with this person.

    Within `ids.repeatable` a repeated request is given the conversation of its earlier try.
    """
    conversation_id, now = ids.new_id(), clock.now_stamp()
    fields = {
        "assigned_to": body.assigned_to,
        "summary": body.summary,
        "channel_metadata": dict(body.channel_metadata) or None,
    }
    if body.channel in sending.KEPT_ONLY:
        return _kept_only(body, conversation_id, now, fields)
    if body.lead_id is None:
        raise InvalidInput("lead_id", f"is needed for a conversation on {body.channel}")
    channel = _channel(body.channel, body.channel_config_id)
    identity = reached(body.lead_id, channel)
    return shown(begin(identity, conversation_id, now, fields))


def begin(
    identity: store.ChannelIdentity, conversation_id: str, now: str, fields: dict[str, Any]
) -> store.Conversation:
    """A new conversation with this person. Raises Conflict naming the one that is open."""
    for _ in threads.TURNS:
        before = threads.with_person(identity)
        if before is not None and before.id == conversation_id:
            return before
        if before is not None and before.status != "closed":
            raise Conflict(f"Conversation {before.id} with this person is open.", before.id)
        fresh = threads.began(identity, now, before, **fields)
        fresh.id, fresh.pk = conversation_id, f"CNV#{conversation_id}"
        try:
            store.open_conversation(fresh, identity, leads.hold(str(identity.lead_id)))
        except table.Stale:
            identity = store.find_identity(identity.channel_id, str(identity.person)) or identity
            continue
        except store.LeadGone:
            raise InvalidInput("lead_id", "there is no such lead") from None
        return fresh
    raise RateLimited("The conversation is being changed by many requests at once.")


def reached(lead_id: str, channel: store.ChannelConfig) -> store.ChannelIdentity:
    """The identity by which a lead is reached on a channel, new where an address says it. Raises InvalidInput."""
    field = _ADDRESS_ON.get(channel.channel_type)
    if field is None:
        held = [one for part in leads.known_as(lead_id) for one in store.identities_of(part)]
        found = [one for one in held if one.channel_id == channel.id and not one.erased_at]
        if leads.find(lead_id) is None:
            raise InvalidInput("lead_id", "there is no such lead")
        if not found:
            raise InvalidInput("lead_id", f"this person has not written on {channel.channel_type} yet")
        return found[-1]
    at = leads.find_reached(lead_id, field)
    if at is None:
        raise InvalidInput("lead_id", "there is no such lead")
    lead, holder = at
    if not lead[field]:
        raise InvalidInput("lead_id", f"this lead has no {field}")
    person = str(lead[field]).lower() if field == "email" else str(lead[field])
    identity = store.find_identity(channel.id, person)
    if identity is None:
        try:
            identity = table.create(store.new_identity(channel.id, channel.channel_type, person, holder))
        except table.AlreadyThere:
            identity = store.find_identity(channel.id, person)
    identity = people.held_by(holder, identity) if identity else None
    if identity is None or identity.erased_at:
        raise InvalidInput("lead_id", "this person was erased")
    return identity


def channel_for(channel_type: str, channel_id: str | None) -> store.ChannelConfig | None:
    """The channel asked for, or the oldest active one of its type; None when there is none."""
    if channel_id is None:
        return store.first_active(channel_type)
    found = store.find_channel(channel_id)
    return found if found is not None and found.channel_type == channel_type and found.is_active else None


def get(conversation_id: str) -> Record:
    """Raises NotFound."""
    return shown(_load(conversation_id))


def shown(conversation: store.Conversation) -> Record:
    """A conversation as callers see it."""
    return _shown(conversation.record())


def _shown(record: Record) -> Record:
    """With until when a free message may be sent, in the place of what that depends on."""
    last = record.pop("last_action_at")
    closes = windows.closes_at(record["channel"], clock.parse(last) if last else None)
    record["window_closes_at"] = clock.stamp(closes) if closes else None
    return record


def update(conversation_id: str, body: ConversationUpdate, if_match: int | None) -> Record:
    """Changes the fields given; what changes nothing writes nothing.

    Raises NotFound, PreconditionFailed, Conflict when it would be the second open one with its person, RateLimited.
    """
    wanted = body.model_dump(exclude_unset=True)
    for _ in threads.TURNS:
        conversation = _load(conversation_id)
        if if_match is not None and conversation.v != if_match:
            raise PreconditionFailed(f"Conversation {conversation_id} is at another version; read it again.")
        changes = {name: value for name, value in wanted.items() if getattr(conversation, name) != value}
        if not changes:
            return shown(conversation)
        if changes.get("status") == "transferred" and conversation.lead_id:
            # Somebody of ours takes over.
            following.stop(conversation.lead_id, clock.now_stamp())
        was = conversation.status
        for name, value in changes.items():
            setattr(conversation, name, value)
        if was != "closed" == conversation.status:
            conversation.ended_at = clock.now_stamp()
        elif was == "closed" != conversation.status:
            conversation.ended_at = None
        try:
            _saved(conversation, reopens=was == "closed" != conversation.status)
        except table.Stale:
            continue
        return shown(conversation)
    raise RateLimited(f"Conversation {conversation_id} is being changed by many requests at once.")


def page(
    *,
    limit: int,
    cursor: str | None,
    status: str | None = None,
    channel: str | None = None,
    lead_id: str | None = None,
    assigned_to: str | None = None,
) -> dict[str, Any]:
    """Conversations that match all filters given, by their last message. Raises MalformedRequest for another cursor."""
    lead_ids = [] if lead_id is None else leads.known_as(lead_id)
    person = None if assigned_to is None else same_person(assigned_to)

    def keep(one: store.Conversation) -> bool:
        return (
            (status is None or one.status == status)
            and (channel is None or one.channel == channel)
            and (lead_id is None or one.lead_id in lead_ids)
            and (person is None or (one.assigned_to is not None and same_person(one.assigned_to) == person))
        )

    filters = {"status": status, "channel": channel, "lead_id": lead_id, "assigned_to": person}
    found = store.CONVERSATIONS.page(
        status=status,
        lead_ids=lead_ids,
        assigned_to=assigned_to,
        keep=keep,
        limit=limit,
        cursor=cursor,
        name=f"conversations?{json.dumps(filters, sort_keys=True)}",
    )
    return {**found, "items": [_shown(record) for record in found["items"]]}


def page_of_messages(conversation_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """A conversation's messages, newest first. Raises NotFound."""
    _load(conversation_id)
    return store.page_of_messages(conversation_id, limit, cursor)


def _kept_only(body: ConversationCreate, conversation_id: str, now: str, fields: dict[str, Any]) -> Record:
    if body.channel_config_id is not None:
        raise InvalidInput("channel_config_id", f"conversations on {body.channel} have no channel of ours")
    fresh = store.new_conversation(
        conversation_id, channel=body.channel, lead_id=body.lead_id, started_at=now, last_message_at=now, **fields
    )
    try:
        store.open_conversation(fresh, None, leads.hold(body.lead_id) if body.lead_id else None)
    except store.LeadGone:
        raise InvalidInput("lead_id", "there is no such lead") from None
    except table.Stale:
        return get(conversation_id)
    return shown(fresh)


def _channel(channel_type: str, channel_id: str | None) -> store.ChannelConfig:
    channel = channel_for(channel_type, channel_id)
    if channel is None:
        raise InvalidInput("channel_config_id", f"there is no such active {channel_type} channel")
    return channel


def _saved(conversation: store.Conversation, *, reopens: bool) -> None:
    """Writes a conversation back; one that is opened again is the one with its person, if no other is open."""
    if not reopens or conversation.person is None or conversation.channel_config_id is None:
        store.save_conversation(conversation)
        return
    identity = store.find_identity(conversation.channel_config_id, conversation.person)
    if identity is None:
        raise Conflict("The person of this conversation was erased.")
    if identity.lead_id != conversation.lead_id:
        raise Conflict("The address of this conversation is another lead's now.", identity.lead_id)
    other = threads.with_person(identity)
    if other is not None and other.id != conversation.id and other.status != "closed":
        raise Conflict(f"Conversation {other.id} with this person is open.", other.id)
    store.open_again(conversation, identity)


def _load(conversation_id: str) -> store.Conversation:
    conversation = store.find_conversation(conversation_id)
    if conversation is None:
        raise NotFound("conversation", conversation_id)
    return conversation
