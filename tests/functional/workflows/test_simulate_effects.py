"""What a simulation says an action would do is what a real run then does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.wire import stored
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.judging import GOOD, SCHEMA, agent, said
from tests.functional.workflows.receiver import Receiver
from tests.harness import call


@pytest.fixture
def both(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
    receiver: Receiver,
) -> Callable[..., dict[str, Any]]:
    """Thinks a workflow of one action through for a lead, then runs it: the trace's entry, the run and its log."""

    def run(kind: str, config: dict[str, Any]) -> dict[str, Any]:
        workflow_id = make_workflow(trigger=None)
        add_action(workflow_id, kind, config)
        body = {"lead_id": make_lead(email=f"{workflow_id}@example.com"), "data": {"size": 7}}
        before, receiver.got = stored(), []
        thought = call("workflows/simulate_workflow", body, path={"workflow_id": workflow_id})
        assert thought.status == 200, thought.text
        assert (stored(), receiver.got) == (before, [])
        activate(workflow_id)
        run_id = call("workflows/run_workflow", body, path={"workflow_id": workflow_id}).json["id"]
        engine.run()
        logs = call("executions/list_logs", path={"execution_id": run_id}).json["items"]
        [entry] = thought.json["trace"]
        run = call("executions/get_execution", path={"execution_id": run_id}).json
        assert (thought.json["status"], entry["status"]) == (run["status"], logs[-1]["status"])
        assert entry["error_message"] == logs[-1]["error_message"]
        return {"entry": entry, "log": logs[-1], "thought": thought.json, "lead_id": body["lead_id"]}

    return run


def test_the_task_is_told_as_it_is_then_made(both: Any) -> None:
    config = {"title": "Call {{ lead.name }}", "description": "{{ trigger.size }} seats", "due_in_hours": 2}
    done = both("create_task", config)
    [task] = call("tasks/list_tasks", query={"lead_id": done["lead_id"]}).json["items"]
    told = done["entry"]["would"]["task"]
    assert told == {name: task[name] for name in told}
    assert (told["title"], told["description"]) == ("Call Ada Lovelace", "7 seats")
    assert told["due_at"] == "2026-03-02T11:00:01.000Z"


def test_the_request_is_told_as_it_is_then_sent(both: Any, receiver: Receiver) -> None:
    config = {
        "url": "http://hooks.example/{{ lead.name }}?size={{ trigger.size }}",
        "method": "PUT",
        "headers": {"X-Size": "{{ trigger.size }}", "X-Api-Key": "s3cret"},
        "body": {"who": "{{ lead.email }}"},
    }
    told = both("call_webhook", config)["entry"]["would"]["request"]
    [got] = receiver.got
    assert (told["method"], told["url"]) == (got.method, f"http://hooks.example{got.path}")
    assert told["body"] == got.body.decode()
    assert {name: got.headers[name.lower()] for name in told["headers"] if name != "X-Api-Key"} == {
        name: text for name, text in told["headers"].items() if name != "X-Api-Key"
    }
    assert told["headers"]["X-Api-Key"] == "[hidden]"


def test_what_cannot_be_written_fails_in_both(both: Any) -> None:
    done = both("create_task", {"title": "{% if trigger.size == 8 %}never{% endif %}"})
    assert done["entry"]["error_message"].startswith("InvalidInput")
    large = {"X-Large": "{% for n in (1..900) %}{{ lead.name }}{% endfor %}"}
    done = both("call_webhook", {"url": "http://hooks.example/x", "headers": large})
    assert done["entry"]["error_message"].startswith("InvalidInput")


def test_the_question_is_told_as_it_is_then_asked(both: Any, receiver: Receiver) -> None:
    receiver.usual = lambda _: said(GOOD)
    agent(instructions="You judge leads.", structured=True)
    config = {"agent": "judge", "prompt": "Is {{ lead.name }} a fit?", "output_schema": SCHEMA}
    done = both("run_ai_agent", config)
    told = done["entry"]["would"]["ask"]
    [got] = receiver.got
    assert {name: told[name] for name in got.json} == got.json
    assert set(told) - set(got.json) == {"agent", "most_cost"}
    assert done["entry"]["cost"] == done["thought"]["cost"] == told["most_cost"] >= done["log"]["output_data"]["cost"]
    assert "sk-1" not in str(done["thought"])


def test_what_an_agent_may_cost_is_known_before(both: Any, receiver: Receiver) -> None:
    receiver.usual = lambda _: said(GOOD)
    agent()
    config = {"agent": "judge", "prompt": "Hi"}
    assert both("run_ai_agent", {**config, "max_cost": 0.5})["entry"]["cost"] == 0.5
    done = both("run_ai_agent", {**config, "max_cost": 0.0001})
    assert done["entry"]["error_message"].startswith("BudgetExceeded: max_cost does not reach: 0 USD are spent")
    assert done["entry"]["cost"] == 0


def test_an_agent_that_is_not_there_fails_the_thought_run(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow(trigger=None)
    add_action(workflow_id, "run_ai_agent", {"agent": "nobody", "prompt": "Hi"})
    answer = call("workflows/simulate_workflow", {"lead": {}}, path={"workflow_id": workflow_id})
    assert answer.json["status"] == "failed"
    assert "NotFound" in answer.json["error_message"]
