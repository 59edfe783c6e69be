"""Kills a piece of work at any line it runs: the process dies there, as far as the code can tell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from leadflow.core import aws

Place = tuple[str, int]


class Killed(BaseException):
    """Not an Exception, so nothing that handles errors handles it."""


def places(work: Callable[[], Any], *modules: ModuleType, outside: Callable[[], int] = lambda: 0) -> list[Place]:
    """Lines of these modules that the work runs, one for each state of the world it can die in.

    The world changes by calls alone, of AWS or of what is `outside`, which says how many it had; so all lines between
    two calls leave the same world: of each such stretch the first line is listed, in the order they are reached. A line
    that was reached before cannot be told apart by its place and is left to the stretch it was reached in first.
    """
    reached: dict[Place, None] = {}
    calls = [0]
    last = [(-1, 0)]

    def at(place: Place) -> None:
        state = (calls[0], outside())
        if state != last[0] and place not in reached:
            reached[place] = None
            last[0] = state

    with _counted(calls):
        _traced(work, modules, at)
    return list(reached)


def some(reached: list[Place]) -> list[Place]:
    """Those of these places to die at: each sixth in the suite, first and last among them; all with CHAOS_EVERY=1."""
    every = int(os.environ.get("CHAOS_EVERY", "6"))
    return [place for number, place in enumerate(reached) if number % every == 0 or place == reached[-1]]


def lines(work: Callable[[], Any], *modules: ModuleType) -> list[Place]:
    """Every line of these modules that the work runs, in the order they are first reached."""
    reached: dict[Place, None] = {}
    _traced(work, modules, lambda place: reached.setdefault(place))
    return list(reached)


@contextmanager
def _counted(calls: list[int]) -> Iterator[None]:
    """Counts calls to AWS while inside."""

    def count(**_: Any) -> None:
        calls[0] += 1

    emitters = [aws.client(name).meta.events for name in ("dynamodb", "sqs", "stepfunctions")]
    for emitter in emitters:
        emitter.register("after-call", count)
    try:
        yield
    finally:
        for emitter in emitters:
            emitter.unregister("after-call", count)


def kill_at(place: Place, work: Callable[[], Any], *modules: ModuleType) -> bool:
    """Does the work until it first reaches this line and dies right before it; False when it never got there."""

    def die(reached: Place) -> None:
        if reached == place:
            raise Killed(f"{Path(place[0]).name}:{place[1]}")

    try:
        _traced(work, modules, die)
    except Killed:
        return True
    return False


def _traced(work: Callable[[], Any], modules: tuple[ModuleType, ...], at: Callable[[Place], None]) -> None:
    files = {module.__file__ for module in modules}

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            at((frame.f_code.co_filename, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with _blind_to_aws():
            work()
    finally:
        sys.settrace(before)


@contextmanager
def _blind_to_aws() -> Iterator[None]:
    """While inside, calls to AWS are not traced: the emulated cloud runs in this process, and its lines are none of
    ours but most of all."""
    real = BaseClient._make_api_call

    def blind(self: BaseClient, *arguments: Any) -> Any:
        tracing = sys.gettrace()
        sys.settrace(None)
        try:
            return real(self, *arguments)
        finally:
            sys.settrace(tracing)

    with patch.object(BaseClient, "_make_api_call", blind):
        yield
