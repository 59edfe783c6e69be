"""A message on its way out, as every provider's client takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OutgoingMessage:
    """One message to one person, whom the provider knows as `person` (see Arrival).

    `reference` is our id of the message: Twilio has it back in status callbacks, Meta in echoes. It has a `text`, or
    `media_urls` that the provider can fetch without our credentials, or both where the provider takes both, or
    `template`, the provider's id of an approved template with its `template_variables`. `media_types` are what the
    files are, in their order, None where nobody said. `tag` says why a message is sent outside the window (Meta:
    HUMAN_AGENT). `reply_to` is the provider's id of a message it answers.
    Raises ValueError when there is nothing to send.
    """

    reference: str
    person: str
    text: str | None = None
    media_urls: tuple[str, ...] = ()
    media_types: tuple[str | None, ...] = ()
    template: str | None = None
    template_variables: Mapping[str, str] = field(default_factory=dict)
    tag: str | None = None
    reply_to: str | None = None

    def __post_init__(self) -> None:
        if not (self.text or self.media_urls or self.template):
            raise ValueError("a message has a text, media or a template")


@dataclass(frozen=True)
class Media:
    """A file as a provider gave it: its bytes and what the provider says they are."""

    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True)
class Standing:
    """What a provider says of an account: whether messages can be sent with it, why not, and its rights if it tells."""

    ok: bool
    detail: str
    scopes: tuple[str, ...] | None = None
