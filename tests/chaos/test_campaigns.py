"""A campaign's workers killed in every state they can leave the world in, with a mail service that counts.

Whatever line a worker dies at, and whoever goes on (the same host when leases are over, or the next host at once): no
address gets a mail twice, everybody's mail ends accepted or, where nobody can know, unknown, and the campaign ends.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from leadflow.campaigns.service import (
    announcing,
    batches,
    batching,
    claiming,
    cohort_batches,
    cohorts,
    ending,
    planning,
    spending,
)
from leadflow.campaigns.store import batches as kept_batches
from leadflow.campaigns.store import cohorts as kept_cohorts
from leadflow.campaigns.store import many, rates
from leadflow.core import effects, http, seams
from tests.chaos.killing import Place, kill_at, places, some
from tests.chaos.mailed import mailed
from tests.functional.campaigns import running
from tests.functional.campaigns.campaigning import campaign, step
from tests.functional.campaigns.mailing import MailService, email_channel, hang_up, lead, template
from tests.functional.wire import Killed, killed_at
from tests.harness import Clock, door

SENDING: tuple[ModuleType, ...] = (
    *(cohorts, cohort_batches, batching, claiming, batches, ending, announcing, spending),
    *(kept_batches, kept_cohorts, many, rates, http),
)
PLANNING: tuple[ModuleType, ...] = (planning, kept_cohorts, announcing, ending)
MEMBERS = 2
FEWEST_PLACES = 12
DEATHS_OF_A_WORLD = 4
LEASE = effects.LEASE.total_seconds() + 1


class World:
    """A channel and a template, and for each death people and a campaign of its own."""

    def __init__(self, clock: Clock, mails: MailService) -> None:
        self.clock, self.mails = clock, mails
        self.template_id = template()
        email_channel()
        self.deaths = self.hosts = 0

    def new_campaign(self, *, steps: int = 1, members: int = MEMBERS, **fields: object) -> str:
        self.deaths += 1
        tag = f"death{self.deaths}"
        for number in range(members):
            lead(name=f"Lead {number}", email=f"lead{number}.{tag}@example.com", tags=[tag])
        audience = {"field": "lead.tags", "op": "contains", "value": tag}
        self.campaign_id = campaign(target_audience=audience, **fields)
        for number in range(1, steps + 1):
            step(self.campaign_id, number, delay_hours=number - 1, template_id=self.template_id)
        running.acted(self.campaign_id, "launch_campaign")
        return self.campaign_id

    def got(self) -> Counter[str]:
        """How many mails each person of the campaign got."""
        return Counter(to for to in running.recipients(self.mails) if f".death{self.deaths}@" in to)

    def restart(self) -> None:
        """The process ends with all it had in memory, and another one starts that knows it is another."""
        hang_up()
        self.hosts += 1
        os.environ["HOST_ID"] = f"host {self.hosts}"
        kept = seams.current().kept
        for name in [name for name in kept if not name.startswith(("client:", "session", "jobs"))]:
            kept.pop(name)

    def recover(self, hours: int = 6) -> None:
        """Reconcile and the workers do what is left."""
        for _ in range(hours):
            running.reconciled(self.clock, hours=1)
            if running.status(self.campaign_id) == "completed":
                return


@contextmanager
def world() -> Iterator[World]:
    with mailed() as (clock, mails):
        yield World(clock, mails)


def planned(here: World) -> str:
    """A campaign whose one cohort waits; the message that wakes it."""
    here.new_campaign(rate_per_hour=1000)
    for event in running.take_announced():
        door("campaigns/plan_audience")(event, None)
    [message] = running.take_messages()
    return message


def deaths_of_sending() -> Iterator[tuple[Place, World]]:
    with world() as here:
        message = planned(here)
        hang_up()
        reached = places(lambda: running.send(message), *SENDING, outside=lambda: len(here.mails.sent))
    assert len(reached) > FEWEST_PLACES
    reached = some(reached)
    for first in range(0, len(reached), DEATHS_OF_A_WORLD):
        with world() as here:
            for place in reached[first : first + DEATHS_OF_A_WORLD]:
                message = planned(here)
                hang_up()
                assert kill_at(place, lambda message=message: running.send(message), *SENDING), place  # type: ignore[misc]
                yield place, here


def test_x02_a_cohort_is_sent_once_wherever_its_worker_dies() -> None:
    """The conservation law, and no mail twice, after a death in every state; by the same host and by the next one."""
    for number, (place, here) in enumerate(deaths_of_sending()):
        left = here.got()
        if number % 2:
            here.restart()
        else:
            here.clock.advance(seconds=LEASE)

        here.recover()

        assert running.status(here.campaign_id) == "completed", place
        tally = running.tally(here.campaign_id)
        assert sum(tally.values()) == MEMBERS, (place, tally)
        assert set(tally) <= {"accepted", "unknown"}, (place, tally)
        assert max(here.got().values(), default=1) == 1, place
        # Who got nothing is somebody of whom nobody could know.
        assert MEMBERS - len(here.got()) <= tally.get("unknown", 0), (place, left, tally)


def test_an_audience_is_frozen_once_wherever_its_worker_dies() -> None:
    with world() as here:
        here.new_campaign()
        [event] = running.take_announced()
        reached = places(lambda: door("campaigns/plan_audience")(event, None), *PLANNING)
    for place in some(reached):
        with world() as here:
            here.new_campaign()
            [event] = running.take_announced()
            assert kill_at(place, lambda event=event: door("campaigns/plan_audience")(event, None), *PLANNING), place  # type: ignore[misc]
            here.restart()

            here.recover()

            assert running.tally(here.campaign_id) == {"accepted": MEMBERS}, place
            assert max(here.got().values()) == 1, place


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_everybody_gets_every_step_once(seed: int) -> None:
    """X1, X2, X5, X8: messages twice, late and out of order; pauses; deaths; a provider that fails in every way."""
    chance = random.Random(seed)  # noqa: S311 - a seed that can be given again is what is wanted
    with world() as here:
        campaign_id = here.new_campaign(steps=2, members=6, rate_per_second=3)
        waiting: list[str] = []
        for _ in range(20):
            here.mails.answers = [chance.choice((202, 202, 202, None, 429, 503, 401)) for _ in range(2)]
            act(chance, here, campaign_id, waiting)
        here.mails.answers = []
        if running.status(campaign_id) == "paused":
            running.acted(campaign_id, "resume_campaign")
        here.restart()
        here.recover(30)

        assert running.status(campaign_id) == "completed"
        for number in (1, 2):
            tally = running.tally(campaign_id, number)
            assert sum(tally.values()) == 6, tally
            assert set(tally) <= {"accepted", "unknown"}, tally
        assert max(here.got().values()) <= 2


@pytest.mark.parametrize("seed", range(2))
def test_x01_x02_fifty_rounds_of_kills_and_pauses_repeat_nothing_and_end_when_all_is_done(seed: int) -> None:
    """The worker dies at any call to the table, it is paused and resumed, messages come again; fifty times."""
    chance = random.Random(seed)  # noqa: S311 - a seed that can be given again is what is wanted
    with world() as here:
        campaign_id = here.new_campaign(steps=2, members=6, rate_per_second=1)
        waiting: list[str] = []
        for _ in range(50):
            waiting += running.take_messages()
            for event in running.take_announced():
                door("campaigns/plan_audience")(event, None)
            for message in waiting[-3:]:
                with contextlib.suppress(Killed), killed_at(chance.randrange(1, 30), sent=chance.random() < 0.5):
                    running.send(message)
            if running.status(campaign_id) == "active":
                running.acted(campaign_id, "pause_campaign")
                running.acted(campaign_id, "resume_campaign")
            here.clock.advance(minutes=chance.choice((1, 7, 20)))
            door("platform/reconcile")({}, None)
            if running.status(campaign_id) == "completed":
                ended(campaign_id)
        here.recover(30)

        assert running.status(campaign_id) == "completed"
        accepted, unknown = ended(campaign_id)
        assert max(here.got().values()) <= 2
        # Nobody knows of a mail whose worker died between the call and its record; it was sent at most once.
        assert accepted <= sum(here.got().values()) <= accepted + unknown


def ended(campaign_id: str) -> tuple[int, int]:
    """How many mails of the two steps were accepted and are in doubt, once that is all there are."""
    tallies = [Counter(running.tally(campaign_id, number)) for number in (1, 2)]
    for tally in tallies:
        assert tally["accepted"] + tally["unknown"] == tally.total() == 6, tally
    return sum(tally["accepted"] for tally in tallies), sum(tally["unknown"] for tally in tallies)


def act(chance: random.Random, here: World, campaign_id: str, waiting: list[str]) -> None:
    """One thing that may happen."""
    waiting += running.take_messages()
    for event in running.take_announced():
        door("campaigns/plan_audience")(event, None)
    what = chance.choice(("send", "send", "send", "twice", "pause", "restart", "later", "lose"))
    if what in ("send", "twice") and waiting:
        message = waiting.pop(chance.randrange(len(waiting)))
        running.send(message)
        if what == "twice":
            running.send(message)
    elif what == "pause":
        now = running.status(campaign_id)
        action = {"active": "pause_campaign", "paused": "resume_campaign"}.get(now)
        if action:
            running.acted(campaign_id, action)
    elif what == "restart":
        here.restart()
        door("platform/reconcile")({}, None)
    elif what == "later":
        here.clock.advance(minutes=chance.randrange(90))
        door("platform/reconcile")({}, None)
    elif what == "lose":
        waiting.clear()
        running.lose_everything()
