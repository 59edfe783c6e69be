"""What stays in the place of a mail whose person was erased."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from leadflow.campaigns.store.mails import EmailSent
from leadflow.core import table


class ErasedMail(table.Item, discriminator="ErasedMail"):
    """In the place of a mail whose person was erased: its id, and nothing of what it was.

    pk `EM#<tracking id>`  sk `#`  GSI2 `LEAD#<lead>` / `EM#<created_at>#<tracking id>`
    """

    id = UnicodeAttribute()


def find_erased_mail(mail_id: str) -> ErasedMail | None:
    return table.find(ErasedMail, f"EM#{mail_id}", "#")


def leave_tombstone(mail: EmailSent) -> None:
    """Replaces a mail that was read. Raises table.Stale when it has changed since."""
    erased = ErasedMail(pk=mail.pk, sk=mail.sk, id=mail.id, v=mail.v, created_at=mail.created_at)
    erased.gsi2pk, erased.gsi2sk = mail.gsi2pk, mail.gsi2sk
    table.save(erased)
