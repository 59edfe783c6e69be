"""Workflows made over their own doors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from leadflow.core import aws
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.receiver import Receiver, outside
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
def timers(clock: Clock) -> Any:
    # Imported here: these helpers name the types above.
    from tests.functional.workflows.timers import Timers

    return Timers(clock)


@pytest.fixture
def timed(make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]) -> Callable[..., str]:
    """A workflow that a clock sets off, in force; it tags its lead."""

    def make(schedule: str = "rate(1 hour)", **config: Any) -> str:
        workflow_id = make_workflow(trigger="time_based", schedule=schedule, **config)
        add_action(workflow_id, "update_lead", {"add_tags": ["seen"]})
        activate(workflow_id)
        return workflow_id

    return make


@pytest.fixture
def hook(make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]) -> Any:
    """A workflow that a hook sets off, in force; it tags its lead."""
    from tests.functional.workflows.hooking import Hook

    def make(**config: Any) -> Hook:
        workflow_id = make_workflow(trigger="webhook", **config)
        add_action(workflow_id, "update_lead", {"add_tags": ["seen"]})
        activate(workflow_id)
        return Hook(workflow_id)

    return make


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """What webhooks reach."""
    with outside() as (made, _):
        yield made


@pytest.fixture
def model() -> Iterator[Receiver]:
    """What agents ask."""
    from tests.functional.workflows.judging import GOOD, said

    with outside() as (made, _):
        made.usual = lambda _: said(GOOD)
        yield made


@pytest.fixture
def ask(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
    model: Receiver,
) -> Callable[..., dict[str, Any]]:
    """Runs a workflow whose one action asks an agent, for a new lead, or for the lead that is given."""
    from tests.functional.workflows.test_call_webhook import outcome

    def runs(config: dict[str, Any], lead_id: str | None = None) -> dict[str, Any]:
        workflow_id = make_workflow(trigger=None)
        fields = {"agent": "judge", "prompt": "Judge {{ lead.name }}.", **config}
        action_id = add_action(workflow_id, "run_ai_agent", fields)
        activate(workflow_id)
        lead_id = lead_id or make_lead()
        answer = call("workflows/run_workflow", {"lead_id": lead_id}, path={"workflow_id": workflow_id})
        assert answer.status == 202, answer.text
        engine.run()
        return outcome(workflow_id) | {"workflow_id": workflow_id, "action_id": action_id, "lead_id": lead_id}

    return runs


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
