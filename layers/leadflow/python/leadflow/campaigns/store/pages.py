"""Pages of records whose bodies are long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from leadflow.core import paging

# Lambda answers with at most 6 MB; a page whose bodies come to more than this ends early and has a next one.
_MAX_PAGE_BYTES = 4_000_000


def cut(page: dict[str, Any], name: str, position: Callable[[Mapping[str, Any]], str]) -> dict[str, Any]:
    """The page as far as its bodies fit into one answer; at least one item."""
    size = 0
    for number, record in enumerate(page["items"]):
        size += len(record["body"].encode())
        if size > _MAX_PAGE_BYTES and number > 0:
            last = position(page["items"][number - 1])
            return {"items": page["items"][:number], "next_cursor": paging.encode(last, name)}
    return page
