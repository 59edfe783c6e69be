"""The counts that a campaign's record shows."""

from __future__ import annotations

from collections.abc import Sequence

from leadflow.campaigns import store
from leadflow.core.table import Record

COUNTS = (
    *("emails_sent", "emails_delivered", "emails_opened", "emails_clicked", "emails_bounced", "emails_failed"),
    *("unsubscribed_count", "replied_count", "conversion_count"),
)


def with_counts(campaigns: Sequence[store.EmailCampaign]) -> list[Record]:
    """The campaigns' records with their counts."""
    return [Record({**item.record(), **dict.fromkeys(COUNTS, 0)}, item.v or 0) for item in campaigns]
