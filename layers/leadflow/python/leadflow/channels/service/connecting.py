"""Providers by a channel's credentials: to send with, to fetch from, and to ask whether the credentials do.

A channel whose credentials are refused is marked unhealthy; a check that succeeds marks it healthy again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadflow.channels import rules, store
from leadflow.channels.enums import SEND_SCOPE
from leadflow.channels.service.accounts import load
from leadflow.channels.service.credentials import credential
from leadflow.core import links, table
from leadflow.core.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    UpstreamRejected,
    UpstreamUnavailable,
)

if TYPE_CHECKING:
    from leadflow.channels.mail import OutgoingMail
    from leadflow.channels.providers import Mailer, Messenger
    from leadflow.channels.rules.outgoing import Media, OutgoingMessage, Standing

_MESSAGES = ("whatsapp", "sms", "messenger", "instagram")


def mailer(channel_id: str) -> Mailer:
    """What sends mail by this channel.

    Raises NotFound when there is no such email channel, CredentialsRefused when it has no API key.
    """
    return mailer_of(load(channel_id, "email"))


def messenger(channel_id: str) -> Messenger:
    """What sends messages by this channel.

    Raises NotFound when there is no such channel of a message service, CredentialsRefused when it lacks credentials.
    """
    return messenger_of(load(channel_id, *_MESSAGES))


def check(channel_id: str) -> dict[str, Any]:
    """What the provider says of the stored credentials: `ok`, `detail` and, where it tells, `scopes`.

    Raises NotFound, and RateLimited when the provider wants to be asked later.
    """
    channel = load(channel_id)
    try:
        ok, detail, scopes = _mail_standing(channel) if channel.channel_type == "email" else _standing(channel)
    except (CredentialsRefused, UpstreamUnavailable, OutcomeUnknown) as error:
        # Only the first says something about the credentials; it has been noted where it was raised.
        return {"ok": False, "detail": error.detail, "scopes": None}
    except UpstreamRejected as error:
        ok, detail, scopes = False, error.detail, None
    _note_health(channel, ok)
    if ok:
        from leadflow.channels.service import releasing

        releasing.release(channel.id)
    return {"ok": ok, "detail": detail, "scopes": scopes}


def _mail_standing(channel: store.ChannelConfig) -> tuple[bool, str, list[str] | None]:
    scopes = list(mailer_of(channel).scopes())
    ok = SEND_SCOPE in scopes
    return ok, "The key may send mail." if ok else f"The key lacks the scope {SEND_SCOPE}.", scopes


def _standing(channel: store.ChannelConfig) -> tuple[bool, str, list[str] | None]:
    found = messenger_of(channel).check()
    return found.ok, found.detail, list(found.scopes) if found.scopes is not None else None


@dataclass(frozen=True)
class _ChannelMailer:
    """The provider by one channel, which is unhealthy from when its credentials are refused until it takes a mail."""

    channel: store.ChannelConfig
    provider: Mailer

    def send(self, mail: OutgoingMail) -> str:
        with _noting_refusals(self.channel):
            taken = self.provider.send(mail)
        if self.channel.is_healthy is False:
            _note_health(self.channel, True)
        return taken

    def scopes(self) -> Sequence[str]:
        with _noting_refusals(self.channel):
            return self.provider.scopes()


@dataclass(frozen=True)
class _ChannelMessenger:
    """The same for a message service."""

    channel: store.ChannelConfig
    provider: Messenger

    def send(self, message: OutgoingMessage) -> str:
        with _noting_refusals(self.channel):
            return self.provider.send(message)

    def fetch(self, url: str, most_bytes: int) -> Media:
        # A file that is not given says nothing about the right to send.
        return self.provider.fetch(url, most_bytes)

    def check(self) -> Standing:
        with _noting_refusals(self.channel):
            return self.provider.check()


@contextlib.contextmanager
def _noting_refusals(channel: store.ChannelConfig) -> Iterator[None]:
    try:
        yield
    except CredentialsRefused:
        _note_health(channel, False)
        raise


def mailer_of(channel: store.ChannelConfig) -> Mailer:
    """What sends mail by an email channel that was read. Raises CredentialsRefused when it has no API key."""
    from leadflow.channels.providers.sendgrid import SendGrid

    return _ChannelMailer(channel, SendGrid(_needed(channel, "api_key")))


def messenger_of(channel: store.ChannelConfig) -> Messenger:
    """The same for a message service. Raises CredentialsRefused when the channel lacks credentials."""
    if channel.provider == "facebook":
        from leadflow.channels.providers.meta import Meta

        token = _needed(channel, "page_access_token")
        return _ChannelMessenger(channel, Meta(token, channel.channel_type == "instagram"))
    from leadflow.channels.providers.twilio import Twilio

    url, _ = rules.webhook_urls(links.public_url(), channel.id, channel.provider)
    account = (_needed(channel, "account_sid"), _needed(channel, "auth_token"))
    whatsapp = channel.channel_type == "whatsapp"
    return _ChannelMessenger(channel, Twilio(*account, channel.phone_number, whatsapp, f"{url}/status"))


def _needed(channel: store.ChannelConfig, name: str) -> str:
    value = credential(channel, name)
    if value is None:
        raise CredentialsRefused(f"Channel {channel.id} has no {name}.")
    return value


def _note_health(channel: store.ChannelConfig, healthy: bool) -> None:
    with contextlib.suppress(table.Stale):  # the channel is gone, and with it what there was to note
        store.note_health(channel, healthy)
