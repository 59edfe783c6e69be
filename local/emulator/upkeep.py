"""Keeps the emulator's memory bounded: it remembers every finished execution and every event for ever."""

from __future__ import annotations

import threading

from ministack.services import eventbridge, stepfunctions

_PERIOD_SECONDS = 30.0
KEPT_EXECUTIONS = 1000
KEPT_EVENTS = 100


class Upkeep:
    """Forgets, every half minute, what is finished and old."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopped.wait(_PERIOD_SECONDS):
            forget()


def forget() -> None:
    """Drops all but the newest finished executions, and all but the newest events."""
    executions = stepfunctions._executions
    finished = [(run["stopDate"], name) for name, run in list(executions.items()) if run["status"] != "RUNNING"]
    for _, name in sorted(finished, reverse=True)[KEPT_EXECUTIONS:]:
        executions.pop(name, None)
    events = eventbridge._events_log_list()
    del events[:-KEPT_EVENTS]
