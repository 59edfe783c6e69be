"""Webhooks and agents killed in every state they can leave the world in, with servers on loopback that count.

Whatever line the process dies at: the receiver of a webhook does it once, since every repetition has the same bytes and
the same Idempotency-Key; an agent is asked once more at most, and what is spent is never more than was reserved for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from leadflow.core import effects, outbound, seams
from leadflow.workflows import store_outbound
from leadflow.workflows.service import actions, asking, calling, recovery, running
from tests.chaos.killing import Place, kill_at, lines, places, some
from tests.chaos.worlds import published
from tests.cloud import fresh_cloud
from tests.functional import wire
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.receiver import Got, Receiver, Reply, outside
from tests.harness import Clock, call

WEBHOOK: tuple[ModuleType, ...] = (calling, store_outbound, effects, outbound, running, actions)
AGENT: tuple[ModuleType, ...] = (asking, store_outbound, effects, outbound, running, actions)
# What the model of these tests says it took, in millionths of a USD.
COST = 200
FEWEST = 16


class World:
    """A workflow with one action, and a lead it has been started for."""

    def __init__(self, clock: Clock, action_type: str, config: dict[str, Any]) -> None:
        self.clock = clock
        self.engine = Engine(clock)
        self.workflow_id = published(None, [(action_type, config)])
        path = {"workflow_id": self.workflow_id}
        lead_id = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"}).json["id"]
        assert call("workflows/run_workflow", {"lead_id": lead_id}, path=path).status == 202
        self.engine.deliver()
        [self.start] = self.engine.starts()

    def work(self) -> None:
        self.engine.segment(self.start)

    def recover(self) -> None:
        seams.current().kept["network"].hang_up()
        self.engine.asleep.clear()
        self.clock.advance(seconds=effects.LEASE.total_seconds() + 60)
        recovery.reconcile()
        self.engine.run()

    def run_record(self) -> dict[str, Any]:
        [run] = call("executions/list_executions", path={"workflow_id": self.workflow_id}).json["items"]
        record: dict[str, Any] = run
        return record


def around_the_call(states: list[Place], reached: list[Place]) -> list[Place]:
    """With places of the call itself, where nothing changes for AWS, but the request goes out."""
    inside = [place for place in reached if place[0] == outbound.__file__]
    return list(dict.fromkeys([*states, *inside[::9], inside[-1]]))


@contextmanager
def webhook_world() -> Iterator[tuple[World, Receiver]]:
    clock = Clock()
    with fresh_cloud(clock), outside() as (receiver, _):
        yield (
            World(clock, "call_webhook", {"url": "http://hooks.example/x", "body": {"n": "{{ lead.name }}"}}),
            receiver,
        )


def test_a_webhook_is_done_once_wherever_the_process_dies() -> None:
    with webhook_world() as (world, _):
        states = places(world.work, *WEBHOOK)
    with webhook_world() as (world, _):
        states = around_the_call(states, lines(world.work, *WEBHOOK))
    assert len(states) > FEWEST
    for place in some(states):
        with webhook_world() as (world, receiver):
            assert kill_at(place, world.work, *WEBHOOK), place
            before = len(receiver.got)

            world.recover()

            assert world.run_record()["status"] == "completed", place
            assert len({(got.headers["idempotency-key"], got.body) for got in receiver.got}) == 1, place
            assert len(receiver.got) == 1 or (before == 1 and len(receiver.got) == 2), place
            assert not before or len(receiver.got) == 2 or _was_settled(world, place), place


def _was_settled(world: World, place: Place) -> bool:
    """Whether the run went on with the answer that was on file, without calling again."""
    [entry] = wire.stored("OutboundCall")
    return entry["attempt"]["N"] == "1"


def said(_: Got) -> Reply:
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": '{"ok": true}'}}
    usage = {"prompt_tokens": 100, "completion_tokens": 50}
    return Reply(200, json.dumps({"choices": [choice], "usage": usage}).encode())


@contextmanager
def agent_world() -> Iterator[tuple[World, Receiver]]:
    clock = Clock()
    with fresh_cloud(clock), outside() as (receiver, _):
        receiver.usual = said
        body = {"base_url": "http://models.example/v1", "model": "m", "input_price": 1, "output_price": 2}
        assert call("agents/put_agent", body, path={"name": "judge"}).status == 200
        config = {"agent": "judge", "prompt": "Judge {{ lead.name }}.", "output_schema": {"type": "object"}}
        yield World(clock, "run_ai_agent", config), receiver


def test_an_agent_is_asked_again_at_most_once_and_every_call_is_counted_wherever_the_process_dies() -> None:
    with agent_world() as (world, _):
        states = places(world.work, *AGENT)
    with agent_world() as (world, _):
        states = around_the_call(states, lines(world.work, *AGENT))
    assert len(states) > FEWEST
    for place in some(states):
        with agent_world() as (world, model):
            assert kill_at(place, world.work, *AGENT), place
            before = len(model.got)

            world.recover()

            assert world.run_record()["status"] == "completed", place
            assert len(model.got) <= 2, place
            [entry], [day] = wire.stored("AgentRun"), wire.stored("AgentSpend")
            assert entry["reserved"]["N"] == "0", place
            assert entry["spent"]["N"] == day["spent"]["N"], place
            assert int(entry["spent"]["N"]) >= COST * max(len(model.got), before), place
            assert (entry["spent"]["N"] == str(COST)) is (entry["doubts"]["N"] == "0"), place


def test_a_second_death_in_a_call_ends_the_work() -> None:
    """Two calls that nobody knows the end of are counted, and there is no third."""
    with agent_world() as (world, model):
        for deaths in (1, 2):
            place = _line_of_the_answer()
            segment = world.work if deaths == 1 else world.engine.run
            assert kill_at(place, segment, *AGENT)
            seams.current().kept["network"].hang_up()
            world.engine.asleep.clear()
            world.clock.advance(seconds=effects.LEASE.total_seconds() + 60)
            recovery.reconcile()
        world.engine.run()

        assert world.run_record()["status"] == "failed"
        assert len(model.got) == 2
        [entry], [day] = wire.stored("AgentRun"), wire.stored("AgentSpend")
        assert (entry["outcome"]["S"], entry["doubts"]["N"]) == ("unknown", "2")
        assert int(day["spent"]["N"]) == int(entry["spent"]["N"]) > 2 * COST


def test_an_answer_on_file_needs_neither_the_model_nor_the_agent_any_more() -> None:
    with agent_world() as (world, model):
        settled = str(asking.__file__), asking._settled.__code__.co_firstlineno + 1
        assert kill_at(settled, world.work, *AGENT)
        gone = {"base_url": "http://models.example/v1", "model": "m", "input_price": 1, "output_price": 2}
        assert call("agents/put_agent", {**gone, "is_active": False}, path={"name": "judge"}).status == 200

        world.recover()

        assert (world.run_record()["status"], len(model.got)) == ("completed", 1)


def _line_of_the_answer() -> Place:
    """The first line that runs when the model has answered."""
    return str(asking.__file__), asking._Work._take.__code__.co_firstlineno + 1


def test_the_seams_hold_no_network_of_an_earlier_test() -> None:
    with fresh_cloud(Clock()):
        assert "network" not in seams.current().kept
