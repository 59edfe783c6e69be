"""Reads of several items at once: what a run needs to begin with, and where a source and its budgets stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadflow.core import table
from leadflow.enrichment.enums import SOURCES
from leadflow.enrichment.store import sources as store
from leadflow.enrichment.store.enrichments import EnrichedFields
from leadflow.enrichment.store.runs import EnrichmentJob, EnrichmentRun, LeadDay


@dataclass(frozen=True)
class Setup:
    """What runs begin with: the sources that were set up, settings, their job if they have one, and what is known."""

    sources: list[store.EnrichmentSource]
    settings: store.EnrichmentSettings
    job: EnrichmentJob | None
    fields: dict[str, EnrichedFields]


def setup_for(job_id: str | None, lead_ids: Sequence[str]) -> Setup:
    """`lead_ids` are the very leads of which to read what is known."""
    job = [(EnrichmentJob, f"ERJ#{job_id}", "#")] if job_id else []
    found = table.find_each(
        [
            *((store.EnrichmentSource, store.CONFIGURED, name) for name in SOURCES),
            (store.EnrichmentSettings, store.SETTINGS, "#"),
            *((EnrichedFields, f"ENR#{lead_id}", "#FIELDS") for lead_id in lead_ids),
            *job,
        ]
    )
    first, last = len(SOURCES), len(SOURCES) + 1 + len(lead_ids)
    return Setup(
        [one for one in found[:first] if one is not None],
        found[first] or store.EnrichmentSettings(pk=store.SETTINGS, sk="#"),
        found[last] if job else None,
        {one.lead_id: one for one in found[first + 1 : last] if one is not None},
    )


@dataclass(frozen=True)
class Standing:
    """A source as it is set up and used at one moment, and what has been spent and reserved of each budget.

    What nobody has written yet is a new item.
    """

    source: store.EnrichmentSource | None
    meter: store.SourceMeter
    day: store.SourceDay
    lead_day: LeadDay
    job: EnrichmentJob | None


def standing_of(run: EnrichmentRun, name: str, day: str) -> Standing:
    """Where a run stands with a source on a UTC day."""
    job = [(EnrichmentJob, f"ERJ#{run.job_id}", "#")] if run.job_id else []
    of_source, of_lead = f"ENRSRC#{name}", f"ENR#{run.lead_id}"
    found = table.find_each(
        [
            (store.EnrichmentSource, store.CONFIGURED, name),
            (store.SourceMeter, of_source, "#METER"),
            (store.SourceDay, of_source, f"DAY#{day}"),
            (LeadDay, of_lead, f"DAY#{day}"),
            *job,
        ]
    )
    return Standing(
        found[0],
        found[1] or store.SourceMeter(pk=of_source, sk="#METER"),
        found[2] or store.SourceDay(pk=of_source, sk=f"DAY#{day}"),
        found[3] or LeadDay(pk=of_lead, sk=f"DAY#{day}"),
        found[4] if job else None,
    )
