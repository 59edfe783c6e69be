"""What becomes of our messages, as the providers tell it: in any order, any number of times, and early."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from leadflow.channels import store
from leadflow.channels.rules import MailReport, amending, fates, refusals
from leadflow.channels.rules.arrivals import Arrival, StatusReport
from leadflow.channels.service import consenting, threads
from leadflow.core import clock, table
from leadflow.core.errors import InProgress
from leadflow.core.observability import logger

# A receipt until a moment is about the messages before it; older ones than so many have theirs.
_MOST_SEEN_AT_ONCE = 100
_State = Mapping[str, Any]


def found_or_awaited(key: str, change: Callable[[_State], dict[str, Any]]) -> store.Message | None:
    """The message that a provider's message is, or None once what came about it waits for it there.

    None as well when the message was erased.
    """
    for _ in threads.TURNS:
        known = store.find_provider_message(key)
        if known is not None and known.message_id:
            return store.find_message(known.message_id)
        early = change((known.early if known else None) or {})
        try:
            if known is None:
                table.create(store.new_provider_message(key, None, early))
            else:
                known.early = early
                table.save(known)
        except (table.AlreadyThere, table.Stale):
            continue
        return None
    raise InProgress("The message is being changed by many requests at once.")


def linked(message: store.Message, provider_message_id: str | None = None) -> None:
    """Sees to it that what is told under the provider's id of a message of ours is told of it; safe to repeat.

    The id is that of the message when none is given.
    """
    provider_message_id = provider_message_id or message.provider_message_id
    if not provider_message_id or not message.channel_id:
        return
    key = store.message_key(message.channel_id, provider_message_id)
    for _ in threads.TURNS:
        known = store.find_provider_message(key)
        if known is not None and known.message_id:
            return
        early = (known.early if known else None) or {}
        store.amend(message, lambda stored, early=early: _with_early(stored, early))  # type: ignore[misc]
        item = (known or store.new_provider_message(key, None)).of(message.id)
        try:
            if known is None:
                table.create(item)
            else:
                table.save(item)
        except (table.AlreadyThere, table.Stale):
            continue
        return
    raise InProgress("The message is being changed by many requests at once.")


def apply_early(message: store.Message, early: _State) -> None:
    """Does to a message that is about to be written what was told of it before."""
    if message.direction != "outbound":
        return
    for status, code, sentence in early.get("fates") or ():
        for name, value in fates.reported(_state(message), status, code, sentence).items():
            setattr(message, name, value)


def accepted(message_id: str, channel: store.ChannelConfig, provider_message_id: str) -> bool:
    """Whether this is a message of ours by this channel: the provider has it, under this id."""
    message = store.find_message(message_id)
    if message is None or message.direction != "outbound" or message.channel_id != channel.id:
        return False
    _told(message, "sent", None, None, provider_message_id)
    return True


def reported(arrival: Arrival, channel: store.ChannelConfig) -> None:
    """A provider's report about one message of ours."""
    report = arrival.report
    status = fates.status_of(report.status) if report else None
    if report is None or status is None:
        logger().info("report not understood", channel_id=channel.id)
        return
    code, sentence = _why(channel, report)
    message = store.find_message(report.reference) if report.reference else None
    if message is None or message.direction != "outbound" or message.channel_id != channel.id:
        key = store.message_key(channel.id, report.provider_message_id)
        message = found_or_awaited(key, lambda state: amending.with_fate(state, status, code, sentence))
    if message is None or message.direction != "outbound":
        # Nothing becomes of what people wrote.
        return
    _told(message, status, code, sentence, report.provider_message_id)
    if status == "failed" and code == "opted_out":
        identity = store.find_identity(channel.id, arrival.person)
        if identity is not None:
            at = arrival.at or report.at or arrival.received_at
            consenting.heed(identity, wants=False, at=at, source=message.id)


def mail_reported(report: MailReport) -> bool:
    """Whether a report of the mail provider is about a message of a conversation, which then has it.

    A complaint, a hard bounce and the like end mail to the address, as they do for mails of campaigns.
    """
    from leadflow.campaigns import service as campaigns

    message = store.find_message(report.mail_id)
    if message is None or message.direction != "outbound" or message.channel != "email":
        return False
    reason = campaigns.suppression_reason(report.event, report.data)
    conversation = store.find_conversation(message.conversation_id) if reason else None
    if reason and conversation is not None and conversation.person:
        campaigns.suppress("email", conversation.person, reason, source=message.id)
    status = fates.status_of_mail(report.event)
    if status is not None:
        sentence = str(report.data.get("reason") or "")[:500] or None
        _told(message, status, report.event if status == "failed" else None, sentence)
    return True


def seen(arrival: Arrival, channel: store.ChannelConfig) -> None:
    """The person has messages of ours, or has read them: those named, and all until the watermark."""
    status = "read" if arrival.kind == "read" else "delivered"
    named = (*arrival.provider_message_ids, *((arrival.provider_message_id,) if arrival.provider_message_id else ()))
    for provider_message_id in dict.fromkeys(named):
        key = store.message_key(channel.id, provider_message_id)
        message = found_or_awaited(key, lambda state: amending.with_fate(state, status, None, None))
        if message is not None and message.direction == "outbound":
            _told(message, status)
    if arrival.watermark is not None:
        _seen_until(arrival, channel, status, clock.stamp(arrival.watermark))


def apply_seen(message: store.Message, channel_id: str, person: str, left_at: str) -> None:
    """Sees to it that what the person was said to have, or to have read, until a moment holds for this message too.

    `left_at` is when it was sent by the provider's clock; one of ours may have waited for long before.
    """
    known = store.find_provider_message(_seen_key(channel_id, person))
    for status, moment in ((known.early if known else None) or {}).items():
        if left_at <= moment:
            _told(message, status)


def _seen_key(channel_id: str, person: str) -> str:
    """Where it is kept until when a person has what we sent: messages before that may be read of later."""
    return store.message_key(channel_id, f"seen by {person}")


def _seen_until(arrival: Arrival, channel: store.ChannelConfig, status: str, moment: str) -> None:
    def later(state: _State) -> dict[str, Any]:
        return {**state, status: max(moment, state.get(status) or "")}

    found_or_awaited(_seen_key(channel.id, arrival.person), later)
    identity = store.find_identity(channel.id, arrival.person)
    if identity is None or not identity.conversation_id:
        return
    for message in store.latest_until(identity.conversation_id, moment, _MOST_SEEN_AT_ONCE):
        if message.direction == "outbound" and message.outcome == "accepted" and message.status != "failed":
            _told(message, status)


def _told(
    message: store.Message,
    status: str,
    code: str | None = None,
    sentence: str | None = None,
    provider_message_id: str | None = None,
) -> None:
    """Writes down what is told of a message of ours."""

    def decide(stored: store.Message) -> dict[str, Any]:
        changes = fates.reported(_state(stored), status, code, sentence)
        if provider_message_id and not stored.provider_message_id:
            changes["provider_message_id"] = provider_message_id
        return changes

    linked(store.amend(message, decide))


def _with_early(message: store.Message, early: _State) -> dict[str, Any]:
    state, changes = _state(message), dict[str, Any]()
    for status, code, sentence in early.get("fates") or ():
        found = fates.reported({**state, **changes}, status, code, sentence)
        changes |= found
    return {**changes, **amending.amended({**message.attribute_values, **changes}, early)}


def _state(message: store.Message) -> dict[str, Any]:
    names = ("status", "outcome", "error_code", "error_message", "lease_until", "unknown_since")
    return {name: getattr(message, name) for name in names}


def _why(channel: store.ChannelConfig, report: StatusReport) -> tuple[str | None, str | None]:
    """Why a message was not delivered, in a word and a sentence of ours."""
    if not report.error_code:
        return None, None
    refusal = refusals.refusal(channel.provider, report.error_code)
    return refusal.reason, f"{refusal.sentence} ({channel.provider} {report.error_code})"
