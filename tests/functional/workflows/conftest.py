"""Workflows made over their own doors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from leadflow.core import aws
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

MakeWorkflow = Callable[..., str]
AddAction = Callable[..., str]


@pytest.fixture
def make_workflow() -> MakeWorkflow:
    def make(name: str = "Welcome", trigger: str | None = "lead_created", **config: Any) -> str:
        workflow_id = call("workflows/create_workflow", {"name": name}).json["id"]
        if trigger:
            body = {"trigger_type": trigger, "trigger_config": config}
            answer = call("workflows/add_trigger", body, path={"workflow_id": workflow_id})
            assert answer.status == 201, answer.text
        return str(workflow_id)

    return make


@pytest.fixture
def add_action() -> AddAction:
    def add(workflow_id: str, action_type: str, config: dict[str, Any], **more: Any) -> str:
        body = {"action_type": action_type, "action_config": config, **more}
        answer = call("workflows/add_action", body, path={"workflow_id": workflow_id})
        assert answer.status == 201, answer.text
        return str(answer.json["id"])

    return add


@pytest.fixture
def engine(clock: Clock) -> Engine:
    return Engine(clock)


@pytest.fixture
def activate() -> Callable[[str], Any]:
    def publish(workflow_id: str) -> Any:
        answer = call("workflows/activate_workflow", path={"workflow_id": workflow_id})
        assert answer.status == 200, answer.text
        return answer.json

    return publish


@pytest.fixture
def make_lead(clock: Clock) -> Callable[..., str]:
    """A lead made a second after what came before."""

    def make(**fields: Any) -> str:
        clock.advance(seconds=1)
        answer = call("leads/create_lead", {"name": "Ada Lovelace", "email": "ada@example.com", **fields})
        assert answer.status == 201, answer.text
        return str(answer.json["id"])

    return make


@pytest.fixture
def meanwhile() -> Callable[..., Any]:
    """Someone else's work, done once between what the code under test reads and what it then writes.

    It happens right before the next transaction, or with `on_query` right after the next query.
    """

    @contextmanager
    def interleaved(work: Callable[[], Any], *, on_query: bool = False) -> Iterator[list[Any]]:
        events = aws.client("dynamodb").meta.events
        name = "after-call.dynamodb.Query" if on_query else "before-call.dynamodb.TransactWriteItems"
        done: list[Any] = []

        def step_in(**_: Any) -> None:
            events.unregister(name, step_in)
            done.append(work())

        events.register(name, step_in)
        yield done
        assert len(done) == 1

    return interleaved
