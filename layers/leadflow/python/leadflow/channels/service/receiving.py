"""The doors of webhooks: who signed what came is found out first, then it is stored, then it is told on.

A channel without the secret to check with takes nothing: who could not check must not believe.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from leadflow.channels import rules, store
from leadflow.channels.service import inbox
from leadflow.channels.service.credentials import accepted
from leadflow.core import clock, ids, links, secrets
from leadflow.core.errors import Forbidden, NotFound, Unauthenticated

_TEXT = 300


@dataclass(frozen=True)
class MailPost:
    """A post of Inbound Parse: its form, what it says to be, and what it can prove itself by."""

    raw: bytes
    content_type: str
    secret: str | None
    authorization: str | None
    signature: str | None
    timestamp: str | None


def receive_sendgrid(channel_id: str, raw: bytes, signature: str | None, timestamp: str | None) -> None:
    """Keeps a post of SendGrid's event webhook.

    Raises NotFound for no such channel and Unauthenticated for a bad signature; then nothing is stored.
    """
    channel = _channel(channel_id, "sendgrid")
    moment = rules.signed_at(timestamp or "")
    if moment is None or not _is_signed(channel, raw, signature, timestamp):
        raise Unauthenticated("The signature does not fit.")
    _keep(channel, store.Posted("sendgrid", "events", raw), moment, timestamp or "")


def receive_twilio(channel_id: str, raw: bytes, query: str, signature: str | None, *, status: bool = False) -> None:
    """Keeps a message, or with `status` the fate of one of ours. `query` as it stood in the URL. Raises as above."""
    from leadflow.channels.providers.signatures import signed_by_twilio

    channel = _channel(channel_id, "twilio")
    url, _ = rules.webhook_urls(links.public_url(), channel_id, "twilio")
    signed = url + ("/status" if status else "") + (f"?{query}" if query else "")
    if not signature or not signed_by_twilio(accepted(channel, "auth_token"), signed, raw, signature):
        raise Unauthenticated("The signature does not fit.")
    kind = "status" if status else "messages"
    _keep(channel, store.Posted("twilio", kind, raw, url_query=query), _today(), kind, query)


def verify_meta(channel_id: str, query: Mapping[str, str]) -> str:
    """The challenge to answer when Meta asks whether we want its posts.

    Raises NotFound for no such channel, Forbidden when the token is not ours.
    """
    channel = _channel(channel_id, "facebook")
    given = query.get("hub.verify_token", "")
    ours = [token for token in accepted(channel, "verify_token") if secrets.same(token, given)]
    if query.get("hub.mode") != "subscribe" or not ours:
        raise Forbidden("The verify token does not fit.")
    return query.get("hub.challenge", "")[:_TEXT]


def receive_meta(channel_id: str, raw: bytes, signature: str | None) -> None:
    """Keeps a post of Messenger or Instagram. Raises as `receive_sendgrid`."""
    from leadflow.channels.providers.signatures import signed_by_meta

    channel = _channel(channel_id, "facebook")
    if not signature or not signed_by_meta(accepted(channel, "app_secret"), raw, signature):
        raise Unauthenticated("The signature does not fit.")
    _keep(channel, store.Posted("facebook", "messages", raw), _today(), "messages")


def receive_mail(channel_id: str, post: MailPost) -> None:
    """Keeps a mail that came in. Raises as `receive_sendgrid`."""
    channel = _channel(channel_id, "sendgrid")
    if not (_knows_secret(channel, post) or _is_signed(channel, post.raw, post.signature, post.timestamp)):
        raise Unauthenticated("Neither secret nor signature fits.")
    posted = store.Posted("sendgrid", "inbound", post.raw, content_type=post.content_type[:_TEXT])
    _keep(channel, posted, _today(), "inbound")


def _channel(channel_id: str, provider: str) -> store.ChannelConfig:
    channel = store.find_channel(channel_id)
    if channel is None or channel.provider != provider:
        raise NotFound("channel", channel_id)
    return channel


def _keep(channel: store.ChannelConfig, posted: store.Posted, moment: datetime, *cause: str) -> None:
    digest = hashlib.sha256(posted.raw).hexdigest()
    delivery_id = ids.derived_id(moment, "delivery", channel.id, *cause, digest)
    store.keep_delivery(delivery_id, channel.id, posted)
    inbox.queue(delivery_id)


def _today() -> datetime:
    """What ids of posts without a time of their own begin with: the same post on the same day is the same delivery."""
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)


def _is_signed(channel: store.ChannelConfig, raw: bytes, signature: str | None, timestamp: str | None) -> bool:
    if not signature or not timestamp:
        return False
    from leadflow.channels.providers.signatures import signed_by

    return any(signed_by(key, signature, timestamp, raw) for key in accepted(channel, "event_public_key"))


def _knows_secret(channel: store.ChannelConfig, post: MailPost) -> bool:
    """By `?secret=` in the URL, or as the password in it, which posts bring in their Authorization."""
    given = [text for text in (post.secret, _password(post.authorization)) if text]
    return any(secrets.same(ours, text) for ours in accepted(channel, "inbound_secret") for text in given)


def _password(authorization: str | None) -> str | None:
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None
