"""A campaign as it would run, on a virtual clock and without any effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadflow.campaigns.rules import simulation
from leadflow.campaigns.rules.simulation import Course, Fate, Way
from leadflow.campaigns.service import walking
from leadflow.core import clock, paging
from leadflow.core.errors import InvalidInput

if TYPE_CHECKING:
    from leadflow.campaigns.schema import CampaignSimulationRequest


def simulate(campaign_id: str, body: CampaignSimulationRequest) -> dict[str, Any]:
    """The campaign as it would run, launched at `at`.

    Raises NotFound, InvalidInput for a campaign without a target audience or a step, MalformedRequest for a foreign
    cursor.
    """
    campaign, steps = walking.readable(campaign_id)
    if not steps:
        raise InvalidInput("steps", "a campaign needs a step to be simulated")
    listing = f"campaigns/{campaign_id}/simulate"
    known = paging.decode(body.cursor, listing) if body.cursor else {}
    at, assumed = known.get("at") or clock.stamp(body.at or clock.now()), known.get("assumed") or dict(body.assume)
    campaign, start = {**campaign, "started_at": at}, clock.parse(at)
    ways = Counter({_unpacked(way): count for way, count in known.get("ways", ())})
    left_out, page = int(known.get("left_out", 0)), walking.Page([], 0, None)
    for page in walking.pages(campaign, start, known.get("cursor")):
        left_out += page.left_out
        for lead, fates in walking.fated(campaign, steps, page.found, start, assumed):
            ways[Way(fates, lead["timezone"] if campaign["send_window"] else None)] += 1
    state = {"cursor": page.cursor, "at": at, "assumed": assumed, "left_out": left_out, "ways": list(ways.items())}
    more = None if page.cursor is None else paging.encode(state, listing)
    return {
        "campaign_id": campaign_id,
        "audience": ways.total(),
        "excluded": left_out,
        "started_at": at,
        **_told(campaign, steps, ways, start, body.price_per_1000),
        "complete": more is None,
        "next_cursor": more,
    }


def _told(
    campaign: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], ways: Counter[Way], start: datetime, price: float
) -> dict[str, Any]:
    course = simulation.run(campaign, steps, ways, start)
    mails = course.hours.total()
    return {
        "completed_at": clock.stamp(course.ends) if course.ends else None,
        "steps": [_step(step, place, ways, course) for place, step in enumerate(steps)],
        "hours": [{"hour": hour, "step_number": n, "sent": sent} for (hour, n), sent in sorted(course.hours.items())],
        "cost": {"mails": mails, "provider_calls": course.calls, "usd": round(mails * price / 1000, 4)},
    }


def _step(step: Mapping[str, Any], place: int, ways: Counter[Way], course: Course) -> dict[str, Any]:
    number, reasons, by_template = int(step["step_number"]), Counter[str](), Counter[str]()
    for way, count in ways.items():
        fate = way.fates[place]
        (reasons if fate.template_id is None else by_template)[str(fate.template_id or fate.reason)] += count
    first, last = course.first.get(number), course.last.get(number)
    return {
        "step_id": step["id"],
        "step_number": number,
        "audience": ways.total(),
        "sent": by_template.total(),
        "skipped": reasons.total(),
        "skipped_by_reason": dict(sorted(reasons.items())),
        "variants": dict(sorted(by_template.items())),
        "first_at": clock.stamp(first) if first else None,
        "last_at": clock.stamp(last) if last else None,
    }


def _unpacked(packed: Sequence[Any]) -> Way:
    """A way out of a cursor, where tuples have become lists."""
    fates, timezone = packed
    return Way(tuple(Fate(*fate) for fate in fates), timezone)
