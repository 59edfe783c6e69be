"""How people are called who came by a channel, and what of an arrival is kept with its message."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from leadflow.channels.rules.arrivals import Arrival
from leadflow.core import clock, mailbox

MAX_NAME = 100
MAX_CONTENT = 10_000
# Of what providers tell beside a message.
_MOST_DATA_BYTES = 16_000
_LONGEST_ADDRESS = 254
# What programs write to everybody, or about a mail; who is away is somebody.
_NOBODY = ("bounce", "list")
# Of what is told of a link or an ad.
_LONGEST_WORD = 500
# How Meta and Twilio say that somebody followed an ad.
_ADS = ("ads", "ad")


def name_of(arrival: Arrival) -> str:
    """The name in the person's profile, else who they are on the channel with its middle masked."""
    given = " ".join("".join(one if one.isprintable() else " " for one in arrival.person_name or "").split())
    return given[:MAX_NAME] or masked(arrival.person)


def masked(person: str) -> str:
    """`ana@example.com` as `a…@example.com`, `+4915112345678` as `+49…5678`, other ids by their last four."""
    local, at, domain = person.rpartition("@")
    if at:
        return f"{local[:1]}…@{domain}"[:MAX_NAME]
    shown = person[:3] if person.startswith("+") else ""
    return f"{shown}…{person[-4:]}"[:MAX_NAME]


def address_of(arrival: Arrival) -> dict[str, str]:
    """The email or phone that tells the person from others on every channel, where the channel gives one."""
    found = {}
    if arrival.channel_type == "email" and len(arrival.person) <= _LONGEST_ADDRESS:
        # What servers call themselves need not be an address that mail can be sent to.
        with contextlib.suppress(ValueError):
            found["email"] = mailbox.normalized(arrival.person)
    phone = arrival.phone or (arrival.person if arrival.channel_type == "sms" else None)
    # Short codes and names of senders are no numbers.
    if phone and phone.startswith("+") and phone[1:].isdigit() and len(phone) > 7:
        found["phone"] = phone
    return found


def is_somebody(arrival: Arrival) -> bool:
    """Whether who wrote is somebody to have on file, where they are not yet: no mailing list and no mail server."""
    return arrival.data.get("automatic") not in _NOBODY


def words_of(arrival: Arrival) -> str:
    """What the message says, cut where a message ends; of one without words or files what kind it is."""
    text = (arrival.text or "").replace("\x00", "")
    if text or arrival.attachments:
        return text[:MAX_CONTENT]
    kind = arrival.data.get("MessageType") or arrival.kind
    return f"[{kind}]"


def metadata_of(arrival: Arrival) -> dict[str, Any]:
    """What is kept with the message beside its words."""
    told: dict[str, Any] = {
        "kind": arrival.kind,
        "subject": arrival.subject,
        "in_reply_to": arrival.in_reply_to,
        "automatic": arrival.automatic or None,
        "length": len(arrival.text) if arrival.text and len(arrival.text) > MAX_CONTENT else None,
    }
    if arrival.data and len(json.dumps(dict(arrival.data), default=str)) <= _MOST_DATA_BYTES:
        told["data"] = json.loads(json.dumps(dict(arrival.data), default=str))
    return {name: value for name, value in told.items() if value is not None}


def referral_of(arrival: Arrival) -> dict[str, str] | None:
    """Where the person says they come from, and when: the link (`ref`) or the ad they followed; None for nowhere.

    Meta: `referral` of messages, postbacks and by itself, `optin` of plugins. Twilio: the Referral… fields of WhatsApp.
    """
    meta = arrival.data.get("referral") or arrival.data.get("optin")
    told = meta if isinstance(meta, Mapping) else {}
    context = told.get("ads_context_data")
    found = {
        "ref": told.get("ref"),
        "source": told.get("source") or arrival.data.get("ReferralSourceType"),
        "ad_id": told.get("ad_id") or arrival.data.get("ReferralSourceId"),
        "url": told.get("referer_uri") or arrival.data.get("ReferralSourceUrl"),
        "title": (context.get("ad_title") if isinstance(context, Mapping) else None)
        or arrival.data.get("ReferralHeadline"),
    }
    kept = {name: value[:_LONGEST_WORD] for name, value in found.items() if isinstance(value, str) and value}
    return {**kept, "at": clock.stamp(arrival.happened_at)} if kept else None


def source_of(arrival: Arrival) -> str:
    """The source of a lead who is first heard of by this: `ads` for who followed one, else the channel."""
    referral = referral_of(arrival) or {}
    followed_ad = referral.get("source", "").lower() in _ADS or (
        arrival.channel_type in ("messenger", "instagram") and "ad_id" in referral
    )
    return "ads" if followed_ad else arrival.channel_type


def is_theirs(metadata: Mapping[str, Any]) -> bool:
    """Whether a person wrote a message that came in, to us: no machine, and not while another app has the thread."""
    return not metadata.get("automatic") and metadata.get("kind") != "standby"
