"""Messages of ours: queued in the order they were written, so that each conversation is sent in that order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from leadflow.channels import store
from leadflow.channels.rules import lengths
from leadflow.channels.service import following, gating, threads
from leadflow.core import clock, ids, table
from leadflow.core.errors import InvalidInput, NotFound, RateLimited
from leadflow.core.gates import first_closed
from leadflow.core.table import Record
from leadflow.leads import service as leads
from leadflow.leads.service import jobs

if TYPE_CHECKING:
    from leadflow.channels.schema import MessageCreate

JOB = "message"
# Of one conversation that wait to be sent.
MOST_WAITING = 100
# A job that has done nothing by then is taken for lost.
ATTENDED = timedelta(minutes=2)
# On these nothing is sent by us.
KEPT_ONLY = ("chat", "phone")


def send_message(conversation_id: str, body: MessageCreate) -> Record:
    """Says something in a conversation: queues it for the person, or only keeps it (notes, chat, phone).

    Raises NotFound, InvalidInput saying what stands against it, RateLimited when too much waits. Within
    `ids.repeatable` a repeated request is given the message of its earlier try.
    """
    conversation = store.find_conversation(conversation_id)
    if conversation is None:
        raise NotFound("conversation", conversation_id)
    if body.template and (body.role != "assistant" or conversation.channel in KEPT_ONLY):
        raise InvalidInput("template", "is for what is sent to the person")
    message = _written(conversation, body)
    if message.role == "assistant" and conversation.channel not in KEPT_ONLY:
        channel = store.find_channel(str(conversation.channel_config_id))
        closed = first_closed(gating.all_of(conversation, message, channel))
        if closed is not None and store.find_message(message.id) is None:
            raise InvalidInput(gating.FIELDS.get(closed.gate, "channel"), closed.detail)
        if body.tag and conversation.lead_id:
            # A person of ours wrote it.
            following.stop(conversation.lead_id, message.occurred_at)
        queued = queue(conversation, message)
        announce(conversation.id)
        return _told(queued, conversation)
    if message.role == "user" and conversation.channel not in KEPT_ONLY:
        raise InvalidInput("role", f"what people say on {conversation.channel} comes by the channel")
    if message.role == "user" and conversation.lead_id:
        following.stop(conversation.lead_id, message.occurred_at)
    return _told(_kept(conversation, message), conversation)


def _told(message: store.Message, conversation: store.Conversation) -> Record:
    record = message.record()
    record.about = conversation.lead_id
    return record


def queue(conversation: store.Conversation, message: store.Message) -> store.Message:
    """Writes a message behind those that wait in its conversation, or finds it there. Raises RateLimited, NotFound."""
    found = conversation
    for _ in threads.TURNS:
        if len(found.outbox) >= MOST_WAITING:
            raise RateLimited(f"{MOST_WAITING} messages of this conversation wait to be sent.", 60)
        writing = _writing(found, message)
        writing.changed["outbox"] = [*found.outbox, message.id]
        store.mark(message, store.WAITING_SEND, clock.stamp(clock.now() + ATTENDED))
        written = _tried(writing)
        if written is not None:
            return written
        found = _again(conversation.id)
    raise RateLimited("The conversation is being changed by many requests at once.")


def announce(conversation_id: str) -> bool:
    """Tells the worker that something waits in this conversation."""
    return jobs.announce(JOB, conversation_id)


def _kept(conversation: store.Conversation, message: store.Message) -> store.Message:
    for _ in threads.TURNS:
        writing = _writing(conversation, message)
        writing.unread = 1 if message.direction == "inbound" else 0
        written = _tried(writing)
        if written is not None:
            return written
        conversation = _again(conversation.id)
    raise RateLimited("The conversation is being changed by many requests at once.")


def _writing(conversation: store.Conversation, message: store.Message) -> store.Writing:
    writing = store.Writing(message, conversation)
    if message.occurred_at > conversation.last_message_at:
        writing.changed["last_message_at"] = message.occurred_at
    if conversation.lead_id is not None:
        writing.hold = leads.hold(conversation.lead_id)
    return writing


def _tried(writing: store.Writing) -> store.Message | None:
    """The message once it is written, now or by an earlier try; None to try again. Raises InvalidInput."""
    try:
        writing.done()
    except store.LeadGone:
        raise InvalidInput("lead_id", "the lead of this conversation is gone") from None
    except table.Stale:
        return store.find_message(writing.message.id) if ids.is_repeated() or writing.message.cause else None
    return writing.message


def _again(conversation_id: str) -> store.Conversation:
    found = store.find_conversation(conversation_id)
    if found is None:
        raise NotFound("conversation", conversation_id)
    return found


def _written(conversation: store.Conversation, body: MessageCreate) -> store.Message:
    inbound = body.role == "user"
    sends = body.role == "assistant" and conversation.channel not in KEPT_ONLY
    outgoing = {"template": body.template, "template_variables": dict(body.template_variables), "tag": body.tag}
    files = [{"kind": "file", "state": "link", **one.model_dump()} for one in body.attachments]
    return new_outgoing(
        conversation,
        ids.new_id(),
        content=body.content,
        role=body.role,
        direction="inbound" if inbound else "outbound",
        status="received" if inbound else "queued" if sends else "sent",
        outcome="pending" if sends else "accepted",
        attachments=files,
        metadata=dict(body.metadata),
        outgoing={name: value for name, value in outgoing.items() if value} if sends else None,
    )


def new_outgoing(conversation: store.Conversation, message_id: str, **fields: Any) -> store.Message:
    """A message of a conversation that is about to be written, said now; of an SMS its parts are counted."""
    metadata = dict(fields.pop("metadata", None) or {})
    if conversation.channel == "sms" and fields.get("outgoing") is not None:
        parts = lengths.segments(fields["content"])
        metadata |= {"encoding": parts.encoding, "segments": parts.count}
    return store.new_message(
        message_id,
        conversation_id=conversation.id,
        lead_id=conversation.lead_id,
        channel=conversation.channel,
        channel_id=conversation.channel_config_id,
        metadata=metadata or None,
        occurred_at=clock.now_stamp(),
        **fields,
    )
