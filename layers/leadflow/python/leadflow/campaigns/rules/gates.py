"""What must hold before a mail goes to a lead: the gates of every send, in the order a send asks them.

The code of a gate that fails is the reason a skipped mail carries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leadflow.campaigns import rules
from leadflow.core.gates import Gate, failed, passed


def recipient(lead: Mapping[str, Any] | None) -> Iterator[Gate]:
    """Whether there is somebody to write to."""
    if lead is None:
        yield failed("lead", "lead_gone", "The lead is gone.")
        return
    yield passed("lead")
    if lead["email"] is None:
        yield failed("address", "no_email", "The lead has no email address.")
    else:
        yield passed("address")


def not_erased(is_erased: bool) -> Gate:
    """Whether the address is not that of a person who was erased."""
    if is_erased:
        return failed("erased", "erased", "The address belongs to a person who was erased.")
    return passed("erased")


def not_suppressed(reason: str | None) -> Gate:
    """Whether nothing stands against the address on this channel; `reason` is that of its suppression."""
    if reason is not None:
        return failed("suppression", f"suppressed:{reason}", f"The address is suppressed for {reason}.")
    return passed("suppression")


def consent(lead: Mapping[str, Any], channel: str) -> Gate:
    """Whether the lead did not say no to the channel."""
    if rules.opted_out(lead, channel):
        return failed("consent", "opted_out", f"The lead opted out of {channel}.")
    return passed("consent")


def channel(found: Mapping[str, Any] | None) -> Gate:
    """Whether there is a channel to send by; one that was refused lately is tried all the same."""
    if found is None:
        return failed("channel", "no_channel", "There is no active email channel.")
    if found["is_healthy"] is False:
        return passed("channel", "The provider refused its credentials the last time; it is tried again.")
    return passed("channel")


def ledger(outcome: str, reason: str | None, next_look: str | None) -> Gate:
    """Where a mail stands that is claimed already: what was accepted or settled is not done again."""
    if outcome == "accepted":
        return Gate("mail", "pass", "accepted", "The provider has the mail.")
    if outcome == "skipped":
        return failed("mail", reason or "skipped", "The mail was skipped.")
    if outcome == "rejected":
        return failed("mail", "rejected", "The provider refused the mail.")
    if next_look is None:
        return failed("mail", "outcome_unknown", "Nobody can say whether it was sent; it is not sent again.")
    code = "outcome_unknown" if outcome == "unknown" else "being_sent"
    return Gate("mail", "pending", code, "It is looked at again then.", next_look)
