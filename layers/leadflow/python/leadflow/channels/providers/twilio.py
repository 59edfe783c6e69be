"""Twilio's messages API for SMS and WhatsApp: https://www.twilio.com/docs/messaging/api/message-resource"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from leadflow.channels.providers import media
from leadflow.channels.providers.errors import raised
from leadflow.channels.rules.outgoing import Media, OutgoingMessage, Standing
from leadflow.channels.rules.twilio_posts import REFERENCE
from leadflow.core import http
from leadflow.core.errors import Forbidden, MessageRefused, OutcomeUnknown

if TYPE_CHECKING:
    import httpx

URL = "https://api.twilio.com"
_VERSION = "2010-04-01"
_NAME = "Twilio"


@dataclass(frozen=True)
class Twilio:
    """Twilio with the account and the own number of one channel.

    `status_url` is where it is to tell what becomes of messages; `whatsapp` says that numbers are WhatsApp's.
    """

    account_sid: str
    auth_token: str
    number: str | None
    whatsapp: bool
    status_url: str

    def send(self, message: OutgoingMessage) -> str:
        """Hands a message over, once; gives its SID. Raises as Messenger.send does."""
        if not self.number:
            raise MessageRefused("The channel has no phone_number to send from.", "account", "no_sender")
        response = self._ask("POST", "/Messages.json", data=self._form(message, self.number))
        return _sid(response)

    def fetch(self, url: str, most_bytes: int) -> Media:
        """A media file of a message. Raises as Messenger.fetch does."""
        home = http.provider_url("twilio", URL)
        if urlsplit(url)[:2] != urlsplit(home)[:2]:
            raise Forbidden("The file's address is not Twilio's.")
        return media.fetch(url, most_bytes, (("authorization", self._authorization),))

    def check(self) -> Standing:
        """Whether the account is active. Raises as Messenger.check does."""
        told = _object(self._ask("GET", ".json"))
        status = told.get("status")
        if status == "active":
            return Standing(True, "The account is active.")
        if isinstance(status, str) and status:
            return Standing(False, f"The account is {status[:40]}.")
        return Standing(False, "Twilio says nothing about the account.")

    def _form(self, message: OutgoingMessage, number: str) -> dict[str, Any]:
        form: dict[str, Any] = {
            "To": self._address(message.person),
            "From": self._address(number),
            "StatusCallback": f"{self.status_url}?{REFERENCE}={quote(message.reference, safe='')}",
        }
        if message.template:
            form["ContentSid"] = message.template
            if message.template_variables:
                form["ContentVariables"] = json.dumps(dict(message.template_variables), ensure_ascii=False)
            return form
        if message.text:
            form["Body"] = message.text
        if message.media_urls:
            form["MediaUrl"] = list(message.media_urls)
        return form

    def _address(self, person: str) -> str:
        return f"whatsapp:{person}" if self.whatsapp else person

    @property
    def _authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        client = http.provider_client("twilio", URL)
        account = quote(self.account_sid, safe="")
        where = f"/{_VERSION}/Accounts/{account}{path}"
        headers = {"authorization": self._authorization}
        response = http.send(client, method, where, headers=headers, **options)
        if not response.is_success:
            code = _object(response).get("code")
            told = str(code) if isinstance(code, int) else ""
            raise raised(_NAME, "twilio", told, response.status_code, response.headers.get("retry-after"))
        return response


def _sid(response: httpx.Response) -> str:
    sid = _object(response).get("sid")
    if not isinstance(sid, str) or not sid:
        raise OutcomeUnknown("Twilio took the message and did not say under which id.")
    return sid


def _object(response: httpx.Response) -> Mapping[str, Any]:
    """The answer's JSON; empty for a page of a proxy, or whatever else is no object."""
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
