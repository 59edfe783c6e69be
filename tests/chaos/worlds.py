"""What chaos tests of workflows share: a world with one run to be done, killed in every state and brought to an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any, ClassVar

from leadflow.core import effects
from leadflow.workflows.service import recovery
from tests.chaos.killing import Place, kill_at, places, some
from tests.cloud import fresh_cloud
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

Actions = list[tuple[str, dict[str, Any]]]


class World:
    """A workflow in force, and one change that sets it off. `actions` run in their order."""

    trigger: ClassVar[str] = "lead_created"
    actions: ClassVar[Actions] = []

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.engine = Engine(clock)
        self.prepare()
        self.workflow_id = published(self.trigger, self.action_list())
        self.engine.changes()
        clock.advance(seconds=1)
        self.lead_id = self.set_off()
        self.records = self.engine.changes()

    def prepare(self) -> None:
        """What has to be there before the workflow."""

    def action_list(self) -> Actions:
        return self.actions

    def set_off(self) -> str:
        """The change that the workflow waits for; gives the lead it is about."""
        return str(call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"}).json["id"])

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
        """That everything was done once."""
        raise NotImplementedError

    def run_record(self) -> dict[str, Any]:
        [run] = call("executions/list_executions", path={"workflow_id": self.workflow_id}).json["items"]
        return dict(run)

    def completed_logs(self) -> list[dict[str, Any]]:
        """The logs of the one run, which has completed."""
        run = self.run_record()
        assert run["status"] == "completed", run
        items: list[dict[str, Any]] = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"]
        return items

    def lead(self) -> Any:
        """The answer that shows the lead."""
        return call("leads/get_lead", path={"lead_id": self.lead_id})


def published(trigger: str | None, actions: Actions) -> str:
    """A workflow in force."""
    workflow_id = str(call("workflows/create_workflow", {"name": "Chaos"}).json["id"])
    path = {"workflow_id": workflow_id}
    if trigger:
        assert call("workflows/add_trigger", {"trigger_type": trigger}, path=path).status == 201
    for order, (kind, config) in enumerate(actions):
        body = {"action_type": kind, "action_config": config, "order": order}
        answer = call("workflows/add_action", body, path=path)
        assert answer.status == 201, answer.text
    assert call("workflows/activate_workflow", path=path).status == 200
    return workflow_id


@contextmanager
def alone(kind: Callable[[Clock], World]) -> Iterator[World]:
    """A world in a cloud of its own."""
    clock = Clock()
    with fresh_cloud(clock):
        yield kind(clock)


def killed_everywhere(
    make: Callable[[], AbstractContextManager[World]], *modules: ModuleType, fewest: int = 16
) -> list[Place]:
    """Kills the world's work in every state it can leave, recovers and checks; gives the places where it died."""
    with make() as world:
        states = places(world.work, *modules)
    assert len(states) >= fewest
    for place in some(states):
        with make() as world:
            assert kill_at(place, world.work, *modules), place
            world.recover()
            try:
                world.check()
            except AssertionError as error:
                error.add_note(f"killed at {place}")
                raise
    return states
