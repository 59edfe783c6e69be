from __future__ import annotations

from tests.harness import call


def test_a_run_that_is_not_there_is_404() -> None:
    answer = call("executions/get_transcript", path={"execution_id": "NONE", "action_id": "NONE"})

    assert answer.status == 404
    assert answer.json["detail"] == "There is no execution NONE."
