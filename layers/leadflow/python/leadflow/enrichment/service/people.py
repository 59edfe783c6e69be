"""The person a run is about, as sources are asked about them, and what was known before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadflow.core.secrets import keyed_hash
from leadflow.enrichment.enums import EnrichmentField
from leadflow.enrichment.rules import Person
from leadflow.enrichment.rules.waterfall import Given, merged
from leadflow.enrichment.store.enrichments import EnrichedFields

_GIVEN = ("value", "confidence", "source", "priority", "at", "is_sure")


def person_of(lead: Mapping[str, Any], known: Mapping[EnrichmentField, Given]) -> Person:
    """A lead as a source is asked about it; what sources said before helps to find the person."""

    def own(name: EnrichmentField) -> str | None:
        value = lead["custom"].get(name) or (known[name].value if name in known and known[name].is_sure else None)
        return value if isinstance(value, str) and value.strip() else None

    return Person(
        name=lead["name"],
        email=lead["email"],
        phone=lead["phone"],
        company=lead["company"] or own("company_name"),
        company_website=own("company_website"),
        linkedin_url=own("linkedin_url"),
    )


def identity_of(lead: Mapping[str, Any], items: Iterable[EnrichedFields]) -> str:
    """Stands for what people have put down to know a person by: another one makes earlier answers stale.

    A profile that enrichment has written into the lead, as `items` tell, is not of that.
    """
    profile = lead["custom"].get("linkedin_url")
    is_ours = any(item.written.get("custom.linkedin_url") == profile for item in items)
    parts = (lead["email"], lead["phone"], profile if isinstance(profile, str) and not is_ours else None)
    return keyed_hash("enrichment identity", *(part or "" for part in parts), size=12)


def marks_of(items: Iterable[EnrichedFields], identity: str) -> dict[str, Mapping[str, Any]]:
    """By source what was asked about a person of this identity, of all parts of a lead; of several the newest."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, mark in (pair for item in items for pair in item.asked.items()):
        if mark["identity"] == identity and (name not in found or found[name]["at"] < mark["at"]):
            found[name] = mark
    return found


def known_of(items: Sequence[EnrichedFields]) -> dict[EnrichmentField, Given]:
    """What all parts of a lead have, the best of each field."""
    given = [
        (name, Given(**{part: value[part] for part in _GIVEN})) for item in items for name, value in item.known.items()
    ]
    return merged(given)


def kept(given: Given, enrichment_id: str, run_id: str | None) -> dict[str, Any]:
    """A value as it is kept, with its provenance."""
    shown = {part: getattr(given, part) for part in _GIVEN}
    return {**shown, "enrichment_id": enrichment_id, "run_id": run_id}


def shown(known: Mapping[EnrichmentField, Given]) -> dict[str, Any]:
    """Values as runs show them."""
    return {
        name: {"value": one.value, "source": one.source, "confidence": one.confidence} for name, one in known.items()
    }


def sure_of(item: EnrichedFields) -> dict[str, Any]:
    """What is surely known of a very lead."""
    return {name: one.value for name, one in known_of([item]).items() if one.is_sure}
