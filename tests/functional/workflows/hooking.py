"""Hooks as other systems post to them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from tests.functional.workflows.test_dispatch_changes import runs_of
from tests.harness import Answer, call

SECRET = "s3cret-ünïcode"
BY_EMAIL = {"email": "body.contact.email"}
ADA: dict[str, Any] = {"event": "paid", "contact": {"email": "ada@example.com"}}


class Hook:
    """A workflow that is set off by a hook, in force."""

    def __init__(self, workflow_id: str) -> None:
        self.workflow_id = workflow_id
        triggers = call("workflows/list_triggers", path={"workflow_id": workflow_id}).json["items"]
        [trigger] = [one for one in triggers if one["trigger_type"] == "webhook"]
        self.trigger_id = trigger["id"]
        self.url = trigger["url"]

    @property
    def token(self) -> str:
        return str(self.url.rsplit("/", 1)[1])

    def post(self, body: Any = None, *, delivery: str | None = None, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if delivery is not None:
            given["x-delivery-id"] = delivery
        body = ADA if body is None else body
        return call("workflows/receive_hook", body, path={"trigger_id": self.token}, headers=given, scopes=None)

    def begun(self, body: Any = None, **more: Any) -> str | None:
        """The run that a post began, by its answer."""
        answer = self.post(body, **more)
        assert answer.status == 202, answer.text
        assert answer.json.keys() == {"execution_id"}
        execution_id: str | None = answer.json["execution_id"]
        return execution_id

    @property
    def runs(self) -> list[dict[str, Any]]:
        return runs_of(self.workflow_id)


def signed(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
