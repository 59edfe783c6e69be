"""StartsQueue — starts the state machine for each queued run."""

from __future__ import annotations

from typing import Any

from leadflow.entry.queue import queue_worker
from leadflow.workflows.service import recovery


@queue_worker(park=recovery.park)
def handler(message: dict[str, Any]) -> None:
    recovery.start(message)
