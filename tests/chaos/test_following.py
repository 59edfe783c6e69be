"""A run that follows a newer version is killed in every state it can leave: it moves once and does nothing twice."""

from __future__ import annotations

from functools import partial
from types import ModuleType

from leadflow.workflows import store
from leadflow.workflows.service import actions, following, recovery, running
from tests.chaos.test_engine import TwiceTagged
from tests.chaos.worlds import alone, killed_everywhere
from tests.harness import Clock, call

MOVING: tuple[ModuleType, ...] = (running, following, recovery, actions)


class Followed(TwiceTagged):
    """The run waits, and then its wait is replaced by another tag, in a version that it is to follow."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.engine.deliver(self.records)
        for start in self.engine.starts():
            assert self.engine.segment(start) == "wait"
        path = {"workflow_id": self.workflow_id}
        [wait] = [item.id for item in store.actions_of(self.workflow_id) if item.action_type == "wait"]
        assert call("workflows/delete_action", path={**path, "action_id": wait}).status == 204
        body = {"action_type": "update_lead", "action_config": {"add_tags": ["instead"]}, "order": 2}
        assert call("workflows/add_action", body, path=path).status == 201
        assert call("workflows/activate_workflow", {"running": "follow"}, path=path).status == 200

    def work(self) -> None:
        self.engine.run()

    def check(self) -> None:
        logs = self.completed_logs()
        assert self.run_record()["workflow_version"] == 2
        assert [(log["action_type"], log["status"], log["workflow_version"]) for log in logs] == [
            ("condition", "completed", 1),
            ("update_lead", "completed", 1),
            ("wait", "skipped", 1),
            ("update_lead", "completed", 2),
            ("update_lead", "completed", 2),
        ]
        assert self.lead().json["tags"] == ["one", "instead", "two"]
        assert self.lead().etag == '"4"'


def test_a_run_moves_once_wherever_the_process_dies() -> None:
    killed_everywhere(partial(alone, Followed), *MOVING, fewest=11)
