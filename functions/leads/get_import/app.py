"""GET /imports/{import_id} — how far an import is, and why rows failed."""

from leadflow.core.table import Record
from leadflow.entry import params
from leadflow.entry.api import endpoint
from leadflow.leads.service import importing


@endpoint(scope="leads:read", query={"after_row": params.integer(0, 999_999_999)}, returns="Import")
def handler(import_id: str, after_row: int | None) -> Record:
    """Of the rows that failed up to 1,000 errors at a time; `after_row` shows those that follow."""
    return importing.get(import_id, after_row)
