"""The engine killed in every state it can leave the world in, from the change that starts a run to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import ClassVar

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns.service import sending
from leadflow.core import effects, table
from leadflow.workflows import store_waiting
from leadflow.workflows.service import actions, cancelling, dispatching, recovery, running, starting, waiting
from tests.chaos.killing import Killed
from tests.chaos.worlds import Actions, World, alone, killed_everywhere
from tests.cloud import fresh_cloud
from tests.functional import wire
from tests.functional.campaigns.mailing import MailService, email_channel, lead, mail_service, template
from tests.harness import Clock, call

ENGINE: tuple[ModuleType, ...] = (dispatching, starting, recovery, running, actions)


class TwiceTagged(World):
    """One lead that a workflow waits for: tag it, wait a minute, tag it again."""

    actions: ClassVar[Actions] = [
        ("condition", {"if": {"field": "lead.source", "op": "eq", "value": "api"}}),
        ("update_lead", {"add_tags": ["one"]}),
        ("wait", {"minutes": 1}),
        ("update_lead", {"add_tags": ["two"]}),
    ]

    def check(self) -> None:
        assert [(log["action_type"], log["status"]) for log in self.completed_logs()] == [
            ("condition", "completed"),
            ("update_lead", "completed"),
            ("wait", "completed"),
            ("update_lead", "completed"),
        ]
        assert self.lead().json["tags"] == ["one", "two"]
        # Created once and changed twice: no action was done again.
        assert self.lead().etag == '"3"'


def test_each_action_is_done_once_wherever_the_process_dies() -> None:
    killed_everywhere(partial(alone, TwiceTagged), *ENGINE)


def test_x22_a_run_survives_the_loss_of_everything_but_the_table() -> None:
    """Queues, timers and state machine executions are emptied while runs wait, for as long as five months."""
    with alone(TwiceTagged) as world:
        world.engine.deliver(world.records)
        world.engine.starts()
        world.clock.advance(days=150)
        assert recovery.reconcile()["restarted"] == 1
        for start in world.engine.starts():
            world.engine.segment(start)
        world.engine.asleep.clear()
        world.clock.advance(days=150)
        assert recovery.reconcile()["restarted"] == 1
        world.engine.run()
        world.check()


def test_x22_a_run_that_has_ended_is_never_said_to_have_failed_or_to_run() -> None:
    """The process dies after the last commit: the platform sees a task that failed, and there is one truth."""
    last = _calls_of_the_last_segment()
    with alone(TwiceTagged) as world:
        world.engine.deliver(world.records)
        [start] = world.engine.starts()
        assert world.engine.segment(start) == "wait"
        world.clock.advance(minutes=2)
        with pytest.raises(wire.Killed), wire.killed_at(last, sent=True):
            world.engine.segment(start)
        ended = world.run_record()
        world.check()
        assert world.engine.segment(start) == "done"
        world.clock.advance(hours=3)
        assert recovery.reconcile() == {"restarted": 0, "given_up": 0}
        world.engine.asleep.clear()
        world.engine.run()
        assert world.run_record() == ended
        totals = call("workflows/get_workflow", path={"workflow_id": world.workflow_id}).json
        counts = ("execution_count", "success_count", "failure_count")
        assert [totals[name] for name in counts] == [1, 1, 0]


def _calls_of_the_last_segment() -> int:
    """How many calls to the table the segment after the wait makes, its commit as completed the last."""
    with alone(TwiceTagged) as world:
        world.engine.deliver(world.records)
        [start] = world.engine.starts()
        world.engine.segment(start)
        world.clock.advance(minutes=2)
        with wire.watched() as seen:
            world.engine.segment(start)
    assert seen[-1] == "TransactWriteItems"
    return len(seen)


def test_a_kill_is_seen_by_nothing_that_handles_errors() -> None:
    with pytest.raises(Killed):
        raise Killed("here")
    assert not issubclass(Killed, Exception)


def test_an_effect_that_began_and_died_is_unknown_and_never_ours_again() -> None:
    clock = Clock()
    with fresh_cloud(clock):
        entry = _Effect(pk="EFFECT#1", sk="#")
        effects.take(entry)
        table.create(entry)
        effects.begin(entry)
        again = table.find(_Effect, "EFFECT#1", "#")
        assert again is not None
        assert effects.look(again) is effects.Standing.BUSY
        clock.advance(seconds=effects.LEASE.total_seconds() + 1)
        assert effects.look(again) is effects.Standing.UNKNOWN
        assert effects.look(again) is effects.Standing.UNKNOWN


class _Effect(effects.LedgerEntry, discriminator="ChaosEffect"):
    """An effect of these tests."""


class Mailed(World):
    """One lead that a workflow waits for: mail it."""

    mails: MailService

    def prepare(self) -> None:
        email_channel()

    def action_list(self) -> Actions:
        return [("send_email", {"template_id": template()})]

    def set_off(self) -> str:
        return lead()

    def work(self) -> None:
        """The batch comes twice, as it may, before anything else happens."""
        self.engine.deliver(self.records)
        super().work()

    def recover(self) -> None:
        """As in any world; and the provider reports on what it took."""
        for mail in self.mails.sent:
            arguments = mail.get("custom_args") or mail["personalizations"][0]["custom_args"]
            assert campaigns.record_event(arguments["lf_id"], "processed", self.clock.moment, {})
        super().recover()

    def check(self) -> None:
        self.completed_logs()
        assert len(self.mails.sent) == 1
        [mail] = call("campaigns/list_lead_emails", path={"lead_id": self.lead_id}).json["items"]
        assert mail["outcome"] == "accepted"


@contextmanager
def mailed() -> Iterator[Mailed]:
    clock = Clock()
    with fresh_cloud(clock), mail_service() as mails:
        world = Mailed(clock)
        world.mails = mails
        yield world


def test_one_mail_goes_out_wherever_the_task_dies_and_however_often_the_batch_comes() -> None:
    killed_everywhere(mailed, *ENGINE, sending)


class Qualified(World):
    """One lead that a workflow waits for: wait until it is qualified, tag it."""

    actions: ClassVar[Actions] = [
        ("wait", {"for_event": "lead_status_changed", "event_config": {"to": "qualified"}, "timeout_hours": 48}),
        ("update_lead", {"add_tags": ["qualified"]}),
    ]

    def work(self) -> None:
        """The run lies down, then the event comes, and comes again."""
        self.fall_asleep()
        self.qualify()
        for _ in range(2):
            self.engine.deliver(self.records)
            for start in self.engine.starts():
                self.engine.segment(start)

    def fall_asleep(self) -> None:
        self.engine.deliver(self.records)
        for start in self.engine.starts():
            self.engine.segment(start)

    def qualify(self) -> None:
        body = {"status": "qualified"}
        assert call("leads/update_lead", body, path={"lead_id": self.lead_id}).status == 200
        self.records += self.engine.changes()

    def recover(self) -> None:
        """As in any world; the event comes once the run waits, if it has not come before."""
        self.engine.asleep.clear()
        self.engine.starts()
        self.engine.deliver(self.records)
        self.clock.advance(seconds=effects.LEASE.total_seconds() + 60)
        recovery.reconcile()
        for start in self.engine.starts():
            self.engine.segment(start)
        if self.lead().json["status"] != "qualified":
            self.qualify()
        self.engine.deliver(self.records)
        self.engine.run()

    def check(self) -> None:
        logs = self.completed_logs()
        assert [log["status"] for log in logs] == ["completed", "completed"]
        assert logs[0]["output_data"]["event"] == "lead_status_changed"
        assert self.lead().json["tags"] == ["qualified"]
        assert store_waiting.waiting_for(self.lead_id, "lead_status_changed") == []


def test_an_event_wakes_its_run_once_wherever_the_process_dies() -> None:
    killed_everywhere(partial(alone, Qualified), *ENGINE, waiting)


class Cancelled(World):
    """The run waits, for days, and is cancelled."""

    actions: ClassVar[Actions] = [
        ("update_lead", {"add_tags": ["one"]}),
        ("wait", {"days": 2}),
        ("update_lead", {"add_tags": ["two"]}),
    ]

    def work(self) -> None:
        self.engine.deliver(self.records)
        for start in self.engine.starts():
            self.engine.segment(start)
        run = self.run_record()["id"]
        assert call("executions/cancel_execution", path={"execution_id": run}).status == 200

    def recover(self) -> None:
        """As in any world; who cancelled and had no answer asks again."""
        self.engine.asleep.clear()
        self.engine.starts()
        self.engine.deliver(self.records)
        self.clock.advance(seconds=effects.LEASE.total_seconds() + 60)
        recovery.reconcile()
        for start in self.engine.starts():
            self.engine.segment(start)
        run = self.run_record()
        if run["status"] == "running":
            assert call("executions/cancel_execution", path={"execution_id": run["id"]}).status == 200

    def check(self) -> None:
        self.engine.run()
        run = self.run_record()
        assert run["status"] == "cancelled"
        logs = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"]
        assert [(log["action_type"], log["status"]) for log in logs] == [
            ("update_lead", "completed"),
            ("wait", "skipped"),
        ]
        assert self.lead().json["tags"] == ["one"]


def test_a_cancelled_run_ends_with_all_its_logs_wherever_the_process_dies() -> None:
    killed_everywhere(partial(alone, Cancelled), *ENGINE, cancelling)
