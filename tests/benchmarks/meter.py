"""What a piece of work takes: calls and request units of AWS, and processor time of our own code."""

from __future__ import annotations

import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from tests.benchmarks import units


@dataclass
class Cost:
    """Sums over `invocations` of one function: calls by operation, request units, seconds of processor time in our
    code (that of botocore's requests and of what answers them left out), and changes for the table's stream."""

    invocations: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    read: float = 0
    written: int = 0
    own: float = 0
    logged: int = 0
    changes: list[dict[str, Any]] = field(default_factory=list)

    def figures(self, per: float = 1) -> dict[str, Any]:
        """The sums for each `per`-th part, as they are kept."""
        rounded = {name: round(count / per, 4) for name, count in sorted(self.calls.items())}
        return {
            "invocations": round(self.invocations / per, 4),
            "calls": rounded,
            "read_units": round(self.read / per, 2),
            "write_units": round(self.written / per, 2),
            "own_seconds": round(self.own / per, 6),
            "log_bytes": round(self.logged / per),
        }


class Meter:
    """Adds up what work takes, by the name of who does it; `engine` reads the table's stream."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.costs: dict[str, Cost] = {}

    def run(self, name: str, work: Callable[[], Any]) -> Any:
        """What the work gives. Its calls must be the only ones meanwhile."""
        said = _said()
        with units.metered() as usage, own_time() as own:
            answer = work()
        changes = self.engine.changes()
        cost = self.costs.setdefault(name, Cost())
        cost.invocations += 1
        cost.calls.update(usage.calls)
        cost.read += usage.read
        cost.written += units.write_units(usage, changes)
        cost.own += own[0]
        cost.logged += _said() - said
        cost.changes += changes
        return answer


def _said() -> int:
    """How much was printed, when it is kept: log lines go there."""
    return sys.stdout.tell() if isinstance(sys.stdout, io.StringIO) else 0


@contextmanager
def own_time() -> Iterator[list[float]]:
    """The processor seconds of this thread meanwhile that were not spent on a request to AWS."""
    from botocore.endpoint import Endpoint

    spent, real = [0.0], Endpoint.make_request

    def make_request(self: Any, *arguments: Any) -> Any:
        began = time.thread_time()
        try:
            return real(self, *arguments)
        finally:
            spent[0] += time.thread_time() - began

    own, began = [0.0], time.thread_time()
    with patch.object(Endpoint, "make_request", make_request):
        yield own
    own[0] = time.thread_time() - began - spent[0]
