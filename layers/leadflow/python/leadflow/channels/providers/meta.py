"""Meta's Send API for Messenger and Instagram.

https://developers.facebook.com/docs/messenger-platform/reference/send-api and
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from leadflow.channels.providers import media
from leadflow.channels.providers.errors import raised
from leadflow.channels.rules.outgoing import Media, OutgoingMessage, Standing
from leadflow.core import http
from leadflow.core.errors import CredentialsRefused, MessageRefused, OutcomeUnknown, RateLimited

if TYPE_CHECKING:
    import httpx

# Good until July 2028; https://developers.facebook.com/docs/graph-api/changelog
VERSION = "v25.0"
_URL = "https://graph.facebook.com"
_INSTAGRAM_URL = "https://graph.instagram.com"
# Tokens of Instagram Login, which are good at Instagram's own host alone, begin so.
_INSTAGRAM_TOKEN = "IG"  # noqa: S105 - the beginning of one
_NAME = "Meta"
_USAGE = "x-business-use-case-usage"
_LONGEST_WAIT_SECONDS = 3600


@dataclass(frozen=True)
class Meta:
    """Meta with the page (or Instagram account) and token of one channel."""

    token: str
    instagram: bool

    def send(self, message: OutgoingMessage) -> str:
        """Hands a message over, once; gives its mid. Raises as Messenger.send does.

        Text and media are messages of their own here, and one of them is sent at a time.
        """
        if message.template or (message.text and message.media_urls) or len(message.media_urls) > 1:
            raise MessageRefused("Meta takes a text or one file in a message.", "invalid_content", "shape")
        response = self._ask("POST", "/me/messages", json=self._body(message))
        mid = _object(response).get("message_id")
        if not isinstance(mid, str) or not mid:
            raise OutcomeUnknown("Meta took the message and did not say under which id.")
        return mid

    def fetch(self, url: str, most_bytes: int) -> Media:
        """A file of a message; its address is signed by Meta and takes no token. Raises as Messenger.fetch does."""
        return media.fetch(url, most_bytes)

    def check(self) -> Standing:
        """Whose token it is. Raises as Messenger.check does."""
        told = _object(self._ask("GET", "/me", params={"fields": "id"}))
        known = bool(told.get("id"))
        return Standing(known, "The token is good." if known else "Meta does not say whose token it is.")

    def _body(self, message: OutgoingMessage) -> dict[str, Any]:
        told: dict[str, Any] = {"metadata": message.reference}
        if message.text:
            told["text"] = message.text
        else:
            (url,) = message.media_urls
            (media_type,) = message.media_types or (None,)
            told["attachment"] = {"type": _kind(url, media_type), "payload": {"url": url}}
        if message.reply_to:
            told["reply_to"] = {"mid": message.reply_to}
        body: dict[str, Any] = {"recipient": {"id": message.person}, "message": told}
        if message.tag:
            body |= {"messaging_type": "MESSAGE_TAG", "tag": message.tag}
        elif not self.instagram:
            body["messaging_type"] = "RESPONSE"
        return body

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        own_host = self.instagram and self.token.startswith(_INSTAGRAM_TOKEN)
        name, url = ("instagram", _INSTAGRAM_URL) if own_host else ("facebook", _URL)
        # The token in a header: addresses end up in logs.
        headers = {"authorization": f"Bearer {self.token}"}
        client = http.provider_client(name, url)
        response = http.send(client, method, f"/{VERSION}{path}", headers=headers, **options)
        if not response.is_success:
            raise _refused(response)
        return response


def _refused(response: httpx.Response) -> CredentialsRefused | MessageRefused | RateLimited | Exception:
    """Decided by code and subcode; Meta's HTTP statuses are not documented."""
    error = _object(response).get("error")
    error = error if isinstance(error, dict) else {}
    code, subcode = error.get("code"), error.get("error_subcode")
    told = f"{code}/{subcode}" if isinstance(code, int) and isinstance(subcode, int) else str(code or "")
    wait = response.headers.get("retry-after") or _regained(response.headers.get(_USAGE))
    return raised(_NAME, "facebook", told, response.status_code, wait)


def _regained(usage: str | None) -> str | None:
    """Seconds until a limit lifts; the header tells minutes for each object of the business."""
    try:
        objects = json.loads(usage or "null")
        minutes = [one["estimated_time_to_regain_access"] for each in objects.values() for one in each]
        longest = max(int(minute) for minute in minutes)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return str(min(longest * 60, _LONGEST_WAIT_SECONDS)) if longest > 0 else None


def _kind(url: str, media_type: str | None) -> str:
    """What Meta is to show a file as, which it wants to be told: by its type where that is known, else by its name."""
    guessed, _ = mimetypes.guess_type(urlsplit(url).path)
    main = (media_type or guessed or "").strip().lower().partition("/")[0]
    return main if main in ("image", "audio", "video") else "file"


def _object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
