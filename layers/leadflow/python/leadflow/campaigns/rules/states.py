"""What becomes of one mail: how what we do and what is reported move it, in whatever order and however often.

Status only moves up `queued < sent < delivered < opened < clicked`, and `bounced` and `failed` end it: the highest
report wins. Outcome only moves up `pending < unknown < accepted < rejected`; `skipped` is final, since nothing was
sent. So every order of the same reports ends in the same state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leadflow.campaigns.enums import EMAIL_STATUSES

# Of one mail so many different links may add to the lead's score.
SCORED_LINKS = 3
# So often is kept when the link that no person sees was followed.
MOST_TRAPS = 20

_RANK = {status: rank for rank, status in enumerate(EMAIL_STATUSES)}
_WAITING = ("pending", "unknown")
_STATUS_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_WORDS = re.compile(r"[A-Za-z][A-Za-z /-]{0,59}")
# What is said of a mail whose outcome nobody ever told us.
LOST = "lost"
_HARD_BOUNCE = "bounce"
_DROPPED_FOR = {
    "Bounced Address": "bounce",
    "Unsubscribed Address": "unsubscribe",
    "Spam Reporting Address": "spam_report",
}


@dataclass(frozen=True)
class LinkClick:
    """The first click on one link by people, or by machines. `link` is its label."""

    number: int
    link: str
    at: str
    machine: bool


@dataclass(frozen=True)
class MailState:
    """What can change about a mail after it was claimed. Times are RFC 3339.

    Counts and `opened_at`/`clicked_at` are of people; what machines did is counted apart and moves no status. `traps`
    are times at which the link was followed that no person sees.
    """

    status: str = "queued"
    outcome: str = "pending"
    phase: str = "claimed"
    attempt: int = 1
    lease_until: str | None = None
    sent_at: str | None = None
    delivered_at: str | None = None
    opened_at: str | None = None
    clicked_at: str | None = None
    machine_opened_at: str | None = None
    unsubscribed_at: str | None = None
    complained_at: str | None = None
    hard_bounced_at: str | None = None
    replied_at: str | None = None
    open_count: int = 0
    click_count: int = 0
    machine_open_count: int = 0
    machine_click_count: int = 0
    link_clicks: tuple[LinkClick, ...] = ()
    traps: tuple[str, ...] = ()
    provider_message_id: str | None = None
    skip_reason: str | None = None
    error_message: str | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it is still open what came of the send."""
        return self.outcome in _WAITING

    @property
    def may_have_left(self) -> bool:
        """Whether some try may have reached the provider."""
        return self.outcome == "unknown" or self.phase in ("begun", "batched") or self.attempt > 1


def higher(one: str, other: str) -> str:
    """The status that wins when both were reported."""
    return max(one, other, key=_RANK.__getitem__)


def accepted(state: MailState, at: str, message_id: str | None = None) -> MailState:
    """The provider has the mail since this time or earlier."""
    if state.outcome == "skipped":
        return state
    return replace(
        state,
        outcome="accepted" if state.is_waiting else state.outcome,
        status=higher(state.status, "sent"),
        sent_at=_earliest(state.sent_at, at),
        provider_message_id=state.provider_message_id or message_id,
        lease_until=None,
    )


def rejected(state: MailState, reason: str) -> MailState:
    """The provider refused the mail for good, at once or later."""
    if state.outcome == "skipped":
        return state
    return replace(_failed(state, "failed", reason), outcome="rejected", lease_until=None)


def skipped(state: MailState, reason: str) -> MailState:
    """The mail is not to be sent. What may have left already stays as it is."""
    if not state.is_waiting or state.may_have_left:
        return state
    return replace(state, outcome="skipped", skip_reason=reason, lease_until=None)


def given_back(state: MailState) -> MailState:
    """The provider certainly did not take it this time: whoever tries next may begin at once."""
    if state.outcome != "pending":
        return state
    return replace(state, phase="claimed", lease_until=None)


def renewed(state: MailState) -> MailState:
    """A mail that the provider refused for certain is to be tried once more; one that may have left stays as it is."""
    if state.outcome != "rejected" or state.error_message == LOST:
        return state
    return MailState()


def in_doubt(state: MailState) -> MailState:
    """The call was made, or may have been, and nobody can say what it did."""
    return replace(state, outcome="unknown", lease_until=None) if state.outcome == "pending" else state


def lost(state: MailState) -> MailState:
    """The provider had its time to report on a mail in doubt and said nothing; what it says later still counts."""
    return rejected(state, "lost") if state.outcome == "unknown" else state


def opened(state: MailState, at: str, *, machine: bool) -> MailState:
    """Our tracking picture was fetched."""
    state = _arrived(state, at)
    if machine:
        first = state.machine_opened_at or at
        return replace(state, machine_open_count=state.machine_open_count + 1, machine_opened_at=first)
    return replace(
        state,
        open_count=state.open_count + 1,
        opened_at=state.opened_at or at,
        status=higher(state.status, "opened"),
    )


def clicked(state: MailState, number: int, link: str, at: str, *, machine: bool) -> MailState:
    """A link of ours was followed; by a person, that says that the mail was opened too."""
    state = _arrived(state, at)
    if not any(click.number == number and click.machine == machine for click in state.link_clicks):
        state = replace(state, link_clicks=(*state.link_clicks, LinkClick(number, link, at, machine)))
    if machine:
        return replace(state, machine_click_count=state.machine_click_count + 1)
    return replace(
        state,
        click_count=state.click_count + 1,
        clicked_at=state.clicked_at or at,
        open_count=max(state.open_count, 1),
        opened_at=state.opened_at or at,
        status=higher(state.status, "clicked"),
    )


def trapped(state: MailState, at: str) -> MailState:
    """The link that no person sees was followed."""
    state = _arrived(state, at)
    if at in state.traps or len(state.traps) >= MOST_TRAPS:
        return state
    return replace(state, traps=tuple(sorted((*state.traps, at))))


def unsubscribed(state: MailState, at: str) -> MailState:
    return replace(state, unsubscribed_at=_earliest(state.unsubscribed_at, at))


def resubscribed(state: MailState) -> MailState:
    """Who had left by this mail took that back."""
    return replace(state, unsubscribed_at=None)


def replied(state: MailState, at: str) -> MailState:
    """Its person has answered it, which only a mail that arrived can be."""
    state = _arrived(state, at)
    return replace(state, replied_at=_earliest(state.replied_at, at))


def reported(state: MailState, event: str, at: str, data: Mapping[str, Any]) -> MailState:
    """What a provider's event says of the mail's way. Any but `dropped` shows that the provider took it."""
    if event == "dropped":
        return rejected(state, _said("dropped", data))
    state = accepted(state, at)
    if event == "delivered":
        return replace(state, status=higher(state.status, "delivered"), delivered_at=_earliest(state.delivered_at, at))
    if event == "bounce":
        hard_at = _earliest(state.hard_bounced_at, at) if is_hard(data) else state.hard_bounced_at
        return replace(_failed(state, "bounced", _said("bounced", data)), hard_bounced_at=hard_at)
    if event == "spamreport":
        return replace(state, complained_at=_earliest(state.complained_at, at))
    return unsubscribed(state, at) if event == "unsubscribe" else state


def scoring_click(state: MailState, number: int) -> LinkClick | None:
    """People's first click on this link, if it is among the first links that count for the lead's score."""
    by_people = [click for click in state.link_clicks if not click.machine]
    return next((click for click in by_people[:SCORED_LINKS] if click.number == number), None)


def is_hard(bounce: Mapping[str, Any]) -> bool:
    """Whether a bounce says that nobody is there; `blocked` and `expired` ones say only that it was not taken now."""
    return bool(bounce.get("type", _HARD_BOUNCE) == _HARD_BOUNCE)


def suppression_reason(event: str, data: Mapping[str, Any]) -> str | None:
    """Why nothing more may be sent to the address after this event of a provider; None when nothing follows from it.

    A bounce counts when it is hard. A mail that the provider dropped for its own list says what is on that list.
    """
    if event == "bounce":
        return "bounce" if is_hard(data) else None
    if event == "dropped":
        return _DROPPED_FOR.get(str(data.get("reason")))
    return {"spamreport": "spam_report", "unsubscribe": "unsubscribe"}.get(event)


def _arrived(state: MailState, at: str) -> MailState:
    """Somebody holds the mail, so if it may have left, it did."""
    return accepted(state, at) if state.is_waiting and state.may_have_left else state


def _failed(state: MailState, status: str, reason: str) -> MailState:
    winner = higher(state.status, status)
    said = {state.error_message, reason} if winner == state.status == status else {reason}
    message = max(said - {None}, key=str) if winner == status else state.error_message
    return replace(state, status=winner, error_message=message)


def _said(what: str, data: Mapping[str, Any]) -> str:
    """The kind of failure in words that hold nothing personal: a provider's own text often repeats the address."""
    code, kind = str(data.get("status") or ""), str(data.get("bounce_classification") or "")
    if what == "dropped":
        kind = str(data.get("reason") or "")
    details = [code] if _STATUS_CODE.fullmatch(code) else []
    details += [kind] if _WORDS.fullmatch(kind) else []
    return f"{what}: {' '.join(details)}" if details else what


def _earliest(one: str | None, other: str) -> str:
    return min(one, other) if one else other
