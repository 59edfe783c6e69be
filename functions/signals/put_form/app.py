"""PUT /forms/{form_id} — settle which websites may post to a form, and its trap for programs."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads.schema import FormWrite
from leadflow.leads.service import forms


@endpoint(body=FormWrite, scope="leads:write", returns="Form")
def handler(form_id: str, body: FormWrite, if_match: int | None) -> Record:
    """A form works without this. What is left out is as if it was never settled."""
    return forms.put_form(form_id, body, if_match)
