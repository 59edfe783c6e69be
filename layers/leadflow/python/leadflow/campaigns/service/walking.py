"""A campaign's audience, walked over page by page with what would become of each member, without any effect.

A long audience is looked at in parts: an answer says whether it is complete, and its cursor, which is signed, holds
what was counted so far. So every answer takes a bounded time, and the last one is exact.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from leadflow.campaigns import store
from leadflow.campaigns.rules import contacts, members, sequence, variants
from leadflow.campaigns.rules.contacts import Contact
from leadflow.campaigns.rules.simulation import Fate
from leadflow.campaigns.service import campaigns
from leadflow.campaigns.service.members import Known, Scene, contacts_of, excluded_steps, look_up, member_of, sorted_out
from leadflow.core import clock, ids, seams
from leadflow.core.errors import InvalidInput
from leadflow.core.gates import first_closed
from leadflow.leads import service as leads

_SHARES = 1_000_000
Assumed = Mapping[str, float]


class Bounds(NamedTuple):
    """How long one request walks, in seconds, and how many leads it reads at a time.

    The HTTP API gives up after 30 seconds; a launch is not to be waited for.
    """

    seconds: float = 15
    launch_seconds: float = 3
    page: int = 200


class Page(NamedTuple):
    """Some members of an audience, how many more there are but for the exclusions, and where to go on."""

    found: list[Mapping[str, Any]]
    left_out: int
    cursor: str | None


def readable(campaign_id: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """The campaign's record and its steps'. Raises NotFound, InvalidInput when it has no target audience."""
    campaign = campaigns.load(campaign_id).record()
    if campaign["target_audience"] is None:
        raise InvalidInput("target_audience", 'is needed; {"all": []} is everyone')
    return campaign, [step.record() for step in store.steps_of(campaign_id)]


def bounds() -> Bounds:
    """The bounds in force; tests put their own into the seams."""
    return seams.current().remember("audience walk", Bounds)


def pages(
    campaign: Mapping[str, Any], now: datetime, cursor: str | None, seconds: float | None = None
) -> Iterator[Page]:
    """The audience page by page from `cursor` on, as long as there is time: `seconds`, or as the bounds say."""
    started, within = time.monotonic(), bounds()
    most = within.seconds if seconds is None else seconds
    while True:
        page = leads.page(limit=within.page, cursor=cursor)
        cursor = page["next_cursor"]
        yield Page(*sorted_out(campaign, page["items"], now), cursor)
        if cursor is None or time.monotonic() - started > most:
            return


def fated(
    campaign: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    found: Sequence[Mapping[str, Any]],
    start: datetime,
    assumed: Assumed,
) -> Iterator[tuple[Mapping[str, Any], tuple[Fate, ...]]]:
    """Each of these members with its fate at each of these steps, launched at `start`."""
    scene = Scene(campaign, steps[0], steps, clock.stamp(start), excluded_steps(campaign))
    known = look_up(scene, [str(lead["id"]) for lead in found])
    for lead in found:
        yield lead, tuple(_fates(scene, str(lead["id"]), known, start, assumed))


def _fates(scene: Scene, lead_id: str, known: Known, start: datetime, assumed: Assumed) -> Iterator[Fate]:
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


def _acted_on(lead_id: str, step: Mapping[str, Any], assumed: Assumed, at: str) -> dict[str, Any]:
    """A mail as people left it, by the shares assumed: the same people for the same shares."""
    place = ids.shard(f"{step['id']}#{lead_id}", _SHARES) / _SHARES
    did = {name: place < assumed.get(name, 0) for name in ("opened", "clicked", "replied")}
    did["opened"] = did["opened"] or did["clicked"]
    status = "clicked" if did["clicked"] else "opened" if did["opened"] else "delivered"
    return {"outcome": "accepted", "status": status, **{f"{name}_at": at if it else None for name, it in did.items()}}
