"""Lists of mails: of a lead, and of a campaign by what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadflow.campaigns.store.mails import SHARDS, EmailSent, MailRecord
from leadflow.campaigns.store.words import pages_of
from leadflow.core import listing, table

GROUPS = ("waiting", "sent", "skipped", "bounced", "failed")


def partitions_of(campaign_id: str, groups: Sequence[str]) -> list[str]:
    """The index partitions that have a campaign's mails of these groups."""
    return [f"EC#{campaign_id}#{group}#{shard}" for group in groups for shard in range(SHARDS)]


def page_of_campaign(
    campaign_id: str, limit: int, cursor: str | None, *, status: str | None, outcome: str | None
) -> dict[str, Any]:
    """Mails of a campaign with their bodies, newest first; of a status, an outcome, or both."""
    name = f"campaigns/{campaign_id}/emails/{status}/{outcome}"
    return listing.page(
        EmailSent,
        "GSI1",
        partitions_of(campaign_id, _groups(status, outcome)),
        limit=limit,
        cursor=cursor,
        listing=name,
        keep=lambda mail: status in (None, mail.status) and outcome in (None, mail.outcome),
        shown=with_bodies,
    )


def _groups(status: str | None, outcome: str | None) -> list[str]:
    """The groups that may have mails of this status and outcome."""
    by_status = {"queued": {"waiting", "skipped"}, "bounced": {"bounced", "failed", "waiting"}, "failed": {"failed"}}
    by_outcome = {"skipped": {"skipped"}, "rejected": {"failed"}, "accepted": {"sent", "bounced", "failed"}}
    found = set(GROUPS)
    if status is not None:
        found &= by_status.get(status, {"sent", "waiting"})
    if outcome is not None:
        found &= by_outcome.get(outcome, {"waiting"})
    return [group for group in GROUPS if group in found]


def page_of_mails(lead_ids: Sequence[str], limit: int, cursor: str | None) -> dict[str, Any]:
    """The mails of a lead, by the ids of all its parts, with their bodies, newest first."""
    name = f"leads/{lead_ids[0]}/emails"
    partitions = [f"LEAD#{lead_id}" for lead_id in lead_ids]
    return listing.page(
        EmailSent, "GSI2", partitions, prefix="EM#", limit=limit, cursor=cursor, listing=name, shown=with_bodies
    )


def shown(record: table.Record, body: str) -> table.Record:
    """A mail's record with its body, which is kept apart."""
    return table.Record({**record, "body": body}, record.version)


def with_bodies(records: Sequence[MailRecord]) -> list[table.Record]:
    """Records of mails with their bodies."""
    bodies = pages_of([record.kept for record in records])
    return [shown(record, bodies.get(record["id"], "")) for record in records]
