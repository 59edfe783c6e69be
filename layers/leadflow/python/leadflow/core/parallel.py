"""The same small request for many things: side by side in the cloud, one after the other on one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from leadflow.core.settings import settings

T = TypeVar("T")
R = TypeVar("R")

# As many connections as a client keeps.
_WORKERS = 48


def each(do: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """What `do` gives for each of the things, in their order. Raises what the first that fails raises.

    One machine has its table in the same process, where threads would only wait for each other.
    """
    listed = list(things)
    if len(listed) < 2 or settings().is_local:
        return [do(thing) for thing in listed]
    with ThreadPoolExecutor(max_workers=min(_WORKERS, len(listed))) as pool:
        return list(pool.map(do, listed))
