"""What is kept for a while in a warm function, so that not every call of it asks for it anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from leadflow.core import clock, seams

T = TypeVar("T")


def kept_for(lasts: timedelta, name: str, make: Callable[[], T]) -> T:
    """What was made under this name no longer ago than that, else made now. `drop` ends it at once."""
    kept, place = seams.current(), f"kept:{name}"
    made, until = kept.remember(place, lambda: (make(), clock.now() + lasts))
    if until <= clock.now():
        kept.forget(place)
        made, _ = kept.remember(place, lambda: (make(), clock.now() + lasts))
    return made


def drop(name: str) -> None:
    """Forgets what was kept in this process; other processes keep theirs to its end."""
    seams.current().forget(f"kept:{name}")
