"""What providers posted about an erased person is taken out of the inbox, entry by entry; the rest of a post stays.

Nothing leads from a mail or a person to the posts that name it, so the inbox is read: it goes back 30 days at most, and
people are seldom erased. What comes later for somebody who is erased already is taken out by who works on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from leadflow.channels import rules, store
from leadflow.channels.rules.arrivals import Arrival
from leadflow.channels.rules.posted import json_of
from leadflow.core import clock, table
from leadflow.core.errors import InProgress, MalformedRequest
from leadflow.leads import service as leads

# Longer than anything is kept.
_INBOX = timedelta(days=32)
# A post whose door was still open when the person was forgotten.
_MEANWHILE = timedelta(minutes=1)
# Behind every moment.
_FOR_EVER = "~"


def erase_person(lead_id: str) -> int:
    """Removes what was said, and takes out of posts what is left; safe to repeat. Gives how many things that were."""
    from leadflow.channels.service import forgetting

    begun, people = clock.now(), _known_until(lead_id)
    # Before they are forgotten: a worker that dies in between is followed by one that still knows them.
    posts = _take_out(people, clock.stamp(begun - _INBOX)) if people else 0
    talk = forgetting.forget_talk(lead_id)
    posts += _take_out(people, clock.stamp(begun - _MEANWHILE)) if people else 0
    return posts + talk + _erase_reports(lead_id)


def _erase_reports(lead_id: str) -> int:
    """What SendGrid reported about the person's mails."""
    from leadflow.campaigns import service as campaigns

    mails = frozenset(campaigns.mails_of(lead_id))
    marks = leads.erasure_marks(lead_id)
    if not mails:
        return 0
    since = campaigns.first_mail_at(lead_id)
    return sum(
        without_person(delivery, mails, marks)
        for delivery in store.deliveries_since(since)
        if delivery.webhook == "events"
    )


def _known_until(lead_id: str) -> dict[str, str]:
    """The keys the person is known by, each with until when: to the end of their talk where another has the address."""
    known: dict[str, str] = {}
    for one in store.conversations_of(lead_id):
        if one.person and one.channel_config_id:
            key = store.identity_key(one.channel_config_id, one.person)
            known[key] = max(known.get(key, ""), one.ended_at or _FOR_EVER)
    return known | {str(identity.pk): _FOR_EVER for identity in store.identities_of(lead_id)}


def _take_out(known: Mapping[str, str], since: str) -> int:
    count = 0
    for delivery in store.deliveries_since(since):
        people = frozenset(key for key, until in known.items() if delivery.received_at < until)
        if people and delivery.webhook != "events":
            count += without_people(delivery, people)
    return count


def without_people(delivery: store.Delivery, people: frozenset[str]) -> bool:
    """Takes what these people (keys of their identities) said out of a post, or was told of them.

    A post about one person is emptied. Says whether anything was taken out; raises InProgress as `without_person`.
    """
    from leadflow.channels.service import reading

    try:
        arrivals = [entry for entry in reading.entries(delivery) if isinstance(entry, Arrival)]
    except MalformedRequest:
        return False
    theirs = {entry.person for entry in arrivals if people.intersection(_keys_of(delivery, entry))}
    if not theirs:
        return False
    kept = b""
    if delivery.provider == "facebook":
        from leadflow.channels.rules.meta_posts import without_people as rest_of

        kept = rest_of(store.body_of(delivery), theirs.__contains__) or b""
    _rewrite(delivery, kept)
    return True


def _keys_of(delivery: store.Delivery, arrival: Arrival) -> set[str]:
    """The keys that a person may be known by: at the channel that was posted to, or another of the type."""
    channels = {str(delivery.channel_id), *(str(one.id) for one in store.channels_of_type(arrival.channel_type))}
    return {store.identity_key(channel, arrival.person) for channel in channels}


def without_person(delivery: store.Delivery, mails: Iterable[str], marks: Iterable[str] = ()) -> bool:
    """Takes a person's entries out of a post: those about these mails, or of an address with one of these marks.

    A post that cannot be read as entries and names one of the mails is emptied. Says whether anything was taken out.
    Raises InProgress when the delivery is being worked on; nothing is lost then.
    """
    body = store.body_of(delivery)
    mails, marks = frozenset(mails), frozenset(marks)
    try:
        entries = json_of(body)
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
    _rewrite(delivery, json.dumps(kept).encode())
    return True


def _rewrite(delivery: store.Delivery, body: bytes) -> None:
    try:
        store.rewrite(delivery, body)
    except table.Stale:
        raise InProgress(f"Delivery {delivery.id} is being changed; it is erased by the next try.") from None


def _is_theirs(entry: Any, mails: frozenset[str], marks: frozenset[str]) -> bool:
    address = entry.get("email") if isinstance(entry, dict) else None
    return rules.is_about(entry, mails) or (isinstance(address, str) and leads.mark_of("email", address) in marks)
