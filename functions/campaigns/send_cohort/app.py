"""CohortsQueue — sends the mail of a step to the members of a cohort."""

from __future__ import annotations

from typing import Any

from leadflow.campaigns.service import cohorts
from leadflow.entry.queue import queue_worker


@queue_worker(park=cohorts.park)
def handler(message: dict[str, Any]) -> None:
    cohorts.work(message)
