"""The worker that sends what waits in a conversation, one message after the other.

Who has the conversation's turn sends; nobody else does. Each message is a ledger entry: claimed, begun right before
the call, settled after it. A message whose fate nobody knows is not sent again: reports of the provider settle it, and
those behind it go on. A message that may only be sent later holds up those behind it, so that the order stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from leadflow.channels import store
from leadflow.channels.rules import fates
from leadflow.channels.service import composing, consenting, gating, reporting, sending
from leadflow.core import clock, due, effects, seams, table
from leadflow.core.effects import Standing
from leadflow.core.errors import (
    CredentialsRefused,
    Forbidden,
    MessageRefused,
    OutcomeUnknown,
    PayloadTooLarge,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from leadflow.core.gates import first_closed
from leadflow.core.settings import settings

# Waits that are shorter are waited out in place; longer ones are left to reconcile, which sees them in the table.
_PATIENCE = timedelta(seconds=60)
_PATIENCE_AT_HOME = timedelta(seconds=2)
_PROBE_EVERY = timedelta(minutes=15)
# A message that could not be sent for so long is not sent any more.
_GIVEN_UP_AFTER = timedelta(hours=24)
_FILES_AGAIN = timedelta(minutes=1)
# What a provider calls temporary is tried so often, the pauses doubling: some of it never passes, and holds up others.
_MOST_TRIES = 5
_FIRST_PAUSE = timedelta(minutes=1)
_NOW = timedelta(0)


def work(conversation_id: str, has_time: Callable[[], bool] = lambda: True) -> None:
    """Sends what waits in a conversation, if nobody else is at it."""
    conversation = store.find_conversation(conversation_id)
    if conversation is None or not conversation.outbox or not store.take_turn(conversation):
        return
    turn_until, is_over = str(conversation.turn_until), False
    try:
        is_over = _all_sent(conversation, turn_until, has_time)
    finally:
        # Given back whatever happens; only a death leaves the turn to its lease.
        if not is_over:
            store.end_turn(conversation, turn_until, only_if_done=False)


def reconcile() -> dict[str, int]:
    """Announces conversations again in which something waits and nobody is at it, and closes what stays unknown."""
    counts = {"conversations_requeued": 0, "messages_closed": 0}
    told: set[str] = set()
    for group in due.in_groups(_taken_up(counts)):
        fresh = set(group) - told
        counts["conversations_requeued"] += sum(map(sending.announce, sorted(fresh)))
        told |= fresh
    return counts


def _taken_up(counts: dict[str, int]) -> Iterator[str]:
    """Conversations of messages that are overdue and that nobody is at, each of which now waits anew."""
    for message in store.unattended_messages(store.WAITING_SEND):
        if message.outcome == "unknown" and effects.window_ends(message) <= clock.now():
            store.amend(message, lambda stored: {"gsi3pk": None, "gsi3sk": None} if stored.outcome == "unknown" else {})
            counts["messages_closed"] += 1
            continue
        later = effects.window_ends(message) if message.outcome == "unknown" else clock.now() + 5 * sending.ATTENDED
        store.amend(message, _due_again(clock.stamp(later)))
        yield message.conversation_id


def _all_sent(conversation: store.Conversation, turn_until: str, has_time: Callable[[], bool]) -> bool:
    """Sends for as long as it may; whether nothing waits any more and the turn is given back with that."""
    found: store.Conversation | None = conversation
    while found is not None:
        if not found.outbox and store.end_turn(found, turn_until, only_if_done=True):
            return True
        waiting = list(found.outbox)
        wait = _first(found) if waiting else _NOW
        if wait is None or wait > _patience() or not has_time():
            return False
        if wait:
            seams.current().sleep(wait.total_seconds())
        if list(found.outbox) == waiting:
            # Nothing was taken out of it, or it is not as it was read.
            found = store.find_conversation(conversation.id)
    return True


def _patience() -> timedelta:
    return _PATIENCE_AT_HOME if settings().is_local else _PATIENCE


def _first(conversation: store.Conversation) -> timedelta | None:
    """Goes on with the first message that waits; how long to wait before the next look, None to leave it for now."""
    message = store.find_message(conversation.outbox[0])
    if message is None:
        store.drop_first(conversation)
        return _NOW
    try:
        standing = effects.look(message)
    except table.Stale:
        return _NOW
    if standing is Standing.BUSY:
        return None
    if standing is Standing.OURS:
        wait = _sent(conversation, message)
        if wait != _NOW:
            return wait
    elif standing is Standing.UNKNOWN:
        _say_unknown(message)
    else:
        reporting.linked(message)
    store.drop_first(conversation)
    return _NOW


def _sent(conversation: store.Conversation, message: store.Message) -> timedelta | None:
    """Sends a message that is ours. `_NOW` when it is settled, else how long to wait, None for long."""
    channel = store.find_channel(str(message.channel_id))
    closed = first_closed(gating.all_of(conversation, message, channel))
    if closed is None and clock.now() > clock.parse(str(message.created_at)) + _GIVEN_UP_AFTER:
        _settle(message, "rejected", "failed", "expired", "It could not be sent for 24 hours.")
        return _NOW
    if closed is not None:
        _settle(message, "skipped", "failed", closed.code, closed.detail)
        return _NOW
    try:
        if channel is None or not _may_try(channel):
            return _later(message, None)
    except RateLimited as error:
        # Whether the account works again is to be asked later.
        return _later(message, timedelta(seconds=error.retry_after_seconds))
    limit = channel.rate_limit_per_minute
    if limit is not None and not store.take_place(channel.id, int(limit), clock.now()):
        return _later(message, timedelta(seconds=60 - clock.now().second))
    return _handed_over(conversation, message, channel)


def _handed_over(
    conversation: store.Conversation, message: store.Message, channel: store.ChannelConfig
) -> timedelta | None:
    try:
        send = composing.prepared(conversation, message, channel)
        effects.begin(message)
    except table.Stale:
        return _NOW
    except CredentialsRefused:
        return _later(message, None)
    except (RateLimited, UpstreamUnavailable):
        # A file that goes with it cannot be had for now.
        return _later(message, _FILES_AGAIN)
    except (UpstreamRejected, Forbidden, PayloadTooLarge) as error:
        _settle(message, "rejected", "failed", "invalid_content", error.detail)
        return _NOW
    try:
        provider_message_id = send()
    except CredentialsRefused:
        # The account's trouble, not this message's: it is sent when the account is mended.
        return _later(message, None)
    except (RateLimited, UpstreamUnavailable) as error:
        return _later(message, timedelta(seconds=getattr(error, "retry_after_seconds", None) or 60))
    except UpstreamRejected as error:
        return _refused(conversation, message, error)
    except OutcomeUnknown:
        _say_unknown(message)
    else:
        _accepted(message, provider_message_id)
    return _NOW


def _accepted(message: store.Message, provider_message_id: str) -> None:
    def decide(stored: store.Message) -> dict[str, Any]:
        found = fates.reported(stored.attribute_values, "sent")
        return {**found, "provider_message_id": stored.provider_message_id or provider_message_id}

    # First, so that reports that name nothing but the provider's id find it, whoever dies in between.
    reporting.linked(message, provider_message_id)
    store.amend(message, decide)


def _refused(conversation: store.Conversation, message: store.Message, error: UpstreamRejected) -> timedelta | None:
    """Ends a message that was not taken, or gives it back when it may be taken later; how long to wait."""
    tried, reason = int(message.attempt), error.reason if isinstance(error, MessageRefused) else "unknown"
    if isinstance(error, MessageRefused) and error.may_pass and tried < _MOST_TRIES:
        return _later(message, _FIRST_PAUSE * 2 ** (tried - 1), attempt=tried + 1)
    _settle(message, "rejected", "failed", reason, error.detail)
    if reason == "opted_out":
        identity = store.find_identity(str(message.channel_id), str(conversation.person))
        if identity is not None:
            consenting.heed(identity, wants=False, at=clock.now(), source=message.id)
    return _NOW


def _settle(message: store.Message, outcome: str, status: str, code: str, sentence: str) -> None:
    def decide(stored: store.Message) -> dict[str, Any]:
        if stored.outcome not in ("pending", "unknown"):
            # A report of the provider was quicker, and knows better.
            return {}
        told = {"outcome": outcome, "status": status, "error_code": code, "error_message": sentence}
        return {**told, "lease_until": None}

    store.amend(message, decide)


def _later(message: store.Message, wait: timedelta | None, attempt: int | None = None) -> timedelta | None:
    """Gives a message back that nothing was done about; with `wait` None it is held until the account is mended.

    `attempt` counts its tries; then nobody takes it up before the time, whatever else is said in its conversation.
    """
    due = clock.stamp(clock.now() + (wait or _PROBE_EVERY))
    counted = {} if attempt is None else {"attempt": attempt, "lease_until": due}

    def decide(stored: store.Message) -> dict[str, Any]:
        if stored.outcome != "pending":
            return {}
        why = {"error_code": fates.HELD, "error_message": fates.HELD_BECAUSE} if wait is None else {}
        return {
            "phase": "claimed",
            "lease_until": None,
            **why,
            **counted,
            **store.due_keys(stored, store.WAITING_SEND, due),
        }

    store.amend(message, decide)
    return wait


def _say_unknown(message: store.Message) -> None:
    """Nobody can say whether the provider has it; reports may settle it until the window ends."""

    def decide(stored: store.Message) -> dict[str, Any]:
        if stored.outcome not in ("pending", "unknown"):
            return {}
        since = stored.unknown_since or clock.now_stamp()
        stored.unknown_since = since
        due = clock.stamp(effects.window_ends(stored))
        return {
            "outcome": "unknown",
            "unknown_since": since,
            "lease_until": None,
            "error_code": fates.OUTCOME_UNKNOWN,
            "error_message": "Nobody can say whether it was sent; it is not sent again.",
            **store.due_keys(stored, store.WAITING_SEND, due),
        }

    store.amend(message, decide)


def _due_again(at: str) -> Callable[[store.Message], dict[str, Any]]:
    def decide(stored: store.Message) -> dict[str, Any]:
        waits = stored.outcome in ("pending", "unknown")
        return store.due_keys(stored, store.WAITING_SEND, at) if waits else {}

    return decide


def _may_try(channel: store.ChannelConfig) -> bool:
    """Whether the account works as far as we know; one that was refused is asked again now and then."""
    from leadflow.channels.service import connecting

    if channel.is_healthy is not False:
        return True
    asked = channel.last_checked_at
    if asked is not None and clock.parse(asked) + _PROBE_EVERY > clock.now():
        return False
    return bool(connecting.check(channel.id)["ok"])
