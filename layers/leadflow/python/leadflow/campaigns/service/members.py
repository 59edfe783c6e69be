"""What is to become of the members of a cohort: who is sent the step's mail now, who later, who not and why.

All that is asked about members is read for all of them together, a few reads for each hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import audience, contacts, editing, goals, members, variants
from leadflow.campaigns.rules.contacts import Contact
from leadflow.campaigns.store import contacts as had
from leadflow.core import clock
from leadflow.leads import service as leads

# Marks of what a lead did that may end its sequences.
REPLIED = "replied"


@dataclass(frozen=True)
class Scene:
    """What a cohort's mails are sent in: the campaign's record, the step's and all steps', and when members joined.

    `excluded` are the steps of campaigns whose recipients get nothing, as (campaign, step) ids.
    """

    campaign: Mapping[str, Any]
    step: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    joined_at: str
    excluded: Sequence[tuple[str, str]] = ()

    def mail_id(self, lead_id: str, step: Mapping[str, Any] | None = None) -> str:
        """The id of the mail of a step, this one unless another is given, to this member."""
        return store.mail_of(str(self.campaign["id"]), str((step or self.step)["id"]), lead_id)

    def cause(self, lead_id: str) -> tuple[str, ...]:
        """What the mail of this step to this member comes of."""
        return store.cause_of(str(self.campaign["id"]), str(self.step["id"]), lead_id)

    @property
    def contact_step(self) -> str:
        return f"{self.campaign['id']}#{self.step['id']}"


@dataclass(frozen=True)
class Judged:
    """One member: skipped for a reason, to be asked again at a time, or to be sent the mail."""

    lead_id: str
    mail_id: str
    reached: leads.Reached | None
    skip: str | None = None
    opens_at: datetime | None = None
    contacted: had.ContactedAddress | None = None

    @property
    def address(self) -> str | None:
        """Where the mail goes; None for who is gone, or has none."""
        return self.reached.lead["email"] if self.reached else None


@dataclass
class Known:
    """What was read about members, for all of them together."""

    reached: Mapping[str, leads.Reached]
    suppressed: Mapping[str, str]
    stops: Mapping[str, Mapping[str, str]]
    contacted: Mapping[str, had.ContactedAddress]
    mails: Mapping[str, store.EmailSent] = field(default_factory=dict)

    def contact(self, lead_id: str) -> had.ContactedAddress | None:
        """What the member's address had."""
        reached = self.reached.get(lead_id)
        return self.contacted.get(reached.mark) if reached and reached.mark else None


def judge(scene: Scene, lead_ids: Sequence[str]) -> list[Judged]:
    """The verdict on each of these members, in their order."""
    known = look_up(scene, lead_ids)
    now = clock.now()
    return [_judged(scene, lead_id, known, now) for lead_id in lead_ids]


def contacts_of(item: had.ContactedAddress | None) -> list[Contact]:
    """What an address had, by what is on file about it."""
    return [Contact(*one) for one in item.contacts] if item else []


def excluded_steps(campaign: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The steps of the campaigns whose recipients this one leaves out, as (campaign, step) ids."""
    excluded = (campaign["exclusions"] or {}).get("campaign_ids", ())
    return [(campaign_id, step.id) for campaign_id in excluded for step in store.steps_of(campaign_id)]


def had_mail_of(
    excluded: Sequence[tuple[str, str]], parts: Sequence[str], mails: Mapping[str, store.EmailSent]
) -> set[str]:
    """Which of the excluded campaigns sent a lead of these parts a mail, or are at it."""
    found = (
        (campaign_id, mails.get(store.mail_of(campaign_id, step_id, part)))
        for campaign_id, step_id in excluded
        for part in parts
    )
    return {campaign_id for campaign_id, mail in found if mail is not None and mail.outcome != "skipped"}


def template_of(scene: Scene, lead_id: str) -> str:
    """The template of the step that this member gets."""
    return variants.chosen(scene.step, lead_id)


def sorted_out(
    campaign: Mapping[str, Any], found: Iterable[Mapping[str, Any]], now: datetime
) -> tuple[list[Mapping[str, Any]], int]:
    """Which of these leads belong to the audience, and how many more do but for the campaign's exclusions."""
    fitting = [lead for lead in found if audience.fits(campaign, lead, now)]
    excluded = excluded_steps(campaign)
    asked = [store.mail_of(*of_step, str(lead["id"])) for of_step in excluded for lead in fitting]
    mails = {mail.id: mail for mail in store.find_mails(asked)}
    members_of = [
        lead
        for lead in fitting
        if not audience.is_excluded(campaign, lead, now, had_mail_of(excluded, [str(lead["id"])], mails))
    ]
    return members_of, len(fitting) - len(members_of)


def look_up(scene: Scene, lead_ids: Sequence[str]) -> Known:
    """What is to be known of these members: a few reads for each hundred."""
    reached = leads.reach_all(lead_ids)
    emails = [one.lead["email"] for one in reached.values() if one.lead["email"] is not None]
    return Known(
        reached,
        store.suppressed_among("email", emails),
        had.find_stops(_parts_of(reached), _marks(scene.campaign)),
        had.find_contacted(one.mark for one in reached.values() if one.mark),
        {mail.id: mail for mail in store.find_mails(_asked_mails(scene, lead_ids, reached))},
    )


def _parts_of(reached: Mapping[str, leads.Reached]) -> Iterable[str]:
    """Under which ids members may have been marked: those of all leads that they consist of now."""
    return dict.fromkeys(part for one in reached.values() for part in one.parts)


def _did(reached: leads.Reached, stops: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """When a member last did what is marked, by whichever of the leads that they consist of."""
    last: dict[str, str] = {}
    for part in reached.parts:
        for reason, at in stops.get(part, {}).items():
            last[reason] = max(at, last.get(reason, ""))
    return last


def _marks(campaign: Mapping[str, Any]) -> list[str]:
    mark = goals.mark_of(campaign)
    return [REPLIED, mark] if mark else [REPLIED]


def _asked_mails(scene: Scene, lead_ids: Sequence[str], reached: Mapping[str, leads.Reached]) -> list[str]:
    """Mails that verdicts depend on: those of steps the condition asks about, and of excluded campaigns."""
    asked = [step for step in scene.steps if editing.asked_about(scene.step["condition"], int(step["step_number"]))]
    own = [scene.mail_id(lead_id, step) for step in asked for lead_id in lead_ids]
    return own + [store.mail_of(*of_step, part) for of_step in scene.excluded for part in _parts_of(reached)]


def _judged(scene: Scene, lead_id: str, known: Known, now: datetime) -> Judged:
    mail_id = scene.mail_id(lead_id)
    reached = known.reached.get(lead_id)
    contacted = known.contact(lead_id)
    member = member_of(scene, lead_id, known, now)
    closed = None
    for gate in members.gates_of(scene.campaign, scene.step, scene.steps, member, now):
        if gate.fails:
            closed = gate
            break
        if gate.verdict == "pending" and gate.at is not None:
            return Judged(lead_id, mail_id, reached, opens_at=clock.parse(gate.at))
    return Judged(lead_id, mail_id, reached, closed.code if closed else None, contacted=contacted)


def member_of(scene: Scene, lead_id: str, known: Known, now: datetime) -> members.Member:
    """A member as the rules see it."""
    reached = known.reached.get(lead_id)
    if reached is None:
        return members.Member(None)
    did = _did(reached, known.stops)
    since = {reason for reason, at in did.items() if at >= scene.joined_at}
    had_before = contacts_of(known.contact(lead_id))
    return members.Member(
        reached.lead,
        is_erased=reached.is_erased,
        suppressed_for=known.suppressed.get(reached.lead["email"]) if reached.lead["email"] else None,
        has_replied=REPLIED in since,
        came_to_goal=any(reason != REPLIED for reason in since),
        had_mail_of=had_mail_of(scene.excluded, reached.parts, known.mails),
        parts=reached.parts,
        mails=_mails_of(scene, lead_id, known.mails, did.get(REPLIED, "")),
        had_enough=contacts.verdict(
            had_before, scene.contact_step, scene.mail_id(lead_id), scene.campaign["frequency_cap"], now
        ),
    )


def _mails_of(
    scene: Scene, lead_id: str, mails: Mapping[str, store.EmailSent], replied_at: str
) -> dict[int, Mapping[str, Any]]:
    """The mails of this campaign to a member, as conditions see them; a reply is one to every mail before it."""
    found: dict[int, Mapping[str, Any]] = {}
    for step in scene.steps:
        mail = mails.get(scene.mail_id(lead_id, step)) if mails else None
        if mail is not None:
            answered = mail.sent_at is not None and replied_at >= mail.sent_at
            found[int(step["step_number"])] = {**mail.record(), "replied_at": replied_at if answered else None}
    return found
