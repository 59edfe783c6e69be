"""Table stream — keeps the totals of runs, campaigns and the overview, and judges by them who did harm."""

from __future__ import annotations

from leadflow.campaigns.service import ending
from leadflow.entry.stream import Change, stream_reader
from leadflow.platform import service_totals
from leadflow.workflows.service import counting


@stream_reader
def handler(changes: list[Change]) -> None:
    counting.count(changes)
    service_totals.count(changes)
    ending.judge_health(changes)
