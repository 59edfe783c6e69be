"""Table stream — keeps the totals of workflows' runs and of the overview."""

from __future__ import annotations

from leadflow.entry.stream import Change, stream_reader
from leadflow.platform import service_totals
from leadflow.workflows.service import counting


@stream_reader
def handler(changes: list[Change]) -> None:
    counting.count(changes)
    service_totals.count(changes)
