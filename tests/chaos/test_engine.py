"""The engine killed in every state it can leave the world in, from the change that starts a run to its end."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns.service import sending
from leadflow.core import effects, table
from leadflow.workflows import store_waiting
from leadflow.workflows.service import actions, dispatching, recovery, running, starting, waiting
from tests.chaos.killing import Killed, Place, kill_at, places
from tests.cloud import fresh_cloud
from tests.functional.campaigns.mailing import MailService, email_channel, lead, mail_service, template
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

ENGINE: tuple[ModuleType, ...] = (dispatching, starting, recovery, running, actions)


class World:
    """One lead that a workflow waits for: tag it, wait a minute, tag it again."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.engine = Engine(clock)
        self.workflow_id = call("workflows/create_workflow", {"name": "Twice tagged"}).json["id"]
        path = {"workflow_id": self.workflow_id}
        assert call("workflows/add_trigger", {"trigger_type": "lead_created"}, path=path).status == 201
        gate = {"if": {"field": "lead.source", "op": "eq", "value": "api"}}
        steps: list[tuple[str, dict[str, Any]]] = [
            ("condition", gate),
            ("update_lead", {"add_tags": ["one"]}),
            ("wait", {"minutes": 1}),
            ("update_lead", {"add_tags": ["two"]}),
        ]
        for order, (kind, config) in enumerate(steps):
            body = {"action_type": kind, "action_config": config, "order": order}
            assert call("workflows/add_action", body, path=path).status == 201
        assert call("workflows/activate_workflow", path=path).status == 200
        self.engine.changes()
        clock.advance(seconds=1)
        lead = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"})
        self.lead_id = lead.json["id"]
        self.records = self.engine.changes()

    def work(self) -> None:
        """Everything the platform does for this lead."""
        self.engine.deliver(self.records)
        self.engine.run()

    def recover(self) -> None:
        """What the platform does after a death: the batch comes again, leases run out, reconcile looks around."""
        self.engine.asleep.clear()
        self.engine.starts()
        self.engine.deliver(self.records)
        self.engine.run()
        self.clock.advance(seconds=effects.LEASE.total_seconds() + 60)
        recovery.reconcile()
        self.engine.run()

    def check(self) -> None:
        [run] = call("executions/list_executions", path={"workflow_id": self.workflow_id}).json["items"]
        assert run["status"] == "completed", run
        logs = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"]
        assert [(log["action_type"], log["status"]) for log in logs] == [
            ("condition", "completed"),
            ("update_lead", "completed"),
            ("wait", "completed"),
            ("update_lead", "completed"),
        ]
        lead = call("leads/get_lead", path={"lead_id": self.lead_id})
        assert lead.json["tags"] == ["one", "two"]
        # Created once and changed twice: no action was done again.
        assert lead.etag == '"3"'


def lines_of_the_engine() -> list[Place]:
    clock = Clock()
    with fresh_cloud(clock):
        return places(World(clock).work, *ENGINE)


def test_each_action_is_done_once_wherever_the_process_dies() -> None:
    lines = lines_of_the_engine()
    assert len(lines) > 15
    for place in lines:
        clock = Clock()
        with fresh_cloud(clock):
            world = World(clock)
            assert kill_at(place, world.work, *ENGINE), place
            world.recover()
            try:
                world.check()
            except AssertionError as error:
                error.add_note(f"killed at {place}")
                raise


def test_a_run_survives_the_loss_of_everything_but_the_table() -> None:
    """Queues, timers and state machine executions are emptied while runs wait."""
    clock = Clock()
    with fresh_cloud(clock):
        world = World(clock)
        world.engine.deliver(world.records)
        world.engine.starts()
        clock.advance(minutes=3)
        assert recovery.reconcile()["restarted"] == 1
        for start in world.engine.starts():
            world.engine.segment(start)
        world.engine.asleep.clear()
        clock.advance(minutes=10)
        assert recovery.reconcile()["restarted"] == 1
        world.engine.run()
        world.check()


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


class MailWorld(World):
    """One lead that a workflow waits for: mail it."""

    def __init__(self, clock: Clock, mails: MailService) -> None:
        self.clock, self.mails = clock, mails
        self.engine = Engine(clock)
        email_channel()
        self.workflow_id = call("workflows/create_workflow", {"name": "Mails"}).json["id"]
        path = {"workflow_id": self.workflow_id}
        assert call("workflows/add_trigger", {"trigger_type": "lead_created"}, path=path).status == 201
        body = {"action_type": "send_email", "action_config": {"template_id": template()}}
        assert call("workflows/add_action", body, path=path).status == 201
        assert call("workflows/activate_workflow", path=path).status == 200
        self.engine.changes()
        clock.advance(seconds=1)
        self.lead_id = lead()
        self.records = self.engine.changes()

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
        [run] = call("executions/list_executions", path={"workflow_id": self.workflow_id}).json["items"]
        assert run["status"] == "completed", run
        assert len(self.mails.sent) == 1
        [mail] = call("campaigns/list_lead_emails", path={"lead_id": self.lead_id}).json["items"]
        assert mail["outcome"] == "accepted"


def test_one_mail_goes_out_wherever_the_task_dies_and_however_often_the_batch_comes() -> None:
    clock = Clock()
    with fresh_cloud(clock), mail_service() as mails:
        states = places(MailWorld(clock, mails).work, *ENGINE, sending)
    assert len(states) > 15
    for place in states:
        clock = Clock()
        with fresh_cloud(clock), mail_service() as mails:
            world = MailWorld(clock, mails)
            assert kill_at(place, world.work, *ENGINE, sending), place
            world.recover()
            try:
                world.check()
            except AssertionError as error:
                error.add_note(f"killed at {place}")
                raise


class EventWorld(World):
    """One lead that a workflow waits for: wait until it is qualified, tag it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.engine = Engine(clock)
        self.workflow_id = call("workflows/create_workflow", {"name": "Waits"}).json["id"]
        path = {"workflow_id": self.workflow_id}
        assert call("workflows/add_trigger", {"trigger_type": "lead_created"}, path=path).status == 201
        wait = {"for_event": "lead_status_changed", "event_config": {"to": "qualified"}, "timeout_hours": 48}
        for order, (kind, config) in enumerate([("wait", wait), ("update_lead", {"add_tags": ["qualified"]})]):
            body = {"action_type": kind, "action_config": config, "order": order}
            assert call("workflows/add_action", body, path=path).status == 201
        assert call("workflows/activate_workflow", path=path).status == 200
        self.engine.changes()
        clock.advance(seconds=1)
        self.lead_id = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"}).json["id"]
        self.records = self.engine.changes()

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
        if call("leads/get_lead", path={"lead_id": self.lead_id}).json["status"] != "qualified":
            self.qualify()
        self.engine.deliver(self.records)
        self.engine.run()

    def check(self) -> None:
        [run] = call("executions/list_executions", path={"workflow_id": self.workflow_id}).json["items"]
        assert run["status"] == "completed", run
        logs = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"]
        assert [log["status"] for log in logs] == ["completed", "completed"]
        assert logs[0]["output_data"]["event"] == "lead_status_changed"
        assert call("leads/get_lead", path={"lead_id": self.lead_id}).json["tags"] == ["qualified"]
        assert store_waiting.waiting_for(self.lead_id, "lead_status_changed") == []


def test_an_event_wakes_its_run_once_wherever_the_process_dies() -> None:
    clock = Clock()
    modules = (*ENGINE, waiting)
    with fresh_cloud(clock):
        states = places(EventWorld(clock).work, *modules)
    assert len(states) > 15
    for place in states:
        clock = Clock()
        with fresh_cloud(clock):
            world = EventWorld(clock)
            assert kill_at(place, world.work, *modules), place
            world.recover()
            try:
                world.check()
            except AssertionError as error:
                error.add_note(f"killed at {place}")
                raise
