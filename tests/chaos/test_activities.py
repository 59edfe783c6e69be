"""An appointment starts a run that makes a task: killed in every state it can leave the world in, one of each."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import ClassVar

from leadflow.activities.service import tasks
from leadflow.activities.store import tasks as kept_tasks
from leadflow.core import holding
from leadflow.workflows.service import actions, dispatching, recovery, running, starting
from tests.chaos.worlds import Actions, World, alone, killed_everywhere
from tests.functional.activities.plans import appointment
from tests.functional.leads.people import added
from tests.functional.wire import stored
from tests.harness import call

MODULES: tuple[ModuleType, ...] = (
    *(dispatching, starting, recovery, running, actions),
    *(tasks, kept_tasks, holding),
)


class TaskWorld(World):
    """One appointment that a workflow waits for: make a task, wait a minute, make another."""

    trigger = "appointment_scheduled"
    actions: ClassVar[Actions] = [
        ("create_task", {"title": "Prepare for {{ lead.name }}", "due_in_hours": 1}),
        ("wait", {"minutes": 1}),
        ("create_task", {"title": "Ask {{ lead.name }}"}),
    ]

    def set_off(self) -> str:
        lead_id = str(added()["id"])
        appointment(lead_id)
        return lead_id

    def work(self) -> None:
        """The batch comes twice, as it may, before anything else happens."""
        self.engine.deliver(self.records)
        super().work()

    def check(self) -> None:
        logs = self.completed_logs()
        made = call("tasks/list_tasks", query={"lead_id": self.lead_id}).json["items"]
        assert [task["title"] for task in made] == ["Ask Ada", "Prepare for Ada"]
        assert {task["created_by_execution"] for task in made} == {self.run_record()["id"]}
        assert [log["output_data"]["task_id"] for log in (logs[2], logs[0])] == [task["id"] for task in made]
        assert len(stored("Task")) == 2
        # Written once each: whoever came later found them.
        assert {item["v"]["N"] for item in stored("Task")} == {"1"}


def test_each_task_is_made_once_wherever_the_process_dies() -> None:
    states = killed_everywhere(partial(alone, TaskWorld), *MODULES)
    assert any("activities" in place[0] for place in states)
