"""Keeps the totals of the overview and of campaigns and templates, from the table's stream."""

from __future__ import annotations

from collections.abc import Sequence

from leadflow.activities.service import timeline as activity_items
from leadflow.campaigns.service import counts as campaign_numbers
from leadflow.campaigns.service import events as campaign_events
from leadflow.channels.service import timeline as channel_items
from leadflow.core import totals
from leadflow.core.events import Change
from leadflow.enrichment.service import timeline as enrichment_items
from leadflow.leads.service import events as lead_events
from leadflow.workflows.service import timeline as workflow_items

# With these come the classes of the counted items, without which their changes could not be read.
COUNTED = (
    *(activity_items, campaign_events, campaign_numbers, channel_items),
    *(enrichment_items, lead_events, workflow_items),
)


def count(changes: Sequence[Change]) -> None:
    """Counts what these changes are about, each once. Raises table.TransactionRefused as `totals.count` does."""
    totals.count(changes)
