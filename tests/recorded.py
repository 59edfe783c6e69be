"""A pytest plugin: what functions asked of AWS, by function, in functional tests and in journeys (rights.json).

`make rights` writes it anew. Any other run with this plugin fails on a call that is not in it. With RIGHTS=whole, which
says that these are all functional tests, it fails on a call in it that none of them makes, and on nothing else: such a
run may have asked for more than the tests do, by posting twice. What the journeys' hosts ask for hangs on who comes
first, so only `make rights` looks at it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import observed, rights

RECORD = Path(__file__).parent / "infra" / "rights.json"
Recorded = dict[str, set[str]]
# What a process asks for once and keeps: in a test where the same is posted twice, another door may come first.
_KEPT = (" on AppSecret", " on PublicUrlParameter")
# What the workers of this run have reported.
_seen: Recorded = {}


def on_file() -> dict[str, set[rights.Right]]:
    """What is committed, by function, wherever it was seen."""
    both: Recorded = {}
    for part in _committed().values():
        _add(both, part)
    return {name: {rights.Right(*text.split(" on ")) for text in texts} for name, texts in both.items()}


def pytest_configure(config: pytest.Config) -> None:
    """Hosts that journeys start are told where to note what they see, when it is to be written."""
    if _is_written() and not hasattr(config, "workerinput"):
        os.environ[observed.NOTED] = tempfile.mkstemp(prefix="rights-")[1]


def pytest_testnodedown(node: Any) -> None:
    """A worker has ended and says what it saw."""
    _add(_seen, getattr(node, "workeroutput", {}).get("rights", {}))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over what it saw; who has no workers, or had them, writes or compares."""
    seen = {name: sorted(map(str, asked)) for name, asked in rights.asked_for.items()}
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["rights"] = seen
        return
    _add(_seen, seen)
    if _is_written():
        book = Path(os.environ.pop(observed.NOTED))
        _write(observed.noted(book), session)
        book.unlink()
    elif complaints := _complaints(session.exitstatus == pytest.ExitCode.OK):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\ntests/infra/rights.json is out of date, run `make rights`:", *complaints, sep="\n  ")  # noqa: T201


def _complaints(passed: bool) -> list[str]:
    known = _committed()["functional"]
    if os.environ.get("RIGHTS") != "whole":
        return [f"it lacks {text}" for text in beyond(_seen, known)]
    # A run that failed has not made all its calls.
    unused = beyond(known, _seen) if passed else []
    return [f"nobody asks for {text}" for text in unused if not text.endswith(_KEPT)]


def beyond(some: Mapping[str, Iterable[str]], others: Mapping[str, Iterable[str]]) -> list[str]:
    """What is in the first record and not in the second, a line each."""
    return sorted(f"{name}: {text}" for name in some for text in set(some[name]).difference(others.get(name, ())))


def _is_written() -> bool:
    return os.environ.get("RIGHTS") == "write"


def _write(in_journeys: Recorded, session: pytest.Session) -> None:
    """Nothing, when a test failed. A part of which this run had no tests stays as it is."""
    if session.exitstatus != pytest.ExitCode.OK:
        return
    parts = _committed()
    for part, found in {"functional": _seen, "journeys": in_journeys}.items():
        if found:
            parts[part] = {name: sorted(found[name]) for name in sorted(found)}
    RECORD.write_text(json.dumps(parts, indent=1) + "\n")


def _committed() -> dict[str, dict[str, list[str]]]:
    parts: dict[str, dict[str, list[str]]] = json.loads(RECORD.read_bytes())
    return parts


def _add(to: Recorded, seen: Any) -> None:
    for name, texts in seen.items():
        to.setdefault(name, set()).update(texts)
