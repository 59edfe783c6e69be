"""The Lambda authorizer of the HTTP API: payload format 2.0 with simple responses.

Only `Authorization: Bearer <key>` says who calls. What is not a key is refused, whatever it is; only a failure of ours
is raised, which the gateway answers with 500 and never lets through.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from leadflow.entry import failures, startup

# Longer than any key; what is longer is not hashed at all.
MAX_KEY_CHARACTERS = 256


def authorizer(function: Callable[[str], dict[str, str] | None]) -> Any:
    """Makes a Lambda authorizer of a function that tells the caller of a key (`key_id`, `scopes`), None for nobody."""

    @functools.wraps(function)
    def door(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        key = bearer_token(event.get("headers") or {})
        try:
            caller = function(key) if key else None
        except Exception as error:
            failures.report("authorizer failed", error)
            raise
        return {"isAuthorized": caller is not None, "context": caller or {}}

    startup.door_is_made()
    return door


def bearer_token(headers: dict[str, Any]) -> str | None:
    """The key of an Authorization header; None when there is none, it is of another scheme or cannot be a key."""
    value = next((str(value) for name, value in headers.items() if name.lower() == "authorization"), "")
    scheme, _, key = value.strip().partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not 0 < len(key) <= MAX_KEY_CHARACTERS:
        return None
    return key if key.isascii() and key.isprintable() else None
