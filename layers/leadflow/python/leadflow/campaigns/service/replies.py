"""Answers to mails of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from leadflow.campaigns import store
from leadflow.campaigns.rules import answers, states
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
    return _noted(answered, at)


def record_unnamed_reply(lead_id: str, subject: str | None, at: str, spoke_at: str | None) -> list[str]:
    """The same for a mail of a person that names none: of a mail that they had of a campaign, if no other is meant.

    `spoke_at` is when somebody of us last spoke with them. Safe to repeat.
    """
    mails = {mail.id: mail for mail in _mails_of(lead_id)}
    meant = answers.meant([mail.record() for mail in mails.values()], at, subject, spoke_at)
    return _noted([mails[meant]], at) if meant else []


def _noted(answered: Sequence[store.EmailSent], at: str) -> list[str]:
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
