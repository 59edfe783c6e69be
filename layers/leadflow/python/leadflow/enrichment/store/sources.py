"""Sources: how they are set up, how they are being used, what they have cost; and the settings of enrichment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import table
from leadflow.enrichment.enums import SOURCES

CONFIGURED, SETTINGS = "CFG#ENRSRC", "CFG#ENR"
# The costs of a day can be looked up for about a year.
DAY_KEPT = timedelta(days=400)


class EnrichmentSource(table.Item, discriminator="EnrichmentSource"):
    """How a source of data about people is used; its key encrypted. Money is in millionths of a USD.

    pk `CFG#ENRSRC`  sk `<name>`
    """

    name = UnicodeAttribute()
    api_key = UnicodeAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    generation = UnicodeAttribute(null=True)
    is_active = BooleanAttribute(default=False)
    priority = NumberAttribute(default=1)
    rate_limit_per_minute = NumberAttribute(null=True)
    cost_per_request = NumberAttribute(null=True)
    cost_per_credit = NumberAttribute(null=True)
    daily_budget = NumberAttribute(null=True)
    min_confidence = NumberAttribute(null=True)
    ttl_days = NumberAttribute(null=True)


class SourceMeter(table.Item, discriminator="SourceMeter"):
    """How a source is being used right now, by all workers together: see rules/metering.py.

    pk `ENRSRC#<name>`  sk `#METER`
    """

    next_at = UnicodeAttribute(null=True)
    held_until = UnicodeAttribute(null=True)
    held_for = UnicodeAttribute(null=True)
    failures = NumberAttribute(default=0)
    lanes = JSONAttribute(default=dict)
    last_used_at = UnicodeAttribute(null=True)


class SourceDay(table.Item, discriminator="SourceDay"):
    """What a source has cost on a UTC day, in millionths of a USD; `reserved` of it is for calls that have not ended.

    pk `ENRSRC#<name>`  sk `DAY#<day>`
    """

    committed = NumberAttribute(default=0)
    reserved = NumberAttribute(default=0)
    requests = NumberAttribute(default=0)


class EnrichmentSettings(table.Item, discriminator="EnrichmentSettings"):
    """What holds for all enrichment: automatic runs, the policy of writing into leads, the budget of a lead's day.

    pk `CFG#ENR`  sk `#`
    """

    record_fields = ("auto_enrich", "refresh", "write_policy", "max_cost_per_lead", "updated_at")

    auto_enrich = JSONAttribute(null=True)
    refresh = JSONAttribute(null=True)
    write_policy = JSONAttribute(default=dict)
    max_cost_per_lead = NumberAttribute(null=True)


def find_source(name: str) -> EnrichmentSource | None:
    return table.find(EnrichmentSource, CONFIGURED, name)


def new_source(name: str) -> EnrichmentSource:
    return EnrichmentSource(pk=CONFIGURED, sk=name, name=name)


def sources() -> list[EnrichmentSource]:
    """Those that were set up, in one read."""
    return table.find_many(EnrichmentSource, [(CONFIGURED, name) for name in SOURCES])


def meters() -> dict[str, SourceMeter]:
    found = table.find_many(SourceMeter, [(f"ENRSRC#{name}", "#METER") for name in SOURCES])
    return {meter.pk.removeprefix("ENRSRC#"): meter for meter in found}


def meter(name: str) -> SourceMeter:
    """The meter of a source; a new one, which is not written yet, before its first use."""
    return table.find(SourceMeter, f"ENRSRC#{name}", "#METER") or SourceMeter(pk=f"ENRSRC#{name}", sk="#METER")


def day_of(name: str, day: str) -> SourceDay:
    """What a source has cost on a day, nothing written yet included."""
    return table.find(SourceDay, f"ENRSRC#{name}", f"DAY#{day}") or SourceDay(pk=f"ENRSRC#{name}", sk=f"DAY#{day}")


def find_settings() -> EnrichmentSettings | None:
    return table.find(EnrichmentSettings, SETTINGS, "#")


def settings() -> EnrichmentSettings:
    """The settings in force; the defaults where nobody has set any."""
    return find_settings() or EnrichmentSettings(pk=SETTINGS, sk="#")


def write(item: Any, *, is_new: bool) -> None:
    """Raises table.AlreadyThere or table.Stale when somebody else was quicker."""
    if is_new:
        table.create(item)
    else:
        table.save(item)
