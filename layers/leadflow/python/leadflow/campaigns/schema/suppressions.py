"""What callers send and get about addresses nothing may be sent to."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, ValidationInfo, field_validator

from leadflow.campaigns.enums import SuppressionChannel, SuppressionReason
from leadflow.core.schema import Email, Phone, Read, Text, Timestamp, Write

_KINDS: dict[str, Any] = {"email": Email, "sms": Phone, "whatsapp": Phone}


def as_on_file(channel: str, address: str) -> str:
    """An address that was asked for, in the spelling that is on file; one that is none of its channel as it came."""
    kind = _KINDS.get(channel)
    if kind is None:
        return address
    # A plus sign that was not percent-encoded arrives as a space, which no email may hold, or is trimmed away.
    asked = address.replace(" ", "+") if channel == "email" else f"+{address.lstrip(' +')}"
    try:
        return str(TypeAdapter(kind).validate_python(asked))
    except ValidationError:
        return address


class SuppressionCreate(Write):
    """An address nothing may be sent to on a channel: an email, an international phone number, or a provider's id."""

    channel: SuppressionChannel
    address: Annotated[Text, Field(min_length=1, max_length=254)]
    reason: SuppressionReason = "manual"
    source: Annotated[Text, Field(min_length=1, max_length=200)] | None = None

    @field_validator("address")
    @classmethod
    def _an_address_of_its_channel(cls, value: str, info: ValidationInfo) -> str:
        kind = _KINDS.get(info.data.get("channel", ""))
        if kind is None:
            return value
        try:
            return str(TypeAdapter(kind).validate_python(value))
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error


class Suppression(Read):
    """An address nothing is sent to. `source` is the id of what led to it; an erased person's address is not shown."""

    id: str
    channel: SuppressionChannel
    address: str
    reason: SuppressionReason
    source: str | None
    created_at: Timestamp
    updated_at: Timestamp
