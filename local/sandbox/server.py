"""The sandbox put together: a WSGI application and the courier behind it.

The server in front should have many threads, since a simulated timeout holds one, and under waitress a
`channel_request_lookahead` above 0, which is what lets the sandbox see that a caller has hung up.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from local.sandbox.behaviours import Behaviours
from local.sandbox.channels import Api, ProductChannels
from local.sandbox.console import Console
from local.sandbox.courier import Courier
from local.sandbox.database import Database
from local.sandbox.gate import Gate
from local.sandbox.mailbox import Mailbox
from local.sandbox.outbox import Outbox
from local.sandbox.page.pages import Pages
from local.sandbox.providers.contract import Provider, World
from local.sandbox.providers.crustdata import CrustData
from local.sandbox.providers.forager import Forager
from local.sandbox.providers.inbound_parse import InboundParse
from local.sandbox.providers.meta import Meta
from local.sandbox.providers.openai import OpenAi
from local.sandbox.providers.people_data_labs import PeopleDataLabs
from local.sandbox.providers.receiver import Receiver
from local.sandbox.providers.secrets import Secrets
from local.sandbox.providers.sendgrid import SUBSTITUTION_BYTES, SendGrid
from local.sandbox.providers.twilio import Twilio
from local.sandbox.wire import Response, read_request, send

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_WEBHOOK_TIMEOUT = 10.0


class Sandbox:
    """The outside world of one data directory: call it as a WSGI application, `start` it for its webhooks to go out.

    data_dir: everything is kept under its folder `sandbox` · api: gives the product's base URL and admin key, or None
    as long as they are unknown · clock: epoch seconds · substitution_bytes: SendGrid's cap for each personalization.
    """

    def __init__(
        self,
        data_dir: Path,
        api: Api,
        *,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
        substitution_bytes: int = SUBSTITUTION_BYTES,
    ) -> None:
        folder = data_dir / "sandbox"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        chance = chance or random.SystemRandom()
        self._database = Database(folder / "sandbox.db")
        self._client = httpx.Client(timeout=_WEBHOOK_TIMEOUT, follow_redirects=False, trust_env=False)
        channels, outbox = ProductChannels(api, self._client), Outbox(self._database, clock)
        world = World(folder, self._database, Mailbox(self._database), outbox, channels, clock, chance)
        self.secrets = Secrets.of(folder, chance)
        self._sendgrid = SendGrid(world, substitution_bytes)
        services: list[Provider] = [Twilio(world, self.secrets), Meta(world, self.secrets)]
        sources: list[Provider] = [PeopleDataLabs(world), CrustData(world), Forager(world)]
        made: list[Provider] = [self._sendgrid, *services, *sources, OpenAi(world), Receiver(world)]
        self._providers: Mapping[str, Provider] = {one.name: one for one in made}
        callers = {**self._providers, InboundParse.name: InboundParse(world, self.secrets)}
        self._courier = Courier(outbox, channels, self._client, callers, clock)
        kept_behaviours = Behaviours(self._database)
        self._stopping = threading.Event()
        self._gate = Gate(kept_behaviours, chance, self._stopping)
        pages = Pages(self._providers, world.mailbox, kept_behaviours, world.outbox, chance)
        self._console = Console(self._providers, world.mailbox, kept_behaviours, self._courier, pages, chance)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return send(self._answer(environ), start_response)

    def _answer(self, environ: WSGIEnvironment) -> Response:
        request = read_request(environ)
        area, _, rest = request.path.lstrip("/").partition("/")
        provider = self._providers.get(area)
        if provider is None:
            return self._console.answer(request)
        return self._gate.answer(provider, replace(request, path=f"/{rest}"))

    def start(self) -> None:
        """Begin to post webhooks, those first that an earlier run left behind."""
        self._courier.start()

    def let_go(self) -> None:
        """Answer every caller that is being kept waiting, so that the server in front can stop."""
        self._stopping.set()

    def close(self) -> None:
        """Finish the posts under way and close the files, once no more requests come. What is unsent stays kept."""
        self.let_go()
        self._courier.stop()
        self._client.close()
        self._database.close()

    def sendgrid_public_key(self) -> str:
        """What a product needs to verify SendGrid's webhooks: base64 of DER, one line."""
        return self._sendgrid.public_key()
