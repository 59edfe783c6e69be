from __future__ import annotations

import json
from typing import Any

import pytest

from leadflow.core import aws, seams, table
from leadflow.core.settings import settings
from leadflow.workflows import store
from tests.harness import door


@pytest.fixture
def machine() -> str:
    return settings().state_machine_arn


def deliver(*messages: Any) -> list[str]:
    records = [{"messageId": f"M{n}", "body": json.dumps(message)} for n, message in enumerate(messages)]
    failures = door("workflows/start_executions")({"Records": records}, None)["batchItemFailures"]
    return [failure["itemIdentifier"] for failure in failures]


def test_a_queued_run_is_started_under_its_own_name_with_ids_alone(machine: str) -> None:
    assert deliver({"execution_id": "E1", "run": 1}) == []
    [started] = aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert started["name"] == "E1-1"
    described = aws.client("stepfunctions").describe_execution(executionArn=started["executionArn"])
    assert json.loads(described["input"]) == {"execution_id": "E1", "run": 1}


def test_a_message_that_comes_twice_starts_it_once(machine: str) -> None:
    assert deliver({"execution_id": "E1", "run": 1}, {"execution_id": "E1", "run": 1}) == []
    assert deliver({"execution_id": "E1", "run": 1}) == []
    assert len(aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]) == 1


def test_only_what_failed_comes_back(machine: str) -> None:
    assert deliver({"nonsense": True}, {"execution_id": "E2", "run": 1}) == ["M0"]


def test_a_machine_that_is_not_there_keeps_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:none")
    seams.current().forget("settings")
    table.create(
        store.new_execution(id="E3", workflow_id="W", workflow_version=1, trigger_type="manual", started_at="x")
    )
    assert deliver({"execution_id": "E3", "run": 1}) == ["M0"]
