"""What a provider's delivery says, in one form for all providers and channels.

A delivery becomes any number of arrivals, each about one person at one of our accounts. An arrival is a value: reading
a delivery again gives equal arrivals, which is what makes handling them again harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadflow.channels.enums import ArrivalKind, ChannelType


@dataclass(frozen=True)
class Attachment:
    """Something that came with a message: behind a `url` of the provider's, or with its bytes in `content`.

    `kind` is the provider's own word in lower case (image, audio, video, file, sticker, share, story_mention, …);
    `media_type` and `size` (bytes) are what the provider claims. A shared link has a `title` and may lack all else.
    """

    kind: str
    url: str | None = None
    content: bytes | None = field(default=None, repr=False)
    media_type: str | None = None
    name: str | None = None
    size: int | None = None
    title: str | None = None


@dataclass(frozen=True)
class StatusReport:
    """What became of a message of ours.

    `status` is the provider's own word in lower case (Twilio's enumeration), `reference` our id of the message where
    the provider hands it back. Providers give no time for it; it happened at `at` where they do, else when it came.
    """

    provider_message_id: str
    status: str
    at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Arrival:
    """One thing that a delivery tells.

    channel_type, account_id: our side, as a phone number, page id or mail address · person: theirs, as E.164 number,
    opaque WhatsApp user, page-scoped id or mail address in lower case · phone: their number in E.164 where it is known
    · at: when it happened by the provider's clock, None where it does not say · provider_message_id: of this message,
    or of the message that a reaction, an edit or an unsend is about; None for reports without one (a read with a
    watermark alone).

    kind `message`, `quick_reply` and `postback` are things people say; `echo` is said by us or in our name, elsewhere;
    `read` and `delivered` hold for `provider_message_ids`, and for all that was sent until `watermark`; `status` has a
    `report`; `unsend` and `edit` change a message that came before; `standby` was heard while another app has the
    thread; `optout` and `optin` are the wish behind a keyword that comes alone in a message, which arrives by itself.

    automatic: nobody typed it (out of office, bounce, list mail). `data` holds what else is worth keeping, as JSON.
    """

    kind: ArrivalKind
    channel_type: ChannelType
    account_id: str
    person: str
    received_at: datetime
    provider_message_id: str | None = None
    person_name: str | None = None
    phone: str | None = None
    at: datetime | None = None
    subject: str | None = None
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    automatic: bool = False
    provider_message_ids: tuple[str, ...] = ()
    watermark: datetime | None = None
    report: StatusReport | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def happened_at(self) -> datetime:
        """By the provider's clock where it gives a time, else when we had it."""
        return self.at or self.received_at


@dataclass(frozen=True)
class Unreadable:
    """An entry of a delivery that cannot become an arrival, and why; the others of its delivery are not held up."""

    position: str
    reason: str
