"""Claims of a campaign's mails, many at a time: one conditional write each, so each is claimed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadflow.campaigns.store.mails import EmailSent, find_mails
from leadflow.core import parallel, table


def claim_each(mails: Sequence[EmailSent]) -> list[EmailSent]:
    """Writes new mails that are not there yet; gives all of them as they are in the table, in this order.

    They have no lease and are in no due-index: whoever has their cohort has them.
    """
    mine = {mail.id for mail, is_new in zip(mails, parallel.each(_claim, mails), strict=True) if is_new}
    there = {mail.id: mail for mail in find_mails(mail.id for mail in mails if mail.id not in mine)}
    return [mail if mail.id in mine else there[mail.id] for mail in mails if mail.id in mine or mail.id in there]


def renew_each(mails: Iterable[EmailSent], cohort_id: str) -> list[EmailSent]:
    """Lets mails that the provider refused go out once more, with this cohort; gives those that do.

    What has moved since it was read stays as it is.
    """
    listed = list(mails)
    renewed = parallel.each(lambda mail: _renew(mail, cohort_id), listed)
    return [mail for mail, is_renewed in zip(listed, renewed, strict=True) if is_renewed]


def _claim(mail: EmailSent) -> bool:
    mail.touch()
    mail.gsi2pk, mail.gsi2sk = f"LEAD#{mail.lead_id}", f"EM#{mail.created_at}#{mail.id}"
    try:
        table.create(mail)
    except table.AlreadyThere:
        return False
    return True


def _renew(mail: EmailSent, cohort_id: str) -> bool:
    mail.cohort_id, mail.attempt = cohort_id, 1
    mail.outcome, mail.phase, mail.status = "pending", "claimed", "queued"
    mail.error_message = mail.provider_message_id = mail.sent_at = None
    try:
        table.save(mail)
    except table.Stale:
        return False
    return True
