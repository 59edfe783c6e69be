"""What happens when somebody writes, or when a message of ours is heard of again."""

from __future__ import annotations

from leadflow.channels.rules.arrivals import Arrival
from leadflow.channels.store import ChannelConfig


def handle(arrival: Arrival, channel: ChannelConfig, delivery_id: str) -> None:
    """Takes in one arrival; again, it changes nothing. Raises of core/errors decide its delivery's fate."""
