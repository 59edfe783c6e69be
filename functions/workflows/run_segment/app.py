"""Step Functions task — carries a run to its next wait or its end."""

from __future__ import annotations

from typing import Any

from leadflow.entry.task import task
from leadflow.workflows.service import running


@task
def handler(execution_id: str, run: int) -> dict[str, Any]:
    return running.run_segment(execution_id, run)
