"""A message as its provider takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.channels import store
from leadflow.channels.mail import ID_ARGUMENT, Address, OutgoingMail, Recipient
from leadflow.channels.rules.outgoing import OutgoingMessage
from leadflow.channels.service import accounts, connecting
from leadflow.core import clock

_NEWEST = 20
_NO_SUBJECT = "Your message"


def prepared(conversation: store.Conversation, message: store.Message) -> Callable[[], str]:
    """What hands the message over when it is called, and gives the provider's id. Raises CredentialsRefused."""
    if conversation.channel == "email":
        return _mail(conversation, message)
    messenger = connecting.messenger(str(message.channel_id))
    outgoing: dict[str, Any] = message.outgoing or {}
    told = OutgoingMessage(
        reference=message.id,
        person=str(conversation.person),
        text=message.content or None,
        media_urls=tuple(one["url"] for one in message.attachments),
        template=outgoing.get("template"),
        template_variables=outgoing.get("template_variables") or {},
        tag=_tag(conversation, outgoing.get("tag")),
    )
    return lambda: messenger.send(told)


def _tag(conversation: store.Conversation, tag: str | None) -> str | None:
    return tag if conversation.channel in ("messenger", "instagram") else None


def _mail(conversation: store.Conversation, message: store.Message) -> Callable[[], str]:
    """A mail that answers the last one in the conversation; its Message-ID is ours, so that answers find it."""
    channel_id = str(message.channel_id)
    mailer, channel = connecting.mailer(channel_id), accounts.get(channel_id)
    domain = str(channel["from_email"]).rpartition("@")[2]
    message_id = f"{message.id}@{domain}"
    latest = store.latest_until(conversation.id, clock.now_stamp(), _NEWEST)
    answered = next((one for one in latest if one.direction == "inbound"), None)
    headers = {"Message-ID": f"<{message_id}>"}
    subject = str((conversation.channel_metadata or {}).get("subject") or _NO_SUBJECT)
    if answered is not None:
        subject = str((answered.metadata or {}).get("subject") or subject)
        if answered.provider_message_id:
            headers |= dict.fromkeys(("In-Reply-To", "References"), f"<{answered.provider_message_id}>")
    if (message.outgoing or {}).get("automatic"):
        headers["Auto-Submitted"] = "auto-generated"
    mail = OutgoingMail(
        sender=Address(channel["from_email"], channel["from_name"]),
        recipients=(Recipient(str(conversation.person), custom_args={ID_ARGUMENT: message.id}),),
        subject=subject if answered is None or subject.lower().startswith("re:") else f"Re: {subject}",
        text=message.content,
        reply_to=Address(channel["reply_to"]) if channel["reply_to"] else None,
        headers=headers,
    )

    def send() -> str:
        mailer.send(mail)
        return message_id

    return send
