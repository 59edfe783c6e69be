"""One batch of a cohort: its members judged, their mails claimed, handed over and settled.

Gates first, then what is counted (the rate, what addresses had), then the claim, then the call. Whatever is claimed
and not sent, since the worker died or the provider was not there, is found by the next worker and sent then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from leadflow.campaigns import store
from leadflow.campaigns.rules import cohorts as rules
from leadflow.campaigns.rules import contacts, rates, states
from leadflow.campaigns.rules.contacts import Contact
from leadflow.campaigns.service import announcing, templates
from leadflow.campaigns.service.ledger import moved
from leadflow.campaigns.service.members import Judged, Scene, judge, template_of
from leadflow.campaigns.service.one_by_one import BatchOutcome, hand_over
from leadflow.channels import service as channels
from leadflow.core import clock, parallel, table
from leadflow.core.errors import Conflict, LeadflowError, NotFound
from leadflow.core.table import Record
from leadflow.core.turns import Turns

GOAL_REACHED = "goal_reached"
_TURNS = Turns(8, longest_pause_seconds=0.2)


@dataclass(frozen=True)
class Progress:
    """How far the cohort is: done, to go on at once, at a time, or held up by trouble."""

    is_done: bool = False
    again_at: datetime | None = None
    trouble: LeadflowError | None = None


def send_batch(cohort: store.Cohort, scene: Scene, *, is_fresh: bool) -> Progress:
    """Does the next batch of a cohort that is ours. Raises table.Stale or TransactionRefused when it is no longer.

    `is_fresh`: no mail of it can have been claimed before.
    """
    members = store.members_of(cohort)
    ahead: list[str] = members.lead_ids[int(cohort.position) :]
    if not ahead:
        return Progress(is_done=True)
    try:
        channel = _channel(scene)
    except Conflict as trouble:
        return Progress(trouble=trouble)
    claimed: dict[str, store.EmailSent] = {}
    if not is_fresh or cohort.position:
        claimed = _claimed(cohort, scene, ahead)
        ahead = rules.without(ahead, store.skipped_among(cohort.campaign_id, cohort.step_id, ahead))
    judged = judge(scene, [one for one in ahead if _is_open(claimed.get(scene.mail_id(one)))])
    if any(one.opens_at for one in judged):
        _part(cohort, members, judged)
        return Progress()
    grant = store.take_rate(
        cohort.campaign_id, rates.limits_of(scene.campaign, clock.now()), sum(one.skip is None for one in judged)
    )
    batch = _as_many(judged, grant.count)
    stopped_by = _settle(cohort, scene, batch, claimed, channel)
    if stopped_by is not None:
        return Progress(trouble=stopped_by)
    cohort.position, cohort.failures = _position(members, judged, batch), 0
    table.save(cohort)
    return Progress(again_at=grant.again_at)


def _claimed(cohort: store.Cohort, scene: Scene, lead_ids: Iterable[str]) -> dict[str, store.EmailSent]:
    """The mails of these members that are there. With a cohort that comes again, refused ones go out once more."""
    mails = {mail.id: mail for mail in store.find_mails(scene.mail_id(lead_id) for lead_id in lead_ids)}
    if cohort.again:
        refused = [one for one in mails.values() if one.outcome == "rejected" and one.cohort_id != cohort.id]
        store.renew_each(refused, cohort.id)
    return mails


def _is_open(mail: store.EmailSent | None) -> bool:
    """Whether there is something to do about it."""
    return mail is None or mail.outcome == "pending"


def _part(cohort: store.Cohort, members: store.CohortMembers, judged: Sequence[Judged]) -> None:
    """Lets those whose window is closed wait by themselves, so that nobody waits for them."""
    waits = {one.lead_id: one.opens_at for one in judged if one.opens_at is not None}
    parts = []
    for moment, lead_ids in rules.by_opening(waits):
        cause = ("part", cohort.id, str(cohort.v), clock.stamp(moment))
        part = store.new_cohort(
            cohort.campaign_id,
            cohort.step_id,
            int(cohort.step_number),
            lead_ids,
            cause,
            due_at=moment,
            joined_at=cohort.joined_at,
        )
        part[0].again, part[0].is_touched = cohort.again, True
        parts.append(part)
    members.lead_ids = rules.without(members.lead_ids, waits)
    store.part_cohort(cohort, members, parts)
    for part in parts:
        announcing.tell_in_time(part[0])


def _as_many(judged: Sequence[Judged], granted: int) -> list[Judged]:
    """Those up to the last one the rate allows, in order; skipped ones do not count."""
    batch: list[Judged] = []
    for one in judged:
        if one.skip is None:
            if granted == 0:
                break
            granted -= 1
        batch.append(one)
    return batch


def _position(members: store.CohortMembers, judged: Sequence[Judged], batch: Sequence[Judged]) -> int:
    """The place of the first member who is still to come."""
    if len(batch) == len(judged):
        return len(members.lead_ids)
    return int(members.lead_ids.index(judged[len(batch)].lead_id))


def _settle(
    cohort: store.Cohort,
    scene: Scene,
    batch: Sequence[Judged],
    claimed: Mapping[str, store.EmailSent],
    channel: Record,
) -> LeadflowError | None:
    """Claims and sends, or skips, the mails of these members; what held it up, if anything did."""
    batch = parallel.each(partial(_counted, scene), batch)
    for one in batch:
        mail = claimed.get(one.mail_id)
        if mail is not None and one.skip is not None:
            moved(mail, partial(states.skipped, reason=one.skip))
    store.note_members(_notes(cohort, batch, claimed))
    new = [_mail(cohort, scene, one) for one in batch if one.address and one.mail_id not in claimed]
    mails = [*store.claim_each(new), *(claimed[one.mail_id] for one in batch if one.mail_id in claimed)]
    by_template: dict[str, list[store.EmailSent]] = {}
    for mail in mails:
        if mail.outcome == "pending":
            by_template.setdefault(str(mail.template_id), []).append(mail)
    leads = {one.mail_id: one.reached.lead for one in batch if one.reached is not None}
    for template_id, group in by_template.items():
        outcome = _handed_over(cohort, group, template_id, leads, channel)
        if outcome.stopped_by is not None:
            return outcome.stopped_by
    return None


def _notes(
    cohort: store.Cohort, batch: Sequence[Judged], claimed: Mapping[str, store.EmailSent]
) -> Iterator[store.SkippedMember | store.Conversion]:
    """What is to be noted of members beside mails: of whom there is none to write, and who came to the goal."""
    for one in batch:
        if one.skip is not None and not one.address and one.mail_id not in claimed:
            yield store.skipped_member(
                cohort.campaign_id, cohort.step_id, int(cohort.step_number), one.lead_id, one.skip
            )
        if one.skip == GOAL_REACHED:
            yield store.conversion(cohort.campaign_id, one.lead_id, clock.now_stamp())


def _handed_over(
    cohort: store.Cohort,
    mails: Sequence[store.EmailSent],
    template_id: str,
    leads: Mapping[str, Record],
    channel: Record,
) -> BatchOutcome:
    try:
        template = templates.load(template_id)
    except NotFound as missing:
        return BatchOutcome(rest=list(mails), stopped_by=missing)
    return hand_over(mails, template, leads, channel, store.still_ours(cohort))


def _counted(scene: Scene, one: Judged) -> Judged:
    """Counts the mail among what its address had, unless the address has just had enough."""
    mark = one.reached.mark if one.reached else None
    if one.skip is not None or mark is None:
        return one
    contacted, now = one.contacted, clock.now()
    contact = Contact(scene.contact_step, one.mail_id, clock.stamp(now))
    for _ in _TURNS:
        had = store.contacts_of(contacted)
        reason = contacts.verdict(had, contact.step, contact.mail_id, scene.campaign["frequency_cap"], now)
        if reason is not None:
            return replace(one, skip=reason)
        after = contacts.counted(had, contact, now)
        if after == had:
            return one
        try:
            store.note_contacts(mark, contacted, after)
        except table.Stale:
            contacted = store.find_contacted([mark]).get(mark)
            continue
        return one
    raise table.Stale(mark)


def _mail(cohort: store.Cohort, scene: Scene, one: Judged) -> store.EmailSent:
    """The mail of a member who has an address, not claimed yet."""
    return store.EmailSent(
        pk=f"EM#{one.mail_id}",
        sk="#",
        id=one.mail_id,
        tracking_id=one.mail_id,
        campaign_id=cohort.campaign_id,
        step_id=cohort.step_id,
        step_number=int(cohort.step_number),
        cohort_id=cohort.id,
        lead_id=one.reached.holder_id if one.reached else one.lead_id,
        template_id=template_of(scene, one.lead_id),
        recipient_email=one.address,
        recipient_name=one.reached.lead["name"] if one.reached else None,
        subject="",
        outcome="pending" if one.skip is None else "skipped",
        skip_reason=one.skip,
    )


def _channel(scene: Scene) -> Record:
    """The channel of the campaign, with what the campaign says of senders. Raises Conflict when there is none."""
    chosen = scene.campaign["channel_id"]
    try:
        channel = channels.get(chosen) if chosen else channels.active_email_channel()
    except NotFound:
        channel = None
    if channel is None or not channel["is_active"]:
        raise Conflict("There is no active email channel.")
    own = {"from_email": scene.campaign["sender"], "from_name": scene.campaign["from_name"]}
    own["reply_to"] = scene.campaign["reply_to"]
    return Record({**channel, **{name: value for name, value in own.items() if value}}, channel.version)
