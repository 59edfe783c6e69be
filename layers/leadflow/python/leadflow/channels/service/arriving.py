"""What happens when somebody writes, or when a message of ours is heard of again.

Every arrival may come twice, late and out of order. Messages are known by the provider's id: what comes about one that
is not on file waits for it at that id, so that in whatever order things are read the same is on file in the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from leadflow.channels import store
from leadflow.channels.rules import amending
from leadflow.channels.rules import people as rules
from leadflow.channels.rules.arrivals import Arrival
from leadflow.channels.service import attachments, consenting, following, people, reporting, threads
from leadflow.core import clock, ids, table
from leadflow.core.errors import InProgress
from leadflow.core.observability import logger

# What clocks may differ by before one of them is taken for wrong.
_CLOCKS_DIFFER = timedelta(minutes=5)
_Change = Callable[[Mapping[str, Any]], dict[str, Any]]


def handle(arrival: Arrival, channel: store.ChannelConfig, delivery_id: str) -> None:
    """Takes in one arrival; again, it changes nothing. Raises of core/errors decide its delivery's fate."""
    logger().debug("arrival", kind=arrival.kind, channel_id=channel.id, delivery_id=delivery_id)
    _HANDLERS[arrival.kind](arrival, channel)


def _said(arrival: Arrival, channel: store.ChannelConfig) -> None:
    """Something that a person says, or a machine in their place."""
    known = _known(store.message_key(channel.id, _provider_id(arrival)))
    if known.message_id:
        return
    identity = people.known(arrival, channel)
    if identity is not None:
        following.heed(arrival, identity, clock.stamp(_said_at(arrival)))
        if channel.provider == "facebook" and identity.opt == "out" and arrival.kind != "standby":
            # They had blocked us, or Meta could not reach them; who is blocked gets no messages of theirs.
            consenting.heed(identity, wants=True, at=_said_at(arrival), source=arrival.provider_message_id)
    _kept(arrival, channel, identity, known, "inbound")


def _opted(arrival: Arrival, channel: store.ChannelConfig) -> None:
    """A keyword alone; the message that it is arrives by itself."""
    identity = people.known(arrival, channel)
    if identity is not None:
        wants = arrival.kind == "optin"
        consenting.heed(identity, wants=wants, at=_said_at(arrival), source=arrival.provider_message_id)


def _echoed(arrival: Arrival, channel: store.ChannelConfig) -> None:
    """What was said in our name: by us, which settles our own message, or elsewhere, which is recorded once.

    Raises InProgress as long as nobody can tell which of them it is.
    """
    reference = arrival.data.get("metadata")
    if isinstance(reference, str) and reporting.accepted(reference, channel, _provider_id(arrival)):
        _left(reference, arrival, channel)
        return
    known = _known(store.message_key(channel.id, _provider_id(arrival)))
    if known.message_id:
        _left(known.message_id, arrival, channel)
        return
    identity = people.known(arrival, channel)
    if identity is not None:
        if threads.is_being_sent_to(identity):
            raise InProgress("It may be the message of ours that is on its way to this person.")
        following.heed(arrival, identity, clock.stamp(_said_at(arrival)))
    _kept(arrival, channel, identity, known, "outbound")


def _left(message_id: str, arrival: Arrival, channel: store.ChannelConfig) -> None:
    """An echo tells when a message on file left; it was seen by who was said to have seen what was sent until later."""
    message = store.find_message(message_id)
    if message is not None:
        reporting.apply_seen(message, channel.id, arrival.person, clock.stamp(_said_at(arrival)))


def _known(key: str) -> store.ProviderMessage:
    """What is on file about a provider's message, or is about to be."""
    return store.find_provider_message(key) or store.new_provider_message(key, None)


def _kept(
    arrival: Arrival,
    channel: store.ChannelConfig,
    identity: store.ChannelIdentity | None,
    known: store.ProviderMessage,
    direction: str,
) -> None:
    """Writes a message into the conversation of its person, once. Raises InProgress when crowded out.

    `known` is as it was read just now.
    """
    message_id = ids.derived_id(_said_at(arrival), "message", channel.id, _provider_id(arrival))
    files = attachments.taken_in(arrival, message_id) if identity is not None else []
    for turn in threads.TURNS:
        if identity is None or identity.erased_at:
            _drop(files)
            return
        known = _known(str(known.pk)) if turn else known
        if known.message_id:
            return
        message = _message(arrival, message_id, str(known.pk), direction, identity, files)
        theirs = direction == "inbound"
        came_by = rules.referral_of(arrival) if theirs else None
        writing = threads.come_in(message, identity, arrival.received_at, counts=theirs, referral=came_by)
        _amend_early(message, dict(known.early or {}))
        writing.provider = known.of(message_id)
        try:
            writing.done()
        except store.LeadGone:
            identity = people.settled(identity, arrival)
            continue
        except table.Stale:
            identity = store.find_identity(channel.id, arrival.person) or identity
            continue
        if direction == "outbound":
            reporting.apply_seen(message, channel.id, arrival.person, message.occurred_at)
        attachments.announce(message)
        return
    raise InProgress("The conversation is being written to by many requests at once.")


def _drop(files: list[dict[str, Any]]) -> None:
    """Keeps nothing of a message whose person is erased, or is nobody."""
    attachments.remove(one["key"] for one in files if one.get("key"))
    logger().info("message dropped", reason="it is of an erased person, or of no person at all")


def _message(
    arrival: Arrival,
    message_id: str,
    key: str,
    direction: str,
    identity: store.ChannelIdentity,
    files: list[dict[str, Any]],
) -> store.Message:
    inbound = direction == "inbound"
    message = store.new_message(
        message_id,
        channel=identity.channel_type,
        channel_id=identity.channel_id,
        role="user" if inbound else "assistant",
        content=rules.words_of(arrival),
        direction=direction,
        status="received" if inbound else "sent",
        outcome="accepted",
        provider_message_id=arrival.provider_message_id,
        provider_key=key,
        attachments=[dict(one) for one in files],
        metadata=rules.metadata_of(arrival),
        occurred_at=clock.stamp(_said_at(arrival)),
    )
    attachments.await_files(message)
    return message


def _amend_early(message: store.Message, early: Mapping[str, Any]) -> None:
    """Does to a message that is about to be written what came about it before."""
    for name, value in amending.amended(message.attribute_values, early).items():
        setattr(message, name, value)
    reporting.apply_early(message, early)


def _reacted(arrival: Arrival, channel: store.ChannelConfig) -> None:
    emoji = arrival.data.get("emoji") or arrival.data.get("reaction") or arrival.text
    given = None if arrival.data.get("action") == "unreact" else str(emoji or "?")[:20]
    at = clock.stamp(_said_at(arrival))
    _amended(arrival, channel, lambda state: amending.with_reaction(state, "person", given, at))
    identity = store.find_identity(channel.id, arrival.person)
    if identity is not None:
        threads.acted(identity, at)


def _edited(arrival: Arrival, channel: store.ChannelConfig) -> None:
    number = arrival.data.get("num_edit")
    count = number if isinstance(number, int) and number > 0 else 1
    _amended(arrival, channel, lambda state: amending.with_edit(state, arrival.text or "", count))


def _unsent(arrival: Arrival, channel: store.ChannelConfig) -> None:
    at = clock.stamp(_said_at(arrival))
    _amended(arrival, channel, lambda state: amending.unsent(state, at))


def _amended(arrival: Arrival, channel: store.ChannelConfig, change: _Change) -> None:
    """Does something to the message that the arrival is about, now or when it comes."""
    if arrival.provider_message_id is None:
        return
    key = store.message_key(channel.id, arrival.provider_message_id)
    message = reporting.found_or_awaited(key, change)
    if message is not None:
        gone = attachments.keys_of(message) if arrival.kind == "unsend" else []
        store.amend(message, lambda stored: amending.amended(stored.attribute_values, change({})))
        attachments.remove(gone)


def _referred(arrival: Arrival, channel: store.ChannelConfig) -> None:
    """A person comes by a link or an ad: nothing is said yet, but it opens the window where there is a conversation."""
    identity, referral = people.known(arrival, channel), rules.referral_of(arrival)
    if identity is None or (referral and store.keep_referral(identity, referral)):
        return
    identity = store.find_identity(channel.id, arrival.person) or identity
    threads.acted(identity, clock.stamp(_said_at(arrival)), referral)


def _provider_id(arrival: Arrival) -> str:
    """The provider's id of the message, or what stands for it where the provider gives none."""
    if arrival.provider_message_id:
        return arrival.provider_message_id
    words = (arrival.kind, arrival.person, clock.stamp(_said_at(arrival)), arrival.text or "", repr(arrival.data))
    return "~" + hashlib.sha256("\x1f".join(words).encode("utf-8", "surrogatepass")).hexdigest()


def _said_at(arrival: Arrival) -> datetime:
    """When it was said by the provider's clock, unless that is far ahead of ours: then when we had it."""
    at = arrival.happened_at
    return at if at <= arrival.received_at + _CLOCKS_DIFFER else arrival.received_at


_HANDLERS: dict[str, Callable[[Arrival, store.ChannelConfig], None]] = {
    "message": _said,
    "quick_reply": _said,
    "postback": _said,
    "standby": _said,
    "optout": _opted,
    "optin": _opted,
    "echo": _echoed,
    "reaction": _reacted,
    "edit": _edited,
    "unsend": _unsent,
    "read": reporting.seen,
    "delivered": reporting.seen,
    "status": reporting.reported,
    "referral": _referred,
}
