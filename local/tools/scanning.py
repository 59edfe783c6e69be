"""The whole table, item by item, and every item class there is."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

Raw = dict[str, dict[str, Any]]
Position = dict[str, dict[str, str]]


def item_classes() -> dict[str, Any]:
    """Every item class of the product by its discriminator, all wings loaded."""
    import leadflow
    from leadflow.core import table

    for module in pkgutil.walk_packages(leadflow.__path__, "leadflow."):
        if ".store" in module.name or module.name in ("leadflow.entry.idempotency",):
            import_module(module.name)
    return {name: kind for name, kind in table.kinds().items() if kind.__module__.startswith("leadflow.")}


def pages(start: Position | None = None, size: int = 200) -> Iterator[tuple[list[Raw], Position | None]]:
    """Pages of raw items, read consistently, each with the position behind it; None behind the last."""
    from leadflow.core import aws
    from leadflow.core.settings import settings

    request: dict[str, Any] = {"TableName": settings().table_name, "Limit": size, "ConsistentRead": True}
    position = start
    while True:
        answer = aws.client("dynamodb").scan(**request, **({"ExclusiveStartKey": position} if position else {}))
        position = answer.get("LastEvaluatedKey")
        yield answer["Items"], position
        if position is None:
            return


def key_of(raw: Raw) -> tuple[str, str]:
    return raw["pk"]["S"], raw["sk"]["S"]
