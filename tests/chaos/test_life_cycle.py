"""How campaigns are joined, completed and deleted, with workers killed in every state they can leave the world in.

Whatever line the reader of changes or the worker dies at: everybody who fits is in one cohort, gets the mail once, and
is counted once. Of a campaign that is completed by hand all that was still to come is skipped, once; of one that is
deleted nothing stays.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from leadflow.campaigns.service import announcing, completing, joining, listening, planning, recounting, removing
from leadflow.campaigns.store import closing, gathering, removals
from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store import joining as kept_joining
from tests.chaos.killing import Place, kill_at, places, some
from tests.chaos.test_campaigns import World, world
from tests.functional.campaigns import running
from tests.functional.campaigns.campaigning import stats
from tests.functional.campaigns.mailing import lead
from tests.functional.wire import stored
from tests.functional.workflows.engine import Engine
from tests.harness import door

JOINING: tuple[ModuleType, ...] = (listening, joining, planning, announcing, kept_joining, gathering, runs)
ENDING: tuple[ModuleType, ...] = (planning, completing, closing, runs, announcing)
REMOVING: tuple[ModuleType, ...] = (planning, removing, removals, announcing)
NEWCOMERS = 3


class Joined:
    """A launched evergreen campaign, and the changes by which three people come to fit it."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.campaign_id = here.new_campaign(members=1, audience_mode="evergreen")
        running.work()
        engine = Engine(here.clock)
        engine.changes()
        tag = f"death{here.deaths}"
        for number in range(1, NEWCOMERS + 1):
            lead(name=f"Late {number}", email=f"late{number}.{tag}@example.com", tags=[tag])
        self.records: list[dict[str, Any]] = engine.changes()

    def work(self) -> None:
        """The changes are read, and those who joined are put into a cohort."""
        door("workflows/dispatch_changes")({"Records": self.records}, None)
        self.here.clock.advance(seconds=joining.WINDOW.total_seconds() + 1)
        for body in running.take_delayed():
            running.send(body)
        for event in running.take_announced():
            door("campaigns/plan_audience")(event, None)


def test_everybody_joins_once_wherever_the_reader_or_the_worker_dies() -> None:
    with world() as here:
        reached = places(Joined(here).work, *JOINING)
    assert len(reached) > 20
    for number, place in enumerate(some(reached)):
        with world() as here:
            join = Joined(here)
            assert kill_at(place, join.work, *JOINING), place
            if number % 2:
                here.restart()
            if number % 3:
                running.lose_everything()
            # The batch comes again, since it was not answered; perhaps when much else has been done.
            door("workflows/dispatch_changes")({"Records": join.records}, None)

            here.recover(2)

            check(here, place)


def check(here: World, place: Place) -> None:
    campaign_id = here.campaign_id
    members = [one for cohort in runs.cohorts_of(campaign_id) for one in runs.members_of(cohort).lead_ids]
    assert len(members) == len(set(members)) == NEWCOMERS + 1, place
    assert running.tally(campaign_id) == {"accepted": NEWCOMERS + 1}, place
    assert set(here.got().values()) == {1}, place
    found = planning.store.find_campaign(campaign_id)
    assert found is not None
    assert found.total_recipients == NEWCOMERS + 1, place
    run = runs.find_run(campaign_id)
    assert run is not None
    assert (run.cohorts, run.opening, run.gathers_at, stored("Newcomer")) == (0, None, None, []), place


def test_nothing_of_a_deleted_campaign_stays_wherever_its_worker_dies() -> None:
    with world() as here:
        deleted = Deleted(here)
        reached = places(deleted.work, *REMOVING)
    for place in some(reached):
        with world() as here:
            deleted = Deleted(here)
            assert kill_at(place, deleted.work, *REMOVING), place
            running.lose_everything()

            here.clock.advance(minutes=5)
            for _ in range(3):
                running.reconciled(here.clock, minutes=15)

            assert not [one for one in stored() if one["pk"]["S"] == f"CAMP#{here.campaign_id}"], place
            assert len(stored("EmailSent")) == 2, place


class Deleted:
    """A campaign that is over and was just deleted."""

    def __init__(self, here: World) -> None:
        campaign_id = here.new_campaign()
        running.work()
        assert running.act(campaign_id, "delete_campaign").status == 204
        [self.event] = running.take_announced()

    def work(self) -> None:
        door("campaigns/plan_audience")(self.event, None)


def test_what_a_completed_campaign_leaves_is_skipped_once_wherever_its_worker_dies() -> None:
    with world() as here:
        ended = Ended(here)
        reached = places(ended.work, *ENDING)
    assert len(reached) > 8
    for number, place in enumerate(some(reached)):
        with world() as here:
            ended = Ended(here)
            assert kill_at(place, ended.work, *ENDING), place
            if number % 2:
                here.restart()
            running.lose_everything()

            for _ in range(2):
                running.reconciled(here.clock, minutes=20)
            ended.engine.deliver()

            told = stats(here.campaign_id)
            assert [(one["sent"], one["skipped"], one["pending"]) for one in told["steps"]] == [(2, 1, 0), (0, 3, 0)], (
                place
            )
            assert recounting.recount_campaign(here.campaign_id) == (0, 0), place
            assert len(here.got()) == 2, place


class Ended:
    """A campaign that was completed when two of three had the first of two mails, and one waited for the rate."""

    def __init__(self, here: World) -> None:
        self.engine = Engine(here.clock)
        campaign_id = here.new_campaign(steps=2, members=3, rate_per_hour=2)
        running.work()
        running.acted(campaign_id, "complete_campaign")
        [self.event] = running.take_announced()

    def work(self) -> None:
        door("campaigns/plan_audience")(self.event, None)
