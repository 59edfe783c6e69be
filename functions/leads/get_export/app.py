"""GET /exports/{export_id} — how far an export is, and where its file is."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads.service import exporting


@endpoint(scope="leads:read", returns="Export")
def handler(export_id: str) -> Record:
    """`url` works for 15 minutes; ask again for another. The file is kept for 7 days."""
    return exporting.get(export_id)
