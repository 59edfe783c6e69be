"""Who a person is on a channel, and which messages of a provider are ours to know, in the table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from leadflow.core import clock, ids, removal, table
from leadflow.core.secrets import keyed_hash

# What came about a message that we have not seen waits for it as long as deliveries are kept.
_WAITS_FOR_MESSAGE = timedelta(days=30)


class ChannelIdentity(table.Item, discriminator="ChannelIdentity"):
    """A person as one of our channels knows them: which lead that is, and the conversation that is open with them.

    pk `CID#<channel>#<keyed hash of the person>`  sk `#`  GSI2 `LEAD#<lead>` / `CID#<created_at>#<id>`

    `lead_id` is the very lead the person came by, whatever it is merged into, until another has their address. `opt` is
    the latest word on whether they want messages, `out` or `in`, and `opt_at` when that was; `opt_heeded` is the word
    that was acted upon last. `referral` is the link or ad they came by before they said anything. Of an erased person
    it stays as a tombstone: `erased_at`, and neither person nor lead.
    """

    id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    channel_type = UnicodeAttribute()
    person = UnicodeAttribute(null=True)
    lead_id = UnicodeAttribute(null=True)
    conversation_id = UnicodeAttribute(null=True)
    opt = UnicodeAttribute(null=True)
    opt_at = UnicodeAttribute(null=True)
    opt_heeded = UnicodeAttribute(null=True)
    referral = JSONAttribute(null=True)
    erased_at = UnicodeAttribute(null=True)


class ProviderMessage(table.Item, discriminator="ProviderMessage"):
    """Which message of ours a provider's message id means, and what came about it before the message itself.

    pk `PM#<channel>#<keyed hash of the provider's id>`  sk `#`

    `early` holds what is to be done to the message when it comes (see rules/amending.py); of what a person has seen,
    until when. With `message_id` it means
    that the message is on file, or was: the same message again is not written again.
    """

    message_id = UnicodeAttribute(null=True)
    early = JSONAttribute(null=True)

    def of(self, message_id: str) -> ProviderMessage:
        """Itself, about to be written as the one of this message: nothing waits at it any more."""
        self.message_id, self.early, self.expires_at = message_id, None, None
        return self


def identity_key(channel_id: str, person: str) -> str:
    return f"CID#{channel_id}#{keyed_hash('channel identity', person)}"


def find_identity(channel_id: str, person: str) -> ChannelIdentity | None:
    return table.find(ChannelIdentity, identity_key(channel_id, person), "#")


def new_identity(channel_id: str, channel_type: str, person: str, lead_id: str) -> ChannelIdentity:
    """An identity that is about to be written."""
    item = ChannelIdentity(
        pk=identity_key(channel_id, person),
        sk="#",
        id=ids.new_id(),
        channel_id=channel_id,
        channel_type=channel_type,
        person=person,
    )
    item.touch()
    belong(item, lead_id)
    return item


def keep_referral(identity: ChannelIdentity, referral: dict[str, str]) -> bool:
    """Keeps where a person came from until there is a conversation; False when there is one, or they are erased."""
    nothing_yet = ChannelIdentity.conversation_id.does_not_exist() & ChannelIdentity.erased_at.does_not_exist()
    try:
        table.change(identity, [ChannelIdentity.referral.set(referral)], nothing_yet, any_version=True)
    except table.Stale:
        return False
    return True


def note_heeded(identity: ChannelIdentity, word: str) -> None:
    """Notes that all that follows from this word on messages is done. Of a person who is erased there is nothing."""
    with contextlib.suppress(table.Stale):
        table.change(
            identity,
            [ChannelIdentity.opt_heeded.set(word)],
            ChannelIdentity.erased_at.does_not_exist(),
            any_version=True,
        )


def belong(item: ChannelIdentity, lead_id: str | None) -> None:
    """Says whose an identity is that is about to be written."""
    item.lead_id = lead_id
    item.gsi2pk = f"LEAD#{lead_id}" if lead_id else None
    item.gsi2sk = f"CID#{item.created_at}#{item.id}" if lead_id else None


def identities_of(lead_id: str) -> Iterator[ChannelIdentity]:
    """A lead's identities, oldest first. A very new one may be missing."""
    yield from table.find_many(ChannelIdentity, removal.keys_about(lead_id, "CID#"))


def message_key(channel_id: str, provider_message_id: str) -> str:
    return f"PM#{channel_id}#{keyed_hash('provider message', provider_message_id)}"


def find_provider_message(key: str) -> ProviderMessage | None:
    return table.find(ProviderMessage, key, "#")


def new_provider_message(key: str, message_id: str | None, early: dict[str, Any] | None = None) -> ProviderMessage:
    """A provider's message that is about to be written; without a message of ours it waits for 30 days."""
    item = ProviderMessage(pk=key, sk="#", message_id=message_id, early=early)
    if message_id is None:
        item.expires_at = clock.epoch_seconds(clock.now() + _WAITS_FOR_MESSAGE)
    return item
