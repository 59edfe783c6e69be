"""An appointment starts a run that makes a task: killed in every state it can leave the world in, one of each."""

from __future__ import annotations

from types import ModuleType

from leadflow.activities.service import tasks
from leadflow.activities.store import tasks as kept_tasks
from leadflow.activities.store import writing
from leadflow.workflows.service import actions, dispatching, recovery, running, starting
from tests.chaos.killing import kill_at, places
from tests.chaos.test_engine import World
from tests.cloud import fresh_cloud
from tests.functional.activities.plans import appointment
from tests.functional.leads.people import added
from tests.functional.wire import stored
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

MODULES: tuple[ModuleType, ...] = (
    *(dispatching, starting, recovery, running, actions),
    *(tasks, kept_tasks, writing),
)


class TaskWorld(World):
    """One appointment that a workflow waits for: make a task, wait a minute, make another."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.engine = Engine(clock)
        self.workflow_id = call("workflows/create_workflow", {"name": "Prepares"}).json["id"]
        path = {"workflow_id": self.workflow_id}
        assert call("workflows/add_trigger", {"trigger_type": "appointment_scheduled"}, path=path).status == 201
        for order, (kind, config) in enumerate(
            (
                ("create_task", {"title": "Prepare for {{ lead.name }}", "due_in_hours": 1}),
                ("wait", {"minutes": 1}),
                ("create_task", {"title": "Ask {{ lead.name }}"}),
            )
        ):
            body = {"action_type": kind, "action_config": config, "order": order}
            assert call("workflows/add_action", body, path=path).status == 201
        assert call("workflows/activate_workflow", path=path).status == 200
        self.engine.changes()
        clock.advance(seconds=1)
        self.lead_id = added()["id"]
        appointment(self.lead_id)
        self.records = self.engine.changes()

    def work(self) -> None:
        """The batch comes twice, as it may, before anything else happens."""
        self.engine.deliver(self.records)
        super().work()

    def check(self) -> None:
        [run] = call("executions/list_executions", path={"workflow_id": self.workflow_id}).json["items"]
        assert run["status"] == "completed", run
        logs = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"]
        made = call("tasks/list_tasks", query={"lead_id": self.lead_id}).json["items"]
        assert [task["title"] for task in made] == ["Ask Ada", "Prepare for Ada"]
        assert {task["created_by_execution"] for task in made} == {run["id"]}
        assert [log["output_data"]["task_id"] for log in (logs[2], logs[0])] == [task["id"] for task in made]
        assert len(stored("Task")) == 2
        # Written once each: whoever came later found them.
        assert {item["v"]["N"] for item in stored("Task")} == {"1"}


def test_each_task_is_made_once_wherever_the_process_dies() -> None:
    clock = Clock()
    with fresh_cloud(clock):
        states = places(TaskWorld(clock).work, *MODULES)
    assert len(states) > 15
    assert any("activities" in place[0] for place in states)
    for place in states:
        clock = Clock()
        with fresh_cloud(clock):
            world = TaskWorld(clock)
            assert kill_at(place, world.work, *MODULES), place
            world.recover()
            try:
                world.check()
            except AssertionError as error:
                error.add_note(f"killed at {place}")
                raise
