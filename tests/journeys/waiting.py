"""Waiting for a record of a running host to come as far as is wanted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local.client import Api

_POLL_SECONDS = 0.05


def when(api: Api, path: str, reached: Callable[[dict[str, Any]], bool], *, seconds: float) -> dict[str, Any]:
    """The record under this path once it has come so far. Raises AssertionError when that takes longer than this."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        found: dict[str, Any] = api.get(path)
        if reached(found):
            return found
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"{path} did not come as far: {found}")
