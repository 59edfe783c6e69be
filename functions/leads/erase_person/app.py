"""Erasures queue: removes what all wings keep about an erased person."""

from typing import Any

from leadflow.entry.queue import queue_worker
from leadflow.leads import service


@queue_worker(park=service.park_erasure)
def handler(message: dict[str, Any]) -> None:
    service.erase_person(message)
