"""POST /leads/{lead_id}/enrichments — add what was obtained elsewhere."""

from leadflow.core.table import Record
from leadflow.enrichment.schema import LeadEnrichmentCreate
from leadflow.enrichment.service import records
from leadflow.entry.api import endpoint


@endpoint(
    body=LeadEnrichmentCreate,
    status=201,
    scope="enrichment:write",
    returns="LeadEnrichment",
    location="/leads/{lead_id}/enrichments",
)
def handler(lead_id: str, body: LeadEnrichmentCreate) -> Record:
    """It counts as an answer of its source, at no cost."""
    return records.create(lead_id, body)
