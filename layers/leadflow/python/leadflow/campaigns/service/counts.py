"""Numbers of campaigns and templates, read from the totals that the table's stream keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import numbers, variants
from leadflow.campaigns.store import cohorts, tallies
from leadflow.core import clock, totals
from leadflow.core.errors import NotFound
from leadflow.core.table import Record

# What a campaign's record shows, and the total that says it.
_SHOWN = {
    "emails_sent": "sent",
    "emails_delivered": "delivered",
    "emails_opened": "opened",
    "emails_clicked": "clicked",
    "emails_bounced": "bounced",
    "emails_failed": "failed",
    "unsubscribed_count": "unsubscribed",
    "replied_count": "replied",
    "conversion_count": "converted",
}


def with_counts(campaigns: Sequence[store.EmailCampaign]) -> list[Record]:
    """The campaigns' records with their counts; one read per ten campaigns."""
    lines = {item.id: tallies.campaign_owner(item.id) for item in campaigns}
    wanted = [(owner, f"{tallies.WHOLE}#{name}") for owner in lines.values() for name in _SHOWN.values()]
    found = totals.read_some(wanted)
    return [
        Record(
            {
                **item.record(),
                **{shown: found[lines[item.id], f"{tallies.WHOLE}#{name}"] for shown, name in _SHOWN.items()},
            },
            item.v or 0,
        )
        for item in campaigns
    ]


def get_stats(campaign_id: str) -> dict[str, Any]:
    """The numbers of a campaign by step, variant, link and hour. Raises NotFound.

    `audience` counts the leads that are in it: put into cohorts so far, whatever became of them since. While the launch
    is still putting them there it grows, that of an evergreen campaign for as long as it runs.
    """
    campaign = store.find_campaign(campaign_id)
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    # First what counts mails, then how many leads there are: so none is counted that is not in the audience yet.
    counted = totals.read(tallies.campaign_owner(campaign_id))
    steps = [step.record() for step in store.steps_of(campaign_id)]
    campaign = store.find_campaign(campaign_id) or campaign
    told = numbers.stats_of(int(campaign.total_recipients), steps, counted)
    run = cohorts.find_run(campaign_id)
    missing = numbers.missing_variables(run.gaps if run else {})
    about = {"campaign_id": campaign_id, "status": campaign.status, "as_of": clock.now_stamp()}
    return {**about, **told, "missing_variables": missing}


def with_scores(records: Sequence[Record]) -> list[Record]:
    """Templates' records with their `performance_score`."""
    lines = [(tallies.template_owner(record["id"]), name) for record in records for name in ("sent", "acted")]
    found = totals.read_some(lines)
    for record in records:
        owner = tallies.template_owner(record["id"])
        record["performance_score"] = variants.performance_score(found[owner, "sent"], found[owner, "acted"])
    return list(records)
