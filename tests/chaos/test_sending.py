"""The send of a mail killed at every line it runs, with a mail service on loopback that counts what it was given.

Whatever line the process dies at, and whoever tries again (the same host when the lease is over, or the next host at
once): the mail is not handed over again before the provider had its time to report, then once more at most, and never
when the provider has reported.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from leadflow.campaigns.rules import Sent
from leadflow.campaigns.service import composing, ledger, sending
from leadflow.campaigns.store import mails as kept_mails
from leadflow.channels.providers import sendgrid
from leadflow.channels.service import accounts
from leadflow.core import clock as clocks
from leadflow.core import effects, http, seams
from tests.chaos.killing import Place, kill_at, lines
from tests.chaos.mailed import mailed
from tests.functional.campaigns.mailing import (
    MailService,
    email_channel,
    hang_up,
    html_of,
    lead,
    template,
)
from tests.harness import Clock

BOOKS: tuple[ModuleType, ...] = (sending, ledger, kept_mails, effects, http)
CODE: tuple[ModuleType, ...] = (*BOOKS, composing, accounts, sendgrid)
FEWEST_LINES = 75
# Not claimed, claimed, begun, at the provider, settled.
FEWEST_STATES = 5
# The emulator copies the whole table for each transaction.
DEATHS_OF_A_WORLD = 10
LEASE = effects.LEASE.total_seconds() + 1
WINDOW = effects.SETTLE_WINDOW.total_seconds()


class World:
    """A channel and a template, and for each death a lead of its own."""

    def __init__(self, clock: Clock, mails: MailService) -> None:
        self.clock = clock
        self.mails = mails
        self.template_id = template()
        email_channel()
        self.deaths = 0

    def new_victim(self) -> None:
        self.deaths += 1
        self.address = f"lead{self.deaths}@example.com"
        self.lead_id = lead(name=f"Lead {self.deaths}", email=self.address)
        self.cause = ("WX", str(self.deaths), "1")
        self.email_id = store.tracking_id(self.cause)

    def send(self) -> Sent:
        return campaigns.send_to_lead(
            template_id=self.template_id, lead_id=self.lead_id, cause=self.cause, execution_id="WX"
        )

    @property
    def got(self) -> int:
        """How many mails the victim got."""
        return len(self.mails.to(self.address))

    @property
    def is_begun(self) -> bool:
        """Whether it stands in the table that the mail may be on its way, and no more."""
        mail = store.find_mail(self.email_id)
        return mail is not None and mail.phase == "begun" and mail.outcome == "pending"

    @property
    def state(self) -> object:
        """What a death left of the mail: what stands in the table, times aside, and how many the victim got."""
        mail = store.find_mail(self.email_id)
        if mail is None:
            return self.got
        has_times = (mail.lease_until is None, mail.unknown_since is None, mail.gsi3pk is None, mail.sent_at is None)
        has_body = store.find_body(self.email_id) is not None
        return mail.phase, mail.outcome, mail.attempt, mail.status, has_times, has_body, self.got

    def has_ended(self, last: Sent) -> bool:
        """Whether nothing changes any more, and nothing is left to do."""
        before = self.got
        self.clock.advance(days=30)
        campaigns.reconcile()
        waits = any(mail.id == self.email_id for mail in store.waiting_mails())
        return self.send() == last and self.got == before and not waits

    def restart(self) -> None:
        """The process ends with all it had in memory, and another one starts that knows it is another."""
        hang_up()
        os.environ["HOST_ID"] = f"host {self.deaths}"
        kept = seams.current().kept
        for name in [name for name in kept if not name.startswith(("client:", "session"))]:
            kept.pop(name)

    def first_try(self) -> None:
        """Ends unknown, and the window with it."""
        self.mails.answers = [None]
        unknown = self.send()
        assert unknown.wait_until is not None
        self.clock.moment = unknown.wait_until

    def follow(self) -> Sent:
        """Calls again whenever the answer says so, as the workflow does; until there is nothing to wait for."""
        sent = self.send()
        while sent.wait_until is not None:
            before, asked = self.got, clocks.now()
            early = self.send()
            assert self.got == before, "sent again without having waited"
            assert early.outcome == sent.outcome
            self.clock.moment = max(sent.wait_until, asked)
            sent = self.send()
        return sent


@contextmanager
def world() -> Iterator[World]:
    with mailed() as (clock, mails):
        yield World(clock, mails)


def deaths(
    code: tuple[ModuleType, ...], prepare: Callable[[World], None] = lambda _: None
) -> Iterator[tuple[Place, World, int]]:
    """Each line that the send runs, a world whose victim's mail died there, and how often that left the same."""
    with world() as here:
        here.new_victim()
        prepare(here)
        hang_up()
        reached = lines(here.send, *code)
    assert len(reached) > FEWEST_LINES
    left_the_same: Counter[object] = Counter()
    for first in range(0, len(reached), DEATHS_OF_A_WORLD):
        with world() as here:
            for place in reached[first : first + DEATHS_OF_A_WORLD]:
                here.new_victim()
                prepare(here)
                if place[0] == http.__file__:
                    hang_up()
                assert kill_at(place, here.send, *code), place
                left_the_same[here.state] += 1
                yield place, here, left_the_same[here.state]
    assert len(left_the_same) >= FEWEST_STATES


def test_x07_a_mail_is_sent_once_wherever_the_process_dies() -> None:
    """Every state a death can leave is recovered from in each way; deaths that leave the same end the same."""
    ways: tuple[Callable[[World, Place], None], ...] = (same_host, next_host, reported)
    for place, here, time in deaths(CODE):
        assert here.got <= 1, place
        if time <= 2 * len(ways):
            ways[time % len(ways)](here, place)


def same_host(here: World, place: Place) -> None:
    """The process goes on, its thread having died: nobody takes over before the lease is over."""
    left, waiting = here.got, here.send()
    if waiting.outcome == "pending":
        assert here.got == left, place
    here.clock.advance(seconds=LEASE)
    recovered(here, place)


def next_host(here: World, place: Place) -> None:
    """The process is gone with all it had in memory; the next one knows that it is another."""
    here.restart()
    recovered(here, place)


def recovered(here: World, place: Place) -> None:
    """The mail goes out once; once more only where nobody could know, and after the provider had its time."""
    left, died_at, begun = here.got, here.clock.moment, here.is_begun

    last = here.follow()

    assert last.outcome == "accepted", place
    assert here.got == (left + 1 if begun else 1), place
    if begun:
        assert (here.clock.moment - died_at).total_seconds() >= WINDOW, place
    assert len({html_of(mail) for mail in here.mails.to(here.address)}) == 1, place
    assert here.has_ended(last), place


def reported(here: World, place: Place) -> None:
    """The provider's own events say that it has the mail: there is no second one, ever."""
    if here.got == 0:
        return
    here.clock.advance(seconds=5)
    assert campaigns.record_event(here.email_id, "processed", clocks.now(), {})
    here.restart()
    here.clock.advance(seconds=WINDOW * 2)
    campaigns.reconcile()
    assert here.follow() == Sent(here.email_id, "accepted"), place
    assert here.got == 1, place
    assert here.has_ended(here.send()), place


def test_a_second_try_that_dies_is_the_last() -> None:
    """After an unknown first try, every death of the second leaves two mails at most, and an end."""
    for place, here, time in deaths(BOOKS, World.first_try):
        assert here.got <= 2, place
        if time <= 3:
            here.restart()
            last = here.follow()
            assert last.outcome in ("accepted", "unknown"), place
            assert here.got == 2 or (last.outcome == "unknown" and here.got == 1), place
            assert here.has_ended(last), place
