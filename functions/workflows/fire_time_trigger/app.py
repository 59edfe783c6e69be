"""TimersQueue — fires time-based triggers that are due, and goes on with their audiences."""

from __future__ import annotations

from typing import Any

from leadflow.entry.queue import queue_worker
from leadflow.workflows.service import timing


@queue_worker(park=timing.park)
def handler(message: dict[str, Any]) -> None:
    timing.wake(message)
