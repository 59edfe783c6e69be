"""One batch of a cohort: its members judged, and their mails skipped, or claimed, handed over and settled.

Gates first, then what is counted (the rate, what addresses had), then the claim and the call. Whatever is claimed and
not sent, since the worker died or the provider was not there, is found by the next worker and sent then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import cohorts as rules
from leadflow.campaigns.rules import contacts, rates, states
from leadflow.campaigns.rules.contacts import Contact
from leadflow.campaigns.service import announcing, ledger, spending, templates
from leadflow.campaigns.service.campaigns import missing_exclusions
from leadflow.campaigns.service.members import Judged, Scene, contacts_of, judge, template_of
from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store import contacts as had
from leadflow.channels import service as channels
from leadflow.core import clock, parallel, table
from leadflow.core.errors import Conflict, LeadflowError, NotFound
from leadflow.core.table import Record
from leadflow.core.turns import Turns

GOAL_REACHED = "goal_reached"
_TURNS = Turns(8, longest_pause_seconds=0.2)


@dataclass(frozen=True)
class Progress:
    """How far the cohort is: done, to go on at once or at a time, or held up by trouble, perhaps until a time."""

    is_done: bool = False
    again_at: datetime | None = None
    trouble: LeadflowError | None = None


def send_batch(cohort: runs.Cohort, scene: Scene, *, is_fresh: bool) -> Progress:
    """Does the next batch of a cohort that is ours. Raises table.Stale or TransactionRefused when it is no longer.

    `is_fresh`: no mail of it can have been claimed before. Raises InProgress when others are at the same mails.
    """
    members = runs.members_of(cohort)
    ahead: list[str] = members.lead_ids[int(cohort.position) :]
    if not ahead:
        return Progress(is_done=True)
    gone = missing_exclusions(scene.campaign["exclusions"])
    if gone:
        return Progress(trouble=Conflict(f"Campaign {gone[0]} is gone, so nobody knows whom to leave out.", gone[0]))
    judged = judge(scene, ahead if is_fresh and not cohort.position else _open_ones(cohort, scene, ahead))
    if any(one.opens_at for one in judged):
        _part(cohort, members, judged)
        return Progress()
    wanted = sum(one.skip is None for one in judged)
    grant = spending.take(cohort.campaign_id, rates.limits_of(scene.campaign, clock.now()), wanted)
    batch = parallel.each(partial(_counted, scene), _as_many(judged, grant.count))
    _skip(cohort, scene, batch)
    held_up = _send(scene, [one for one in batch if one.skip is None])
    if held_up is not None:
        return held_up
    cohort.position, cohort.failures = _position(members, judged, batch), 0
    cohort.moved_at, cohort.waits_since = clock.now_stamp(), None
    table.save(cohort)
    return Progress(again_at=grant.again_at)


def _open_ones(cohort: runs.Cohort, scene: Scene, ahead: Sequence[str]) -> list[str]:
    """Members for whom the step is not settled. With a cohort that comes again, refused mails are renewed."""
    mails = {mail.id: mail for mail in store.find_mails([scene.mail_id(lead_id) for lead_id in ahead])}
    if cohort.again:
        _renew(cohort, mails.values())
    settled = {lead_id for lead_id in ahead if (mail := mails.get(scene.mail_id(lead_id))) and not _is_open(mail)}
    return rules.without(ahead, settled | store.skipped_among(cohort.campaign_id, cohort.step_id, ahead))


def _is_open(mail: store.EmailSent) -> bool:
    return bool(mail.outcome == "pending")


def _renew(cohort: runs.Cohort, mails: Iterable[store.EmailSent]) -> None:
    """Lets mails that the provider refused be sent once more with this cohort, each once."""

    def changes(mail: store.EmailSent) -> dict[str, Any]:
        if mail.again_id == cohort.id:
            return {}
        changed = ledger.changed(mail, states.renewed)
        return {**changed, "again_id": cohort.id} if changed else {}

    store.amend_many([mail for mail in mails if not _is_open(mail)], changes)


def _part(cohort: runs.Cohort, members: runs.CohortMembers, judged: Sequence[Judged]) -> None:
    """Lets those whose window is closed wait by themselves, so that nobody waits for them."""
    waits = {one.lead_id: one.opens_at for one in judged if one.opens_at is not None}
    parts = []
    for moment, lead_ids in rules.by_opening(waits):
        part = runs.new_cohort(
            cohort.campaign_id,
            cohort.step_id,
            int(cohort.step_number),
            lead_ids,
            ("part", cohort.id, str(cohort.v), clock.stamp(moment)),
            due_at=moment,
            joined_at=cohort.joined_at,
            after=int(cohort.after_number),
            since=cohort.since,
        )
        part[0].again, part[0].is_touched = cohort.again, True
        parts.append(part)
    members.lead_ids = rules.without(members.lead_ids, waits)
    runs.part_cohort(cohort, members, parts)
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


def _position(members: runs.CohortMembers, judged: Sequence[Judged], batch: Sequence[Judged]) -> int:
    """The place of the first member who is still to come."""
    if len(batch) == len(judged):
        return len(members.lead_ids)
    return int(members.lead_ids.index(judged[len(batch)].lead_id))


def _counted(scene: Scene, one: Judged) -> Judged:
    """Counts the mail among what its address had, unless the address has just had enough."""
    mark = one.reached.mark if one.reached else None
    if one.skip is not None or mark is None:
        return one
    contacted, now = one.contacted, clock.now()
    contact = Contact(scene.contact_step, one.mail_id, clock.stamp(now))
    for _ in _TURNS:
        before = contacts_of(contacted)
        reason = contacts.verdict(before, contact.step, contact.mail_id, scene.campaign["frequency_cap"], now)
        if reason is not None:
            return replace(one, skip=reason)
        after = contacts.counted(before, contact, now)
        if after == before:
            return one
        try:
            had.note_contacts(mark, contacted, after)
        except table.Stale:
            contacted = had.find_contacted([mark]).get(mark)
            continue
        return one
    raise table.Stale(mark)


def _skip(cohort: runs.Cohort, scene: Scene, batch: Sequence[Judged]) -> None:
    """Writes down who gets nothing and why: on their mail, or beside it for whom there is none to write."""
    from leadflow.campaigns.service import batching

    store.note_members(_notes(cohort, batch))
    skipped = [(_mail(scene, one), one.skip) for one in batch if one.skip is not None and one.address is not None]
    batching.skip(skipped)


def _notes(cohort: runs.Cohort, batch: Sequence[Judged]) -> Iterator[store.SkippedMember | store.Conversion]:
    for one in batch:
        if one.skip is not None and one.address is None:
            yield store.skipped_member(
                cohort.campaign_id, cohort.step_id, int(cohort.step_number), one.lead_id, one.skip
            )
        if one.skip == GOAL_REACHED:
            yield store.conversion(cohort.campaign_id, one.lead_id, clock.now_stamp())


def _send(scene: Scene, batch: Sequence[Judged]) -> Progress | None:
    """Sends these members their mails, by template; what holds it up, if anything does."""
    if not batch:
        return None
    by_template: dict[str, list[Judged]] = {}
    for one in batch:
        by_template.setdefault(template_of(scene, one.lead_id), []).append(one)
    try:
        channel = channel_of(scene)
        for template_id, group in by_template.items():
            held_up = _hand_over(scene, template_id, group, channel)
            if held_up is not None:
                return held_up
    except (NotFound, Conflict) as trouble:
        return Progress(trouble=trouble)
    return None


def _hand_over(scene: Scene, template_id: str, group: Sequence[Judged], channel: Record) -> Progress | None:
    from leadflow.campaigns.service import batching

    leads = {one.reached.holder_id: one.reached.lead for one in group if one.reached is not None}
    outcome = batching.hand_over([_mail(scene, one) for one in group], templates.load(template_id), leads, channel)
    if outcome.stopped_by is not None and outcome.rest:
        return Progress(trouble=outcome.stopped_by, again_at=outcome.retry_at)
    # What another worker is at is looked at again, so that nobody is passed over whom it leaves behind.
    waits = [sent.wait_until for sent in outcome.settled.values() if sent.outcome == "pending" and sent.wait_until]
    return Progress(again_at=max(waits)) if waits else None


def _mail(scene: Scene, one: Judged) -> store.EmailSent:
    """The mail of a member who has an address, not written yet."""
    from leadflow.campaigns.service import batching

    if one.reached is None:
        raise ValueError("who is gone gets no mail")
    return batching.new_mail(
        cause=scene.cause(one.lead_id),
        campaign_id=str(scene.campaign["id"]),
        step_number=int(scene.step["step_number"]),
        template_id=template_of(scene, one.lead_id),
        lead=one.reached.lead,
        holder_id=one.reached.holder_id,
    )


def channel_of(scene: Scene) -> Record:
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
