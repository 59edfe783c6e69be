"""X26 and the longest workflow: nothing grows with the number of actions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from leadflow.core import aws
from leadflow.core.settings import settings
from leadflow.entry.posted import MAX_FORM_BYTES
from leadflow.workflows import rules, store, store_waiting
from leadflow.workflows.service import running
from tests.functional.leads.people import added
from tests.functional.wire import watched
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.hooking import ADA, BY_EMAIL
from tests.harness import call

Activate = Callable[[str], Any]


def action(workflow_id: str, number: int, kind: str, config: dict[str, Any]) -> store.WorkflowAction:
    action_id = f"01SIZE{number:020d}"
    return store.WorkflowAction(
        pk=f"WF#{workflow_id}",
        sk=f"ACT#{action_id}",
        id=action_id,
        workflow_id=workflow_id,
        action_type=kind,
        action_config=config,
        order=number,
    )


def test_three_thousand_actions_with_waits_between_run_to_their_end(
    make_workflow: MakeWorkflow, activate: Activate, engine: Engine
) -> None:
    """Every tenth is a wait: more segments than one state machine execution takes when most of it is used up."""
    workflow_id = make_workflow(trigger=None)
    first = f"01SIZE{0:020d}"
    took_yes = {"field": f"actions.{first}.output.branch", "op": "eq", "value": "yes"}
    with store.WorkflowAction.batch_write() as batch:
        for number in range(rules.MAX_ACTIONS):
            if number % 10 == 9:
                batch.save(action(workflow_id, number, "wait", {"minutes": 1}))
            else:
                batch.save(action(workflow_id, number, "condition", {"if": took_yes if number else {"all": []}}))
    activate(workflow_id)
    run_id = call("workflows/run_workflow", {}, path={"workflow_id": workflow_id}).json["id"]
    execution = store.load_execution(run_id)
    execution.segments = running.MAX_SEGMENTS - 100
    execution.save()
    largest, calls = 0, []
    for _ in range(rules.MAX_ACTIONS):
        starts = engine.starts() or [engine.asleep.pop()[1]]
        if engine.asleep:
            engine.asleep.clear()
        engine.clock.advance(minutes=1)
        with watched() as seen:
            outcome = engine.segment(starts[0])
        calls.append(len(seen))
        item = store.load_execution(run_id)
        largest = max(largest, len(json.dumps(item.to_simple_dict()["cursor"])))
        if item.status != "running":
            break
    assert (outcome, item.status, item.run) == ("done", "completed", 2)
    assert largest < 1_000
    # What ten actions ask of the table is the same from the first to the last.
    assert set(calls[10:60]) == set(calls[-60:-10])
    logs = aws.client("dynamodb").query(
        TableName=settings().table_name,
        KeyConditionExpression="pk = :p AND begins_with(sk, :l)",
        ExpressionAttributeValues={":p": {"S": f"WX#{run_id}"}, ":l": {"S": "LOG#"}},
        Select="COUNT",
    )
    assert logs["Count"] > 1_000


def test_the_segments_of_one_execution_fit_its_history() -> None:
    """Nine events a segment, and room for a tenth of the calls to be repeated twice by the platform."""
    assert running.MAX_SEGMENTS * (9 + 0.1 * 2 * 3) < 25_000


def test_x26_a_large_output_is_cut_and_says_so(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"for_event": "form_submitted"})
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    lead_id = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"}).json["id"]
    engine.deliver()
    [start] = engine.starts()
    assert engine.segment(start) == "wait"
    [waiter] = store_waiting.waiting_for(lead_id, "form_submitted")
    waiter.event = {"id": "1", "type": "form_submitted", "data": {"text": "x" * 50_000, "form_id": "a"}}
    waiter.save()
    engine.run()
    logs = call("executions/list_logs", path={"execution_id": start["execution_id"]}).json["items"]
    output = logs[0]["output_data"]
    assert (output["_cut"], output["text"]["size_bytes"], output["form_id"]) == (["text"], 50_002, "a")


def test_x26_a_hook_takes_what_a_run_can_carry_and_only_its_id_goes_on(hook: Any, engine: Engine) -> None:
    """The largest body that is taken runs to its end out of the table; a larger one is told so, and begins nothing."""
    added("ada@example.com")
    one = hook(match=BY_EMAIL)
    body = {**ADA, "text": ""}
    room = MAX_FORM_BYTES - len(json.dumps(body))

    one.begun({**body, "text": "x" * room})
    [start] = engine.starts()
    assert len(json.dumps(start)) < 200
    assert engine.segment(start) == "done"
    refused = one.post({**body, "text": "x" * (room + 1)})

    assert (refused.status, refused.json["type"]) == (413, "urn:leadflow:problem:payload_too_large")
    [run] = one.runs
    assert (run["status"], len(run["trigger_data"]["body"]["text"])) == ("completed", room)
