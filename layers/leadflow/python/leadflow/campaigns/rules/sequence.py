"""The order of a campaign's steps, when each is due, and what its condition is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock, conditions

Step = Mapping[str, Any]


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Steps (`step_number`, `delay_hours`, `condition`, …) by their number, which need not be without gaps."""
    return sorted(steps, key=lambda step: int(step["step_number"]))


def next_step(steps: Sequence[Step], after: int | None) -> Step | None:
    """The first step beyond this number, or the first of all; None at the end of the sequence."""
    return next((step for step in in_order(steps) if after is None or step["step_number"] > after), None)


def due_at(step: Step, before: datetime) -> datetime:
    """When a step is due: its delay after the step before it went out, or for the first after the launch.

    Where the step before was skipped, the delay counts from when it was decided to skip it.
    """
    return before + clock.waiting(timedelta(hours=int(step["delay_hours"])))


def facts(lead: Mapping[str, Any], steps: Iterable[Step], mails: Mapping[int, Mapping[str, Any]]) -> dict[str, object]:
    """What a step's condition sees: the lead, and for each step what people did with its mail.

    `mails` are the lead's by step number. Of a step that was skipped, nothing was opened, clicked or replied to, and
    `status` has no value. What machines did does not count.
    """
    return {
        "lead": lead,
        "steps": {str(step["step_number"]): _of(mails.get(int(step["step_number"]))) for step in steps},
    }


def holds(step: Step, seen: Mapping[str, object], now: datetime) -> bool:
    """Whether the step's condition holds for these facts."""
    return conditions.evaluate(step["condition"], seen, now)


def _of(mail: Mapping[str, Any] | None) -> dict[str, object]:
    was_sent = mail is not None and mail["outcome"] != "skipped"
    known: Mapping[str, Any] = mail if mail is not None and was_sent else {}
    return {
        "opened": known.get("opened_at") is not None,
        "clicked": known.get("clicked_at") is not None,
        "replied": known.get("replied_at") is not None,
        "status": known.get("status"),
    }
