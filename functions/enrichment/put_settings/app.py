"""PUT /enrichment-settings — set what holds for all enrichment."""

from leadflow.core.table import Record
from leadflow.enrichment.schema import EnrichmentSettingsWrite
from leadflow.enrichment.service import preferences
from leadflow.entry.api import endpoint


@endpoint(body=EnrichmentSettingsWrite, scope="enrichment:write", returns="EnrichmentSettings")
def handler(body: EnrichmentSettingsWrite, if_match: int | None) -> Record:
    """What is left out is set to its default, with everything automatic switched off."""
    return preferences.put(body, if_match)
