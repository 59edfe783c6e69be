"""Messages in the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.channels.store.conversations import Conversation, point, updates
from leadflow.channels.store.identities import ChannelIdentity, ProviderMessage
from leadflow.core import due, effects, listing, table, timeline
from leadflow.core.errors import InProgress
from leadflow.core.holding import Hold, attempt
from leadflow.core.turns import Turns

# Kinds of work that a message waits for in the due-index: to be sent (or settled), and to get its files.
WAITING_SEND = "message"
WAITING_FILES = "attachments"
_TURNS = Turns(16, longest_pause_seconds=0.2)


class Message(effects.LedgerEntry, discriminator="Message"):
    """One message of a conversation; one of ours is the ledger entry of its sending.

    pk `MSG#<id>`  sk `#`
    GSI1 `CNV#<conversation>` / `<occurred_at>#<id>`  a conversation's messages, by when they were said
    GSI2 `LEAD#<lead>` / `MSG#<occurred_at>#<id>`  a lead's
    GSI3 due-index, kind `message` while it is to be sent or nobody knows whether it was, `attachments` while files of
    it are to be fetched

    `provider_key` is the key of its `ProviderMessage`, `outgoing` what is sent beyond content and attachments
    (template, tag, what it answers), `cause` what it is the effect of.
    """

    record_fields = (
        *("id", "conversation_id", "role", "content", "direction", "status", "provider_message_id", "error_code"),
        *("error_message", "metadata", "occurred_at", "created_at"),
    )

    id = UnicodeAttribute()
    conversation_id = UnicodeAttribute()
    lead_id = UnicodeAttribute(null=True)
    channel = UnicodeAttribute()
    channel_id = UnicodeAttribute(null=True)
    role = UnicodeAttribute()
    content = UnicodeAttribute(default="")
    direction = UnicodeAttribute()
    status = UnicodeAttribute()
    provider_message_id = UnicodeAttribute(null=True)
    provider_key = UnicodeAttribute(null=True)
    attachments = JSONAttribute(default=list)
    error_code = UnicodeAttribute(null=True)
    error_message = UnicodeAttribute(null=True)
    metadata = JSONAttribute(null=True)
    occurred_at = UnicodeAttribute()
    outgoing = JSONAttribute(null=True)
    execution_id = UnicodeAttribute(null=True)
    cause = JSONAttribute(default=list)

    def record(self) -> table.Record:
        """Of its attachments it shows what callers may know, not where the provider has them."""
        shown = super().record()
        names = ("kind", "media_type", "name", "size", "title", "url", "state", "reason")
        shown["metadata"] = shown["metadata"] or {}
        shown["attachments"] = [{name: one.get(name) for name in names} for one in self.attachments]
        return shown

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status, "direction": self.direction}

    def place(self) -> None:
        """Puts a message that is about to be written where the lists look for it."""
        by_time = f"{self.occurred_at}#{self.id}"
        self.gsi1pk, self.gsi1sk = f"CNV#{self.conversation_id}", by_time
        if self.lead_id:
            self.gsi2pk, self.gsi2sk = f"LEAD#{self.lead_id}", f"MSG#{by_time}"


def find_message(message_id: str) -> Message | None:
    return table.find(Message, f"MSG#{message_id}", "#")


def new_message(message_id: str, **fields: Any) -> Message:
    """A message that is about to be written."""
    return Message(pk=f"MSG#{message_id}", sk="#", id=message_id, **fields)


class Writing:
    """One transaction that adds a message to a conversation, and what goes with it. Nothing is written before `done`.

    `conversation` is new, or is changed by `changed` and `unread` as long as what is changed is as it was read.
    """

    def __init__(self, message: Message, conversation: Conversation) -> None:
        self.message, self.conversation = message, conversation
        self.is_new = False
        self.changed: dict[str, Any] = {}
        self.unread = 0
        self.pointer: ChannelIdentity | None = None
        self.provider: ProviderMessage | None = None
        self.hold: Hold | None = None

    def done(self) -> None:
        """Writes all of it. Raises LeadGone, or table.Stale when something has changed or others were in the way."""
        attempt(self._add, self.hold)

    def _add(self, writes: TransactWrite) -> None:
        self.message.touch()
        self.message.place()
        writes.save(self.message, condition=Message.pk.does_not_exist())
        if self.provider is not None:
            self.provider.touch()
            writes.save(self.provider, condition=ProviderMessage.pk.does_not_exist() if not self.provider.v else None)
        if self.is_new:
            self.conversation.touch()
            self.conversation.place()
            writes.save(self.conversation, condition=Conversation.pk.does_not_exist())
        else:
            actions, condition = updates(self.conversation, self.changed, unread=self.unread)
            writes.update(self.conversation, actions, condition=condition, add_version_condition=False)
        if self.pointer is not None:
            point(writes, self.pointer, self.conversation.id)


def amend(message: Message, decide: Callable[[Message], Mapping[str, Any]]) -> Message:
    """Changes the attributes that `decide` names from the message that is stored, deciding anew when it has changed.

    A message of ours whose outcome is known leaves the due-index. Raises InProgress when too many are at it at once or
    it has gone.
    """
    for _ in _TURNS:
        changes = dict(decide(message))
        if not changes:
            return message
        settled = changes.get("outcome", message.outcome) not in ("pending", "unknown")
        if message.direction == "outbound" and settled and message.gsi3pk is not None:
            changes |= {"gsi3pk": None, "gsi3sk": None}
        actions = []
        for name, value in changes.items():
            attribute = getattr(Message, name)
            actions.append(attribute.remove() if value is None else attribute.set(value))
        try:
            table.change(message, actions)
        except table.Stale:
            message = find_message(message.id) or message
            continue
        return message
    raise InProgress(f"Message {message.id} is being changed by many requests at once.")


def mark(message: Message, kind: str, at: str) -> None:
    """Puts a message that is about to be written into the due-index."""
    due.mark(message, kind, at, message.id)


def due_keys(message: Message, kind: str, at: str) -> dict[str, str | None]:
    """The index keys of a message that waits for this until then, as changes of `amend`."""
    due.mark(message, kind, at, message.id)
    return {"gsi3pk": message.gsi3pk, "gsi3sk": message.gsi3sk}


def waiting_messages(kind: str) -> Iterator[Message]:
    """Messages that wait for this kind of work, due or not."""
    return due.waiting(Message, kind)


def unattended_messages(kind: str) -> Iterator[Message]:
    """Messages that are overdue, or were left waiting by an earlier one-machine host."""
    return due.unattended(Message, kind)


def page_of_messages(conversation_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """A conversation's messages, newest first."""
    name = f"conversations/{conversation_id}/messages"
    return listing.page(Message, "GSI1", [f"CNV#{conversation_id}"], limit=limit, cursor=cursor, listing=name)


def latest_until(conversation_id: str, moment: str, limit: int) -> Sequence[Message]:
    """The last messages that were said until this moment, newest first."""
    return timeline.indexed(Message, "GSI1", f"CNV#{conversation_id}", "", f"{moment}~", limit)


def messages_before(lead_id: str, before: str | None, limit: int) -> list[Message]:
    """Messages with a lead beyond a position of its timeline, newest first."""
    after = None if before is None else f"MSG#{before}"
    return timeline.indexed(Message, "GSI2", f"LEAD#{lead_id}", "MSG#", after, limit)
