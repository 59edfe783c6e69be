"""Brings webhooks to the product: signed by their provider, repeated until it answers with a 2xx."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from local.sandbox.channels import ProductChannels
from local.sandbox.outbox import Batch, Delivery, Outbox, Route
from local.sandbox.providers.contract import Provider

NOBODY_ANSWERED = 0
_WORKERS = 4
_IDLE = 0.2
_LONGEST_BACKOFF = 15.0


class Courier:
    """A few threads that empty the outbox, and a way to post at once and see the product's answer."""

    def __init__(
        self,
        outbox: Outbox,
        channels: ProductChannels,
        client: httpx.Client,
        providers: Mapping[str, Provider],
        clock: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._client = client
        self._providers = providers
        self._clock = clock
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._outbox.recover()
        for number in range(_WORKERS):
            thread = threading.Thread(target=self._work, name=f"courier-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what is under way; what is still waiting stays in the outbox."""
        self._stopping.set()
        for thread in self._threads:
            self._outbox.wake()
            thread.join()

    def post_now(self, route: Route, payloads: Sequence[dict[str, Any]]) -> int | None:
        """Post these at once. The product's HTTP status, 0 when nothing answered, None when there is no webhook URL.

        What the product did not take is queued, as a provider would try it again.
        """
        url = self._url(route, payloads)
        if url is None:
            return None
        status = self._post(route, url, payloads)
        if not _taken(status):
            self._outbox.add(route, payloads, self._clock() + _backoff(0))
        return status

    def most(self, route: Route) -> int:
        """How many payloads of a route go out in one post."""
        return self._providers[route.provider].batch

    def _url(self, route: Route, payloads: Sequence[dict[str, Any]]) -> str | None:
        """Where a message's own callback URL says, else where the channel does."""
        own = payloads[0].get("callback") if payloads else None
        return str(own) if own else self._channels.webhook_url(route.channel, route.sender)

    def _work(self) -> None:
        most = {name: provider.batch for name, provider in self._providers.items()}
        while not self._stopping.is_set():
            batch = self._outbox.claim(most)
            if batch is None:
                self._outbox.wait(_IDLE)
            else:
                self._deliver(batch)

    def _deliver(self, batch: Batch) -> None:
        url = self._url(batch.route, batch.payloads)
        if url is None:
            self._outbox.put_back(batch, _backoff(0), attempted=False)
        elif _taken(self._post(batch.route, url, batch.payloads)):
            self._outbox.settle(batch)
        else:
            self._outbox.put_back(batch, _backoff(batch.attempts), attempted=True)

    def _post(self, route: Route, url: str, payloads: Sequence[dict[str, Any]]) -> int:
        provider = self._providers[route.provider]
        post = provider.webhook(url, payloads)
        try:
            url = post.url or url
            status = self._client.post(url, content=post.body, headers=dict(post.headers)).status_code
        except httpx.HTTPError:
            status = NOBODY_ANSWERED
            self._channels.forget()
        names = Counter(provider.event_name(payload) for payload in payloads)
        summary = ", ".join(name if count == 1 else f"{count} × {name}" for name, count in names.items())
        self._outbox.note(Delivery(self._clock(), route.provider, url, status, summary))
        return status


def _taken(status: int) -> bool:
    return 200 <= status < 300


def _backoff(attempts: int) -> float:
    """Seconds until the next try: half a second doubling to a quarter of a minute."""
    return min(0.5 * 2.0 ** min(attempts, 10), _LONGEST_BACKOFF)
