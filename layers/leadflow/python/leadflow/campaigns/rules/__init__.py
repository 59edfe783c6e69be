"""Decisions of the campaigns wing; the modules beside this one hold them by subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# How often a mail may be handed to the provider: a workflow's mail once more when nobody knows what became of it and
# the provider had its time to report; a campaign's never again.
MOST_ATTEMPTS_OF_WORKFLOW_MAIL = 2
MOST_ATTEMPTS_OF_CAMPAIGN_MAIL = 1

# What says more about why nothing may be sent; a weaker reason never replaces a stronger one.
_STRENGTH = {"bounce": 0, "manual": 1, "stop_keyword": 2, "unsubscribe": 2, "spam_report": 3}


@dataclass(frozen=True)
class Sent:
    """Where the send of one mail stands.

    `outcome` is accepted, rejected, skipped, unknown or pending; `reason` says why it is rejected or skipped. With
    `wait_until` the same call is to be made again then; without it this is how it ends.
    """

    email_id: str
    outcome: str
    reason: str | None = None
    wait_until: datetime | None = None


def most_attempts(campaign_id: str | None) -> int:
    return MOST_ATTEMPTS_OF_WORKFLOW_MAIL if campaign_id is None else MOST_ATTEMPTS_OF_CAMPAIGN_MAIL


def opted_out(lead: Mapping[str, Any], channel: str) -> bool:
    """Whether the lead said no to this channel; who never said anything has not."""
    answer = (lead.get("consent") or {}).get(channel)
    return answer is not None and not answer.get("opted_in", True)


def outweighs(reason: str, other: str) -> bool:
    """Whether a reason for a suppression is to replace the one on file."""
    return _STRENGTH[reason] > _STRENGTH[other]
