"""When what a lead does is the goal of a campaign. Pure functions of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.campaigns.enums import GOAL_EVENTS


def event_of(campaign: Mapping[str, Any]) -> str | None:
    """The event that is the goal of the campaign; None when its goal is a condition, or it has none."""
    event = (campaign["goal"] or {}).get("event")
    return None if event is None else str(event)


def mark_of(campaign: Mapping[str, Any]) -> str | None:
    """What is noted of a lead that did it; None without such an event.

    A click is one in a mail of this very campaign, so it is noted by campaign.
    """
    event = event_of(campaign)
    if event is None:
        return None
    return f"goal:{event}:{campaign['id']}" if event == "email_clicked" else f"goal:{event}"


def may_count(event_type: str, data: Mapping[str, Any]) -> bool:
    """Whether an event may be the goal of some campaign: what machines click is none."""
    return event_type in GOAL_EVENTS and not data.get("machine")


def is_reached_by(campaign: Mapping[str, Any], event_type: str, data: Mapping[str, Any]) -> bool:
    """Whether a lead has come to the goal of the campaign by this event."""
    if event_of(campaign) != event_type or not may_count(event_type, data):
        return False
    return event_type != "email_clicked" or data.get("campaign_id") == campaign["id"]
