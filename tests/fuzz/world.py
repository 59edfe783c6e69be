"""Records for the fuzzer to meet: at least one of most kinds, and their ids by the names of path parameters."""

from __future__ import annotations

from typing import Any

from local.client import Api


def made(api: Api) -> dict[str, str]:
    """Makes them through the API; gives `{path parameter: id}`."""
    lead = api.post("/leads", {"name": "Ada Byron", "email": "ada@analytical.example", "source": "api"})
    template = api.post("/templates", {"name": "Hello", "subject": "Hello", "body": "<p>Hello</p>", "variables": []})
    signal = {"signal_type": "website_visit", "signal_data": {}, "score_impact": 3}
    api.post(f"/leads/{lead['id']}/signals", signal)
    meeting = {"lead_id": lead["id"], "title": "Demo", "scheduled_at": "2030-01-07T09:00:00Z", "duration_minutes": 30}
    return {
        "lead_id": lead["id"],
        "template_id": template["id"],
        "task_id": api.post("/tasks", {"title": "Call", "lead_id": lead["id"]})["id"],
        "appointment_id": api.post("/appointments", meeting)["id"],
        "channel_id": api.get("/channels")["items"][0]["id"],
        "import_id": api.post("/imports", {})["id"],
        "form_id": "newsletter",
        **_campaign(api, template["id"]),
        **_workflow(api, lead["id"]),
    }


def _campaign(api: Api, template_id: str) -> dict[str, str]:
    campaign = api.post("/campaigns", {"name": "Welcome", "target_audience": {"all": []}})
    step = {"template_id": template_id, "step_number": 1, "delay_hours": 0}
    return {"campaign_id": campaign["id"], "step_id": api.post(f"/campaigns/{campaign['id']}/steps", step)["id"]}


def _workflow(api: Api, lead_id: str) -> dict[str, str]:
    workflow: dict[str, Any] = api.post("/workflows", {"name": "Welcome"})
    path = f"/workflows/{workflow['id']}"
    trigger = api.post(
        f"{path}/triggers", {"trigger_type": "webhook", "trigger_config": {"match": {"email": "body.email"}}}
    )
    action = api.post(f"{path}/actions", {"action_type": "wait", "action_config": {"days": 365}, "order": 0})
    api.post(f"{path}/activate")
    run = api.post(f"{path}/run", {"lead_id": lead_id})
    return {
        "workflow_id": workflow["id"],
        "trigger_id": trigger["id"],
        "action_id": action["id"],
        "execution_id": run["id"],
    }
