"""The gates of a mail, asked: by the send, which stops at the first that fails, and by whoever explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leadflow.campaigns.rules import gates
from leadflow.campaigns.service import suppressions
from leadflow.core.gates import Gate
from leadflow.leads import service as leads


def permission(address: str, lead: Mapping[str, Any]) -> Iterator[Gate]:
    """Whether this address of this lead may be written to; reads for each gate when it is asked."""
    yield gates.not_erased(leads.is_erased(address))
    yield gates.not_suppressed(suppressions.is_suppressed("email", address))
    yield gates.consent(lead, "email")
