"""Conversations in the table."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from leadflow.channels.enums import CONVERSATION_STATUSES
from leadflow.channels.store.identities import ChannelIdentity
from leadflow.core import assignees, clock, effects, removal, table
from leadflow.core.holding import Hold, attempt
from leadflow.core.settings import settings

SHARDS = 4
# What its index keys are made of.
_PLACED_BY = frozenset({"status", "last_message_at", "assigned_to"})


class Conversation(table.Item, discriminator="Conversation"):
    """A thread with one person on one channel.

    pk `CNV#<id>`  sk `#`
    GSI1 `CNVS#<status>#<shard>` / `<last_message_at>#<id>`  by the last message
    GSI2 `LEAD#<lead>` / `CNV#<last_message_at>#<id>`  when it is with one
    GSI3 `CNVA#<keyed hash of assigned_to>#<status>#<shard>` / `<last_message_at>#<id>`  when it has one

    `person` is who they are on the channel, `last_action_at` when they did something that opens the channel's window,
    `answers_itself` that their last message was written by a machine. `outbox` lists the messages that wait to be
    sent, in their order; who holds the turn (`turn_until`, `turn_host`) sends them.
    """

    record_fields = (
        *("id", "lead_id", "status", "channel", "started_at", "ended_at", "summary", "sentiment"),
        *("channel_config_id", "channel_metadata", "last_message_at", "last_action_at", "unread_count", "assigned_to"),
        *("created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default="active")
    channel = UnicodeAttribute()
    started_at = UnicodeAttribute()
    ended_at = UnicodeAttribute(null=True)
    summary = UnicodeAttribute(null=True)
    sentiment = UnicodeAttribute(null=True)
    channel_config_id = UnicodeAttribute(null=True)
    person = UnicodeAttribute(null=True)
    channel_metadata = JSONAttribute(null=True)
    last_message_at = UnicodeAttribute()
    last_action_at = UnicodeAttribute(null=True)
    answers_itself = BooleanAttribute(null=True)
    unread_count = NumberAttribute(default=0)
    assigned_to = UnicodeAttribute(null=True)
    outbox = JSONAttribute(default=list)
    turn_until = UnicodeAttribute(null=True)
    turn_host = UnicodeAttribute(null=True)

    def record(self) -> table.Record:
        """With the person under the name that their id has on this channel."""
        shown = super().record()
        for channel in ("whatsapp", "sms", "messenger", "instagram"):
            shown[f"{channel}_id"] = self.person if self.channel == channel else None
        return shown

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status, "channel": self.channel}

    def places(self) -> dict[str, str | None]:
        """The index keys it should have."""
        return CONVERSATIONS.places(
            self.id, self.last_message_at, status=self.status, lead_id=self.lead_id, assigned_to=self.assigned_to
        )

    def place(self) -> None:
        """Puts a conversation that is about to be written where the lists look for it."""
        for name, value in self.places().items():
            setattr(self, name, value)


CONVERSATIONS = assignees.Lists(Conversation, "CNV", CONVERSATION_STATUSES, SHARDS)


def find_conversation(conversation_id: str) -> Conversation | None:
    return table.find(Conversation, f"CNV#{conversation_id}", "#")


def conversations_of(lead_id: str) -> list[Conversation]:
    """A lead's conversations. A very new one may be missing."""
    return table.find_many(Conversation, removal.keys_about(lead_id, "CNV#"))


def new_conversation(conversation_id: str, **fields: Any) -> Conversation:
    """A conversation that is about to be written."""
    return Conversation(pk=f"CNV#{conversation_id}", sk="#", id=conversation_id, **fields)


def updates(conversation: Conversation, changed: dict[str, Any], *, unread: int = 0) -> tuple[list[Any], Condition]:
    """The actions that write these changes, and the condition that what they replace is still as it was read.

    The conversation itself then has them too. `unread` is added to what is stored.
    """
    moves = not _PLACED_BY.isdisjoint(changed)
    condition = Conversation.pk.exists()
    for name in sorted({*changed, *(_PLACED_BY if moves else ())}):
        attribute, value = getattr(Conversation, name), getattr(conversation, name)
        condition &= attribute.does_not_exist() if value is None else attribute == value
    for name, value in changed.items():
        setattr(conversation, name, value)
    written: dict[str, Any] = {**changed, **(conversation.places() if moves else {})}
    actions: list[Any] = [Conversation.updated_at.set(clock.now_stamp())]
    for name, value in written.items():
        attribute = getattr(Conversation, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    if unread:
        actions.append(Conversation.unread_count.add(unread))
    return actions, condition


def change_conversation(conversation: Conversation, changed: dict[str, Any]) -> bool:
    """Writes these changes; False when what they replace is not as it was read any more."""
    actions, condition = updates(conversation, changed)
    return _changed(conversation, actions[1:], condition)


def save_conversation(conversation: Conversation) -> None:
    """Writes back a conversation that was read. Raises table.Stale when it has changed or gone since."""
    conversation.place()
    table.save(conversation)


def open_conversation(conversation: Conversation, identity: ChannelIdentity | None, hold: Hold | None) -> None:
    """Writes a new conversation, which is then the one with this person, if their last one is as `identity` says.

    Raises LeadGone, or table.Stale when something has changed, others were in the way, or it is there already.
    """
    conversation.touch()
    conversation.place()

    def add(writes: TransactWrite) -> None:
        writes.save(conversation, condition=Conversation.pk.does_not_exist())
        if identity is not None:
            point(writes, identity, conversation.id)

    attempt(add, hold)


def open_again(conversation: Conversation, identity: ChannelIdentity) -> None:
    """Writes back a conversation that was read, which is then the one with its person. Raises table.Stale."""
    conversation.touch()
    conversation.place()

    def add(writes: TransactWrite) -> None:
        writes.save(conversation)
        point(writes, identity, conversation.id)

    attempt(add)


def point(writes: TransactWrite, identity: ChannelIdentity, conversation_id: str) -> None:
    was, before = ChannelIdentity.conversation_id, identity.conversation_id
    writes.update(
        identity,
        [was.set(conversation_id)],
        condition=ChannelIdentity.pk.exists() & (was.does_not_exist() if before is None else was == before),
        add_version_condition=False,
    )


def take_turn(conversation: Conversation) -> bool:
    """Whether it is ours to send what waits in this conversation; else somebody else is at it."""
    if effects.is_held(conversation.turn_until, conversation.turn_host):
        return False
    held = Conversation.turn_until
    unchanged = held.does_not_exist() if conversation.turn_until is None else held == conversation.turn_until
    host = settings().host_id or None
    whose = Conversation.turn_host.set(host) if host else Conversation.turn_host.remove()
    return _changed(conversation, [held.set(effects.lease_end()), whose], unchanged)


def end_turn(conversation: Conversation, turn_until: str, *, only_if_done: bool) -> bool:
    """Lets go of the turn that lasts until then; False when, `only_if_done`, something more is to be sent."""
    turn = [Conversation.turn_until.remove(), Conversation.turn_host.remove()]
    ours = Conversation.turn_until == turn_until
    if not only_if_done:
        _changed(conversation, turn, ours)
        return True
    return _changed(conversation, turn, ours & (Conversation.outbox == []))


def drop_first(conversation: Conversation) -> bool:
    """Takes the first message out of the outbox; False when it has changed meanwhile."""
    rest = list(conversation.outbox)[1:]
    return _changed(conversation, [Conversation.outbox.set(rest)], Conversation.outbox == conversation.outbox)


def _changed(conversation: Conversation, actions: list[Any], condition: Condition | None) -> bool:
    try:
        table.change(conversation, actions, condition, any_version=True)
    except table.Stale:
        return False
    return True
