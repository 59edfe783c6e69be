"""What is kept of a person's mails, and of their address among the suppressed ones, is erased.

Of a mail stays that it was: an item that holds its id alone, so that a report which comes late is known for what it
is and a cause that is tried again finds its mail taken. A suppression stays in force by its keyed hash.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadflow.campaigns import store
from leadflow.campaigns.store import contacts, erased, joining
from leadflow.core import removal, table
from leadflow.core.errors import InProgress
from leadflow.leads import service as leads


def erase_person(lead_id: str) -> int:
    """Removes what is left, safe to repeat; gives how many items that were."""
    mails = sum(_erase_mail(mail_id) for mail_id in mails_of(lead_id))
    marks = sorted(leads.erasure_marks(lead_id))
    joined = joining.forget_memberships(lead_id)
    return mails + joined + sum(_forget_address(mark) for mark in marks) + sum(_forget_contacts(mark) for mark in marks)


def mails_of(lead_id: str) -> Iterator[str]:
    """The ids of a lead's mails, erased ones included, oldest first."""
    return (pk.removeprefix("EM#") for pk, _ in removal.keys_about(lead_id, "EM#"))


def first_mail_at(lead_id: str) -> str:
    """When a lead's first mail was claimed, erased ones included; empty when it has none."""
    keys = table.query_keys("GSI2", f"LEAD#{lead_id}", prefix="EM#", limit=1, newest_first=False)
    return keys[0][0].split("#")[1] if keys else ""


def was_erased(mail_id: str) -> bool:
    """Whether this was the mail of a person who was erased."""
    return erased.find_erased_mail(mail_id) is not None


def _erase_mail(mail_id: str) -> int:
    """The mail goes first: from then on nothing more can be written under it."""
    mail = store.find_mail(mail_id)
    if mail is not None:
        try:
            erased.leave_tombstone(mail)
        except table.Stale:
            raise InProgress(f"Mail {mail_id} is being changed; it is erased by the next try.") from None
    below = removal.remove(key for key in removal.keys_under(f"EM#{mail_id}") if key[1] != "#")
    return below + (mail is not None)


def _forget_contacts(mark: str) -> bool:
    try:
        return contacts.forget_contacts(mark)
    except table.Stale:
        raise InProgress("A mail to the person is being counted; it is forgotten by the next try.") from None


def _forget_address(mark: str) -> int:
    suppression = store.suppression_of(mark)
    if suppression is None or suppression.address == store.ERASED_ADDRESS:
        return 0
    suppression.address = store.ERASED_ADDRESS
    try:
        table.save(suppression)
    except table.Stale:
        raise InProgress(f"Suppression {suppression.id} is being changed; it is erased by the next try.") from None
    return 1
