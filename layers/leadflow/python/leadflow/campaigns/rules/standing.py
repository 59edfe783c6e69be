"""Where a lead stands in a campaign, as gates: the campaign itself, the audience, and the mails it had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.core.gates import Gate, failed, passed

FREE = Gate("campaign", "pass", "nothing_holds_it_back", "Every gate is open.")
ENDED = Gate("sequence", "pass", "sequence_completed", "The lead has come to the end of the sequence.")
_STATUS = {
    "draft": "The campaign was not launched yet.",
    "paused": "The campaign is paused.",
    "completed": "The campaign is completed.",
}


def campaign_active(status: str, pause_reason: str | None) -> Gate:
    """Whether the campaign sends."""
    if status == "active":
        return passed("campaign")
    because = f" {pause_reason}" if pause_reason else ""
    return failed("campaign", f"campaign_{status}", f"{_STATUS[status]}{because}")


def in_audience(
    status: str, *, is_member: bool, fits: bool, is_excluded: bool, is_being_frozen: bool, is_evergreen: bool = False
) -> Gate:
    """Whether the lead is, or by what it is now would be, in the audience."""
    if is_member:
        return passed("audience")
    if fits and not is_excluded and status == "draft":
        return passed("audience", "The lead would be in it if the campaign were launched now.")
    if fits and is_excluded:
        return failed("audience", "excluded", "The campaign's exclusions name the lead.")
    if fits and is_being_frozen:
        return Gate("audience", "pending", "audience_not_frozen", "The audience is still being put together.")
    if fits and is_evergreen and status != "completed":
        return Gate("audience", "pending", "joins", "The lead joins once what it did last is read, or it changes next.")
    if fits:
        return failed("audience", "not_in_audience", "The lead did not fit when the audience was put together.")
    return failed("audience", "not_in_audience", "The lead does not fit the target audience.")


def mail_had(outcome: str, reason: str | None, step: Mapping[str, Any]) -> Gate:
    """What became of the mail of a step that the lead is past; it holds nothing back."""
    number = int(step["step_number"])
    said = f"{outcome}: {reason}" if reason else outcome
    return Gate("mail", "pass", reason or outcome, f"Step {number}: {said}.", about=str(step["id"]))
