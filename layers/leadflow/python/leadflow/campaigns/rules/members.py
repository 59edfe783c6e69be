"""What must hold before the mail of a step goes to a member of a campaign's audience, in the order a send asks it.

The engine asks for the first gate that is closed, `explain` and `simulate` show or count the same ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadflow.campaigns.rules import audience, gates, sequence, windows
from leadflow.core import clock
from leadflow.core.gates import Gate, failed, passed

_HAD_ENOUGH = {
    "duplicate_address": "The address has this step's mail already, by another lead.",
    "frequency_cap": "The address was sent as many mails lately as the campaign's frequency cap allows.",
}


@dataclass(frozen=True)
class Member:
    """What is known of one member when a step comes to it.

    `mails` are the records of the campaign's mails to it by step number, `had_mail_of` the excluded campaigns that
    mailed it. `has_replied` and `came_to_goal` say what it did since it joined, wherever. `had_enough` is why its
    address gets no more mail now: `duplicate_address` or `frequency_cap`. `parts` are the ids of all leads that it
    consists of.
    """

    lead: Mapping[str, Any] | None
    is_erased: bool = False
    suppressed_for: str | None = None
    has_replied: bool = False
    came_to_goal: bool = False
    had_mail_of: Collection[str] = ()
    mails: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    had_enough: str | None = None
    parts: Collection[str] = ()


def gates_of(
    campaign: Mapping[str, Any], step: sequence.Step, steps: Sequence[sequence.Step], member: Member, now: datetime
) -> Iterator[Gate]:
    """The gates of one mail. One that is closed ends it as skipped, its code being the reason.

    The last one, the window, is never closed: it is open, or `pending` with the time at which it opens.
    """
    lead = member.lead
    if member.is_erased:
        yield gates.not_erased(True)
        return
    yield from gates.recipient(lead)
    if lead is None or lead["email"] is None:
        return
    yield gates.not_erased(False)
    yield gates.not_suppressed(member.suppressed_for)
    yield gates.consent(lead, "email")
    yield _not_excluded(audience.is_excluded(campaign, lead, now, member.had_mail_of, member.parts))
    yield from _still_wanted(campaign, member, lead, now)
    yield condition(step, lead, steps, member.mails, now)
    yield _contacts(member.had_enough)
    yield window(campaign, lead, now)


def condition(
    step: sequence.Step,
    lead: Mapping[str, Any],
    steps: Sequence[sequence.Step],
    mails: Mapping[int, Mapping[str, Any]],
    now: datetime,
) -> Gate:
    """Whether the step's condition holds."""
    if sequence.holds(step, sequence.facts(lead, steps, mails), now):
        return passed("condition")
    return failed("condition", "condition_not_met", "The condition of the step does not hold.")


def window(campaign: Mapping[str, Any], lead: Mapping[str, Any], now: datetime) -> Gate:
    """Whether the send window is open where the lead is, or when it will be."""
    opens = windows.opens_at(campaign, lead, now)
    if opens <= now:
        return passed("window")
    return Gate("window", "pending", "outside_window", "The send window opens then.", clock.stamp(opens))


def _not_excluded(is_excluded: bool) -> Gate:
    if is_excluded:
        return failed("exclusions", "excluded", "The campaign's exclusions name the lead.")
    return passed("exclusions")


def _still_wanted(
    campaign: Mapping[str, Any], member: Member, lead: Mapping[str, Any], now: datetime
) -> Iterator[Gate]:
    if campaign["goal"] is not None:
        reached = member.came_to_goal or audience.has_reached_goal(campaign, lead, now)
        yield failed("goal", "goal_reached", "The lead has come to the goal.") if reached else passed("goal")
    if campaign["stop_on_reply"]:
        replied = member.has_replied
        yield failed("reply", "replied", "The lead has replied.") if replied else passed("reply")


def _contacts(had_enough: str | None) -> Gate:
    if had_enough is None:
        return passed("contacts")
    return failed("contacts", had_enough, _HAD_ENOUGH[had_enough])
