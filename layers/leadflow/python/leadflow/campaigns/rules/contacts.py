"""What an address has had of campaigns lately: none gets a step twice, nor more mails than a cap allows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from leadflow.core import clock

# What is kept of each address: all of the longest time a cap can look back, and beyond that the latest ones.
_KEPT_FOR = timedelta(days=90)
_KEPT_AT_LEAST = 200


class Contact(NamedTuple):
    """One campaign mail to an address: the step it was of, its id, and when (RFC 3339)."""

    step: str
    mail_id: str
    at: str


def verdict(
    had: Sequence[Contact], step: str, mail_id: str, cap: Mapping[str, Any] | None, now: datetime
) -> str | None:
    """Why this mail may not go to the address, `duplicate_address` or `frequency_cap`; None when it may.

    Of any `per_hours` hours at most `max` mails fall into one such stretch. A mail that was counted before is not
    counted against itself.
    """
    if any(contact.step == step and contact.mail_id != mail_id for contact in had):
        return "duplicate_address"
    if cap is None or any(contact.mail_id == mail_id for contact in had):
        return None
    since = clock.stamp(now - timedelta(hours=int(cap["per_hours"])))
    return "frequency_cap" if sum(contact.at > since for contact in had) >= int(cap["max"]) else None


def counted(had: Sequence[Contact], contact: Contact, now: datetime) -> list[Contact]:
    """With one more, and without what is of no use any more."""
    if any(one.mail_id == contact.mail_id for one in had):
        return list(had)
    oldest = clock.stamp(now - _KEPT_FOR)
    newest_first = sorted([*had, contact], key=lambda one: one.at, reverse=True)
    return [one for number, one in enumerate(newest_first) if number < _KEPT_AT_LEAST or one.at > oldest][::-1]
