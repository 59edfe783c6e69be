"""Answers to mails of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.campaigns.service.ledger import moved
from leadflow.leads import service as leads

# How many mails of a lead back an answer may be.
_LOOKED_AT = 200


def record_reply(lead_id: str, references: Sequence[str], at: str) -> list[str]:
    """Notes that a person has answered mails of ours at this RFC 3339 time; gives the ids of those mails.

    `references` are the Message-IDs that the answer names (In-Reply-To and References): ours, or SendGrid's own, which
    it makes of the X-Message-Id of the request, so that request and person together name the mail. Safe to repeat.
    """
    named = {reference.strip().strip("<>").partition("@")[0] for reference in references}
    answered = [mail for mail in _mails_of(lead_id) if not named.isdisjoint(_names(mail))] if named else []
    for mail in answered:
        kept = store.event_of(mail.id, "reply", at, "channel", {})
        moved(mail, partial(states.replied, at=max(at, str(mail.created_at))), because=kept)
    return [mail.id for mail in answered]


def _names(mail: store.EmailSent) -> set[str | None]:
    """What a Message-ID that means this mail has before its domain."""
    return {store.message_id(mail.id), mail.provider_message_id}


def _mails_of(lead_id: str) -> Iterator[store.EmailSent]:
    for part in leads.known_as(lead_id):
        yield from store.mails_before(part, None, _LOOKED_AT)
