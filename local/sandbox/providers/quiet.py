"""What services have in common that are asked and answer, and never call anybody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from local.sandbox.providers.contract import Simulation, World
from local.sandbox.wire import Headers, Refused, Request


class Quiet:
    """Base of a provider without webhooks."""

    name: str
    channels: Sequence[str] = ()
    events: Sequence[str] = ()
    everyday: Sequence[str] = ()
    batch = 1

    def __init__(self, world: World) -> None:
        self._world = world

    def simulate(self, _: Simulation) -> NoReturn:
        raise self._nothing()

    def event_name(self, _: dict[str, Any]) -> NoReturn:
        raise self._nothing()

    def webhook(self, _url: str, _payloads: Sequence[dict[str, Any]]) -> NoReturn:
        raise self._nothing()

    def _nothing(self) -> Refused:
        return Refused(422, f"{self.name} calls nobody", "provider")


def headers_of(request: Request) -> dict[str, str]:
    """A request's headers as they are shown, without keys."""
    return {name: "(a key)" if name == "authorization" else value for name, value in request.headers.items() if value}


def retry_after(seconds: float | None, default: int) -> Headers:
    return (("Retry-After", str(int(default if seconds is None else seconds))),)


def parsed(body: bytes) -> Any:
    """The JSON of a body; None for anything else."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
