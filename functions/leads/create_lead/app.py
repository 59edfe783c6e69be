"""POST /leads — add one lead."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads import service
from leadflow.leads.schema import LeadCreate


@endpoint(body=LeadCreate, status=201, scope="leads:write", returns="Lead", location="/leads/{id}")
def handler(body: LeadCreate) -> Record:
    """An email or phone that is already on file is a conflict that names its lead, never a silent merge."""
    return service.create(body)
