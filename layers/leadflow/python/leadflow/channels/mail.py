"""What a mail is before a provider has it: one shared content and, for each recipient, what is theirs alone.

A single mail is one recipient and a content that needs no substitution. A cohort shares its content; what differs per
person stands in it as a tag, and each recipient brings the values: `Hello -a1b2-` and `{"-a1b2-": "Ana"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_RECIPIENTS = 1_000
# Bytes of tags and values together that a provider takes for one recipient.
MAX_SUBSTITUTION_BYTES = 10_000
# SendGrid takes so much in one call, with everything:
# https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations
MAX_CALL_BYTES = 30_000_000
# What is left of that for files, which go in base64.
MAX_FILES_BYTES = 20_000_000
# The custom argument that carries our id of the mail; providers hand it back with every event.
ID_ARGUMENT = "lf_id"


@dataclass(frozen=True)
class Address:
    """A mail address and the name shown with it."""

    email: str
    name: str | None = None


@dataclass(frozen=True)
class Recipient:
    """One person of a mail.

    `subject` replaces the mail's own. `headers` (List-Unsubscribe and such) and `custom_args` are added to the mail's;
    `custom_args` hold ids alone, since providers keep them in the clear. `substitutions` fill in the tags of subject
    and content with texts that are escaped already; together at most MAX_SUBSTITUTION_BYTES.
    """

    address: str
    name: str | None = None
    subject: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    custom_args: Mapping[str, str] = field(default_factory=dict)
    substitutions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MailFile:
    """A file that goes with a mail, under a name that fits into a header."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class OutgoingMail:
    """One call of a provider: 1 to MAX_RECIPIENTS people, each address once whatever its case.

    `text` and `html` are the content, of which at least one is there; `files` have at most MAX_FILES_BYTES together.
    Raises ValueError when it is not such a mail.
    """

    sender: Address
    recipients: tuple[Recipient, ...]
    subject: str
    text: str | None = None
    html: str | None = None
    reply_to: Address | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    custom_args: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    files: tuple[MailFile, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.recipients) <= MAX_RECIPIENTS:
            raise ValueError(f"a mail has 1 to {MAX_RECIPIENTS} recipients")
        if len({recipient.address.lower() for recipient in self.recipients}) < len(self.recipients):
            raise ValueError("a mail goes to each address once")
        if not self.text and not self.html:
            raise ValueError("a mail has a content")
