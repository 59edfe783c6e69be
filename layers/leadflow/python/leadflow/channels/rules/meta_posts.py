"""What Meta's webhooks say: posts of entries, each of one page or Instagram account, each with any number of events.

https://developers.facebook.com/docs/messenger-platform/webhooks and
https://developers.facebook.com/docs/instagram-platform/webhooks
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from leadflow.channels.enums import ArrivalKind, ChannelType
from leadflow.channels.rules.arrivals import Arrival, Attachment, Unreadable
from leadflow.channels.rules.posted import LONGEST_ID, is_small, json_of, storable

_CHANNEL_OF: dict[str, ChannelType] = {"page": "messenger", "instagram": "instagram"}
# Everything Meta posts is in milliseconds, but for pages of its documentation that show seconds.
_FIRST_MILLISECONDS = 10**11
_LAST_SECOND = 10**10
# What a person says; only of this it matters that another app has the thread.
_SAID = ("message", "quick_reply", "postback")
Event = dict[str, Any]


class _Odd(Exception):
    """An event that does not have what its kind must have; the text says what."""


def meta_arrivals(raw: bytes, received_at: datetime) -> list[Arrival | Unreadable]:
    """Everything in a post that is about people, in the order of the time it happened; other changes say nothing.

    Raises ValueError when it is no post of pages or Instagram accounts at all.
    """
    found = list(_all(_post(raw), received_at))
    return sorted(found, key=lambda one: one.happened_at if isinstance(one, Arrival) else received_at)


def without_people(raw: bytes, is_theirs: Callable[[str], bool]) -> bytes | None:
    """The post with nothing left of events from or to these people; None when there are none. Raises ValueError."""
    post, found = _post(raw), False
    for entry in post["entry"]:
        for field in ("messaging", "standby"):
            listed = entry.get(field) if isinstance(entry, dict) else None
            events = listed if isinstance(listed, list) else []
            for place, event in enumerate(events):
                parties = [event.get(side) for side in ("sender", "recipient")] if isinstance(event, dict) else []
                named = (_id(party.get("id")) for party in parties if isinstance(party, dict))
                if any(person is not None and is_theirs(person) for person in named):
                    events[place], found = {"erased": True}, True
    return json.dumps(post).encode() if found else None


def _post(raw: bytes) -> dict[str, Any]:
    post = json_of(raw)
    if not isinstance(post, dict) or not isinstance(post.get("entry"), list):
        raise ValueError("it has no list of entries")
    if post.get("object") not in _CHANNEL_OF:
        raise ValueError("its object is neither page nor instagram")
    return post


def _all(post: dict[str, Any], received_at: datetime) -> Iterator[Arrival | Unreadable]:
    channel_type = _CHANNEL_OF[post["object"]]
    for number, entry in enumerate(post["entry"]):
        if not isinstance(entry, dict):
            yield Unreadable(str(number), "the entry is no object")
            continue
        for field in ("messaging", "standby"):
            events = entry.get(field)
            for place, event in enumerate(events if isinstance(events, list) else ()):
                try:
                    yield from _event(channel_type, entry, event, field == "standby", received_at)
                except _Odd as odd:
                    yield Unreadable(f"{number}.{field}.{place}", str(odd))


def _event(
    channel_type: ChannelType, entry: Event, event: Any, standby: bool, received_at: datetime
) -> Iterator[Arrival]:
    if not isinstance(event, dict):
        raise _Odd("the event is no object")
    body = next((name for name in _READERS if isinstance(event.get(name), dict)), None)
    if body is None:
        return  # Meta adds kinds of events without asking, and asks that unknown ones be ignored.
    told = _READERS[body](event[body])
    echo = told.get("kind") == "echo"
    person = _party(event, "recipient" if echo else "sender")
    own = _id(entry.get("id")) or _party(event, "sender" if echo else "recipient")
    if standby and told["kind"] in _SAID:
        told = {**told, "kind": "standby", "data": {**told.get("data", {}), "heard": told["kind"]}}
    told["data"] = {name: value for name, value in told.get("data", {}).items() if is_small(value)}
    yield Arrival(
        channel_type=channel_type,
        account_id=own,
        person=person,
        received_at=received_at,
        at=_moment(event.get("timestamp")),
        **told,
    )


def _message(message: Event) -> dict[str, Any]:
    mid, quick = _needed_id(message, "mid"), message.get("quick_reply")
    kind: ArrivalKind = "message"
    data: dict[str, Any] = {
        name: message[name] for name in ("app_id", "metadata", "is_unsupported", "referral") if name in message
    }
    if message.get("is_deleted") is True:
        return {"kind": "unsend", "provider_message_id": mid, "data": data}
    if message.get("is_echo") is True:
        kind = "echo"
    elif isinstance(quick, dict):
        kind, data["payload"] = "quick_reply", _text(quick.get("payload"))
    reply_to = message.get("reply_to")
    reply_to = reply_to if isinstance(reply_to, dict) else {}
    if isinstance(reply_to.get("story"), dict):
        data["story"] = reply_to["story"]
    return {
        "kind": kind,
        "provider_message_id": mid,
        "text": _text(message.get("text")),
        "attachments": _attachments(message.get("attachments")),
        "in_reply_to": _id(reply_to.get("mid")),
        "data": data,
    }


def _postback(postback: Event) -> dict[str, Any]:
    data = {name: postback[name] for name in ("payload", "referral") if name in postback}
    mid = _id(postback.get("mid"))
    if mid is None:
        raise _Odd("the postback has no mid")
    return {"kind": "postback", "provider_message_id": mid, "text": _text(postback.get("title")), "data": data}


def _reaction(reaction: Event) -> dict[str, Any]:
    data = {name: _text(reaction.get(name)) for name in ("action", "reaction", "emoji") if reaction.get(name)}
    return {"kind": "reaction", "provider_message_id": _needed_id(reaction, "mid"), "data": data}


def _read(read: Event) -> dict[str, Any]:
    mid, watermark = _id(read.get("mid")), _moment(read.get("watermark"))
    if mid is None and watermark is None:
        raise _Odd("the read has neither mid nor watermark")
    return {"kind": "read", "provider_message_ids": (mid,) if mid else (), "watermark": watermark}


def _delivery(delivery: Event) -> dict[str, Any]:
    mids, watermark = delivery.get("mids"), _moment(delivery.get("watermark"))
    named = tuple(mid for one in (mids if isinstance(mids, list) else ()) if (mid := _id(one)))
    if not named and watermark is None:
        raise _Odd("the delivery has neither mids nor watermark")
    return {"kind": "delivered", "provider_message_ids": named, "watermark": watermark}


def _edit(edit: Event) -> dict[str, Any]:
    data = {name: edit[name] for name in ("num_edit",) if name in edit}
    told = {"provider_message_id": _needed_id(edit, "mid"), "text": _text(edit.get("text")), "data": data}
    return {"kind": "edit", **told}


def _referral(referral: Event) -> dict[str, Any]:
    return {"kind": "referral", "data": {"referral": referral}}


def _optin(optin: Event) -> dict[str, Any]:
    """Somebody used a plugin of a website. It says where they come from; what they want to hear of is not in it."""
    return {"kind": "referral", "data": {"optin": optin}}


_READERS: dict[str, Callable[[Event], dict[str, Any]]] = {
    "message": _message,
    "postback": _postback,
    "reaction": _reaction,
    "read": _read,
    "delivery": _delivery,
    "message_edit": _edit,
    "referral": _referral,
    "optin": _optin,
}


def _attachments(listed: Any) -> tuple[Attachment, ...]:
    found = [one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict)]
    return tuple(_attachment(one) for one in found)


def _attachment(attachment: Event) -> Attachment:
    payload = attachment.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    return Attachment(
        kind=(_text(attachment.get("type")) or "file").lower(),
        url=_text(payload.get("url") or attachment.get("url")),
        title=_text(payload.get("title") or attachment.get("title")),
        name=_id(payload.get("sticker_id")),
    )


def _party(event: Event, side: str) -> str:
    party = event.get(side)
    found = _id(party.get("id")) if isinstance(party, dict) else None
    if found is None:
        raise _Odd(f"the event has no {side}")
    return found


def _needed_id(holder: Event, name: str) -> str:
    found = _id(holder.get(name))
    if found is None:
        raise _Odd(f"there is no {name}")
    return found


def _id(value: Any) -> str | None:
    """Ids are texts of digits beyond what floats can hold; one that comes as a whole number is as good."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    found = _text(value)
    return found if found and len(found) <= LONGEST_ID else None


def _text(value: Any) -> str | None:
    return (storable(value) or None) if isinstance(value, str) else None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    seconds = value / 1000 if value >= _FIRST_MILLISECONDS else value
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LAST_SECOND else None
