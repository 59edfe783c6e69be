"""What sources have said about leads: one record per answer, and per lead what is known now and who said so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import aws, listing, table, timeline
from leadflow.core.settings import settings
from leadflow.core.turns import Turns
from leadflow.enrichment.enums import FIELDS

MAX_INLINE_BYTES = 50_000
LINK_FOR = timedelta(minutes=15)
_TURNS = Turns(12, longest_pause_seconds=0.25)


class LeadEnrichment(table.Item, discriminator="LeadEnrichment"):
    """What one source said about a lead, once; `blob` is the key of a response over 50 KB in the bucket.

    pk `ENR#<lead>`  sk `E#<id>`
    """

    record_fields = (
        *("id", "lead_id", "source", "run_id", "enrichment_data", "confidence_score", *FIELDS, "enriched_at"),
        *("created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    source = UnicodeAttribute()
    run_id = UnicodeAttribute(null=True)
    enrichment_data = JSONAttribute(default=dict)
    blob = UnicodeAttribute(null=True)
    confidence_score = NumberAttribute(null=True)
    company_name = UnicodeAttribute(null=True)
    company_size = UnicodeAttribute(null=True)
    company_industry = UnicodeAttribute(null=True)
    company_website = UnicodeAttribute(null=True)
    company_linkedin_url = UnicodeAttribute(null=True)
    company_funding = UnicodeAttribute(null=True)
    job_title = UnicodeAttribute(null=True)
    linkedin_url = UnicodeAttribute(null=True)
    twitter_url = UnicodeAttribute(null=True)
    github_url = UnicodeAttribute(null=True)
    tech_stack = JSONAttribute(default=list)
    skills = JSONAttribute(default=list)
    social_profiles = JSONAttribute(null=True)
    enriched_at = UnicodeAttribute()

    def record(self) -> table.Record:
        """A response in the bucket is shown as a link to it that works for 15 minutes."""
        shown = super().record()
        shown["enrichment_data_url"] = None if self.blob is None else _link(self.blob)
        return shown


class EnrichedFields(table.Item, discriminator="EnrichedFields"):
    """What is known about a lead from sources: the best value of each field with its provenance, and who was asked.

    pk `ENR#<lead>`  sk `#FIELDS`

    `known` has per field `value`, `confidence`, `source`, `priority`, `at`, `is_sure`, `enrichment_id`, `run_id`;
    `asked` per source a mark as rules/freshness.py has it; `written` what of the lead's own fields comes from us.
    """

    lead_id = UnicodeAttribute()
    known = JSONAttribute(default=dict)
    asked = JSONAttribute(default=dict)
    written = JSONAttribute(default=dict)


def new_enrichment(enrichment_id: str, lead_id: str, data: dict[str, Any], **fields: Any) -> LeadEnrichment:
    """A record that is about to be written; a response over 50 KB is put into the bucket now."""
    item = LeadEnrichment(pk=f"ENR#{lead_id}", sk=f"E#{enrichment_id}", id=enrichment_id, lead_id=lead_id, **fields)
    body = json.dumps(data, ensure_ascii=False).encode()
    if len(body) <= MAX_INLINE_BYTES:
        item.enrichment_data = data
        return item
    item.blob = f"{_folder(lead_id)}{enrichment_id}.json"
    where = {"Bucket": settings().bucket_name, "Key": item.blob}
    aws.client("s3").put_object(**where, Body=body, ContentType="application/json")
    return item


def page(lead_ids: Sequence[str], *, limit: int, cursor: str | None) -> dict[str, Any]:
    """Newest first, over all parts of a lead."""
    return listing.children_of([f"ENR#{one}" for one in lead_ids], LeadEnrichment, "E#", limit=limit, cursor=cursor)


def before(lead_id: str, position: str | None, limit: int) -> list[LeadEnrichment]:
    """The next enrichments beyond a position of the timeline, newest first."""
    after = None if position is None else f"E#{timeline.id_bound(position)}"
    return table.query_items(LeadEnrichment, f"ENR#{lead_id}", prefix="E#", after=after, limit=limit)


def fields_of(lead_ids: Iterable[str]) -> list[EnrichedFields]:
    """What is known of these leads, of those about whom anything is."""
    return table.find_many(EnrichedFields, [(f"ENR#{lead_id}", "#FIELDS") for lead_id in lead_ids])


def own_fields(lead_id: str) -> EnrichedFields:
    """What is known under this id; a new item, which is not written yet, where nothing is."""
    found = table.find(EnrichedFields, f"ENR#{lead_id}", "#FIELDS")
    return found or new_fields(lead_id)


def new_fields(lead_id: str) -> EnrichedFields:
    """What is about to be known of a lead of whom nothing is."""
    return EnrichedFields(pk=f"ENR#{lead_id}", sk="#FIELDS", lead_id=lead_id)


def note_written(item: EnrichedFields, written: dict[str, Any]) -> None:
    """Notes which of a lead's own fields have just been written by us; `item` is what was known when they were."""
    noted: EnrichedFields | None = item if item.v is not None else None
    for turn in _TURNS:
        if turn:
            noted = table.find(EnrichedFields, item.pk, item.sk)
        if noted is None:
            return
        noted.written = {**noted.written, **written}
        try:
            table.save(noted)
        except table.Stale:
            continue
        return


def drop_files(lead_id: str) -> int:
    """Removes what the bucket has about a lead; gives how many files that were."""
    bucket, client = settings().bucket_name, aws.client("s3")
    count = 0
    while True:
        found = client.list_objects_v2(Bucket=bucket, Prefix=_folder(lead_id), MaxKeys=100).get("Contents", [])
        for one in found:
            client.delete_object(Bucket=bucket, Key=one["Key"])
        count += len(found)
        if not found:
            return count


def _folder(lead_id: str) -> str:
    return f"enrichments/{lead_id}/"


def _link(key: str) -> str:
    where = {"Bucket": settings().bucket_name, "Key": key}
    seconds = int(LINK_FOR.total_seconds())
    link: str = aws.client("s3").generate_presigned_url("get_object", Params=where, ExpiresIn=seconds)
    return link
