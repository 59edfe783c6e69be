"""The gates of a message, asked: when it is queued, again when it is sent, and by whoever explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leadflow.channels import store
from leadflow.channels.rules import lengths, windows
from leadflow.core import clock
from leadflow.core.gates import Gate, failed, passed
from leadflow.leads import service as leads

# Of which field of the message a closed gate tells.
FIELDS = {"window": "content", "length": "content", "files": "attachments", "template": "template"}


def of_person(conversation: store.Conversation) -> Iterator[Gate]:
    """Whether the person of this conversation may be written to on its channel; reads for each gate when asked."""
    lead = leads.find(conversation.lead_id) if conversation.lead_id else None
    if conversation.lead_id is not None and lead is None:
        yield failed("lead", "lead_gone", "The lead is gone.")
        return
    yield passed("lead")
    if not conversation.person:
        yield failed("address", "no_address", "It is not known where the person can be reached on this channel.")
        return
    yield from of_address(conversation.channel, conversation.person, lead)


def of_address(channel: str, person: str, lead: Mapping[str, Any] | None) -> Iterator[Gate]:
    """Whether nothing stands against writing to this address on this channel."""
    from leadflow.campaigns import service as campaigns

    if channel == "email":
        erased = leads.is_erased(person)
        yield failed("erased", "erased", "The address belongs to an erased person.") if erased else passed("erased")
    reason = campaigns.is_suppressed(channel, person)
    if reason == "stop_keyword":
        yield failed("suppression", "opted_out", f"The person opted out of {channel}.")
    elif reason is not None:
        yield failed("suppression", f"suppressed:{reason}", f"The address is suppressed for {reason}.")
    else:
        yield passed("suppression")
    answer = ((lead or {}).get("consent") or {}).get(channel)
    if answer is not None and not answer.get("opted_in", True):
        yield failed("consent", "opted_out", f"The person opted out of {channel}.")
    else:
        yield passed("consent")


def of_channel(channel: store.ChannelConfig | None) -> Iterator[Gate]:
    """Whether there is a channel to send by."""
    if channel is None:
        yield failed("channel", "no_channel", "The channel of this conversation is gone.")
    elif not channel.is_active:
        yield failed("channel", "no_channel", "The channel of this conversation is not active.")
    else:
        yield passed("channel")


def of_message(conversation: store.Conversation, message: store.Message) -> Iterator[Gate]:
    """Whether the provider would take this very message now."""
    outgoing: Mapping[str, Any] = message.outgoing or {}
    if outgoing.get("automatic") and conversation.answers_itself:
        yield failed("loop", "loop_guard", "The person's last message was written by a machine.")
    else:
        yield passed("loop")
    why = lengths.template_refused(conversation.channel) if outgoing.get("template") else None
    yield failed("template", "invalid_content", f"{why}.") if why else passed("template")
    why = lengths.too_long(conversation.channel, message.content)
    yield failed("length", "too_long", f"{why}.") if why else passed("length")
    why = lengths.files_refused(conversation.channel, len(message.attachments), has_text=bool(message.content))
    yield failed("files", "invalid_content", f"{why}.") if why else passed("files")
    last = clock.parse(conversation.last_action_at) if conversation.last_action_at else None
    closed = windows.closed(
        conversation.channel, last, clock.now(), template=outgoing.get("template"), tag=outgoing.get("tag")
    )
    yield failed("window", "window_closed", closed.sentence) if closed else passed("window")


def all_of(
    conversation: store.Conversation, message: store.Message, channel: store.ChannelConfig | None
) -> Iterator[Gate]:
    """All gates, in the order a send asks them; `channel` is the conversation's."""
    yield from of_person(conversation)
    yield from of_channel(channel)
    yield from of_message(conversation, message)
