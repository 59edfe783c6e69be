"""What providers posted about an erased person is taken out of the inbox, entry by entry; the rest of a post stays.

Nothing leads from a mail to the posts that name it, so the inbox is read from the first mail of the person on: it goes
back 30 days at most, and people are seldom erased.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from leadflow.channels import rules, store
from leadflow.core import table
from leadflow.core.errors import InProgress
from leadflow.leads import service as leads


def erase_person(lead_id: str) -> int:
    """Removes what was said, and takes out of posts what is left; safe to repeat. Gives how many things that were."""
    from leadflow.campaigns import service as campaigns
    from leadflow.channels.service import forgetting

    talk = forgetting.forget_talk(lead_id)
    mails = frozenset(campaigns.mails_of(lead_id))
    marks = leads.erasure_marks(lead_id)
    if not mails:
        return talk
    since = campaigns.first_mail_at(lead_id)
    return talk + sum(without_person(delivery, mails, marks) for delivery in store.deliveries_since(since))


def without_person(delivery: store.Delivery, mails: Iterable[str], marks: Iterable[str] = ()) -> bool:
    """Takes a person's entries out of a post: those about these mails, or of an address with one of these marks.

    A post that cannot be read as entries and names one of the mails is emptied. Says whether anything was taken out.
    Raises InProgress when the delivery is being worked on; nothing is lost then.
    """
    body = store.body_of(delivery)
    mails, marks = frozenset(mails), frozenset(marks)
    try:
        entries = json.loads(body)
    except ValueError:
        entries = None
    if not isinstance(entries, list):
        named = any(mail.encode() in body for mail in mails)
        kept: list[Any] | None = [] if named else None
    else:
        kept = [rules.ERASED_ENTRY if _is_theirs(entry, mails, marks) else entry for entry in entries]
        kept = None if kept == entries else kept
    if kept is None:
        return False
    try:
        store.rewrite(delivery, json.dumps(kept).encode())
    except table.Stale:
        raise InProgress(f"Delivery {delivery.id} is being changed; it is erased by the next try.") from None
    return True


def _is_theirs(entry: Any, mails: frozenset[str], marks: frozenset[str]) -> bool:
    address = entry.get("email") if isinstance(entry, dict) else None
    return rules.is_about(entry, mails) or (isinstance(address, str) and leads.mark_of("email", address) in marks)
