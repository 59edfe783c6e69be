"""The function host: what it does before a handler is called for the first time."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from leadflow.core.schema import Write
from leadflow.entry.api import endpoint
from local.emulator.stack import Function
from local.host.invoke import FunctionHost


class Asked(Write):
    """A body that nobody has looked at yet."""

    name: str


def test_what_checks_a_body_is_whole_before_two_requests_can_build_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("a_door")
    complete: list[bool] = []
    real = endpoint(scope=None, body=Asked)(lambda body: body)

    def handler(event: object, context: object) -> None:
        complete.append(Asked.__pydantic_complete__)

    handler.spec = real.spec  # type: ignore[attr-defined]
    module.handler = handler  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_door", module)
    function = Function("Door", "door", "arn", 10, 128, {})

    FunctionHost({"Door": function}, {"Door": ("a_door", "handler")}).invoke("Door", {})

    assert complete == [True]
