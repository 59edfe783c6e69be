"""What a provider's module must offer to live in the sandbox, and what the sandbox offers to it."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from local.sandbox.behaviours import Behaviour
from local.sandbox.channels import ProductChannels
from local.sandbox.database import Database
from local.sandbox.mailbox import Kept, Mailbox
from local.sandbox.outbox import Outbox, Route
from local.sandbox.wire import Headers, Request, Response


@dataclass(frozen=True)
class World:
    """What providers stand on: where things are kept, the product's channels, the time (epoch seconds) and chance."""

    folder: Path
    database: Database
    mailbox: Mailbox
    outbox: Outbox
    channels: ProductChannels
    clock: Callable[[], float]
    chance: random.Random

    def token(self, size: int = 16) -> str:
        """A random text of `size` bytes, safe in URLs and headers."""
        return base64.urlsafe_b64encode(self.chance.randbytes(size)).rstrip(b"=").decode()


@dataclass(frozen=True)
class Simulation:
    """What POST /simulate asks for; `extra` holds whatever the provider's own events take beyond the common names.

    `base` is the sandbox's own URL as its caller knows it, for files that the product is to fetch.
    """

    events: Sequence[str]
    channel: str | None = None
    sender: str | None = None
    to: str | None = None
    body: str | None = None
    message_id: str | None = None
    url: str | None = None
    extra: dict[str, Any] | None = None
    base: str = ""


@dataclass(frozen=True)
class Staged:
    """What a simulation comes to: these payloads, on this route, in the order in which they happened."""

    route: Route
    payloads: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Post:
    """A webhook request ready to go out; to `url` where it is not the one that the channel shows."""

    body: bytes
    headers: Headers
    url: str | None = None


class Provider(Protocol):
    """One outside service.

    name: the first part of its paths here · channels: the channel types whose webhooks it calls · events: what can be
    simulated, `everyday` those that people want at hand · batch: the most payloads in one webhook.
    """

    name: str
    channels: Sequence[str]
    events: Sequence[str]
    everyday: Sequence[str]
    batch: int

    def answer(self, request: Request) -> Response:
        """Play the service for one request; what is accepted is kept durably before this returns."""

    def refusal(self, behaviour: Behaviour, request: Request) -> Response:
        """The service's own answer to a request in the modes reject, rate_limit, server_error and bad_token."""

    def texts(self, request: Request) -> Iterator[str]:
        """Recipients and texts of a request, for a behaviour's `match`; nothing for a request without any."""

    def show(self, kept: Kept) -> dict[str, Any]:
        """An accepted message as GET /sent lists it: the way its recipient gets it."""

    def simulate(self, simulation: Simulation) -> Staged:
        """Make the webhook payloads for a simulated event. Raises Refused when the event fits nothing."""

    def event_name(self, payload: dict[str, Any]) -> str:
        """What a webhook payload is about, in a word."""

    def webhook(self, url: str, payloads: Sequence[dict[str, Any]], /) -> Post:
        """The signed request that tells the product about these; at most `batch` payloads."""
