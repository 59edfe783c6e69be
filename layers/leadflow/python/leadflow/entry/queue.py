"""SQS consumers: each message by itself, only the failed ones come back.

A retryable or unforeseen error leaves the message in the queue (and after its last receive in the dead-letter queue);
any other error of the tree is handed to `park`, which writes down what was not done and why.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from leadflow.core.errors import LeadflowError
from leadflow.core.observability import fresh_logger
from leadflow.entry import failures, startup

Message = dict[str, Any]


def queue_worker(park: Callable[[Message, LeadflowError], None]) -> Callable[[Callable[[Message], None]], Any]:
    """Makes a Lambda handler of a function that takes one JSON message. The event source reports batch failures."""

    def decorate(function: Callable[[Message], None]) -> Any:
        @functools.wraps(function)
        def door(event: dict[str, Any], _context: Any) -> dict[str, Any]:
            fresh_logger()
            failed = [record["messageId"] for record in event["Records"] if not _done(function, park, record)]
            return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

        startup.door_is_made()
        return door

    return decorate


def _done(
    function: Callable[[Message], None], park: Callable[[Message, LeadflowError], None], record: dict[str, Any]
) -> bool:
    message_id = record["messageId"]
    try:
        message = json.loads(record["body"])
        try:
            function(message)
        except LeadflowError as error:
            if error.retryable:
                raise
            failures.report("message parked", error, message_id=message_id)
            park(message, error)
    except Exception as error:  # noqa: BLE001
        # Whatever it was, the message stays in the queue and is seen again or ends in the dead-letter queue.
        failures.report("message failed", error, message_id=message_id)
        return False
    return True
