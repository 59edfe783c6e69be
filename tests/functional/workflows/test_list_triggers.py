from __future__ import annotations

from tests.functional.workflows.conftest import MakeWorkflow
from tests.harness import Clock, call


def test_all_triggers_of_a_workflow_are_listed(make_workflow: MakeWorkflow, clock: Clock) -> None:
    path = {"workflow_id": make_workflow()}
    clock.advance(seconds=1)
    call("workflows/add_trigger", {"trigger_type": "score_threshold", "trigger_config": {"gte": 50}}, path=path)
    page = call("workflows/list_triggers", path=path).json
    assert [trigger["trigger_type"] for trigger in page["items"]] == ["lead_created", "score_threshold"]
    assert page["next_cursor"] is None
    assert call("workflows/list_triggers", path={"workflow_id": "NONE"}).status == 404
