"""Workflows with mails in them, and what the explanation says of a lead and one of them."""

from __future__ import annotations

from typing import Any

from leadflow.leads.schema import LeadExplanation
from tests.functional import wire
from tests.functional.campaigns.mailing import template
from tests.harness import call


def explained(lead_id: str, workflow_id: str) -> dict[str, Any]:
    """The explanation by a workflow."""
    return explained_by(lead_id, {"workflow_id": workflow_id}, {"nothing_holds_it_back"})


def explained_by(lead_id: str, query: dict[str, str], endings: set[str]) -> dict[str, Any]:
    """The explanation, which leaves everything as it is; `endings` are the reasons that are no gate's."""
    before = wire.stored()
    answer = call("leads/explain_lead", path={"lead_id": lead_id}, query=query, scopes="leads:read")
    assert answer.status == 200, answer.text
    assert wire.stored() == before
    found: dict[str, Any] = answer.json
    LeadExplanation.model_validate(found)
    assert "ada@" not in answer.text
    assert found["primary_reason"] in {gate["code"] for gate in found["gates"]} | endings
    return found


def verdicts(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(gate["gate"], gate["verdict"], gate["code"]) for gate in found["gates"]]


def gate_of(found: dict[str, Any], name: str) -> dict[str, Any]:
    [gate] = [gate for gate in found["gates"] if gate["gate"] == name]
    shown: dict[str, Any] = gate
    return shown


def workflow(*actions: tuple[str, dict[str, Any]], trigger: str | None = "lead_created", **config: Any) -> str:
    """A workflow of actions one after the other, still a draft."""
    made = str(call("workflows/create_workflow", {"name": "Welcome"}).json["id"])
    path = {"workflow_id": made}
    if trigger:
        answer = call("workflows/add_trigger", {"trigger_type": trigger, "trigger_config": config}, path=path)
        assert answer.status == 201, answer.text
    for order, (action_type, action_config) in enumerate(actions):
        condition = action_config.pop("condition", None)
        body = {"action_type": action_type, "action_config": action_config, "order": order, "condition": condition}
        answer = call("workflows/add_action", body, path=path)
        assert answer.status == 201, answer.text
    return made


def activated(workflow_id: str) -> str:
    answer = call("workflows/activate_workflow", path={"workflow_id": workflow_id})
    assert answer.status == 200, answer.text
    return workflow_id


def runs_of(workflow_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    return items


def mailing(**more: Any) -> tuple[str, dict[str, Any]]:
    return "send_email", {"template_id": template(**more)}
