"""Calls the product's reconcile at start and then often: on this machine its schedule is a few seconds, not minutes."""

from __future__ import annotations

import logging
import threading
import uuid
from datetime import UTC, datetime

from local.emulator.environment import ACCOUNT, REGION
from local.host.invoke import FunctionHost
from local.logs import described

log = logging.getLogger("local.reconcile")

PERIOD_SECONDS = 5.0


class Reconciler:
    """Invokes one function every `PERIOD_SECONDS`, the first time at once, never twice at a time."""

    def __init__(self, host: FunctionHost, function: str) -> None:
        self._host = host
        self._function = function
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconcile", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._host.invoke(self._function, _scheduled_event())
            except Exception as error:  # noqa: BLE001 - the next round tries again
                log.error("reconcile failed: %s", described(error))
            self._stopped.wait(PERIOD_SECONDS)


def _scheduled_event() -> dict[str, object]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/reconcile"],
        "detail": {},
    }
