"""Functions that EventBridge calls by the clock. They find their work in the table, so the event carries nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from leadflow.core.observability import fresh_logger, logger
from leadflow.entry import failures, startup


def scheduled(function: Callable[[], dict[str, int]]) -> Any:
    """Makes a Lambda handler of a function that answers with counts of what it did."""

    @functools.wraps(function)
    def door(_event: dict[str, Any], _context: Any) -> dict[str, int]:
        fresh_logger()
        try:
            done = function()
        except Exception as error:
            # The next tick does what this one left.
            failures.report("schedule failed", error)
            raise
        logger().info("schedule", extra=done)
        return done

    startup.door_is_made()
    return door
