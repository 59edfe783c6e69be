"""A pytest plugin: what doors asked of AWS in the functional tests, as a list by function (tests/infra/rights.json).

`make rights` writes the list anew. In every other run with this plugin a call that is not in it fails the run, so that
the list cannot miss one; that everything in it is still called, only a run of all functional tests can tell.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests import rights

RECORD = Path(__file__).parent / "infra" / "rights.json"
Recorded = dict[str, list[str]]
# What the workers of this run have reported.
_seen: dict[str, set[str]] = {}


def on_file() -> dict[str, set[rights.Right]]:
    """The list as it is committed."""
    return {
        name: {rights.Right(*text.split(" on ")) for text in texts}
        for name, texts in json.loads(RECORD.read_bytes()).items()
    }


def pytest_testnodedown(node: Any) -> None:
    """A worker has ended and says what it saw."""
    _note(getattr(node, "workeroutput", {}).get("rights", {}))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over what it saw; who has no workers, or had them, writes or compares."""
    seen = {name: sorted(map(str, asked)) for name, asked in rights.asked_for.items()}
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["rights"] = seen
        return
    _note(seen)
    if os.environ.get("RIGHTS") == "write":
        RECORD.write_text(json.dumps({name: sorted(_seen[name]) for name in sorted(_seen)}, indent=1) + "\n")
        return
    known: dict[str, list[str]] = json.loads(RECORD.read_bytes())
    if new := {name: sorted(asked.difference(known.get(name, ()))) for name, asked in _seen.items()}:
        missing = [f"{name}: {text}" for name, texts in sorted(new.items()) for text in texts]
        if missing:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            print("\nNot in tests/infra/rights.json, run `make rights`:", *missing, sep="\n  ")  # noqa: T201


def _note(seen: Recorded) -> None:
    for name, texts in seen.items():
        _seen.setdefault(name, set()).update(texts)
