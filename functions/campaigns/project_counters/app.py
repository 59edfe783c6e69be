"""Table stream — keeps the totals of workflows' runs."""

from __future__ import annotations

from leadflow.entry.stream import Change, stream_reader
from leadflow.workflows.service import counting


@stream_reader
def handler(changes: list[Change]) -> None:
    counting.count(changes)
