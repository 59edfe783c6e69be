"""Where channels and what their providers post are kept, a module each."""

from leadflow.channels.store.accounts import (
    ChannelConfig,
    channels_page,
    create_channel,
    find_channel,
    first_active,
    note_health,
)
from leadflow.channels.store.deliveries import (
    WAITING_DELIVERY,
    Delivery,
    attend_again,
    body_of,
    deliveries_since,
    find_delivery,
    inbox_page,
    keep_delivery,
    rewrite,
    settle_delivery,
    unattended_deliveries,
    waiting_deliveries,
)

__all__ = [
    "WAITING_DELIVERY",
    "ChannelConfig",
    "Delivery",
    "attend_again",
    "body_of",
    "channels_page",
    "create_channel",
    "deliveries_since",
    "find_channel",
    "find_delivery",
    "first_active",
    "inbox_page",
    "keep_delivery",
    "note_health",
    "rewrite",
    "settle_delivery",
    "unattended_deliveries",
    "waiting_deliveries",
]
