"""Stands before every provider and makes it misbehave when it was told to."""

from __future__ import annotations

import random
import threading
import time

from local.sandbox.behaviours import LONGEST_WAIT, Behaviour, Behaviours
from local.sandbox.providers.contract import Provider
from local.sandbox.providers.data_source import DataSource
from local.sandbox.wire import Request, Response

_LOOK = 0.05
_NEVER_ANSWERED = Response(504)
_ONLY_FOR_EFFECTS = ("reject", "timeout_after_accept")


class Gate:
    """`stopping` ends every wait at once, so that the sandbox can be shut down."""

    def __init__(self, behaviours: Behaviours, chance: random.Random, stopping: threading.Event) -> None:
        self._behaviours = behaviours
        self._chance = chance
        self._stopping = stopping

    def answer(self, provider: Provider, request: Request) -> Response:
        behaviour = self._behaviours.of(provider.name)
        reads = request.method == "GET" and not isinstance(provider, DataSource)
        if reads and behaviour.mode in _ONLY_FOR_EFFECTS:
            return provider.answer(request)
        if not behaviour.strikes(provider.texts(request), self._chance):
            return provider.answer(request)
        return self._misbehave(provider, request, behaviour)

    def _misbehave(self, provider: Provider, request: Request, behaviour: Behaviour) -> Response:
        match behaviour.mode:
            case "timeout_before_accept":
                self._hold(request, LONGEST_WAIT)
                return _NEVER_ANSWERED
            case "timeout_after_accept":
                answer = provider.answer(request)
                if answer.status >= 300:
                    return answer
                self._hold(request, LONGEST_WAIT)
                return _NEVER_ANSWERED
            case "slow":
                self._hold(request, behaviour.delay)
                return provider.answer(request)
            case _:
                return provider.refusal(behaviour, request)

    def _hold(self, request: Request, seconds: float) -> None:
        """Leave the caller waiting until it hangs up, but no longer than this."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not request.gone() and not self._stopping.wait(_LOOK):
            continue
