"""Readers of the table's stream: the changes of a batch as old and new items.

A batch that fails is delivered again, halved until the culprit stands alone (BisectBatchOnFunctionError), so a reader
does its work idempotently by change id: `pk#sk#version`, the same however often and in whatever batch a change comes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from leadflow.core import table
from leadflow.core.observability import fresh_logger
from leadflow.entry import failures, startup


@dataclass(frozen=True)
class Change:
    """One change of one item; `old` is None for a creation, `new` for a removal."""

    change_id: str
    sequence: str
    old: table.Item | None
    new: table.Item | None


def stream_reader(function: Callable[[list[Change]], None]) -> Any:
    """Makes a Lambda handler of a function that takes the changes of a batch in order."""

    @functools.wraps(function)
    def door(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        fresh_logger()
        try:
            function([_change(record) for record in event["Records"]])
        except Exception as error:
            # Raising gives the whole batch back; nothing of it is lost, what was done is done idempotently again.
            failures.report("stream batch failed", error)
            raise
        return {"batchItemFailures": []}

    startup.door_is_made()
    return door


def _change(record: dict[str, Any]) -> Change:
    images = record["dynamodb"]
    keys = images["Keys"]
    old, new = (_item(images.get(name)) for name in ("OldImage", "NewImage"))
    image = images.get("NewImage") or images["OldImage"]
    version = image.get("v", {}).get("N", "0")
    change_id = f"{keys['pk']['S']}#{keys['sk']['S']}#{version}"
    return Change(change_id, images["SequenceNumber"], old, new)


def _item(image: dict[str, Any] | None) -> table.Item | None:
    """The item of an image; None where there is none or no wing loaded here knows its type."""
    return table.from_image(image) if image else None
