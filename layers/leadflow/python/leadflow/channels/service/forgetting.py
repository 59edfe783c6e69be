"""What was said with an erased person goes: identities, conversations, messages and their files.

Of an identity stays a tombstone by its keyed hash, so that nothing is kept when the person writes again.
"""

from __future__ import annotations

from leadflow.channels import store
from leadflow.channels.service import attachments, people
from leadflow.core import removal, table
from leadflow.core.errors import InProgress


def forget_talk(lead_id: str) -> int:
    """Removes what is left, safe to repeat; gives how many items that were. Raises InProgress.

    Identities go first: from then on nothing more comes in under them.
    """
    forgotten = sum(_forget_identity(identity) for identity in store.identities_of(lead_id))
    conversations = removal.remove(removal.keys_about(lead_id, "CNV#"))
    messages = sum(_forget_message(pk.removeprefix("MSG#")) for pk, _ in removal.keys_about(lead_id, "MSG#"))
    return forgotten + conversations + messages


def _forget_identity(identity: store.ChannelIdentity) -> int:
    from leadflow.campaigns import service as campaigns

    if identity.person:
        campaigns.forget_address(identity.channel_type, identity.person)
    try:
        people.forget(identity)
    except table.Stale:
        raise InProgress("An identity is being changed; it is erased by the next try.") from None
    return 1


def _forget_message(message_id: str) -> int:
    """The message goes last: its files and what is known by the provider's id are found through it."""
    message = store.find_message(message_id)
    if message is None:
        return 0
    attachments.remove(attachments.keys_of(message))
    doomed = [(message.pk, message.sk)]
    if message.provider_message_id and message.channel_id:
        doomed.insert(0, (store.message_key(message.channel_id, message.provider_message_id), "#"))
    return removal.remove(doomed)
