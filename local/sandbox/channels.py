"""Where the product wants its webhooks: asked of the product's own API, as a person would set it up by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

_FRESH = 2.0
_PAGE = 100

Api = Callable[[], tuple[str, str] | None]


class ProductChannels:
    """The product's channels, asked for with the admin key and remembered for two seconds.

    `api` gives the API's base URL and an admin key, or None as long as they are not known.
    """

    def __init__(self, api: Api, client: httpx.Client) -> None:
        self._api = api
        self._client = client
        self._lock = threading.Lock()
        self._known: list[dict[str, Any]] = []
        self._known_until = 0.0

    def webhook_url(self, channel_type: str, sender: str) -> str | None:
        """The webhook URL of the channel of this type that sends as `sender`, else of the oldest active one.

        None when the product has no such channel, or cannot be asked now.
        """
        best = self._best(channel_type, sender)
        return str(best["webhook_url"]) if best else None

    def own_address(self, channel_type: str, wanted: str | None = None) -> str | None:
        """The number, page or address of the channel that has the wanted one, else of the oldest active channel."""
        best = self._best(channel_type, wanted or "")
        if wanted or best is None:
            return wanted
        names = ("phone_number", "page_id", "from_email")
        return next((str(best[name]) for name in names if best.get(name)), None)

    def _best(self, channel_type: str, sender: str) -> dict[str, Any] | None:
        fitting = [each for each in self._channels() if each.get("channel_type") == channel_type]
        return min(
            (each for each in fitting if each.get("webhook_url")),
            key=lambda each: (
                sender.lower() not in _senders(each),
                each.get("is_active") is False,
                each.get("created_at") or "",
            ),
            default=None,
        )

    def forget(self) -> None:
        """Ask again next time: what was known has just not worked."""
        with self._lock:
            self._known_until = 0.0

    def _channels(self) -> list[dict[str, Any]]:
        with self._lock:
            if time.monotonic() < self._known_until:
                return self._known
            try:
                self._known = self._ask()
            except httpx.HTTPError:
                return []
            if self._known:
                self._known_until = time.monotonic() + _FRESH
            return self._known

    def _ask(self) -> list[dict[str, Any]]:
        access = self._api()
        if access is None:
            return []
        url, key = access
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {"limit": str(_PAGE)} | ({"cursor": cursor} if cursor else {})
            answer = self._client.get(f"{url}/channels", params=query, headers={"Authorization": f"Bearer {key}"})
            answer.raise_for_status()
            page = answer.json()
            found += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return found


def _senders(channel: dict[str, Any]) -> set[str]:
    """The addresses a channel sends from, whatever its type."""
    return {str(channel.get(name) or "").lower() for name in ("from_email", "phone_number", "page_id")}
