"""Reading mails."""

from __future__ import annotations

from typing import Any

from leadflow.campaigns import store
from leadflow.core.errors import NotFound
from leadflow.core.table import Record
from leadflow.leads import service as leads


def get_email(email_id: str) -> Record:
    """One mail with what it says; nothing for one that was skipped before it was written. Raises NotFound."""
    mail = store.find_mail(email_id)
    if mail is None:
        raise NotFound("email", email_id)
    words = store.words_of(mail.kept)
    return store.shown(mail.record(), words.content.body if words else "")


def list_lead_emails(lead_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """A lead's mails, newest first; a page of very large ones may be short. Raises NotFound for the lead."""
    return store.page_of_mails(leads.parts_of(lead_id), limit, cursor)


def list_campaign_emails(
    campaign_id: str, limit: int, cursor: str | None, *, status: str | None, outcome: str | None
) -> dict[str, Any]:
    """A campaign's mails, newest first, by what became of them; a page may be short. Raises NotFound."""
    if store.find_campaign(campaign_id) is None:
        raise NotFound("campaign", campaign_id)
    return store.page_of_campaign(campaign_id, limit, cursor, status=status, outcome=outcome)
