"""Tasks of the state machine: plain input to plain outcome. A failure of ours is part of the outcome, no exception."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from leadflow.core.observability import fresh_logger
from leadflow.entry import failures, startup


def task(function: Callable[..., dict[str, Any]]) -> Any:
    """Makes a Lambda handler of a function whose arguments are the keys of the state's input."""

    @functools.wraps(function)
    def door(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        fresh_logger()
        try:
            return function(**event)
        except Exception as error:
            # The state machine retries the task, or reconcile starts it again from its cursor.
            failures.report("task failed", error)
            raise

    startup.door_is_made()
    return door
