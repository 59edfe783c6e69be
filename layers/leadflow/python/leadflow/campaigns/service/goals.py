"""Who has come to a campaign's goal: told by what leads do, counted once for each member, also after the last mail.

What a lead did is noted first, and then asked whether it had a mail; who sends the last mail asks the other way round.
So of the two that happen at the same time one sees the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from leadflow.campaigns import store
from leadflow.campaigns.rules import audience, goals
from leadflow.campaigns.service import stopping
from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store import contacts as had
from leadflow.core import clock
from leadflow.core.events import DomainEvent
from leadflow.leads import service as leads
from leadflow.leads.service import Reached


def heed(
    campaign: store.EmailCampaign,
    changed: Iterable[Reached],
    happened: Sequence[DomainEvent],
    reached: Mapping[str, Reached],
) -> None:
    """Counts those who came to the goal, by an event or as they are now, and ends what they still were to get."""
    record, now = campaign.record(), clock.now()
    mark = goals.mark_of(record)
    came: dict[str, str] = {}
    for event in happened:
        lead = reached.get(str(event.lead_id))
        if lead is None or mark is None or not goals.is_reached_by(record, event.event_type, event.data):
            continue
        lead_id = str(lead.lead["id"])
        stopping.stop_sequences(lead_id, mark, event.occurred_at)
        came[lead_id] = max(came.get(lead_id, ""), event.occurred_at)
    for lead in changed:
        if audience.has_reached_goal(record, lead.lead, now):
            came.setdefault(str(lead.lead["id"]), clock.stamp(now))
    shown = {str(one.lead["id"]): one for one in reached.values()}
    _count(campaign, [(shown[lead_id].parts, at) for lead_id, at in came.items()])


def count_late(campaign: store.EmailCampaign, cohort: runs.Cohort) -> None:
    """Counts members who did what the goal is since they joined, and to whom no step comes any more to see it."""
    mark = goals.mark_of(campaign.record())
    if mark is None:
        return
    members = {lead_id: one.parts for lead_id, one in leads.reach_all(runs.members_of(cohort).lead_ids).items()}
    stops = had.find_stops(dict.fromkeys(part for parts in members.values() for part in parts), [mark])
    for lead_id, parts in members.items():
        times = [at for part in parts for at in stops.get(part, {}).values() if at >= cohort.joined_at]
        if times:
            store.note_members([store.conversion(campaign.id, lead_id, min(times))])


def _count(campaign: store.EmailCampaign, came: Sequence[tuple[Sequence[str], str]]) -> None:
    """Counts those of these people (all ids of each, and when they came) who had a mail of the campaign by then."""
    if not came:
        return
    step_ids = [step.id for step in store.steps_of(campaign.id)]
    by_mail = {
        store.mail_of(campaign.id, step_id, part): part for parts, _ in came for part in parts for step_id in step_ids
    }
    first: dict[str, str] = {}
    for mail in store.find_mails(list(by_mail)):
        part = by_mail[mail.id]
        first[part] = min(first.get(part, "~"), str(mail.created_at))
    members = ((part, at) for parts, at in came for part in parts if first.get(part, "~") <= at)
    store.note_members([store.conversion(campaign.id, part, at) for part, at in members])
