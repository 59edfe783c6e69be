from __future__ import annotations

from tests.functional.workflows.conftest import MakeWorkflow
from tests.harness import call


def test_only_what_is_given_changes(make_workflow: MakeWorkflow) -> None:
    path = {"workflow_id": make_workflow()}
    answer = call("workflows/update_workflow", {"description": "New"}, path=path)
    assert answer.status == 200
    assert (answer.json["name"], answer.json["description"]) == ("Welcome", "New")
    cleared = call("workflows/update_workflow", {"description": None}, path=path)
    assert cleared.json["description"] is None
    assert call("workflows/update_workflow", {"name": None}, path=path).status == 422


def test_a_stale_if_match_changes_nothing(make_workflow: MakeWorkflow) -> None:
    path = {"workflow_id": make_workflow()}
    etag = call("workflows/get_workflow", path=path).etag
    assert call("workflows/update_workflow", {"name": "A"}, path=path, headers={"If-Match": etag}).status == 200
    answer = call("workflows/update_workflow", {"name": "B"}, path=path, headers={"If-Match": etag})
    assert answer.status == 412
    assert call("workflows/get_workflow", path=path).json["name"] == "A"
