"""POST /hooks/{trigger_id} — another system sets off a trigger (public)."""

from __future__ import annotations

from typing import Any

from leadflow.entry import free_body
from leadflow.entry.api import endpoint
from leadflow.entry.http import Request
from leadflow.workflows.service import hooks


@endpoint(scope=None, status=202, returns="HookReceipt", refuses=("400", "401", "415", "422"))
def handler(trigger_id: str, request: Request) -> dict[str, Any]:
    """Takes JSON (an object or an array) and HTML forms, up to 64 KB, at the `url` of the trigger.

    Where the trigger has an `hmac_secret`, `X-Signature-256` or `X-Hub-Signature-256` must hold `sha256=` and the hex
    HMAC-SHA256 of the body. A delivery is known by `X-Delivery-Id`, else `Idempotency-Key`, for 7 days.
    """
    signature = request.header("x-signature-256") or request.header("x-hub-signature-256")
    trigger = hooks.admit(trigger_id, request.raw, signature)
    delivery_id = request.header("x-delivery-id") or request.header("idempotency-key")
    return hooks.receive(trigger, free_body.document(request), delivery_id, request.header("x-leadflow-cause"))
