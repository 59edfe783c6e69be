from __future__ import annotations

import pytest

from leadflow.core import table
from leadflow.workflows.store import Workflow
from tests.harness import call


def test_a_workflow_starts_as_a_draft_without_runs() -> None:
    answer = call("workflows/create_workflow", {"name": "  Welcome  ", "description": "Greets people"})
    assert answer.status == 201
    record = answer.json
    assert answer.headers["location"] == f"/workflows/{record['id']}"
    assert answer.etag == '"1"'
    assert record["name"] == "Welcome"
    assert record["created_by"] == "KEY1"
    assert (record["status"], record["version"], record["execution_count"]) == ("draft", 0, 0)
    assert record["last_executed_at"] is None
    assert table.find(Workflow, f"WF#{record['id']}", "#META") is not None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "status": "active"}, "status"),
        ({"name": "x", "is_template": "yes"}, "is_template"),
        ({"name": "a\u0000b"}, "name"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, object], field: str) -> None:
    answer = call("workflows/create_workflow", body)
    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_the_same_idempotency_key_makes_one_workflow() -> None:
    headers = {"Idempotency-Key": "one"}
    first = call("workflows/create_workflow", {"name": "Welcome"}, headers=headers)
    second = call("workflows/create_workflow", {"name": "Welcome"}, headers=headers)
    assert second.json == first.json
    assert second.headers["idempotency-replayed"] == "true"
    assert len(call("workflows/list_workflows").json["items"]) == 1
