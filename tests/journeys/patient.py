"""A caller who does not give up: it repeats what failed, under one Idempotency-Key, as every client should."""

from __future__ import annotations

import time
import uuid
from typing import Any

import httpx

from local.client import Api, Refused

_PATIENCE_SECONDS = 120
_PAUSE_SECONDS = 0.2


class Patient(Api):
    """The API of a host that may be struck at any moment, or be gone and come back."""

    def call(self, method: str, path: str, json: Any = None, *, expect: int | None = None, **options: Any) -> Any:
        """As Api's, and again after what may pass: no answer, a 5xx, a 429, and the first try still under way."""
        headers = {"idempotency-key": uuid.uuid4().hex} if method == "POST" else {}
        options["headers"] = {**headers, **options.get("headers", {})}
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return super().call(method, path, json, expect=expect, **options)
            except (httpx.TransportError, Refused) as error:
                if not _passes(error) or time.monotonic() > give_up:
                    raise
            time.sleep(_PAUSE_SECONDS)


def _passes(error: httpx.TransportError | Refused) -> bool:
    if not isinstance(error, Refused):
        return True
    kind = error.problem.get("type", "") if isinstance(error.problem, dict) else ""
    return error.status >= 500 or error.status == 429 or kind.endswith(":in_progress")
