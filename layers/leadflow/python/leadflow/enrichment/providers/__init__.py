"""The sources of data about people, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadflow.enrichment.enums import NEWEST_GENERATION, Generation, Source

if TYPE_CHECKING:
    from leadflow.enrichment.providers.contract import EnrichmentProvider


def client(
    source: Source, api_key: str, account_id: str | None = None, generation: Generation = NEWEST_GENERATION
) -> EnrichmentProvider:
    """A source with an account's credentials; makes no request. `generation` is CrustData's alone.

    Raises ValueError when Forager gets no account id, whose paths it is part of.
    """
    match source:
        case "people_data_labs":
            from leadflow.enrichment.providers.people_data_labs import PeopleDataLabs

            return PeopleDataLabs(api_key)
        case "crustdata":
            from leadflow.enrichment.providers.crustdata import crustdata

            return crustdata(api_key, generation)
        case "forager":
            from leadflow.enrichment.providers.forager import Forager

            return Forager(api_key, account_id or "")
