"""What providers report about mails, and what a change of a mail means to the workflows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.campaigns.rules.states import MailState
from leadflow.campaigns.service.ledger import moved, state_of
from leadflow.campaigns.service.suppressions import suppress
from leadflow.core import clock, table
from leadflow.core.events import DomainEvent

# Providers tell times in whole seconds.
_TOLD_WITHIN = timedelta(milliseconds=999)


def record_event(tracking_id: str, event: str, at: datetime, data: Mapping[str, Any]) -> bool:
    """Takes in a provider's event about a mail, in any order and any number of times; False when we have no such mail.

    `data` is what the provider said: `type`, `reason`, `status`, `bounce_classification`, `url`, `useragent`, `ip` and
    `sg_machine_open` are understood, all of it is kept. Opens and clicks count like those of our own picture and links
    (a mail is tracked by one of the two: we switch the provider's tracking off). Raises InProgress or RateLimited when
    too many are at the same mail.
    """
    mail = store.find_mail(tracking_id)
    if mail is None:
        return False
    reason = states.suppression_reason(event, data)
    if reason is not None:
        suppress("email", mail.recipient_email, reason, source=mail.id)
    # Providers count whole seconds, so what they report may seem to come before the mail was there.
    moment = max(clock.stamp(at), str(mail.created_at))
    if event in ("open", "click"):
        _visited(mail, event, moment, data)
        return True
    kept = store.event_of(mail.id, event, moment, "provider", data)
    moved(mail, partial(states.reported, event=event, at=moment, data=data), because=kept)
    return True


def _visited(mail: store.EmailSent, event: str, at: str, data: Mapping[str, Any]) -> None:
    # Readers of the stream, which ask for events alone, do without these.
    from leadflow.campaigns.service import judging, visits

    seen = visits.Seen(at, "provider", judging.verdict_of(data), data)
    mail = moved(mail, partial(states.accepted, at=at))
    if event == "open":
        visits.opened(mail, seen)
    else:
        visits.clicked(mail, *judging.link_of(mail, str(seen.data.get("url", ""))), seen)


def events_of(old: table.Item | None, new: table.Item | None, change_id: str) -> list[DomainEvent]:
    """What a change of an item means, if it is a mail's.

    `email_opened` at the first open, `email_clicked {link, link_number}` at the first click of each link, of people
    and of machines apart (`machine` says which), `email_bounced`, `email_replied`. `link` is the link's address where
    the template says it as it is, else only its site.
    """
    if not isinstance(new, store.EmailSent):
        return []
    before = state_of(old) if isinstance(old, store.EmailSent) else MailState()
    after = state_of(new)
    clicks = after.link_clicks[len(before.link_clicks) :]
    if isinstance(old, store.EmailSent) and old.rejudged_at != new.rejudged_at:
        # What happened before is only seen otherwise; the click that showed it may have been the first of its link.
        known = {click.number for click in before.link_clicks}
        clicks = tuple(click for click in after.link_clicks if click.number not in known)
        before = replace(after, link_clicks=before.link_clicks)
    about = {"email_id": new.id, "campaign_id": new.campaign_id, "template_id": new.template_id}
    happened: list[tuple[str, str, dict[str, Any]]] = []
    if after.opened_at and not before.opened_at:
        happened.append(("email_opened", after.opened_at, {"machine": False}))
    if after.machine_opened_at and not before.machine_opened_at:
        happened.append(("email_opened", after.machine_opened_at, {"machine": True}))
    for click in clicks:
        told = {"link": click.link, "link_number": click.number, "machine": click.machine}
        happened.append(("email_clicked", click.at, told))
    if after.status == "bounced" != before.status:
        happened.append(("email_bounced", str(new.updated_at), {}))
    if after.replied_at and not before.replied_at:
        happened.append(("email_replied", after.replied_at, {}))
    return [
        DomainEvent(
            kind, f"{change_id}#{kind}#{number}", new.lead_id, at, {**about, **data}, rounded_to=_latest(at, new)
        )
        for number, (kind, at, data) in enumerate(happened)
    ]


def _latest(at: str, mail: store.EmailSent) -> str:
    """The last moment at which it may have happened: within the second, and before we put it down."""
    return max(at, min(clock.stamp(clock.parse(at) + _TOLD_WITHIN), str(mail.updated_at)))
