"""The messages that workflows send: to a lead rather than in a conversation, once per cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from leadflow.channels import store
from leadflow.channels.service import conversations, delivering, gating, sending, threads
from leadflow.core import clock, due, effects, ids
from leadflow.core.errors import Conflict, InvalidInput
from leadflow.core.gates import Gate, failed, first_closed, passed
from leadflow.leads import service as leads

_LOOK_AGAIN_AFTER = timedelta(seconds=30)


class Sent(NamedTuple):
    """Where a message stands: its outcome in the ledger's words; `wait_until` when it is to be asked about again."""

    message_id: str
    outcome: str
    reason: str | None = None
    wait_until: datetime | None = None


class Words(NamedTuple):
    """What a message says: `content`, or the provider's `template` with its variables."""

    content: str
    template: str | None = None
    template_variables: Mapping[str, str] = {}


def send_to_lead(
    *,
    channel_type: str,
    channel_id: str | None,
    lead_id: str,
    words: Words,
    cause: tuple[str, ...],
    begun_at: datetime,
    execution_id: str,
) -> Sent:
    """Sends the message that belongs to this cause, or says where it stands; never twice.

    Safe to call again, also after a crash, and to be called again at `wait_until`. `begun_at` is a moment that goes
    with the cause for good. Raises Conflict when no channel of the type is active, RateLimited and InProgress.
    """
    message_id = ids.derived_id(begun_at, "message", *cause)
    message = store.find_message(message_id)
    if message is None:
        found = _queued(message_id, channel_type, channel_id, lead_id, words, cause, execution_id)
        if isinstance(found, Gate):
            return Sent(message_id, "skipped", found.code)
        message = found
    if message.outcome == "pending":
        delivering.work(message.conversation_id)
        message = store.find_message(message_id) or message
    return _answer(message)


def would_send(
    lead: Mapping[str, Any], channel_type: str, channel_id: str | None, words: Words
) -> tuple[str | None, dict[str, Any]]:
    """Why the message would be skipped (None when it would be sent), and whom it goes to with which words.

    Raises Conflict when no channel of the type is active.
    """
    channel = _channel(channel_type, channel_id)
    closed = first_closed(_gates(lead, channel, words))
    told = {"channel": channel_type, "to": _address(lead, channel), "content": words.content or None}
    return (closed.code if closed else None), {**told, "template": words.template}


def gates_of_message(
    lead: Mapping[str, Any], channel_type: str, channel_id: str | None, words: Words
) -> Iterator[Gate]:
    """The gates of the message that a workflow sends next, in the order the send asks them."""
    channel = conversations.channel_for(channel_type, channel_id)
    if channel is None:
        yield failed("channel", "no_channel", f"There is no active {channel_type} channel.")
        return
    yield passed("channel")
    yield from _gates(lead, channel, words)


def _queued(
    message_id: str,
    channel_type: str,
    channel_id: str | None,
    lead_id: str,
    words: Words,
    cause: tuple[str, ...],
    execution_id: str,
) -> store.Message | Gate:
    """The message as it is queued in the conversation with the lead, or why it is not."""
    lead = leads.find(lead_id)
    if lead is None:
        return failed("lead", "lead_gone", "The lead is gone.")
    channel = _channel(channel_type, channel_id)
    closed = first_closed(_gates(lead, channel, words))
    if closed is not None:
        return closed
    try:
        identity = conversations.reached(lead_id, channel)
    except InvalidInput as error:
        return failed("address", "no_address", error.detail)
    message = _message(message_id, _open_with(identity, message_id), words)
    message.cause, message.execution_id = list(cause), execution_id
    conversation = store.find_conversation(message.conversation_id)
    if conversation is None:
        return failed("lead", "lead_gone", "The lead is gone.")
    return sending.queue(conversation, message)


def _open_with(identity: store.ChannelIdentity, message_id: str) -> store.Conversation:
    """The open conversation with a person, or a new one that belongs to this message."""
    found = threads.with_person(identity)
    if found is not None and found.status != "closed":
        return found
    new_id = ids.derived_id(ids.moment_of(message_id), "conversation", message_id)
    try:
        return conversations.begin(identity, new_id, clock.now_stamp(), {})
    except Conflict as conflict:
        # Somebody has just begun one.
        opened = store.find_conversation(str(conflict.other_id))
        if opened is None:
            raise
        return opened


def _message(message_id: str, conversation: store.Conversation, words: Words) -> store.Message:
    outgoing = {"template": words.template, "template_variables": dict(words.template_variables), "automatic": True}
    return sending.new_outgoing(
        conversation,
        message_id,
        content=words.content,
        role="assistant",
        direction="outbound",
        status="queued",
        metadata={"automatic": True},
        outgoing={name: value for name, value in outgoing.items() if value},
    )


def _gates(lead: Mapping[str, Any], channel: store.ChannelConfig, words: Words) -> Iterator[Gate]:
    """Whether this lead may be written to by this channel now; reads, and writes nothing."""
    person = _address(lead, channel)
    if person is None:
        yield failed("address", "no_address", f"It is not known how to reach the lead on {channel.channel_type}.")
        return
    yield passed("address")
    yield from gating.of_address(channel.channel_type, person, lead)
    identity = store.find_identity(channel.id, person)
    if identity is not None and identity.erased_at:
        yield failed("erased", "erased", "The person was erased.")
        return
    conversation = threads.with_person(identity) if identity else None
    shape = conversation or store.new_conversation("none", channel=channel.channel_type, person=person)
    yield from gating.of_message(shape, _message("none", shape, words))


def _address(lead: Mapping[str, Any], channel: store.ChannelConfig) -> str | None:
    """Who the lead is on a channel; None when nobody knows."""
    if channel.channel_type in ("sms", "whatsapp"):
        return lead["phone"] or None
    held = [one for part in leads.known_as(lead["id"]) for one in store.identities_of(part)]
    return next((one.person for one in reversed(held) if one.channel_id == channel.id and not one.erased_at), None)


def _channel(channel_type: str, channel_id: str | None) -> store.ChannelConfig:
    channel = conversations.channel_for(channel_type, channel_id)
    if channel is None:
        raise Conflict(f"There is no active {channel_type} channel{f' {channel_id}' if channel_id else ''}.")
    return channel


def _answer(message: store.Message) -> Sent:
    reason = message.error_code
    if message.outcome == "pending":
        soon = clock.now() + _LOOK_AGAIN_AFTER
        return Sent(message.id, "pending", reason, max(soon, due.due_at(message) or soon))
    if message.outcome == "unknown":
        ends = effects.window_ends(message)
        return Sent(message.id, "unknown", reason, ends if ends > clock.now() else None)
    sentence = message.error_message if message.outcome == "rejected" else reason
    return Sent(message.id, message.outcome, sentence)
