"""Whom a campaign is for, and who of them is left out and why."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from leadflow.core import conditions


def fits(campaign: Mapping[str, Any], lead: Mapping[str, Any], now: datetime) -> bool:
    """Whether the lead is one of those the campaign is for. Nobody is before it has a target audience.

    Of an evergreen campaign nobody is without an address: they join once they have one.
    """
    audience = campaign["target_audience"]
    if campaign["audience_mode"] == "evergreen" and lead["email"] is None:
        return False
    return audience is not None and conditions.evaluate(audience, {"lead": lead}, now)


def is_excluded(
    campaign: Mapping[str, Any],
    lead: Mapping[str, Any],
    now: datetime,
    had_mail_of: Collection[str] = (),
    parts: Collection[str] = (),
) -> bool:
    """Whether the campaign's exclusions name the lead: itself, by a condition, or by a campaign that mailed it.

    `had_mail_of` are the ids of the excluded campaigns of which the lead was sent a mail, `parts` those of the leads
    that were merged into it.
    """
    exclusions = campaign["exclusions"] or {}
    if not {lead["id"], *parts}.isdisjoint(exclusions.get("lead_ids", ())):
        return True
    if not set(had_mail_of).isdisjoint(exclusions.get("campaign_ids", ())):
        return True
    condition = exclusions.get("condition")
    return condition is not None and conditions.evaluate(condition, {"lead": lead}, now)


def has_reached_goal(campaign: Mapping[str, Any], lead: Mapping[str, Any], now: datetime) -> bool:
    """Whether the goal's condition holds; a goal that is an event is noted when it happens."""
    condition = (campaign["goal"] or {}).get("condition")
    return condition is not None and conditions.evaluate(condition, {"lead": lead}, now)


def normal_address(email: str) -> str:
    """The address as it is compared: one mail of a campaign's step goes to all spellings of an address together."""
    return unicodedata.normalize("NFC", email.strip().lower())
