"""The one-machine host, noting what its functions ask of AWS: `python -m tests.observed`, as `python -m local.run`.

Each right that a function is first seen to use becomes a line of the file RIGHTS_NOTED names, written at once, so that
a host which is killed has said what it saw. All functions share one process, its threads and its clients of AWS: each
call belongs to the function in whose context it is made. What the host itself asks for, to deploy, to seed or to read
streams, belongs to none.
"""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from local.host import invoke
from tests import rights

NOTED = "RIGHTS_NOTED"


class ObservedHost(invoke.FunctionHost):
    """Its handlers say whose they are while they run."""

    def _load(self, logical_id: str) -> Callable[[Any, Any], Any]:
        handler = super()._load(logical_id)
        _, area, operation, _ = self._code[logical_id][0].split(".")
        self._handlers[logical_id] = rights.guarded(f"{area}/{operation}", handler)
        return self._handlers[logical_id]


def run(file: str) -> None:
    """Until the host ends, and this process with it."""
    book = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    seen: set[tuple[str, rights.Right]] = set()

    def note(name: str, asked: set[rights.Right]) -> None:
        for right in asked:
            if (name, right) not in seen:
                seen.add((name, right))
                os.write(book, f"{json.dumps([name, str(right)])}\n".encode())

    with rights.watched(note), patch.object(invoke, "FunctionHost", ObservedHost):
        runpy.run_module("local.run", run_name="__main__")


def noted(file: Path) -> dict[str, set[str]]:
    """What hosts have noted in this file, by function."""
    found: dict[str, set[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, text = json.loads(line)
        found.setdefault(name, set()).add(text)
    return found


if __name__ == "__main__":
    run(os.environ[NOTED])
