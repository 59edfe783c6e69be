"""What may still be changed of a campaign and its steps, and what a change does to the mails that are to come."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

# What a cohort adds to the totals fits into one transaction of 100 actions: two lines for each step, and two more.
MAX_STEPS = 48

# What a campaign is about however it ended.
_WORDS = frozenset({"name", "description"})
# Who is in a frozen audience was settled at the launch.
_AUDIENCE = frozenset({"target_audience", "exclusions"})
_LAUNCHED = ("active", "paused")
_EFFECTS = {
    "target_audience": "All leads are looked at again: who fits now joins; who is in the campaign stays.",
    "exclusions": "All leads are looked at again: who is not excluded now joins; holds for every mail not sent yet.",
    "channel_id": "Mails that are not claimed yet go out by this channel.",
    "sender": "Mails that are not claimed yet are from this address.",
    "from_name": "Mails that are not claimed yet are from this name.",
    "reply_to": "Answers to mails that are not claimed yet come here.",
    "timezone": "Holds for leads without a time zone of their own, from the next mail on.",
    "send_window": "Holds for every mail that is not sent yet; what waits for the old window is planned anew.",
    "frequency_cap": "Holds from the next mail on; mails already sent count.",
    "rate_per_second": "Holds from the next mails on.",
    "rate_per_hour": "Holds from the next mails on; mails already sent this hour count.",
    "warm_up": "Holds from the next mails on, by the days since the launch; mails already sent today count.",
    "stop_on_reply": "Holds from the next mail on, for replies that have come already too.",
    "goal": "Holds from the next mail on.",
    "auto_pause": "Judged from now on, over all mails sent so far.",
    "unknown_policy": "Holds for mails whose outcome is decided from now on.",
}


def settled_fields(status: str, audience_mode: str, changed: Collection[str]) -> Iterator[tuple[str, str]]:
    """(field, reason) for each of these fields that cannot be changed any more in this status."""
    for field in changed:
        if status == "draft" or field in _WORDS:
            continue
        if status == "completed":
            yield field, "the campaign is completed"
        elif field == "audience_mode":
            yield field, "the campaign has been launched"
        elif field in _AUDIENCE and audience_mode == "snapshot":
            yield field, "the audience was frozen at the launch"


def effects_of_change(status: str, changed: Collection[str]) -> list[dict[str, str]]:
    """What these changes, which are allowed, do to mails to come; nothing for a campaign that sends none."""
    if status not in _LAUNCHED:
        return []
    return [{"field": field, "effect": _EFFECTS[field]} for field in changed if field in _EFFECTS]


def step_is_settled(status: str, begun_at: str | None) -> str | None:
    """Why this step can neither be changed nor removed any more; None when it can."""
    if status == "completed":
        return "the campaign is completed"
    return None if begun_at is None else f"its mails have been going out since {begun_at}"


def place_is_settled(status: str, step_number: int, steps: Sequence[Mapping[str, Any]]) -> str | None:
    """Why no step can be put at this number any more; None when it can: steps follow those that have begun."""
    if status == "completed":
        return "the campaign is completed"
    last = max((int(step["step_number"]) for step in steps if step["begun_at"] is not None), default=0)
    return f"step {last} has begun, so a step can only come after it" if step_number < last else None


def effects_on_steps(status: str, what: str, changed: Collection[str] = ()) -> list[dict[str, str]]:
    """What adding (`added`) or changing (`changed`) a step that has not begun does in a campaign that is launched."""
    if status not in _LAUNCHED:
        return []
    if what == "added":
        return [{"field": "step_number", "effect": "Leads whose sequence has not ended get this step in its turn."}]
    effects = {
        "step_number": "Leads who have not come to this step yet get it in its new turn.",
        "delay_hours": "Holds for leads whose mail of the step before is sent from now on; others keep their time.",
        "template_id": "All mails of this step are made of the new template.",
        "condition": "Decides for every lead when the step comes to it.",
        "variants": "All mails of this step are made of these templates; each lead gets the one that its id chooses.",
    }
    return [{"field": field, "effect": effects[field]} for field in changed if field in effects]


def asked_about(condition: object, step_number: int) -> bool:
    """Whether a step's condition asks for this step: `steps.<n>.…`."""
    if not isinstance(condition, Mapping):
        return False
    parts = [*condition.get("all", ()), *condition.get("any", ()), condition.get("not")]
    mine = str(condition.get("field", "")).startswith(f"steps.{step_number}.")
    return mine or any(asked_about(part, step_number) for part in parts)
