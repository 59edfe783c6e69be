"""Whom the first mail of a campaign would reach, counted over the list of leads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leadflow.campaigns.rules import numbers, windows
from leadflow.campaigns.rules.simulation import Fate
from leadflow.campaigns.service import gaps, walking
from leadflow.core import clock, paging

if TYPE_CHECKING:
    from leadflow.campaigns.schema import AudiencePreviewRequest

# Stands for the first step of a campaign that has none yet.
_NO_STEP = {"id": "none", "step_number": 1, "delay_hours": 0, "template_id": None, "condition": None, "variants": []}


def preview(campaign_id: str, body: AudiencePreviewRequest) -> dict[str, Any]:
    """Whom the first mail would reach now, and why it would not reach others.

    Raises NotFound, InvalidInput for a campaign without a target audience, MalformedRequest for a foreign cursor.
    """
    campaign, steps = walking.readable(campaign_id)
    listing, now = f"campaigns/{campaign_id}/audience", clock.now()
    known = paging.decode(body.cursor, listing) if body.cursor else {}
    seen = _Seen(campaign, steps, body.sample, known)
    page = walking.Page([], 0, None)
    for page in walking.pages(campaign, now, known.get("cursor")):
        seen.excluded["excluded"] += page.left_out
        for lead, fates in walking.fated(campaign, (steps or [_NO_STEP])[:1], page.found, now, {}):
            seen.add(lead, fates[0])
    more = None if page.cursor is None else paging.encode({"cursor": page.cursor, **seen.state()}, listing)
    return {**seen.told(), "complete": more is None, "next_cursor": more}


class _Seen:
    """What was counted of the audience so far, in this request and those before it."""

    def __init__(
        self,
        campaign: Mapping[str, Any],
        steps: Sequence[Mapping[str, Any]],
        sample_size: int,
        known: Mapping[str, Any],
    ) -> None:
        self.campaign, self.steps, self.sample_size = campaign, steps, sample_size
        self.excluded: Counter[str] = Counter(known.get("excluded", {}))
        self.gaps: Counter[str] = Counter(known.get("gaps", {}))
        self.count, self.zoneless = int(known.get("count", 0)), int(known.get("zoneless", 0))
        self.sample: list[dict[str, Any]] = []
        self.watch = gaps.Watch(steps)

    def add(self, lead: Mapping[str, Any], fate: Fate) -> None:
        if fate.reason is not None:
            self.excluded[fate.reason] += 1
            return
        self.count += 1
        self.zoneless += not windows.place_of(self.campaign, lead).is_own
        self.gaps.update(self.watch.missing(lead))
        if len(self.sample) < self.sample_size:
            shown = {name: lead[name] for name in ("id", "name", "email")}
            self.sample.append({**shown, "template_id": fate.template_id if self.steps else None})

    def state(self) -> dict[str, Any]:
        return {"excluded": self.excluded, "gaps": self.gaps, "count": self.count, "zoneless": self.zoneless}

    def told(self) -> dict[str, Any]:
        excluded = {reason: count for reason, count in sorted(self.excluded.items()) if count}
        return {
            "count": self.count,
            "matched": self.count + self.excluded.total(),
            "excluded": excluded,
            "sample": self.sample,
            "missing_variables": numbers.missing_variables(self.gaps),
            "without_timezone": self.zoneless,
        }
