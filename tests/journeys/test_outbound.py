"""A webhook and an agent in one workflow, on the one-machine mode, against its sandbox."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

from local.client import Api

PATIENCE_SECONDS = 30
SCHEMA = {"type": "object", "properties": {"fit": {"enum": ["good", "bad"]}}, "required": ["fit"]}


def workflow(api: Api, *actions: tuple[str, dict[str, Any]]) -> str:
    made: dict[str, str] = api.post("/workflows", {"name": "Out"})
    for order, (kind, config) in enumerate(actions):
        body = {"action_type": kind, "action_config": config, "order": order}
        api.post(f"/workflows/{made['id']}/actions", body)
    api.post(f"/workflows/{made['id']}/activate")
    return made["id"]


def ended(api: Api, run: dict[str, Any]) -> dict[str, Any]:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        record: dict[str, Any] = api.get(f"/executions/{run['id']}")
        if record["status"] != "running":
            return record
        time.sleep(0.05)
    logs = api.get(f"/executions/{run['id']}/logs")
    raise AssertionError(f"still running: {logs}")


def test_a_model_is_asked_and_its_answer_posted_once_though_the_receiver_fails_first(
    api: Api, sandbox: Api, run: Any
) -> None:
    sandbox.delete("/sent")
    ask = {"agent": "default", "prompt": "Is {{ lead.name }} a good fit?", "output_schema": SCHEMA}
    hook = {"url": f"{run.sandbox_url}/webhook/crm", "body": {"who": "{{ lead.email }}"}}
    workflow_id = workflow(api, ("run_ai_agent", ask), ("call_webhook", hook))
    lead = api.post("/leads", {"name": "Ada", "email": "ada.outbound@example.com"})
    sandbox.put("/behaviour/webhook", {"mode": "timeout_after_accept"})

    started = api.post(f"/workflows/{workflow_id}/run", {"lead_id": lead["id"]})
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not sandbox.get("/sent", params={"provider": "webhook"})["items"] and time.monotonic() < give_up:
        time.sleep(0.05)
    sandbox.put("/behaviour/webhook", {"mode": "ok"})

    assert ended(api, started)["status"] == "completed"
    asked, failed, called = api.get(f"/executions/{started['id']}/logs")["items"]
    assert asked["output_data"]["answer"] == {"fit": "good"}
    assert failed["error_message"].startswith("UpstreamUnavailable: The answer took too long.")
    assert called["output_data"]["body"]["received"] is True
    [got] = sandbox.get("/sent", params={"provider": "webhook"})["items"]
    assert got["body"] == '{"who":"ada.outbound@example.com"}'
    secret = api.get(f"/workflows/{workflow_id}/webhook-secret")["secret"]
    moment, signature = (part.split("=")[1] for part in got["headers"]["x-leadflow-signature"].split(","))
    signed = f"{moment}.{got['body']}".encode()
    assert hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() == signature


def test_nothing_else_on_this_machine_is_called(api: Api, run: Any) -> None:
    """Neither the product's own API, nor by a name that leads here."""
    for url in (run.api_url, run.api_url.replace("127.0.0.1", "localhost"), "http://169.254.169.254/latest"):
        made = api.post("/workflows", {"name": "Inside"})
        body = {"action_type": "call_webhook", "action_config": {"url": url}}
        assert api.request("POST", f"/workflows/{made['id']}/actions", body).status_code == 422
