from __future__ import annotations

from typing import Any

import pytest

from tests.functional.workflows.conftest import MakeWorkflow
from tests.harness import call


def test_a_trigger_keeps_its_configuration_as_given(make_workflow: MakeWorkflow) -> None:
    config = {"to": "qualified", "filters": {"field": "lead.score", "op": "gte", "value": 10}, "once_per_lead": True}
    workflow_id = make_workflow(trigger=None)
    body = {"trigger_type": "lead_status_changed", "trigger_config": config}
    answer = call("workflows/add_trigger", body, path={"workflow_id": workflow_id})
    assert answer.status == 201
    assert answer.json["trigger_config"] == config
    assert answer.json["workflow_id"] == workflow_id
    assert answer.headers["location"] == f"/workflows/{workflow_id}/triggers/{answer.json['id']}"


@pytest.mark.parametrize(
    ("trigger_type", "config", "field"),
    [
        ("lead_created", {"nonsense": 1}, "trigger_config.nonsense"),
        ("lead_created", {"filters": {"field": "lead.bogus", "op": "eq", "value": 1}}, "trigger_config.filters.field"),
        ("lead_status_changed", {"to": "won"}, "trigger_config.to"),
        ("lead_status_changed", {"from": "New"}, "trigger_config.from"),
        ("lead_status_changed", {"from": "new", "to": "new"}, "trigger_config.to"),
        ("email_opened", {"link": "https://example.com/"}, "trigger_config.link"),
        ("email_bounced", {"link": "https://example.com/"}, "trigger_config.link"),
        ("email_replied", {"link": "https://example.com/"}, "trigger_config.link"),
        ("score_threshold", {"gte": 0}, "trigger_config.gte"),
        ("score_threshold", {}, "trigger_config.gte"),
        ("score_threshold", {"gte": 101}, "trigger_config.gte"),
        ("time_based", {"schedule": "every day"}, "trigger_config.schedule"),
        ("bogus", {}, "trigger_type"),
    ],
)
def test_what_a_trigger_does_not_take_is_named(
    make_workflow: MakeWorkflow, trigger_type: str, config: dict[str, Any], field: str
) -> None:
    body = {"trigger_type": trigger_type, "trigger_config": config}
    answer = call("workflows/add_trigger", body, path={"workflow_id": make_workflow(trigger=None)})
    assert answer.status == 422, answer.text
    assert answer.json["errors"][0]["field"] == field


def test_a_trigger_needs_a_workflow() -> None:
    assert call("workflows/add_trigger", {"trigger_type": "lead_created"}, path={"workflow_id": "NONE"}).status == 404
