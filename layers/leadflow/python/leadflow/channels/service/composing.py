"""A message as its provider takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.channels import store
from leadflow.channels.rules.outgoing import OutgoingMessage
from leadflow.channels.service import connecting, mailing


def prepared(
    conversation: store.Conversation, message: store.Message, channel: store.ChannelConfig
) -> Callable[[], str]:
    """What hands the message over by its channel when it is called, and gives the provider's id.

    Raises CredentialsRefused, and for the files of a mail as `mailing.prepared`.
    """
    if conversation.channel == "email":
        return mailing.prepared(conversation, message, channel)
    messenger = connecting.messenger_of(channel)
    outgoing: dict[str, Any] = message.outgoing or {}
    told = OutgoingMessage(
        reference=message.id,
        person=str(conversation.person),
        text=message.content or None,
        media_urls=tuple(one["url"] for one in message.attachments),
        media_types=tuple(one.get("media_type") for one in message.attachments),
        template=outgoing.get("template"),
        template_variables=outgoing.get("template_variables") or {},
        tag=_tag(conversation, outgoing.get("tag")),
    )
    return lambda: messenger.send(told)


def _tag(conversation: store.Conversation, tag: str | None) -> str | None:
    return tag if conversation.channel in ("messenger", "instagram") else None
