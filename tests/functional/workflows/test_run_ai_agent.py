"""The action run_ai_agent, against a model of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leadflow.core import effects, seams
from leadflow.workflows.service import asking, running
from tests.functional import wire
from tests.functional.leads.announced import work
from tests.functional.leads.erasing import erase, queued
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.receiver import Receiver, Reply, outside
from tests.functional.workflows.test_call_webhook import outcome
from tests.harness import Clock, call
from tests.infra import house

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}, "why": {"type": "string"}},
    "required": ["score"],
    "additionalProperties": False,
}
GOOD = '{"score": 7, "why": "fits"}'
# USD per million tokens; the model of these tests says 100 tokens in and 50 out, which cost 100 × 1 + 50 × 2 µUSD.
PRICES = {"input_price": 1.0, "output_price": 2.0}
COST = 0.0002
Run = Callable[..., dict[str, Any]]


def said(text: str | None, *, finish_reason: str = "stop", usage: Any = True, **more: Any) -> Reply:
    counts = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150} if usage is True else usage
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}
    return Reply(200, json.dumps({"id": "c1", "choices": [choice], "usage": counts, **more}).encode())


@pytest.fixture
def model() -> Iterator[Receiver]:
    with outside() as (receiver, _):
        receiver.usual = lambda _: said(GOOD)
        yield receiver


def agent(name: str = "judge", **fields: Any) -> None:
    body = {"base_url": "http://models.example/v1", "model": "small", "api_key": "sk-1", "max_tokens": 200}
    answer = call("agents/put_agent", {**body, **PRICES, **fields}, path={"name": name})
    assert answer.status == 200, answer.text


@pytest.fixture
def run(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
    model: Receiver,
) -> Run:
    """Runs a workflow with this one action for a new lead, or for the lead that is given."""

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


def transcript(done: dict[str, Any]) -> dict[str, Any]:
    path = {"execution_id": done["execution"]["id"], "action_id": done["action_id"]}
    answer = call("executions/get_transcript", path=path)
    assert answer.status == 200, answer.text
    record: dict[str, Any] = answer.json
    return record


def spent() -> list[int]:
    """What the days say, in millionths of a USD."""
    return [int(item["spent"]["N"]) for item in wire.stored("AgentSpend")]


def test_a_prompt_is_asked_and_the_answer_is_the_output(run: Run, model: Receiver) -> None:
    agent(instructions="Be brief.")
    model.replies = [said("She fits.")]

    done = run({})

    [got] = model.got
    assert (got.method, got.path) == ("POST", "/v1/chat/completions")
    assert got.headers["authorization"] == "Bearer sk-1"
    assert got.json == {
        "model": "small",
        "max_tokens": 200,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Judge Ada Lovelace."},
        ],
    }
    [log] = done["logs"]
    output = log["output_data"]
    assert (done["execution"]["status"], output["answer"], output["cost"]) == ("completed", "She fits.", COST)
    assert output["messages"][-1] == {"role": "assistant", "content": "She fits."}
    assert [(one["input_tokens"], one["output_tokens"], one["cost"]) for one in output["calls"]] == [(100, 50, COST)]
    assert spent() == [200]
    path = f"/executions/{done['execution']['id']}/transcripts/{done['action_id']}"
    assert output["transcript_url"] == path


def test_an_answer_that_fits_the_schema_is_parsed(run: Run, model: Receiver) -> None:
    agent()

    done = run({"output_schema": SCHEMA})

    assert done["logs"][0]["output_data"]["answer"] == {"score": 7, "why": "fits"}
    assert json.dumps(SCHEMA) in model.got[0].json["messages"][0]["content"]
    assert "response_format" not in model.got[0].json


def test_an_endpoint_that_knows_schemas_is_told(run: Run, model: Receiver) -> None:
    agent(structured=True)

    run({"output_schema": SCHEMA})

    shape = {"name": "answer", "schema": SCHEMA}
    assert model.got[0].json["response_format"] == {"type": "json_schema", "json_schema": shape}


@pytest.mark.parametrize("text", ["```json\n" + GOOD + "\n```", "  " + GOOD + "\n", "```\n" + GOOD + "```"])
def test_json_in_a_fence_is_json(run: Run, model: Receiver, text: str) -> None:
    agent()
    model.replies = [said(text)]

    assert run({"output_schema": SCHEMA})["logs"][0]["output_data"]["answer"]["score"] == 7
    assert len(model.got) == 1


@pytest.mark.parametrize(
    "text", ["no json", '{"score": 11}', '{"score": 1, "x": 1}', "[]", '{"score": NaN}', "[" * 5000]
)
def test_an_answer_that_does_not_fit_is_sent_back_once(run: Run, model: Receiver, text: str) -> None:
    agent()
    model.replies = [said(text)]

    done = run({"output_schema": SCHEMA})

    first, second = model.got
    assert second.json["messages"][:2] == first.json["messages"]
    assert second.json["messages"][2] == {"role": "assistant", "content": text}
    assert "does not fit" in second.json["messages"][3]["content"]
    assert done["logs"][0]["output_data"]["answer"]["score"] == 7
    assert done["logs"][0]["output_data"]["cost"] == 2 * COST
    assert spent() == [400]


def test_a_second_answer_that_does_not_fit_is_the_last(run: Run, model: Receiver) -> None:
    agent()
    model.usual = lambda _: said("Ada is no JSON")

    done = run({"output_schema": SCHEMA})

    [log] = done["logs"]
    assert (done["execution"]["status"], len(model.got)) == ("failed", 2)
    assert log["error_message"].startswith("UpstreamRejected: The answer does not fit output_schema")
    assert "Ada" not in log["error_message"]
    record = transcript(done)
    assert [message["role"] for message in record["messages"]] == ["system", "user", "assistant", "user", "assistant"]
    assert (record["cost"], record["outcome"]) == (2 * COST, "rejected")


def test_what_is_cut_off_is_not_asked_for_again(run: Run, model: Receiver) -> None:
    agent()
    model.replies = [said('{"score": ', finish_reason="length")]

    done = run({"output_schema": SCHEMA})

    assert "cut off at max_tokens" in done["logs"][0]["error_message"]
    assert len(model.got) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>"),
        Reply(200, b"{}"),
        Reply(200, b'{"choices": []}'),
        Reply(200, b'{"choices": [{"message": null}]}'),
        Reply(200, b"[" * 100_000),
        Reply(200, b'{"choices": [{"message": {"content": "' + b"x" * 300_000 + b'"}}]}'),
        said(None),
        said("   "),
        said("x" * 120_000),
    ],
    ids=["html", "empty", "no-choice", "null", "deep", "endless", "no-text", "blank", "long"],
)
def test_an_answer_that_is_none_fails_and_is_paid_for(run: Run, model: Receiver, reply: Reply) -> None:
    agent()
    model.replies = [reply]

    done = run({})

    [log] = done["logs"]
    assert (done["execution"]["status"], len(model.got)) == ("failed", 1)
    assert log["error_message"].startswith("UpstreamRejected: ")
    assert spent()[0] >= 200


def test_an_endpoint_that_tells_no_usage_costs_what_was_reserved(run: Run, model: Receiver) -> None:
    agent()
    model.replies = [said("yes", usage=None)]

    done = run({})

    assert done["logs"][0]["output_data"]["cost"] > COST
    assert spent() == [round(done["logs"][0]["output_data"]["cost"] * 1e6)]


def test_max_cost_is_kept_before_the_call(run: Run, model: Receiver) -> None:
    agent()

    done = run({"max_cost": 0.0003})

    [log] = done["logs"]
    assert (done["execution"]["status"], model.got) == ("failed", [])
    assert log["error_message"].startswith("BudgetExceeded: max_cost does not reach: 0 USD are spent")
    assert spent() == []


def test_max_cost_counts_the_tries_before(run: Run, model: Receiver) -> None:
    """The first call may cost 0.001 and does cost 0.0002; the second, which says more, might pass 0.0012 with that."""
    agent()
    model.usual = lambda _: said("no json")

    done = run({"output_schema": SCHEMA, "max_cost": 0.0012, "max_tokens": 300})

    assert done["execution"]["status"] == "failed"
    assert len(model.got) == 1
    assert "BudgetExceeded" in done["logs"][0]["error_message"]
    assert spent() == [200]


def test_a_model_that_is_free_needs_no_budget(run: Run, model: Receiver) -> None:
    agent(input_price=0, output_price=0)

    assert run({"max_cost": 0})["execution"]["status"] == "completed"


@pytest.fixture
def small_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_DAILY_BUDGET", "0.001")
    seams.current().forget("settings")


def test_a_lead_has_a_budget_for_a_day(run: Run, model: Receiver, clock: Clock, small_day: None) -> None:
    agent()
    lead_id = run({})["lead_id"]
    statuses = [run({}, lead_id)["execution"]["status"] for _ in range(4)]

    assert statuses == ["completed", "completed", "failed", "failed"]
    assert spent() == [600]

    clock.advance(days=1)
    assert run({}, lead_id)["execution"]["status"] == "completed"


def test_the_budget_of_one_lead_is_not_anothers(
    run: Run, model: Receiver, make_lead: Callable[..., str], small_day: None
) -> None:
    agent()
    lead_id = run({})["lead_id"]
    assert [run({}, lead_id)["execution"]["status"] for _ in range(3)][-1] == "failed"
    other = make_lead(email="bob@example.com")

    assert run({}, other)["execution"]["status"] == "completed"


def test_no_number_of_runs_at_once_passes_the_budget(run: Run, model: Receiver, small_day: None) -> None:
    """What one call may cost is taken before it is made: a second that comes meanwhile finds it taken."""
    agent(max_tokens=400)
    lead_id = ""
    inner: list[str] = []

    def meanwhile(_: Any) -> None:
        model.before_reply = None
        inner.append(run({}, lead_id)["logs"][0]["error_message"])

    lead_id = call("leads/create_lead", {"name": "Ada", "email": "a@example.com"}).json["id"]
    model.before_reply = meanwhile

    assert run({}, lead_id)["execution"]["status"] == "completed"
    assert inner[0].startswith("BudgetExceeded: The budget for agents of 2026-03-02 (UTC)")
    assert spent() == [200]


def test_what_may_pass_is_repeated_and_costs_nothing(run: Run, model: Receiver) -> None:
    agent()
    model.replies = [Reply(429, headers={"Retry-After": "5"}), Reply(503)]

    done = run({})

    assert [log["status"] for log in done["logs"]] == ["failed", "failed", "completed"]
    assert spent() == [200]
    assert [one["outcome"] for one in transcript(done)["calls"]] == ["status 429", "status 503", "stop"]


def test_a_call_in_doubt_is_repeated_once_and_counts_in_full(run: Run, model: Receiver) -> None:
    agent()
    model.replies = [Reply(hang_up=True)]

    done = run({})

    assert [log["status"] for log in done["logs"]] == ["failed", "completed"]
    calls = transcript(done)["calls"]
    assert [one["outcome"] for one in calls] == ["unknown", "stop"]
    assert spent() == [round((calls[0]["cost"] + COST) * 1e6)]
    assert calls[0]["cost"] > COST


def test_a_second_doubt_is_the_last(run: Run, model: Receiver) -> None:
    agent()
    model.usual = lambda _: Reply(500)

    done = run({"retry": {"max_attempts": 10}})

    assert (done["execution"]["status"], len(model.got)) == ("failed", 2)
    assert done["logs"][-1]["error_message"].startswith("OutcomeUnknown: ")


@pytest.mark.parametrize(
    ("status", "error"), [(401, "CredentialsRefused"), (403, "CredentialsRefused"), (400, "UpstreamRejected")]
)
def test_a_refusal_is_final_and_costs_nothing(run: Run, model: Receiver, status: int, error: str) -> None:
    agent()
    model.replies = [Reply(status)]

    done = run({})

    assert done["logs"][0]["error_message"].startswith(error)
    assert (len(model.got), spent()) == (1, [0])


def test_an_endpoint_whose_name_leads_inside_is_not_called(run: Run, model: Receiver) -> None:
    agent()
    seams.current().kept["network"].names["models.example"] = ["10.0.0.1"]

    done = run({})

    assert done["logs"][0]["error_message"].startswith("InvalidInput: agent: the host leads to a private")
    assert (model.got, spent()) == ([], [0])


def test_activation_wants_an_agent_that_is_there(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    agent("off", is_active=False)
    workflow_id = make_workflow()
    for name in ("nobody", "off"):
        add_action(workflow_id, "run_ai_agent", {"agent": name, "prompt": "Hello"})

    answer = call("workflows/activate_workflow", path={"workflow_id": workflow_id})

    assert answer.status == 422
    assert [error["message"] for error in answer.json["errors"]] == [
        "there is no active agent nobody",
        "there is no active agent off",
    ]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"agent": "No Name"}, "agent"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "{{ open"}, "prompt"),
        ({"output_schema": {"type": "thing"}}, "output_schema"),
        ({"output_schema": {"$ref": "http://169.254.169.254/"}}, "output_schema"),
        ({"output_schema": {"type": "string", "pattern": "(a+)+$"}}, "output_schema"),
        ({"output_schema": {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}}, "output_schema"),
        ({"output_schema": "object"}, "output_schema"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_cost": -1}, "max_cost"),
        ({"tools": []}, "tools"),
    ],
)
def test_what_cannot_be_asked_is_refused_when_it_is_written(
    make_workflow: MakeWorkflow, config: dict[str, Any], field: str
) -> None:
    body = {"action_type": "run_ai_agent", "action_config": {"agent": "judge", "prompt": "Hello", **config}}
    answer = call("workflows/add_action", body, path={"workflow_id": make_workflow()})

    assert answer.status == 422, answer.text
    assert any(error["field"].startswith(f"action_config.{field}") for error in answer.json["errors"]), answer.json


def test_a_long_conversation_is_read_by_its_own_route(run: Run, model: Receiver) -> None:
    agent()
    model.replies = [said("word " * 10_000)]

    done = run({})

    output = done["logs"][0]["output_data"]
    assert "messages" not in output
    assert (len(output["answer"]), output["truncated"]) == (16_000, True)
    assert len(transcript(done)["messages"][-1]["content"]) == 50_000


def test_two_calls_and_a_segment_before_them_fit_into_the_functions_time() -> None:
    longest = running.SEGMENT_SECONDS + (asking.MAX_REPAIRS + 1) * asking.CALL_SECONDS

    assert longest + 10 < house.functions()["workflows/run_segment"].timeout
    assert house.functions()["workflows/run_segment"].timeout < effects.LEASE.total_seconds()


def test_an_erased_persons_conversations_and_costs_are_gone(run: Run, model: Receiver) -> None:
    agent()
    done = run({})
    assert wire.stored("AgentRun")
    assert wire.stored("AgentSpend")

    assert erase(done["lead_id"]).status == 202
    assert work(*queued()) == []

    assert (wire.stored("AgentRun"), wire.stored("AgentSpend")) == ([], [])


def test_a_run_without_a_lead_counts_for_its_workflow(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any], engine: Engine, model: Receiver
) -> None:
    agent()
    workflow_id = make_workflow(trigger=None)
    add_action(workflow_id, "run_ai_agent", {"agent": "judge", "prompt": "Hello {{ trigger.who }}"})
    activate(workflow_id)
    call("workflows/run_workflow", {"data": {"who": "you"}}, path={"workflow_id": workflow_id})
    engine.run()

    assert outcome(workflow_id)["execution"]["status"] == "completed"
    assert model.got[0].json["messages"] == [{"role": "user", "content": "Hello you"}]
    assert [item["pk"]["S"] for item in wire.stored("AgentSpend")] == [f"SPEND#WF#{workflow_id}"]
