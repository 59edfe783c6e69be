"""Channels as accounts at providers: made, listed, checked, and sent by."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadflow.channels import rules, store
from leadflow.channels.enums import PROVIDER_OF, SEND_SCOPE
from leadflow.channels.service.credentials import credential, encrypted
from leadflow.core import ids, links, table
from leadflow.core.errors import CredentialsRefused, InvalidInput, NotFound, OutcomeUnknown, UpstreamUnavailable
from leadflow.core.table import Record

if TYPE_CHECKING:
    from leadflow.channels.mail import OutgoingMail
    from leadflow.channels.providers import Mailer
    from leadflow.channels.schema import ChannelConfigCreate


def create(body: ChannelConfigCreate) -> Record:
    """A new channel. Raises InvalidInput naming what does not fit its type, or is needed and missing."""
    fields = body.model_dump()
    errors = [*rules.channel_errors(fields), *_key_errors(fields["api_credentials"])]
    if errors:
        raise InvalidInput.many(errors)
    channel_id = ids.new_id()
    fields["provider"] = PROVIDER_OF[body.channel_type]
    ciphertexts = encrypted(channel_id, fields.pop("api_credentials"))
    return _shown(store.create_channel(channel_id, fields, ciphertexts).record())


def get(channel_id: str) -> Record:
    """Raises NotFound."""
    return _shown(_channel(channel_id).record())


def page(limit: int, cursor: str | None) -> dict[str, Any]:
    found = store.channels_page(limit, cursor)
    return {**found, "items": [_shown(record) for record in found["items"]]}


def active_email_channel() -> Record | None:
    """The oldest active channel of type email, without its credentials; None when there is none."""
    channel = store.first_active("email")
    return None if channel is None else _shown(channel.record())


def mailer(channel_id: str) -> Mailer:
    """What sends mail by this channel.

    Raises NotFound when there is no such email channel, CredentialsRefused when it has no API key.
    """
    return _mailer(_channel(channel_id, "email"))


def check(channel_id: str) -> dict[str, Any]:
    """What the provider says of the stored credentials: `ok`, `detail` and, where it tells, `scopes`.

    Raises InvalidInput for a provider that cannot be asked yet, RateLimited when it wants to be asked later.
    """
    channel = _channel(channel_id)
    if channel.channel_type != "email":
        raise InvalidInput("channel_type", f"{channel.channel_type} channels cannot be checked yet")
    try:
        scopes = list(_mailer(channel).scopes())
    except (CredentialsRefused, UpstreamUnavailable, OutcomeUnknown) as error:
        # Only the first says something about the credentials; it has been noted where it was raised.
        return {"ok": False, "detail": error.detail, "scopes": None}
    ok = SEND_SCOPE in scopes
    _note_health(channel, ok)
    detail = "The key may send mail." if ok else f"The key lacks the scope {SEND_SCOPE}."
    return {"ok": ok, "detail": detail, "scopes": scopes}


@dataclass(frozen=True)
class _ChannelMailer:
    """The provider by one channel, which is marked unhealthy when its credentials are refused."""

    channel: store.ChannelConfig
    provider: Mailer

    def send(self, mail: OutgoingMail) -> str:
        with self._noting_refusals():
            return self.provider.send(mail)

    def scopes(self) -> Sequence[str]:
        with self._noting_refusals():
            return self.provider.scopes()

    @contextlib.contextmanager
    def _noting_refusals(self) -> Iterator[None]:
        try:
            yield
        except CredentialsRefused:
            _note_health(self.channel, False)
            raise


def _mailer(channel: store.ChannelConfig) -> Mailer:
    from leadflow.channels.providers.sendgrid import SendGrid

    api_key = credential(channel, "api_key")
    if api_key is None:
        raise CredentialsRefused(f"Channel {channel.id} has no api_key.")
    return _ChannelMailer(channel, SendGrid(api_key))


def _key_errors(credentials: dict[str, str]) -> list[tuple[str, str]]:
    key = credentials.get("event_public_key")
    if key is None:
        return []
    from leadflow.channels.providers.signatures import p256_key

    try:
        p256_key(key)
    except ValueError:
        return [("api_credentials.event_public_key", "is not the base64 of a public key on P-256")]
    return []


def _channel(channel_id: str, channel_type: str | None = None) -> store.ChannelConfig:
    channel = store.find_channel(channel_id)
    if channel is None or (channel_type and channel.channel_type != channel_type):
        raise NotFound("channel", channel_id)
    return channel


def _note_health(channel: store.ChannelConfig, healthy: bool) -> None:
    with contextlib.suppress(table.Stale):  # the channel is gone, and with it what there was to note
        store.note_health(channel, healthy)


def _shown(record: Record) -> Record:
    """With the URLs that are to be set at the provider."""
    urls = rules.webhook_urls(links.public_url(), record["id"], record["provider"])
    record["webhook_url"], record["inbound_url"] = urls
    return record
