"""What callers send and get about conversations and their messages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from leadflow.channels.enums import (
    MAX_ASSIGNEE,
    MAX_CONTENT,
    ConversationChannel,
    ConversationStatus,
    Direction,
    MessageRole,
    MessageStatus,
    MessageTag,
    Sentiment,
)
from leadflow.core.schema import JsonObject, Lines, OutboundUrl, Read, Text, Timestamp, Write


def _null_when_empty(value: str | None) -> str | None:
    return value or None


def _left_alone() -> Any:
    """The value of a field that was not given, where null itself is refused."""
    return None


RecordId = Annotated[Text, Field(min_length=1, max_length=64)]
Assignee = Annotated[Annotated[Text, Field(max_length=MAX_ASSIGNEE)] | None, AfterValidator(_null_when_empty)]
Summary = Annotated[Annotated[Lines, Field(max_length=5000)] | None, AfterValidator(_null_when_empty)]
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
TemplateValue = Annotated[Text, Field(max_length=1600)]


class ConversationCreate(Write):
    """A conversation that we begin.

    On `chat` and `phone` it is only kept, and needs no lead. On the others `lead_id` says with whom: the person is
    reached at the lead's phone (sms, whatsapp) or email, or where they wrote to us from (messenger, instagram).
    `channel_config_id` is the channel to use, the oldest active one of its type when left out.
    """

    channel: ConversationChannel
    lead_id: RecordId | None = None
    channel_config_id: RecordId | None = None
    assigned_to: Assignee = None
    summary: Summary = None
    channel_metadata: JsonObject = Field(default_factory=dict)


class ConversationUpdate(Write):
    """A change of a conversation: fields left out stay, null empties those that may be empty.

    `unread_count` can only be set to 0. `transferred` says that somebody of yours takes over, which ends the sequences
    the person is in. What the person writes to a closed conversation opens it again, or begins a
    new one when it has been closed for more than 7 days.
    """

    status: ConversationStatus = Field(default_factory=_left_alone)
    summary: Summary = None
    sentiment: Sentiment | None = None
    assigned_to: Assignee = None
    unread_count: Annotated[int, Field(ge=0, le=0)] = Field(default_factory=_left_alone)


class Conversation(Read):
    """A thread with one person on one channel. Of the four ids the one of its channel says who they are there.

    `window_closes_at` is until when a free message may be sent, null where that does not matter or nobody wrote yet.
    `channel_metadata.referral` is the link or ad the person came by last, where the provider tells: `ref`, `source`,
    `ad_id`, `url`, `title`, `at`.
    """

    id: str
    lead_id: str | None
    status: ConversationStatus
    channel: ConversationChannel
    started_at: Timestamp
    ended_at: Timestamp | None
    summary: str | None
    sentiment: Sentiment | None
    channel_config_id: str | None
    whatsapp_id: str | None
    sms_id: str | None
    messenger_id: str | None
    instagram_id: str | None
    channel_metadata: JsonObject | None
    last_message_at: Timestamp
    unread_count: int
    assigned_to: str | None
    window_closes_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class AttachmentWrite(Write):
    """A file at a public address, fetched when the message is sent: by the provider, for mails by us (20 MB together).

    SMS takes 10, mails 10, WhatsApp, Messenger and Instagram one; Messenger and Instagram take it without `content`.
    """

    url: OutboundUrl
    media_type: Annotated[Line, Field(max_length=200)] | None = None
    name: Annotated[Line, Field(max_length=200)] | None = None


class MessageCreate(Write):
    """Something that is said in a conversation.

    `role` `assistant` is sent to the person; `system` is a note that nobody but us sees; `user` is what the person
    said, on `chat` and `phone` alone, since elsewhere it comes by the channel. `template` is the provider's id of an
    approved template (WhatsApp), with its `template_variables`; `tag` HUMAN_AGENT sends within 7 days of what the
    person wrote last (Messenger, Instagram), for words that a person of yours wrote: it ends the sequences they are in.
    """

    role: MessageRole = "assistant"
    attachments: list[AttachmentWrite] = Field(default_factory=list, max_length=10)
    template: Annotated[Line, Field(min_length=1, max_length=200)] | None = None
    template_variables: dict[Annotated[Line, Field(max_length=40)], TemplateValue] = Field(
        default_factory=dict, max_length=100
    )
    tag: MessageTag | None = None
    metadata: JsonObject = Field(default_factory=dict)
    # The last one, since whether it may be empty hangs on the others.
    content: Annotated[Text, Field(max_length=MAX_CONTENT, validate_default=True)] = ""

    @field_validator("content")
    @classmethod
    def _says_something(cls, content: str, others: ValidationInfo) -> str:
        files, template = others.data.get("attachments"), others.data.get("template")
        # What is wrong with the others is told of them.
        if not (content or files or template) and {"attachments", "template"} <= others.data.keys():
            raise ValueError("is needed where there are neither attachments nor a template")
        if template and (content or files):
            raise ValueError("a template goes without content and attachments")
        return content


class MessageAttachment(Read):
    """A file or a link of a message, the n-th under `/messages/{message_id}/attachments/{n}` once it is `stored`.

    `state`: `pending` (being fetched from the provider), `stored`, `failed` (`reason` says why), `link` (nothing but a
    `url` or a title).
    """

    kind: str
    media_type: str | None
    name: str | None
    size: int | None
    title: str | None
    url: str | None
    state: str
    reason: str | None


class Message(Read):
    """One message. `occurred_at` is when it was said by the provider's clock, or when we had it.

    A message of ours is `queued` until the provider has it; `error_code` then says why it still is: `outcome_unknown`,
    nobody can say whether the provider has it, and it is not sent again; `held`, it waits for a check of its channel to
    succeed. The `content` of a message that was taken back is empty.
    """

    id: str
    conversation_id: str
    role: MessageRole
    content: Annotated[str, Field(max_length=MAX_CONTENT)]
    direction: Direction
    status: MessageStatus
    provider_message_id: str | None
    attachments: list[MessageAttachment]
    error_code: str | None
    error_message: str | None
    metadata: JsonObject
    occurred_at: Timestamp
    created_at: Timestamp
