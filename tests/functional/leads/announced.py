"""The jobs bus as tests look at it: what was put on it, and a worker that is handed it."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import seams
from leadflow.leads import service
from tests.functional.wire import Killed, killed_at
from tests.harness import Clock, door

WORKERS = {"erasure": "leads/erase_person", "import": "leads/import_rows", "export": "leads/write_export"}
WORKERS["rescoring"] = "scoring/rescore_leads"
Event = dict[str, Any]


class Impatient:
    """A Lambda context that has time for some steps and no more."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def get_remaining_time_in_millis(self) -> int:
        self.steps -= 1
        return 120_000 if self.steps >= 0 else 1_000


def announced(kind: str | None = None) -> list[Event]:
    """The events on the bus, of one kind of job or all, taken off it."""
    bus: list[Event] = seams.current().remember("jobs", list)
    found, bus[:] = list(bus), []
    return [event for event in found if kind in (None, event["detail-type"])]


def work(*events: Event, context: Any = None) -> list[Event]:
    """Hands events to their workers; those at which a worker failed."""
    failed: list[Event] = []
    for event in events:
        try:
            door(WORKERS[event["detail-type"]])(event, context)
        except Exception:  # noqa: BLE001 - whatever it is, Lambda would try again
            failed.append(event)
    return failed


def work_all() -> None:
    """Hands everything that is announced to the workers until nothing more is."""
    while events := announced():
        assert work(*events) == []


def die_five_times(kind: str, clock: Clock, *, sent: bool) -> None:
    """Five workers on one job, each killed at its fourth call of AWS, before it or after it was `sent`."""
    for _ in range(5):
        with pytest.raises(Killed), killed_at(4, sent=sent):
            work(*announced(kind))
        clock.advance(minutes=7)
        service.reconcile()
