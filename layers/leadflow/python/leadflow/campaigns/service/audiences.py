"""Whom a campaign would reach, and how it would run: counted over the list of leads, without any effect.

A long audience is looked at in parts: an answer says whether it is complete, and its cursor, which is signed, holds
what was counted so far. So every answer takes a bounded time, and the last one is exact.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import contacts, members, sequence, variants, windows
from leadflow.campaigns.rules.contacts import Contact
from leadflow.campaigns.rules.simulation import Fate, Way, run
from leadflow.campaigns.service import campaigns
from leadflow.campaigns.service.members import Known, Scene, contacts_of, excluded_steps, look_up, member_of, sorted_out
from leadflow.core import clock, ids, paging
from leadflow.core.errors import InvalidInput
from leadflow.core.gates import first_closed
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.campaigns.schema import AudiencePreviewRequest, CampaignSimulationRequest

# The HTTP API gives up after 30 seconds.
_SECONDS = 15
_PAGE = 200
_SHARES = 1_000_000
_NO_STEP = {"id": "none", "step_number": 1, "delay_hours": 0, "template_id": None, "condition": None, "variants": []}
_Assumed = Mapping[str, float]


def preview(campaign_id: str, body: AudiencePreviewRequest) -> dict[str, Any]:
    """Whom the first mail would reach now, and why it would not reach others.

    Raises NotFound, InvalidInput for a campaign without a target audience, MalformedRequest for a foreign cursor.
    """
    from leadflow.campaigns.service import gaps

    campaign, steps = _readable(campaign_id)
    listing = f"campaigns/{campaign_id}/audience"
    known: dict[str, Any] = paging.decode(body.cursor, listing) if body.cursor else {}
    excluded, missing = Counter(known.get("excluded", {})), Counter(known.get("missing", {}))
    count, zoneless = known.get("count", 0), known.get("zoneless", 0)
    sample: list[dict[str, Any]] = []
    watch = gaps.Watch([template for step in steps for template in _templates(step)])
    now, cursor = clock.now(), known.get("cursor")
    for found, left_out, cursor in _pages(campaign, now, cursor):
        excluded["excluded"] += left_out
        for lead, fates in _fated(campaign, (steps or [_NO_STEP])[:1], found, now, {}):
            if fates[0].reason is not None:
                excluded[fates[0].reason] += 1
                continue
            count += 1
            zoneless += not windows.place_of(campaign, lead).is_own
            missing.update(watch.missing(lead, [variants.chosen(step, str(lead["id"])) for step in steps]))
            if len(sample) < body.sample:
                shown = {name: lead[name] for name in ("id", "name", "email")}
                sample.append({**shown, "template_id": fates[0].template_id})
    excluded += Counter()
    state = {"cursor": cursor, "excluded": excluded, "missing": missing, "count": count, "zoneless": zoneless}
    return {
        "count": count,
        "matched": count + excluded.total(),
        "excluded": dict(sorted(excluded.items())),
        "sample": sample,
        "missing_variables": gaps.told(missing),
        "without_timezone": zoneless,
        "complete": cursor is None,
        "next_cursor": None if cursor is None else paging.encode(state, listing),
    }


def simulate(campaign_id: str, body: CampaignSimulationRequest) -> dict[str, Any]:
    """The campaign as it would run. Raises as `preview` does, and InvalidInput when it has no step."""
    campaign, steps = _readable(campaign_id)
    if not steps:
        raise InvalidInput("steps", "a campaign needs a step to be simulated")
    listing = f"campaigns/{campaign_id}/simulate"
    known: dict[str, Any] = paging.decode(body.cursor, listing) if body.cursor else {}
    start = clock.parse(known["at"]) if known else (body.at or clock.now())
    assumed: _Assumed = known.get("assumed") or body.assume.model_dump()
    campaign = {**campaign, "started_at": clock.stamp(start)}
    ways = Counter({_way(text): number for text, number in known.get("ways", [])})
    left_out, cursor = known.get("left_out", 0), known.get("cursor")
    for found, more_left_out, cursor in _pages(campaign, start, cursor):
        left_out += more_left_out
        for lead, fates in _fated(campaign, steps, found, start, assumed):
            ways[Way(fates, lead["timezone"] if campaign["send_window"] else None)] += 1
    told = _told(campaign, steps, ways, start, body.price_per_1000)
    packed = [([list(fate) for fate in way.fates], way.timezone) for way in ways]
    state = {
        "cursor": cursor,
        "at": clock.stamp(start),
        "assumed": assumed,
        "left_out": left_out,
        "ways": list(zip(packed, ways.values(), strict=True)),
    }
    return {
        "campaign_id": campaign_id,
        "audience": ways.total(),
        "excluded": left_out,
        "started_at": clock.stamp(start),
        **told,
        "complete": cursor is None,
        "next_cursor": None if cursor is None else paging.encode(state, listing),
    }


def _readable(campaign_id: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    campaign = campaigns.load(campaign_id).record()
    if campaign["target_audience"] is None:
        raise InvalidInput("target_audience", 'is needed; {"all": []} is everyone')
    return campaign, [step.record() for step in store.steps_of(campaign_id)]


def _pages(
    campaign: Mapping[str, Any], now: datetime, cursor: str | None
) -> Iterator[tuple[list[Mapping[str, Any]], int, str | None]]:
    """Members of the audience page by page, how many the exclusions name, and where to go on; as long as there is time."""
    started = time.monotonic()
    while True:
        page = leads.page(limit=_PAGE, cursor=cursor)
        cursor = page["next_cursor"]
        yield *sorted_out(campaign, page["items"], now), cursor
        if cursor is None or time.monotonic() - started > _SECONDS:
            return


def _fated(
    campaign: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    found: Sequence[Mapping[str, Any]],
    start: datetime,
    assumed: _Assumed,
) -> Iterator[tuple[Mapping[str, Any], tuple[Fate, ...]]]:
    """Each of these members with its fate at each of these steps, launched at `start`."""
    scene = Scene(campaign, steps[0], steps, clock.stamp(start), excluded_steps(campaign))
    known = look_up(scene, [str(lead["id"]) for lead in found])
    for lead in found:
        yield lead, tuple(_fates(scene, str(lead["id"]), known, start, assumed))


def _fates(scene: Scene, lead_id: str, known: Known, start: datetime, assumed: _Assumed) -> Iterator[Fate]:
    """Step by step, each seeing what became of those before it."""
    member, at = member_of(scene, lead_id, known, start), start
    had: list[Contact] = contacts_of(known.contact(lead_id))
    mails: dict[int, Mapping[str, Any]] = {}
    for step in sequence.in_order(scene.steps):
        at, number = sequence.due_at(step, at), int(step["step_number"])
        contact = Contact(f"{scene.campaign['id']}#{step['id']}", scene.mail_id(lead_id, step), clock.stamp(at))
        enough = contacts.verdict(had, contact.step, contact.mail_id, scene.campaign["frequency_cap"], at)
        seen = replace(member, mails=mails, had_enough=enough)
        closed = first_closed(members.gates_of(scene.campaign, step, scene.steps, seen, at))
        if closed is not None:
            mails[number] = {"outcome": "skipped"}
            yield Fate(None, closed.code)
            continue
        had = contacts.counted(had, contact, at)
        mails[number] = _acted_on(lead_id, step, assumed, clock.stamp(at))
        member = replace(member, has_replied=member.has_replied or mails[number]["replied_at"] is not None)
        yield Fate(variants.chosen(step, lead_id))


def _acted_on(lead_id: str, step: Mapping[str, Any], assumed: _Assumed, at: str) -> dict[str, Any]:
    """A mail as people left it, by the shares assumed: the same people for the same shares."""
    place = ids.shard(f"{step['id']}#{lead_id}", _SHARES) / _SHARES
    did = {name: place < assumed.get(name, 0) for name in ("opened", "clicked", "replied")}
    did["opened"] = did["opened"] or did["clicked"]
    status = "clicked" if did["clicked"] else "opened" if did["opened"] else "delivered"
    return {"outcome": "accepted", "status": status, **{f"{name}_at": at if it else None for name, it in did.items()}}


def _told(
    campaign: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], ways: Counter[Way], start: datetime, price: float
) -> dict[str, Any]:
    course = run(campaign, steps, ways, start)
    shown = []
    for place, step in enumerate(steps):
        number = int(step["step_number"])
        reasons, by_template = Counter[str](), Counter[str]()
        for way, count in ways.items():
            fate = way.fates[place]
            (by_template if fate.template_id else reasons)[str(fate.template_id or fate.reason)] += count
        first, last = course.first.get(number), course.last.get(number)
        shown.append(
            {
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
        )
    mails = course.hours.total()
    return {
        "completed_at": clock.stamp(course.ends) if course.ends else None,
        "steps": shown,
        "hours": [{"hour": hour, "step_number": n, "sent": sent} for (hour, n), sent in sorted(course.hours.items())],
        "cost": {"mails": mails, "provider_calls": course.calls, "usd": round(mails * price / 1000, 4)},
    }


def _way(packed: Sequence[Any]) -> Way:
    fates, timezone = packed
    return Way(tuple(Fate(*fate) for fate in fates), timezone)


def _templates(step: Mapping[str, Any]) -> list[str]:
    return [str(step["template_id"]), *(str(one["template_id"]) for one in step["variants"])]
