"""Workflows and messages: the trigger `message_received` and the action `send_message`."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.functional.channels.accounts import make
from tests.functional.channels.conftest import provider
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import ANA, conversation, lead_id, messages, takes, write
from tests.functional.webhooks.services import SMS, WHATSAPP
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.test_dispatch_changes import Activate, runs_of, tagging
from tests.harness import call

__all__ = ["provider"]


def logs_of(workflow_id: str) -> list[dict[str, Any]]:
    (run,) = runs_of(workflow_id)
    found: list[dict[str, Any]] = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"]
    return found


def texts(at: Provider) -> list[str]:
    return [parse_qs(one.body.decode())["Body"][0] for one in at.asked if one.method == "POST"]


def test_what_a_person_writes_starts_a_run(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    every = tagging(make_workflow, add_action, trigger="message_received")
    priced = tagging(make_workflow, add_action, trigger="message_received", channel="sms", contains="PRICE")
    other = tagging(make_workflow, add_action, trigger="message_received", channel="whatsapp")
    for workflow_id in (every, priced, other):
        activate(workflow_id)
    channel = make(SMS)

    write(channel, "Hello", sid="SM1")
    write(channel, "What is the price?", sid="SM2")
    write(channel, "What is the price?", sid="SM2", ToState="CA")
    engine.run()

    assert [len(runs_of(workflow_id)) for workflow_id in (every, priced, other)] == [2, 1, 0]
    (run,) = runs_of(priced)
    assert run["trigger_data"] == {
        "message_id": messages()[1]["id"],
        "conversation_id": conversation()["id"],
        "channel": "sms",
        "text": "What is the price?",
    }


def test_a_workflow_answers(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    engine: Engine,
    provider: Provider,
) -> None:
    workflow_id = make_workflow(trigger="message_received")
    add_action(workflow_id, "send_message", {"channel": "sms", "content": "Thanks for “{{ trigger.text }}”!"})
    channel = make(SMS)
    activate(workflow_id)
    takes(provider)

    write(channel, "the news")
    engine.run()

    assert texts(provider) == ["Thanks for “the news”!"]
    (log,) = logs_of(workflow_id)
    answer = messages()[1]
    assert log["output_data"] == {"message_id": answer["id"], "outcome": "accepted"}
    assert (answer["status"], answer["metadata"]["automatic"]) == ("sent", True)
    assert conversation()["channel"] == "sms"


def test_a_lead_is_written_to_first(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    engine: Engine,
    provider: Provider,
) -> None:
    make(SMS)
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "send_message", {"channel": "sms", "content": "Welcome {{ lead.name }}"})
    activate(workflow_id)
    takes(provider)

    lead_id(phone=ANA, name="Ana")
    lead_id(email="b@example.com")
    engine.run()

    assert texts(provider) == ["Welcome Ana"]
    runs = runs_of(workflow_id)
    logs = [call("executions/list_logs", path={"execution_id": run["id"]}).json["items"][0] for run in runs]
    assert sorted((log["status"], log["reason"]) for log in logs) == [("completed", None), ("skipped", "no_address")]


def test_without_a_channel_the_action_fails_and_says_which(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    engine: Engine,
) -> None:
    channel = make(SMS)
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "send_message", {"channel": "sms", "content": "Welcome"})
    activate(workflow_id)
    path = {"channel_id": channel["id"]}
    assert call("channels/update_channel", {"is_active": False}, path=path).status == 200

    lead_id(phone=ANA, name="Ana")
    engine.run()

    (run,) = runs_of(workflow_id)
    (log,) = logs_of(workflow_id)
    assert (run["status"], log["status"]) == ("failed", "failed")
    assert "no active sms channel" in log["error_message"]


def test_outside_the_window_it_is_skipped_and_a_template_goes(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    engine: Engine,
    provider: Provider,
) -> None:
    make(WHATSAPP)
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "send_message", {"channel": "whatsapp", "content": "Hello"}, order=0)
    template = {"channel": "whatsapp", "template": "HX1", "template_variables": {"1": "{{ lead.name }}"}}
    add_action(workflow_id, "send_message", template, order=1)
    activate(workflow_id)
    takes(provider)

    lead_id(phone=ANA, name="Ana")
    engine.run()

    first, second = logs_of(workflow_id)
    assert (first["status"], first["reason"]) == ("skipped", "window_closed")
    assert second["status"] == "completed"
    (asked,) = provider.asked
    assert parse_qs(asked.body.decode())["ContentVariables"] == ['{"1": "Ana"}']


def test_no_machine_is_answered(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    engine: Engine,
) -> None:
    from tests.functional.conversations.test_mail import mail

    workflow_id = tagging(make_workflow, add_action, trigger="message_received")
    activate(workflow_id)

    mail("m1@example.com", "I am away", headers="Auto-Submitted: auto-replied")
    engine.run()

    assert runs_of(workflow_id) == []
    assert conversation()["unread_count"] == 0


def test_a_refused_message_fails_the_action(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    engine: Engine,
    provider: Provider,
) -> None:
    make(SMS)
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "send_message", {"channel": "sms", "content": "Welcome"})
    activate(workflow_id)
    provider.answers(400, {"code": 21211, "message": "bad number"})

    lead_id(phone=ANA)
    engine.run()

    (log,) = logs_of(workflow_id)
    assert (log["status"], messages()[0]["error_code"]) == ("failed", "invalid_recipient")


def test_the_same_visit_sends_once_whatever_is_repeated(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    engine: Engine,
    provider: Provider,
) -> None:
    make(SMS)
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "send_message", {"channel": "sms", "content": "Welcome"})
    activate(workflow_id)
    provider.hangs_up = True

    lead_id(phone=ANA)
    engine.run()

    assert len(provider.asked) == 1
    (log,) = logs_of(workflow_id)
    assert (log["status"], messages()[0]["error_code"]) == ("failed", "outcome_unknown")


@pytest.mark.parametrize(
    "config",
    [
        {"channel": "sms"},
        {"channel": "sms", "content": "a", "template": "HX"},
        {"channel": "chat", "content": "a"},
        {"channel": "sms", "content": "a", "template_variables": {"1": "a"}},
    ],
)
def test_a_configuration_that_cannot_be_is_refused(make_workflow: MakeWorkflow, config: dict[str, Any]) -> None:
    body = {"action_type": "send_message", "action_config": config}

    assert call("workflows/add_action", body, path={"workflow_id": make_workflow()}).status == 422


def test_simulating_and_explaining_say_what_the_run_does(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, provider: Provider
) -> None:
    make(SMS)
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "send_message", {"channel": "sms", "content": "Welcome {{ lead.name }}"})
    activate(workflow_id)
    ana = lead_id(phone=ANA, name="Ana")

    body, path = {"lead_id": ana}, {"workflow_id": workflow_id}
    (step,) = call("workflows/simulate_workflow", body, path=path).json["trace"]
    assert step["would"] == {"message": {"channel": "sms", "to": ANA, "content": "Welcome Ana", "template": None}}
    call("leads/update_lead", {"consent": {"sms": {"opted_in": False}}}, path={"lead_id": ana})
    (step,) = call("workflows/simulate_workflow", body, path=path).json["trace"]
    assert (step["status"], step["reason"]) == ("skipped", "opted_out")
    told = call("leads/explain_lead", path={"lead_id": ana}, query={"workflow_id": workflow_id}).json
    assert told["primary_reason"] == "opted_out"
    assert provider.asked == []
