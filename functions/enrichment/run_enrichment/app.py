"""EnrichmentsQueue — goes on with runs of enrichment, and with walks over the leads of jobs."""

from __future__ import annotations

from typing import Any

from leadflow.enrichment.service import working
from leadflow.entry.queue import queue_worker


@queue_worker(park=working.park)
def handler(message: dict[str, Any]) -> None:
    working.work(message)
