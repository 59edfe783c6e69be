"""Values that API keys are made of."""

from __future__ import annotations

from typing import Literal, get_args

ADMIN = "admin"

Scope = Literal[
    "leads:read",
    "leads:write",
    "tasks:read",
    "tasks:write",
    "appointments:read",
    "appointments:write",
    "enrichment:read",
    "enrichment:write",
    "campaigns:read",
    "campaigns:write",
    "campaigns:send",
    "workflows:read",
    "workflows:write",
    "channels:read",
    "channels:write",
    "conversations:read",
    "conversations:write",
    "platform:read",
    "platform:write",
    "admin",
]

SCOPES: tuple[str, ...] = get_args(Scope)
