"""Table stream — starts the runs that changes cause."""

from __future__ import annotations

from leadflow.entry.stream import Change, stream_reader
from leadflow.workflows.service import dispatching


@stream_reader
def handler(changes: list[Change]) -> None:
    dispatching.dispatch(changes)
