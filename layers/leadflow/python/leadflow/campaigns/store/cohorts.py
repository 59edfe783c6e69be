"""How far a campaign is: its run, and the cohorts its audience goes through the steps in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.campaigns.store import tallies
from leadflow.campaigns.store.campaigns import EmailCampaign
from leadflow.campaigns.store.commits import committed
from leadflow.campaigns.store.listeners import note_listening
from leadflow.core import clock, due, effects, table
from leadflow.core.settings import settings

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

COHORT, RUN = "cohort", "campaign"
# How long after its time a cohort that nobody attended to is reconcile's.
PATIENCE = timedelta(minutes=2)
# How long a run may be without its worker.
RUN_PATIENCE = timedelta(minutes=3)
_SHORTEST_PATIENCE = timedelta(seconds=5)
_ID_BYTES = 10


class CampaignRun(table.Item, discriminator="CampaignRun"):
    """What is still to be done for a campaign as a whole, and how many of its cohorts are not done yet.

    pk `CAMP#<campaign>`  sk `#RUN`  GSI3 due-index of kind `campaign` while the campaign is active

    `task` is `freeze` (put the audience into cohorts), `retry` (mails that the provider refused go out again) or
    `watch` (nothing but to see the end); `cursor` is how far it is, `turn` counts the steps it was done in. With
    `put_back` what was parked goes on first. `cohorts` counts those that are not done. `gaps` counts, by
    `<template>#<variable>`, the leads of the audience so far whose mails have nothing to put there. `waits_since` says
    since when reconcile has found something to do that nobody does.

    Of an evergreen campaign: `gathers_at` is when those who have joined lately are put into a cohort, `opening` the
    cohort (`<step>#<cohort>`) that they were put into and are to be taken off the list for. `walk_again` says that all
    leads are to be looked at again, `follow_late` that a step was added for those who had come to the end.
    `reorder` says that steps, hours or rates were edited: who waits is asked again what for, and until when.
    """

    campaign_id = UnicodeAttribute()
    task = UnicodeAttribute()
    cursor = UnicodeAttribute(null=True)
    put_back = BooleanAttribute(default=False)
    cohorts = NumberAttribute(default=0)
    turn = NumberAttribute(default=0)
    gaps = JSONAttribute(default=dict)
    waits_since = UnicodeAttribute(null=True)
    gathers_at = UnicodeAttribute(null=True)
    opening = UnicodeAttribute(null=True)
    walk_again = BooleanAttribute(default=False)
    follow_late = BooleanAttribute(default=False)
    reorder = BooleanAttribute(default=False)


class Cohort(table.Item, discriminator="Cohort"):
    """Up to 1,000 members of a campaign's audience who come to one of its steps together.

    pk `CAMP#<campaign>`  sk `COH#<step>#<cohort>`  GSI3 due-index of kind `cohort` while it waits or is being sent

    `status` is `joining` (of newcomers who are still on the list), `waiting`, `parked` (the campaign was not active
    when its time came), `done`, or `ended` (the campaign was completed by hand before). `after_number` is the step that
    members had before, 0 at first, and `since` when that was. Members before `position` are settled. `joined_at` is
    when they came into the campaign. `lease_until` is set while a worker is at it; `failures` counts tries in a row
    that came to nothing. A cohort `again` has members who come to the step once more, since the provider refused their
    mail; nothing follows it. `is_touched` says that mails of it may be claimed, `is_followed` that its members went on
    to a next step. `ended` says by step number how many members are not sent it, since the campaign was completed by
    hand; that counts until it is put back. `moved_at` is when a batch of it was last settled, `waits_since` since when
    it should be sent and is not, whoever woke it meanwhile.
    """

    id = UnicodeAttribute()
    campaign_id = UnicodeAttribute()
    step_id = UnicodeAttribute()
    step_number = NumberAttribute()
    after_number = NumberAttribute(default=0)
    since = UnicodeAttribute()
    status = UnicodeAttribute(default="waiting")
    size = NumberAttribute()
    position = NumberAttribute(default=0)
    due_at = UnicodeAttribute()
    joined_at = UnicodeAttribute()
    done_at = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)
    failures = NumberAttribute(default=0)
    moved_at = UnicodeAttribute(null=True)
    waits_since = UnicodeAttribute(null=True)
    again = BooleanAttribute(default=False)
    is_touched = BooleanAttribute(default=False)
    is_followed = BooleanAttribute(default=False)
    ended = JSONAttribute(null=True)

    counts_when_gone = True

    def adds_to(self) -> dict[str, dict[str, int]]:
        return {tallies.campaign_owner(self.campaign_id): tallies.ended(self.ended)} if self.ended else {}


class CohortMembers(table.Item, discriminator="CohortMembers"):
    """The ids of a cohort's members, apart from what of it changes often.

    pk `CAMP#<campaign>`  sk `COHM#<step>#<cohort>`
    """

    lead_ids = JSONAttribute()


def find_run(campaign_id: str) -> CampaignRun | None:
    return table.find(CampaignRun, f"CAMP#{campaign_id}", "#RUN")


def find_cohort(campaign_id: str, key: str) -> Cohort | None:
    """The cohort of this campaign; `key` is `<step>#<cohort>`."""
    return table.find(Cohort, f"CAMP#{campaign_id}", f"COH#{key}")


def members_of(cohort: Cohort) -> CohortMembers:
    """Raises table.Stale when they are gone, with their campaign."""
    found = table.find(CohortMembers, cohort.pk, _members_key(cohort))
    if found is None:
        raise table.Stale(cohort.pk)
    return found


def cohorts_of(campaign_id: str) -> list[Cohort]:
    """All cohorts of a campaign, read consistently."""
    return table.query_items(Cohort, f"CAMP#{campaign_id}", prefix="COH#", newest_first=False)


def new_run(campaign_id: str, task: str) -> CampaignRun:
    """A run that is not written yet and waits for its worker."""
    run = CampaignRun(pk=f"CAMP#{campaign_id}", sk="#RUN", campaign_id=campaign_id, task=task)
    await_worker(run)
    return run


def new_cohort(
    campaign_id: str,
    step_id: str,
    step_number: int,
    members: Sequence[str],
    cause: Sequence[str],
    *,
    due_at: datetime,
    joined_at: str,
    since: str,
    after: int = 0,
) -> tuple[Cohort, CohortMembers]:
    """A cohort that is not written yet, of members who had step `after` at `since`. Its id follows from its cause."""
    name = _cohort_id(campaign_id, step_id, *cause)
    cohort = Cohort(pk=f"CAMP#{campaign_id}", sk=f"COH#{step_id}#{name}", id=name, campaign_id=campaign_id)
    cohort.step_id, cohort.step_number, cohort.size = step_id, step_number, len(members)
    cohort.due_at, cohort.joined_at = clock.stamp(due_at), joined_at
    cohort.after_number, cohort.since = after, since
    await_time(cohort)
    return cohort, CohortMembers(pk=cohort.pk, sk=_members_key(cohort), lead_ids=list(members))


def await_time(cohort: Cohort) -> None:
    """Puts a cohort that is about to be written into the due-index: overdue when its time is well past."""
    cohort.status, cohort.lease_until, cohort.waits_since = "waiting", None, None
    cohort.host_id = settings().host_id or None
    moment = max(clock.parse(cohort.due_at), clock.now())
    due.mark(cohort, COHORT, clock.stamp(moment + scaled(PATIENCE)), f"{cohort.campaign_id}#{cohort.id}")


def take_cohort(cohort: Cohort) -> bool:
    """Puts our lease on a cohort; whether nobody was at it before. Raises table.Stale when another was quicker."""
    is_fresh, cohort.is_touched = not cohort.is_touched, True
    cohort.lease_until, cohort.host_id = effects.lease_end(), settings().host_id or None
    due.mark(cohort, COHORT, cohort.lease_until, f"{cohort.campaign_id}#{cohort.id}")
    table.save(cohort)
    return is_fresh


def still_ours(cohort: Cohort) -> Callable[[TransactWrite], None]:
    """What adds to a transaction that nobody has taken this cohort from us since."""
    version = cohort.v

    def add(writes: TransactWrite) -> None:
        writes.condition_check(Cohort, cohort.pk, cohort.sk, condition=Cohort.v == version)

    return add


def ask_again(run: CampaignRun) -> None:
    """Lets a run that is about to be written with a wish wait for its worker, who sees that something has come anew."""
    run.turn = int(run.turn) + 1
    await_worker(run)


def await_worker(run: CampaignRun) -> None:
    """Puts a run that is about to be written into the due-index: overdue when no worker takes it up."""
    run.waits_since = None
    due.mark(run, RUN, clock.stamp(clock.now() + scaled(RUN_PATIENCE)), run.campaign_id)


def move_run(run: CampaignRun, cursor: str | None, task: str) -> None:
    """Writes how far the run is. Raises table.Stale when another worker has gone on with it."""
    actions = [*moved(run, cursor, task), CampaignRun.put_back.set(False)]
    table.change(run, actions, same_turn(run), any_version=True)


def start_run(campaign: EmailCampaign, run: CampaignRun) -> None:
    """Writes a campaign, with a run that something is to be done for from then on.

    Raises table.TransactionRefused when one has changed.
    """

    def fill(writes: TransactWrite) -> None:
        note_listening(writes, campaign)
        _save(writes, campaign)
        _save(writes, run)

    committed(fill)


def end_run(run: CampaignRun, campaign: EmailCampaign) -> None:
    """Writes a campaign that is completed, if there is still nothing to do for it.

    Raises table.TransactionRefused when there is, or when it has changed since it was read.
    """
    nothing = (CampaignRun.cohorts == 0) & same_turn(run)

    def fill(writes: TransactWrite) -> None:
        note_listening(writes, campaign)
        _save(writes, campaign)
        writes.update(run, leaving(), condition=nothing, add_version_condition=False)

    committed(fill)


def rest_run(run: CampaignRun) -> None:
    """Takes a run out of the due-index. Raises table.Stale when another worker has gone on with it."""
    table.change(run, leaving(), same_turn(run), any_version=True)


def follow_late(cohort: Cohort, following: tuple[Cohort, CohortMembers]) -> None:
    """Lets members who had come to the end go on. Raises table.TransactionRefused when another worker did it."""

    def fill(writes: TransactWrite) -> None:
        _save(writes, cohort)
        put_new(writes, *following)
        count_cohorts(writes, cohort.campaign_id, 1)

    committed(fill)


def finish_cohort(cohort: Cohort, following: tuple[Cohort, CohortMembers] | None) -> None:
    """Ends a cohort; what follows is there from the same moment on.

    Raises table.TransactionRefused when another worker has the cohort.
    """
    cohort.status, cohort.done_at, cohort.lease_until = "done", clock.now_stamp(), None
    due.clear(cohort)

    def fill(writes: TransactWrite) -> None:
        _save(writes, cohort)
        if following is not None:
            put_new(writes, *following)
        else:
            count_cohorts(writes, cohort.campaign_id, -1)

    committed(fill)


def part_cohort(cohort: Cohort, members: CohortMembers, parts: Sequence[tuple[Cohort, CohortMembers]]) -> None:
    """Takes members out of a cohort into others that wait by themselves.

    Raises table.TransactionRefused when another worker has the cohort.
    """
    cohort.size = len(members.lead_ids)

    def fill(writes: TransactWrite) -> None:
        _save(writes, cohort)
        _save(writes, members)
        for one in parts:
            put_new(writes, *one)
        count_cohorts(writes, cohort.campaign_id, len(parts))

    committed(fill)


def put_new(writes: TransactWrite, cohort: Cohort, members: CohortMembers) -> None:
    """Adds a new cohort to a transaction."""
    for item in (cohort, members):
        item.touch()
        writes.save(item, condition=table.Item.pk.does_not_exist())


def count_cohorts(writes: TransactWrite, campaign_id: str, more: int) -> None:
    """Adds to a transaction that so many more cohorts are to be done; fewer when negative."""
    run = CampaignRun(pk=f"CAMP#{campaign_id}", sk="#RUN", v=1)
    writes.update(run, [CampaignRun.cohorts.add(more)], condition=CampaignRun.pk.exists(), add_version_condition=False)


def same_turn(run: CampaignRun) -> Condition:
    """That nobody has gone on with the run since it was read; how many cohorts it has may have changed."""
    same: Condition = (CampaignRun.turn == int(run.turn)) & (CampaignRun.task == run.task)
    return same


def leaving() -> list[Action]:
    """What takes a run out of the due-index."""
    return [CampaignRun.gsi3pk.remove(), CampaignRun.gsi3sk.remove()]


def moved(run: CampaignRun, cursor: str | None, task: str) -> list[Action]:
    """What writes how far a run is, which waits for its worker anew."""
    await_worker(run)
    kind = CampaignRun
    return [
        kind.cursor.set(cursor) if cursor else kind.cursor.remove(),
        kind.task.set(task),
        kind.gaps.set(dict(run.gaps)),
        *turned(run),
    ]


def turned(run: CampaignRun) -> list[Action]:
    """What writes that a run has come to its next turn, and since and until when it waits for its worker."""
    kind = CampaignRun
    return [
        kind.turn.add(1),
        kind.waits_since.set(run.waits_since) if run.waits_since else kind.waits_since.remove(),
        kind.gsi3pk.set(str(run.gsi3pk)),
        kind.gsi3sk.set(str(run.gsi3sk)),
    ]


def _save(writes: TransactWrite, item: table.Item) -> None:
    item.touch()
    writes.save(item)


def _members_key(cohort: Cohort) -> str:
    return f"COHM#{cohort.step_id}#{cohort.id}"


def scaled(patience: timedelta) -> timedelta:
    return max(clock.waiting(patience), _SHORTEST_PATIENCE)


def _cohort_id(*cause: str) -> str:
    """The id of the cohort that comes of this cause: always the same, so that what is done twice makes one cohort."""
    digest = hashlib.sha256("\x1f".join(cause).encode()).digest()[:_ID_BYTES]
    return base64.b32encode(digest).decode()
