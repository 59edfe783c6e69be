"""When mails of a campaign may go out to a lead: its send window, in the lead's time zone or the campaign's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from leadflow.core import windows

_UTC = ZoneInfo("UTC")


class Place(NamedTuple):
    """The zone that a lead's window is read in, and whether it is the lead's own."""

    zone: ZoneInfo
    is_own: bool


def place_of(campaign: Mapping[str, Any], lead: Mapping[str, Any]) -> Place:
    """Where the lead is: its own zone when the window asks for it and it is known, else the campaign's."""
    window = campaign["send_window"]
    own = windows.zone(lead.get("timezone")) if window is None or window.get("use_lead_timezone", True) else None
    return Place(own, True) if own is not None else Place(windows.zone(campaign["timezone"]) or _UTC, False)


def opens_at(campaign: Mapping[str, Any], lead: Mapping[str, Any], moment: datetime) -> datetime:
    """The first moment from `moment` on at which a mail may go to the lead; `moment` itself without a window."""
    window = campaign["send_window"]
    return moment if window is None else windows.opens_at(window, place_of(campaign, lead).zone, moment)


def is_open(campaign: Mapping[str, Any], lead: Mapping[str, Any], moment: datetime) -> bool:
    """Whether a mail may go to the lead at this moment."""
    window = campaign["send_window"]
    return window is None or windows.is_open(window, place_of(campaign, lead).zone, moment)
