"""The one place where a test replaces what code cannot decide: time, entropy, and all that is made once and kept.

Code asks `current()` each time and keeps nothing of its own, so a test that installs fresh seams gets fresh settings,
secrets and clients without reloading or patching any module.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")


def _system_time() -> datetime:
    return datetime.now(UTC)


class Seams:
    """`clock` gives aware UTC time, `entropy(n)` n unpredictable bytes, `sleep(s)` waits that many seconds.

    `kept` holds what was made once.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = _system_time,
        entropy: Callable[[int], bytes] = os.urandom,
        sleep: Callable[[float], None] = time.sleep,
        kept: dict[str, Any] | None = None,
    ) -> None:
        self.clock = clock
        self.entropy = entropy
        self.sleep = sleep
        self.kept = {} if kept is None else kept
        self._making = threading.RLock()

    def remember(self, name: str, make: Callable[[], T]) -> T:
        """What was made under this name, made now if it was not; made at most once also between threads."""
        try:
            made: T = self.kept[name]
        except KeyError:
            with self._making:
                if name not in self.kept:
                    self.kept[name] = make()
                made = self.kept[name]
        return made

    def forget(self, name: str) -> None:
        self.kept.pop(name, None)


_stack: list[Seams] = []
_first_use = threading.Lock()


def current() -> Seams:
    """The seams in force, the system's own unless others are installed."""
    if not _stack:
        with _first_use:
            if not _stack:
                _stack.append(Seams())
    return _stack[-1]


@contextmanager
def installed(seams: Seams) -> Iterator[Seams]:
    """Puts other seams in force for a while, for all threads."""
    current()
    _stack.append(seams)
    try:
        yield seams
    finally:
        _stack.remove(seams)
