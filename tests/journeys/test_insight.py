"""Why a lead gets something or does not, asked of the running product while it happens."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from local.client import Api

_PATIENCE_SECONDS = 30
_POLL_SECONDS = 0.1


def _explained(api: Api, lead_id: str, workflow_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/leads/{lead_id}/explain", params={"workflow_id": workflow_id})
    return found


def _once(api: Api, lead_id: str, workflow_id: str, *reasons: str) -> dict[str, Any]:
    """The explanation as soon as it gives one of these reasons."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while (found := _explained(api, lead_id, workflow_id))["primary_reason"] not in reasons:
        assert time.monotonic() < give_up, found
        time.sleep(_POLL_SECONDS)
    return found


def test_the_explanation_foretells_what_happens(api: Api, sandbox: Api) -> None:
    template = api.post("/templates", {"name": "Why", "subject": "Why", "body": "<p>Because</p>"})["id"]
    workflow = api.post("/workflows", {"name": "Why"})["id"]
    api.post(f"/workflows/{workflow}/triggers", {"trigger_type": "lead_status_changed", "trigger_config": {}})
    for order, (action_type, config) in enumerate((("wait", {"hours": 4}), ("send_email", {"template_id": template}))):
        body = {"action_type": action_type, "action_config": config, "order": order}
        api.post(f"/workflows/{workflow}/actions", body)
    api.post(f"/workflows/{workflow}/activate")
    willing = api.post("/leads", {"name": "Ida", "email": "ida.willing@example.com"})["id"]
    refusing = api.post("/leads", {"name": "Eve", "email": "eve.refusing@example.com"})["id"]
    api.patch(f"/leads/{refusing}", {"consent": {"email": {"opted_in": False}}})

    assert _explained(api, willing, workflow)["primary_reason"] == "waiting_for_event"
    assert _explained(api, refusing, workflow)["primary_reason"] == "opted_out"
    for lead in (willing, refusing):
        api.patch(f"/leads/{lead}", {"status": "contacted"})
    waiting = _once(api, willing, workflow, "waiting")
    assert waiting["next_planned_at"] == waiting["next_mail_at"] is not None

    _once(api, willing, workflow, "run_completed")
    skipped = _once(api, refusing, workflow, "opted_out")
    assert skipped["primary_reason"] == "opted_out"
    assert len(sandbox.get("/sent", params={"to": "ida.willing@example.com"})["items"]) == 1
    assert sandbox.get("/sent", params={"to": "eve.refusing@example.com"})["items"] == []

    for _ in range(3):
        api.post(f"/leads/{willing}/signals", {"signal_type": "email_click"})
    score = api.get(f"/leads/{willing}/score")
    assert sum(Decimal(repr(part["points"])) for part in score["parts"]) == Decimal(repr(score["total"]))
    assert score["score"] == api.get(f"/leads/{willing}")["score"] == 15
