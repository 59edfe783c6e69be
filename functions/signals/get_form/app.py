"""GET /forms/{form_id} — what was settled about a form."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads.service import forms


@endpoint(scope="leads:read", returns="Form")
def handler(form_id: str) -> Record:
    """A form that nothing was settled about works, but is not found here."""
    return forms.get_form(form_id)
