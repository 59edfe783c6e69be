"""Sample data: a handful of leads with signals, a mail and a workflow that would welcome people with it."""

from __future__ import annotations

from typing import Any

from local.client import Api, Refused

_CONFLICT = 409

_LEADS: tuple[tuple[dict[str, Any], dict[str, Any] | None], ...] = (
    (
        {"name": "Ada Byron", "email": "ada@analytical.example", "company": "Analytical Engines", "budget": "25k_100k"},
        {"signal_type": "website_visit", "signal_data": {"page": "/pricing"}, "score_impact": 15},
    ),
    (
        {"name": "Grace Murray", "email": "grace@flowmatic.example", "company": "Flow-Matic", "timeline": "immediate"},
        {"signal_type": "chat_message", "signal_data": {"topic": "demo"}, "score_impact": 30},
    ),
    (
        {"name": "Katherine Goble", "email": "katherine@orbit.example", "company": "Orbit", "status": "contacted"},
        {"signal_type": "form_submit", "signal_data": {"form": "newsletter"}, "score_impact": 10},
    ),
    ({"name": "Edsger Rotterdam", "email": "edsger@shortest.example", "company": "Shortest Path"}, None),
    ({"name": "Barbara Huberman", "email": "barbara@clu.example", "company": "CLU", "status": "qualified"}, None),
)

_TEMPLATE = {
    "name": "Welcome",
    "subject": "Welcome, {{ name }}",
    "body": "<p>Hello {{ name }},</p><p>good to have you here. What would you like to try first?</p>",
    "variables": ["name"],
    "category": "onboarding",
}
_WORKFLOW = {"name": "Welcome new leads", "description": "Sends the welcome mail an hour after a lead came in."}


def put_samples(api: Api) -> None:
    """Puts the sample data in; what is there already stays as it is. Raises Refused when the API will not have it."""
    for lead, signal in _LEADS:
        _add_lead(api, {**lead, "source": "website", "tags": ["sample"]}, signal)
    if _named(api, "/workflows", _WORKFLOW["name"]) is None:
        template = _named(api, "/templates", _TEMPLATE["name"]) or api.post("/templates", _TEMPLATE)
        _add_workflow(api, template["id"])


def _add_lead(api: Api, lead: dict[str, Any], signal: dict[str, Any] | None) -> None:
    try:
        made = api.post("/leads", lead)
    except Refused as refused:
        if refused.status != _CONFLICT:
            raise
        return
    if signal:
        api.post(f"/leads/{made['id']}/signals", signal)


def _add_workflow(api: Api, template_id: str) -> None:
    path = f"/workflows/{api.post('/workflows', _WORKFLOW)['id']}"
    api.post(f"{path}/triggers", {"trigger_type": "lead_created", "trigger_config": {}, "is_active": True})
    api.post(f"{path}/actions", {"action_type": "wait", "action_config": {"hours": 1}, "order": 0})
    api.post(
        f"{path}/actions", {"action_type": "send_email", "action_config": {"template_id": template_id}, "order": 1}
    )


def _named(api: Api, path: str, name: object) -> Any:
    return next((record for record in api.every(path) if record["name"] == name), None)
