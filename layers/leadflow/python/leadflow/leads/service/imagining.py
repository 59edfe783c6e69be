"""Leads as they would be: made up, or changed as a workflow would, without a write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.core import clock
from leadflow.core.table import Record
from leadflow.leads import rules, store
from leadflow.leads.service.leads import checked_fields

MADE_UP_ID = "made-up"


def made_up(fields: Mapping[str, Any]) -> Record:
    """A lead with these checked fields and what a new lead has else; its id is `made-up`."""
    now = clock.now_stamp()
    given = {name: value for name, value in fields.items() if value is not None}
    given["consent"] = rules.merged_consent({}, given.get("consent", {}), now)
    lead = store.Lead(pk="LEAD#made-up", sk="#META", id=MADE_UP_ID, **{"name": "Example", "source": "api", **given})
    lead.created_at = lead.updated_at = now
    return lead.record()


def would_apply(
    lead: Record, *, set_fields: dict[str, Any], add_tags: list[str], remove_tags: list[str], now: str
) -> Record:
    """The lead as `apply` would leave it; whether another lead has the new email or phone is not asked.

    Raises InvalidInput naming each wrong field.
    """
    wanted = checked_fields(set_fields)
    added = checked_fields({"tags": add_tags})["tags"]
    tags = rules.retagged(wanted.get("tags", lead["tags"]), added, [tag.strip() for tag in remove_tags])
    changes = rules.differences(lead, {**wanted, "tags": tags}, now)
    if not changes:
        return lead
    return Record({**lead, **changes, "updated_at": now}, lead.version + 1)
