"""Deliveries queue: works on what a provider posted, every entry of it."""

from typing import Any

from leadflow.channels import service
from leadflow.entry.queue import queue_worker


@queue_worker(park=service.park)
def handler(message: dict[str, Any]) -> None:
    service.process(message)
