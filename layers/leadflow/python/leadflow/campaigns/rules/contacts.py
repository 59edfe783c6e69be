"""What a person has had of campaigns lately: no address gets a step twice, nor more mails than a cap allows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from leadflow.core import clock

# What is kept of each address: all of the longest time a cap can look back, and beyond that the latest ones.
_KEPT_FOR = timedelta(days=90)
_KEPT_AT_LEAST = 200


class Contact(NamedTuple):
    """One campaign mail to an address: the step it was of, its id, and when (RFC 3339)."""

    step: str
    mail_id: str
    at: str


def repeats(had: Sequence[Contact], step: str, mail_id: str) -> bool:
    """Whether the address had this step already, by another mail: two leads of the audience have become one."""
    return any(contact.step == step and contact.mail_id != mail_id for contact in had)


def others(had: Sequence[Contact], mail_id: str) -> list[datetime]:
    """When the address had mails that count against a cap for this one: all but itself."""
    return [clock.parse(contact.at) for contact in had if contact.mail_id != mail_id]


def counted(had: Sequence[Contact], contact: Contact, now: datetime) -> list[Contact]:
    """With one more, and without what is of no use any more."""
    if any(one.mail_id == contact.mail_id for one in had):
        return list(had)
    oldest = clock.stamp(now - _KEPT_FOR)
    both = sorted([*had, contact], key=lambda one: one.at)
    return [one for number, one in enumerate(reversed(both)) if one.at > oldest or number < _KEPT_AT_LEAST][::-1]
