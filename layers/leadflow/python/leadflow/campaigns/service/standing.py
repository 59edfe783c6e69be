"""Why a lead does or does not get a campaign's mails: the gates of the send, asked of one lead without sending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import audience, gates, members, sequence
from leadflow.campaigns.rules import standing as rules
from leadflow.campaigns.service import campaigns, explaining
from leadflow.campaigns.service.cohort_batches import channel_of
from leadflow.campaigns.service.members import Scene, excluded_steps, look_up, member_of, sorted_out, template_of
from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store import joining
from leadflow.core import clock
from leadflow.core.errors import Conflict
from leadflow.core.gates import Gate
from leadflow.leads import service as leads

# Of so many cohorts that wait, members are read to find the lead.
_MOST_COHORTS = 100


@dataclass(frozen=True)
class Explanation:
    """The gates in the order a send asks them; `otherwise` is what there is to say when all are open.

    `next_planned_at` is when the lead's cohort comes to its next step, `next_mail_at` when its mail may go out at the
    earliest (RFC 3339).
    """

    gates: list[Gate]
    otherwise: Gate = rules.FREE
    execution_id: str | None = None
    next_planned_at: str | None = None
    next_mail_at: str | None = None


@dataclass
class _Found:
    """What is on file of a lead in a campaign: its id there, its mails, steps skipped without one, where it waits."""

    member_id: str
    mails: dict[str, store.EmailSent] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    cohort: runs.Cohort | None = None
    is_newcomer: bool = False

    @property
    def is_member(self) -> bool:
        return bool(self.mails or self.skipped or self.cohort or self.is_newcomer)


def explain(campaign_id: str, lead_id: str, lead: Mapping[str, Any] | None) -> Explanation:
    """Where a lead stands in a campaign; of one that is gone only what the campaign itself says.

    Reads a bounded number of items and writes nothing. Raises NotFound for the campaign.
    """
    campaign = campaigns.load(campaign_id).record()
    sends = rules.campaign_active(campaign["status"], campaign["pause_reason"])
    if lead is None:
        return Explanation([sends])
    steps = [step.record() for step in store.steps_of(campaign_id)]
    found = _found(campaign_id, leads.known_as(lead_id), steps)
    asked = [sends, _in_audience(campaign, found, lead)]
    past, step = _past(found, steps)
    if asked[1].fails or (step is None and not past):
        return Explanation(asked)
    if step is None:
        last = found.mails.get(str(steps[-1]["id"]))
        ending = [explaining.ledger_gate(last)] if last else []
        return Explanation([*asked, *past[:-1], *ending], rules.ENDED)
    return _ahead(campaign, steps, step, found, lead, [*asked, *past])


def _ahead(
    campaign: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    step: Mapping[str, Any],
    found: _Found,
    lead: Mapping[str, Any],
    asked: list[Gate],
) -> Explanation:
    """The gates of the mail that comes next, at the time it is planned for."""
    waits = found.cohort is not None and found.cohort.status == "waiting" and found.cohort.step_id == step["id"]
    planned = str(found.cohort.due_at) if found.cohort and waits else None
    now = clock.now()
    at = max(clock.parse(planned), now) if planned else now
    joined = str(found.cohort.joined_at) if found.cohort else str(campaign["started_at"] or clock.stamp(now))
    scene = Scene(campaign, step, steps, joined, excluded_steps(campaign))
    about = str(step["id"])
    ahead = [gate._replace(about=about) for gate in _gates(scene, found, lead, at)]
    is_open = campaign["status"] == "active" and not any(gate.fails for gate in ahead)
    window = next((gate.at for gate in ahead if gate.gate == "window" and gate.at), None)
    mail_at = (window or clock.stamp(at)) if is_open and planned else None
    return Explanation(
        [*asked, *ahead], next_planned_at=planned if campaign["status"] == "active" else None, next_mail_at=mail_at
    )


def _gates(scene: Scene, found: _Found, lead: Mapping[str, Any], at: datetime) -> Iterator[Gate]:
    known = look_up(scene, [found.member_id])
    member = member_of(scene, found.member_id, known, at)
    own = found.mails.get(str(scene.step["id"]))
    if own is not None:
        yield explaining.ledger_gate(own)
    yield from members.gates_of(scene.campaign, scene.step, scene.steps, member, at)
    if member.lead is None or member.lead["email"] is None:
        return
    try:
        channel = channel_of(scene)
    except Conflict:
        yield gates.channel(None)
        return
    yield gates.channel(channel)
    yield from explaining.words(template_of(scene, found.member_id), lead, channel)


def _found(campaign_id: str, lead_ids: Sequence[str], steps: Sequence[Mapping[str, Any]]) -> _Found:
    """What there is of the lead, under whichever of its ids the audience has it."""
    by_mail = {
        store.mail_of(campaign_id, str(step["id"]), lead_id): (lead_id, str(step["id"]))
        for lead_id in lead_ids
        for step in steps
    }
    mails = {by_mail[mail.id]: mail for mail in store.find_mails(list(by_mail))}
    skipped = {
        (lead_id, str(step["id"]))
        for step in steps
        for lead_id in store.skipped_among(campaign_id, str(step["id"]), lead_ids)
    }
    cohort, waiting_id = _cohort_of(campaign_id, lead_ids)
    known_ids = [lead_id for lead_id, _ in (*mails, *skipped)]
    member_id = waiting_id or (known_ids[0] if known_ids else lead_ids[0])
    return _Found(
        member_id,
        {step_id: mail for (lead_id, step_id), mail in mails.items() if lead_id == member_id},
        {step_id for lead_id, step_id in skipped if lead_id == member_id},
        cohort,
        is_newcomer=cohort is None and joining.waits(campaign_id, lead_ids),
    )


def _cohort_of(campaign_id: str, lead_ids: Sequence[str]) -> tuple[runs.Cohort | None, str | None]:
    """The cohort that the lead waits in, and the id it has there."""
    open_ones = [cohort for cohort in runs.cohorts_of(campaign_id) if cohort.status != "done"]
    for cohort in sorted(open_ones, key=lambda one: one.due_at)[:_MOST_COHORTS]:
        here = set(runs.members_of(cohort).lead_ids).intersection(lead_ids)
        if here:
            return cohort, min(here)
    return None, None


def _in_audience(campaign: Mapping[str, Any], found: _Found, lead: Mapping[str, Any]) -> Gate:
    now = clock.now()
    fits = audience.fits(campaign, lead, now)
    run = runs.find_run(str(campaign["id"]))
    return rules.in_audience(
        str(campaign["status"]),
        is_member=found.is_member,
        fits=fits,
        is_excluded=fits and not found.is_member and not sorted_out(campaign, [lead], now)[0],
        is_being_frozen=run is not None and run.task == "freeze",
        is_evergreen=campaign["audience_mode"] == "evergreen",
    )


def _past(found: _Found, steps: Sequence[Mapping[str, Any]]) -> tuple[list[Gate], Mapping[str, Any] | None]:
    """What became of the steps that are settled for the lead, and the step it comes to next."""
    past: list[Gate] = []
    last: int | None = None
    for step in steps:
        mail = found.mails.get(str(step["id"]))
        if mail is not None and mail.outcome != "pending":
            past.append(rules.mail_had(mail.outcome, mail.skip_reason, step))
        elif str(step["id"]) in found.skipped:
            past.append(rules.mail_had("skipped", None, step))
        else:
            continue
        last = int(step["step_number"])
    return past, sequence.next_step(steps, last)
