from __future__ import annotations

from tests.functional.workflows.conftest import MakeWorkflow
from tests.harness import call


def secret(workflow_id: str) -> str:
    return str(call("workflows/get_webhook_secret", path={"workflow_id": workflow_id}).json["secret"])


def test_each_workflow_has_a_secret_of_its_own_that_stays(make_workflow: MakeWorkflow) -> None:
    one, other = make_workflow(), make_workflow()

    assert secret(one) == secret(one) != secret(other)
    assert len(secret(one)) > 40


def test_only_who_may_change_workflows_sees_it(make_workflow: MakeWorkflow) -> None:
    path = {"workflow_id": make_workflow()}

    assert call("workflows/get_webhook_secret", path=path, scopes="workflows:read").status == 403


def test_a_workflow_that_is_not_there_is_404() -> None:
    assert call("workflows/get_webhook_secret", path={"workflow_id": "NONE"}).status == 404
