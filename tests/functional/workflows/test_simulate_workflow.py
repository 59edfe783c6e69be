from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.campaigns import service as campaigns
from leadflow.workflows import store
from tests.functional.campaigns.mailing import email_channel, mail_service, template
from tests.functional.wire import stored
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import Answer, Clock, call

FAILS = {"until": "lead.custom.missing"}
SOURCES = ["website", "ads", "api"]


def simulate(workflow_id: str, **body: Any) -> Answer:
    return call("workflows/simulate_workflow", body, path={"workflow_id": workflow_id})


def trace_of(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 200, answer.text
    return [(entry["action_type"], entry["status"]) for entry in answer.json["trace"]]


@pytest.fixture
def draft(make_workflow: MakeWorkflow, add_action: AddAction) -> dict[str, str]:
    """wait for an opened mail a day → opened: qualify · else tag cold; never published."""
    workflow_id = make_workflow()
    config = {"for_event": "email_opened", "event_config": {"link": None}, "timeout_hours": 24}
    wait = add_action(workflow_id, "wait", {**config, "event_config": {}})
    opened = {"field": f"actions.{wait}.output.event", "op": "eq", "value": "email_opened"}
    gate = add_action(workflow_id, "condition", {"if": opened}, order=1)
    yes, no = ({"parent_action_id": gate, "condition": {"branch": side}} for side in ("yes", "no"))
    add_action(workflow_id, "update_lead", {"set": {"status": "qualified"}}, **yes)
    add_action(workflow_id, "update_lead", {"add_tags": ["cold"]}, order=1, **no)
    return {"id": workflow_id, "wait": wait}


def test_a_draft_is_thought_through_for_a_made_up_lead(draft: dict[str, str]) -> None:
    before = stored()
    answer = simulate(
        draft["id"],
        lead={"email": "ada@example.com", "source": "website"},
        at="2026-03-02T09:00:00Z",
        events=[{"event": "email_opened", "after_minutes": 90}],
    )
    assert trace_of(answer) == [
        ("wait", "completed"),
        ("condition", "completed"),
        ("update_lead", "completed"),
        ("update_lead", "skipped"),
    ]
    record = answer.json
    assert (record["status"], record["duration_seconds"], record["cost"]) == ("completed", 5400, 0)
    wait, gate, update, skipped = record["trace"]
    assert (wait["at"], wait["until"]) == ("2026-03-02T09:00:00.000Z", "2026-03-02T10:30:00.000Z")
    assert wait["output"]["event"] == "email_opened"
    assert gate["branch"] == "yes"
    assert update["would"] == {"update": {"set_fields": {"status": "qualified"}, "add_tags": [], "remove_tags": []}}
    assert skipped["reason"] == "the condition above is yes"
    assert stored() == before


def test_without_the_event_the_time_is_up(draft: dict[str, str]) -> None:
    answer = simulate(draft["id"], lead={}, events=[{"event": "email_clicked"}])
    assert answer.json["duration_seconds"] == 86_400
    assert [entry["status"] for entry in answer.json["trace"]] == ["completed", "completed", "skipped", "completed"]


@pytest.mark.parametrize("bar", ["suppressed:unsubscribe", "opted_out"])
def test_a_mail_that_would_not_be_sent_has_the_reason_that_the_real_one_has(
    make_workflow: MakeWorkflow, add_action: AddAction, clock: Clock, bar: str
) -> None:
    email_channel()
    workflow_id = make_workflow()
    add_action(workflow_id, "send_email", {"template_id": template()})
    assert call("workflows/activate_workflow", path={"workflow_id": workflow_id}).status == 200
    if bar.startswith("suppressed"):
        campaigns.suppress("email", "ada@example.com", "unsubscribe")
    consent = {"email": {"opted_in": bar != "opted_out"}}
    body = {"name": "Ada", "email": "ada@example.com", "consent": consent}
    lead_id = call("leads/create_lead", body).json["id"]

    [thought] = simulate(workflow_id, lead_id=lead_id).json["trace"]
    Engine(clock).run()

    [run] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    [log] = call("executions/list_logs", path={"execution_id": run["id"]}).json["items"]
    assert (thought["status"], thought["reason"]) == (log["status"], log["reason"]) == ("skipped", bar)


def test_a_mail_is_shown_as_it_would_be_written(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    email_channel()
    workflow_id = make_workflow()
    add_action(workflow_id, "send_email", {"template_id": template()})
    before = stored()
    [entry] = simulate(workflow_id, lead={"name": "Ada", "email": "ada@example.com"}).json["trace"]
    assert entry["would"]["to"] == "ada@example.com"
    assert "Ada" in entry["would"]["subject"] + entry["would"]["body"]
    [entry] = simulate(workflow_id, lead={"name": "Ada"}).json["trace"]
    assert (entry["status"], entry["reason"]) == ("skipped", "no_email")
    assert stored() == before


def test_who_a_mail_is_from_is_filled_in_as_in_a_real_run(
    make_workflow: MakeWorkflow, add_action: AddAction, clock: Clock
) -> None:
    workflow_id = make_workflow()
    named = '"{{ lead.custom.owner }}" <{{ trigger.source }}@example.com>'
    add_action(workflow_id, "send_email", {"template_id": template(), "from": named})
    nobody = {"template_id": template(), "from": "{{ lead.custom.missing }}"}
    add_action(workflow_id, "send_email", nobody, order=1)
    owner = 'Smith "Zoë" <zoe@evil.example>\r\nBcc: x@evil.example'
    with mail_service() as mails:
        email_channel()
        assert call("workflows/activate_workflow", path={"workflow_id": workflow_id}).status == 200
        body = {"name": "Ada", "email": "ada@example.com", "custom": {"owner": owner}}
        lead_id = call("leads/create_lead", body).json["id"]
        thought = simulate(workflow_id, lead_id=lead_id, data={"source": "api"}).json
        Engine(clock).run()
        [sent] = mails.sent
    name = "Smith 'Zoë' <zoe@evil.example> Bcc: x@evil.example"
    assert sent["from"] == {"email": "api@example.com", "name": name}
    assert thought["trace"][0]["would"]["from"] == f'"{name}" <api@example.com>'

    [run] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    assert run["status"] == thought["status"] == "failed"
    assert run["error_message"] == thought["error_message"]


def test_told_failures_are_retried_and_take_their_side(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    retry = {"max_attempts": 3, "backoff_seconds": 60}
    hook = add_action(workflow_id, "call_webhook", {"url": "https://crm.example.com/x", "retry": retry})
    side: dict[str, Any] = {"parent_action_id": hook, "condition": {"branch": "error"}}
    add_action(workflow_id, "update_lead", {"add_tags": ["unreachable"]}, **side)
    error: dict[str, Any] = {"error": "UpstreamUnavailable"}
    answer = simulate(workflow_id, lead={}, outcomes={hook: error})
    assert trace_of(answer) == [("call_webhook", "failed")] * 3 + [("update_lead", "completed")]
    assert answer.json["duration_seconds"] == 60 + 120
    answer = simulate(workflow_id, lead={}, outcomes={hook: {**error, "times": 1}})
    assert trace_of(answer) == [("call_webhook", "failed"), ("call_webhook", "completed"), ("update_lead", "skipped")]
    assert answer.json["trace"][1]["would"]["request"]["url"] == "https://crm.example.com/x"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"lead_id": "NONE"}, "lead_id"),
        ({"lead_id": "NONE", "lead": {}}, "lead"),
        ({"lead": {"score": 101}}, "score"),
        ({"version": "published"}, "version"),
        ({"outcomes": {"NONE": {"error": "UpstreamRejected"}}}, "outcomes"),
        ({"outcomes": {"X": {"error": "Boom"}}}, "outcomes"),
        ({"trigger_type": "bogus"}, '"field":"trigger_type"'),
        ({"events": [{"event": "lead_created"}]}, "events"),
        ({"at": "tomorrow"}, "at"),
        ({"at": "0480-04-29T08:24:23Z"}, "at"),
        ({"at": "9999-12-31T23:59:59Z"}, "at"),
    ],
)
def test_what_cannot_be_thought_is_named(body: dict[str, Any], named: str, draft: dict[str, str]) -> None:
    answer = simulate(draft["id"], **body)
    assert answer.status == 422
    assert named in answer.text
    assert call("workflows/simulate_workflow", {}, path={"workflow_id": "NONE"}).status == 404


def _gate(draw: st.DrawFn, earlier: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["source", "score", "trigger", "tag", "output"]))
    if kind == "source":
        return {"field": "lead.source", "op": "eq", "value": draw(st.sampled_from(SOURCES))}
    if kind == "score":
        return {"field": "lead.status", "op": "eq", "value": draw(st.sampled_from(["new", "qualified"]))}
    if kind == "trigger":
        return {"field": "trigger.size", "op": "gte", "value": draw(st.integers(0, 3))}
    if kind == "output" and earlier:
        return {"field": f"actions.{draw(st.sampled_from(earlier))}.output.branch", "op": "eq", "value": "yes"}
    return {"field": "lead.tags", "op": "contains", "value": draw(st.sampled_from(["a", "b"]))}


def _config(draw: st.DrawFn, kind: str, earlier: list[str]) -> dict[str, Any]:
    config: dict[str, Any] = {"on_error": "continue"} if draw(st.booleans()) else {}
    if kind == "condition":
        return {"if": _gate(draw, earlier)}
    if kind == "update_lead":
        changes: list[dict[str, Any]] = [
            {"add_tags": ["a"]},
            {"add_tags": ["b"], "remove_tags": ["a"]},
            {"set": {"status": "qualified"}},
            {"set": {"company": "{{ lead.source }} and sons"}},
            {"set": {"phone": "{{ lead.source }}"}},
        ]
        return config | draw(st.sampled_from(changes))
    waits: list[dict[str, Any]] = [
        {"minutes": 90},
        {"days": 1, "window": {"from": "09:00", "to": "17:00", "days": ["mon", "fri"]}},
        {"for_event": "email_opened", "timeout_hours": 5},
        {"until": "2026-03-04T10:00:00+02:00"},
        FAILS,
    ]
    return config | draw(st.sampled_from(waits))


@st.composite
def trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Actions as they are kept, with ids that sort as they were made."""
    nodes: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from(["condition", "update_lead", "wait"]))
        parent = draw(st.sampled_from([None, *nodes]))
        side = None
        if parent is not None and parent["kind"] == "condition":
            side = draw(st.sampled_from(["yes", "no", "error"]))
        elif parent is not None:
            side = draw(st.sampled_from([None, None, "error"]))
        earlier = [node["id"] for node in nodes if node["kind"] == "condition"]
        gate = _gate(draw, earlier) if draw(st.integers(0, 3)) == 0 else None
        condition = {"branch": side, **({"if": gate} if gate else {})} if side else gate
        nodes.append(
            {
                "id": f"01TREE{number:020d}",
                "kind": kind,
                "config": _config(draw, kind, earlier),
                "order": draw(st.integers(0, 2)),
                "parent": parent["id"] if parent else None,
                "condition": condition,
            }
        )
    return nodes


def _draft(nodes: list[dict[str, Any]]) -> str:
    workflow_id = str(call("workflows/create_workflow", {"name": "Tree"}).json["id"])
    for node in nodes:
        store.WorkflowAction(
            pk=f"WF#{workflow_id}",
            sk=f"ACT#{node['id']}",
            id=node["id"],
            workflow_id=workflow_id,
            action_type=node["kind"],
            action_config=node["config"],
            order=node["order"],
            parent_action_id=node["parent"],
            condition=node["condition"],
        ).save()
    return workflow_id


@given(trees(), st.sampled_from(SOURCES), st.sampled_from([None, "Asia/Tokyo"]), st.integers(0, 3))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_thought_trace_is_the_trace_of_the_real_run(
    engine: Engine, nodes: list[dict[str, Any]], source: str, timezone: str | None, size: int
) -> None:
    engine.clock.moment = Clock().moment
    workflow_id = _draft(nodes)
    lead = {"name": "Ada", "email": f"{workflow_id}@example.com", "source": source, "timezone": timezone}
    lead_id = call("leads/create_lead", lead).json["id"]
    thought = simulate(workflow_id, lead_id=lead_id, data={"size": size}).json
    assert call("workflows/activate_workflow", path={"workflow_id": workflow_id}).status == 200
    body = {"lead_id": lead_id, "data": {"size": size}}
    run_id = call("workflows/run_workflow", body, path={"workflow_id": workflow_id}).json["id"]
    engine.run()
    run = call("executions/get_execution", path={"execution_id": run_id}).json
    logs = call("executions/list_logs", path={"execution_id": run_id}, query={"limit": "100"}).json["items"]
    told = ("action_id", "status", "reason", "error_message", "attempt")
    assert [[entry[name] for name in told] for entry in thought["trace"]] == [
        [log[name] for name in told] for log in logs
    ]
    assert [entry["at"] for entry in thought["trace"]] == [log["created_at"] for log in logs]
    assert [entry["output"] for entry in thought["trace"]] == [log["output_data"] for log in logs]
    for name in ("status", "error_message", "completed_at"):
        assert thought[name] == run[name]
