"""PUT /enrichment-sources/{name} — set a source up."""

from leadflow.core.table import Record
from leadflow.enrichment.schema import EnrichmentSourceWrite
from leadflow.enrichment.service import sources
from leadflow.entry.api import endpoint


@endpoint(body=EnrichmentSourceWrite, scope="enrichment:write", returns="EnrichmentSource")
def handler(name: str, body: EnrichmentSourceWrite, if_match: int | None) -> Record:
    """The API key is encrypted and never shown; left out, it stays as it is."""
    return sources.put(name, body, if_match)
