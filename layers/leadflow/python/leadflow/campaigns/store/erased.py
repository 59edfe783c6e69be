"""What stays in the place of a mail whose person was erased."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from leadflow.campaigns.store.mails import SHARDS, EmailSent
from leadflow.core import ids, table


class ErasedMail(table.Item, discriminator="ErasedMail"):
    """In the place of a mail whose person was erased: its id, and nothing of what it was.

    pk `EM#<tracking id>`  sk `#`
    GSI1 `EC#<campaign>#erased#<shard>` / `<created_at>#<tracking id>`  so that a recount finds what it was counted as
    GSI2 `LEAD#<lead>` / `EM#<created_at>#<tracking id>`
    """

    id = UnicodeAttribute()


def erased_in(campaign_id: str, mail_id: str) -> str:
    """The index partition that has what stays of a campaign's mail."""
    return f"EC#{campaign_id}#erased#{ids.shard(mail_id, SHARDS)}"


def find_erased_mail(mail_id: str) -> ErasedMail | None:
    return table.find(ErasedMail, f"EM#{mail_id}", "#")


def leave_tombstone(mail: EmailSent) -> None:
    """Replaces a mail that was read. Raises table.Stale when it has changed since."""
    erased = ErasedMail(pk=mail.pk, sk=mail.sk, id=mail.id, v=mail.v, created_at=mail.created_at)
    if mail.campaign_id is not None:
        erased.gsi1pk, erased.gsi1sk = erased_in(mail.campaign_id, mail.id), f"{mail.created_at}#{mail.id}"
    erased.gsi2pk, erased.gsi2sk = mail.gsi2pk, mail.gsi2sk
    table.save(erased)
