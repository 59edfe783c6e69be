"""The action run_ai_agent, against a model of the test's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadflow.core import effects, seams
from leadflow.workflows.service import asking, running
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.judging import COST, GOOD, SCHEMA, Ask, agent, said, spent, transcript
from tests.functional.workflows.receiver import Receiver, Reply
from tests.harness import call
from tests.infra import house


def test_a_prompt_is_asked_and_the_answer_is_the_output(ask: Ask, model: Receiver) -> None:
    agent(instructions="Be brief.")
    model.replies = [said("She fits.")]

    done = ask({})

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


def test_an_answer_that_fits_the_schema_is_parsed(ask: Ask, model: Receiver) -> None:
    agent()

    done = ask({"output_schema": SCHEMA})

    assert done["logs"][0]["output_data"]["answer"] == {"score": 7, "why": "fits"}
    assert json.dumps(SCHEMA) in model.got[0].json["messages"][0]["content"]
    assert "response_format" not in model.got[0].json


def test_an_endpoint_that_knows_schemas_is_told(ask: Ask, model: Receiver) -> None:
    agent(structured=True)

    ask({"output_schema": SCHEMA})

    shape = {"name": "answer", "schema": SCHEMA}
    assert model.got[0].json["response_format"] == {"type": "json_schema", "json_schema": shape}


@pytest.mark.parametrize("text", ["```json\n" + GOOD + "\n```", "  " + GOOD + "\n", "```\n" + GOOD + "```"])
def test_json_in_a_fence_is_json(ask: Ask, model: Receiver, text: str) -> None:
    agent()
    model.replies = [said(text)]

    assert ask({"output_schema": SCHEMA})["logs"][0]["output_data"]["answer"]["score"] == 7
    assert len(model.got) == 1


@pytest.mark.parametrize(
    "text", ["no json", '{"score": 11}', '{"score": 1, "x": 1}', "[]", '{"score": NaN}', "[" * 5000]
)
def test_an_answer_that_does_not_fit_is_sent_back_once(ask: Ask, model: Receiver, text: str) -> None:
    agent()
    model.replies = [said(text)]

    done = ask({"output_schema": SCHEMA})

    first, second = model.got
    assert second.json["messages"][:2] == first.json["messages"]
    assert second.json["messages"][2] == {"role": "assistant", "content": text}
    assert "does not fit" in second.json["messages"][3]["content"]
    assert done["logs"][0]["output_data"]["answer"]["score"] == 7
    assert done["logs"][0]["output_data"]["cost"] == 2 * COST
    assert spent() == [400]


def test_a_second_answer_that_does_not_fit_is_the_last(ask: Ask, model: Receiver) -> None:
    agent()
    model.usual = lambda _: said("Ada is no JSON")

    done = ask({"output_schema": SCHEMA})

    [log] = done["logs"]
    assert (done["execution"]["status"], len(model.got)) == ("failed", 2)
    assert log["error_message"].startswith("UpstreamRejected: The answer does not fit output_schema")
    assert "Ada" not in log["error_message"]
    record = transcript(done)
    assert [message["role"] for message in record["messages"]] == ["system", "user", "assistant", "user", "assistant"]
    assert (record["cost"], record["outcome"]) == (2 * COST, "rejected")


def test_what_is_cut_off_is_not_asked_for_again(ask: Ask, model: Receiver) -> None:
    agent()
    model.replies = [said('{"score": ', finish_reason="length")]

    done = ask({"output_schema": SCHEMA})

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
def test_an_answer_that_is_none_fails_and_is_paid_for(ask: Ask, model: Receiver, reply: Reply) -> None:
    agent()
    model.replies = [reply]

    done = ask({})

    [log] = done["logs"]
    assert (done["execution"]["status"], len(model.got)) == ("failed", 1)
    assert log["error_message"].startswith("UpstreamRejected: ")
    assert spent()[0] >= 200


@pytest.mark.parametrize(
    ("status", "error"), [(401, "CredentialsRefused"), (403, "CredentialsRefused"), (400, "UpstreamRejected")]
)
def test_a_refusal_is_final_and_costs_nothing(ask: Ask, model: Receiver, status: int, error: str) -> None:
    agent()
    model.replies = [Reply(status)]

    done = ask({})

    assert done["logs"][0]["error_message"].startswith(error)
    assert (len(model.got), spent()) == (1, [0])


def test_an_endpoint_whose_name_leads_inside_is_not_called(ask: Ask, model: Receiver) -> None:
    agent()
    seams.current().kept["network"].names["models.example"] = ["10.0.0.1"]

    done = ask({})

    assert done["logs"][0]["error_message"].startswith("InvalidInput: agent: the host leads to a private")
    assert (model.got, spent()) == ([], [0])


def test_activation_wants_an_agent_that_is_there(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    agent("off", is_active=False)
    workflow_id = make_workflow()
    for name in ("nobody", "off"):
        add_action(workflow_id, "run_ai_agent", {"agent": name, "prompt": "Hello"})

    answer = call("workflows/activate_workflow", path={"workflow_id": workflow_id})

    assert answer.status == 422
    assert {error["message"] for error in answer.json["errors"]} == {
        "there is no active agent nobody",
        "there is no active agent off",
    }


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


def test_a_long_conversation_is_read_by_its_own_route(ask: Ask, model: Receiver) -> None:
    agent()
    model.replies = [said("word " * 10_000)]

    done = ask({})

    output = done["logs"][0]["output_data"]
    assert "messages" not in output
    assert (len(output["answer"]), output["truncated"]) == (16_000, True)
    assert len(transcript(done)["messages"][-1]["content"]) == 50_000


def test_two_calls_and_a_segment_before_them_fit_into_the_functions_time() -> None:
    longest = running.SEGMENT_SECONDS + (asking.MAX_REPAIRS + 1) * asking.CALL_SECONDS

    assert longest + 10 < house.functions()["workflows/run_segment"].timeout
    assert house.functions()["workflows/run_segment"].timeout < effects.LEASE.total_seconds()
