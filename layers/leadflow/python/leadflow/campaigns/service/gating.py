"""The gates of a mail, asked: by the send, which stops at the first that fails, and by whoever explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leadflow.campaigns.rules import gates
from leadflow.campaigns.service import suppressions
from leadflow.channels import service as channels
from leadflow.core.errors import Conflict
from leadflow.core.gates import Gate, first_closed
from leadflow.core.table import Record
from leadflow.leads import service as leads


def open_channel() -> Record:
    """The channel that single mails go by. Raises Conflict when none is active."""
    channel = channels.active_email_channel()
    closed = first_closed([gates.channel(channel)])
    if channel is None or closed is not None:
        raise Conflict(closed.detail if closed else "")
    return channel


def addressing(address: str) -> Iterator[Gate]:
    """Whether an address may be written to, whoever has it; reads for each gate when it is asked."""
    yield gates.not_erased(leads.is_erased(address))
    yield gates.not_suppressed(suppressions.is_suppressed("email", address))


def permission(address: str, lead: Mapping[str, Any]) -> Iterator[Gate]:
    """Whether this address of this lead may be written to; reads for each gate when it is asked."""
    yield from addressing(address)
    yield gates.consent(lead, "email")
